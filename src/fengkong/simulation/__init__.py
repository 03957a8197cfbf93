"""A seeded internet-finance platform and its attackers, for the demo, the tests and the drills."""
