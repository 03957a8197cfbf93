"""Tags of entities."""
