"""Incidents: what went wrong, who does what about it, and what is learned."""
