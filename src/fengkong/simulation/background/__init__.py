"""What honest customers do all day."""
