"""The schema of the management API."""
