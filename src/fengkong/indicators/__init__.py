"""Early warning: indicators as data, their values by day, thresholds, levels, composites."""
