"""Work that is promised in a transaction and done by the worker afterwards, at least once."""
