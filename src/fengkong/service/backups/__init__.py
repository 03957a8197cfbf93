"""Backups of a data directory: made while the service serves, checked, and put back."""
