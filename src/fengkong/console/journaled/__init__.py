"""What the desk reads of the journal: decisions, tallies, labels, written by the worker's tail."""
