"""What templates of lists may call."""
