"""Sources that the console makes of what it knows itself: staff, services, upkeep."""
