"""The schema of webhooks."""
