"""What a policy did or would have done with history: replay, back-test, explanation."""
