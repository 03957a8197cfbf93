"""What templates of cases may call."""
