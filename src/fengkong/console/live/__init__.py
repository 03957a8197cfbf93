"""What happens now: overview, live stream, decisions, features, models, health of the service."""
