"""The decision endpoint: one writer, micro-batches, group commit, and the HTTP around it."""
