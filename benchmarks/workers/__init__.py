"""One module for each contestant; each runs in a process of its own (see `conversation`)."""
