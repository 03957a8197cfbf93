"""Lists of entities: who is on them, why, by whom, until when, and whether it ever mattered."""
