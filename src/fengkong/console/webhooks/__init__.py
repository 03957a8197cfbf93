"""Webhooks: what happens here is told to other systems, signed and until they have it."""
