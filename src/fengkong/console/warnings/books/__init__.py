"""Books that the worker makes of the journal and of what was delivered."""
