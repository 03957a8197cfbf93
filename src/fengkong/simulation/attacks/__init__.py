"""The attackers: one module per scenario, each a function that plays one campaign."""
