"""Models: trees, scorecards and detectors as plain data, scored and explained exactly."""
