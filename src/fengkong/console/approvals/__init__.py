"""Four eyes: what one operator proposes, another approves."""
