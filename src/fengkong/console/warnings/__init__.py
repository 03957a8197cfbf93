"""Early warning on screen: sources, values, levels, warnings, the cockpit."""
