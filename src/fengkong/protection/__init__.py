"""Who may ask, and who may read: keys, sealed personal data, API keys, nonces, rate limits."""
