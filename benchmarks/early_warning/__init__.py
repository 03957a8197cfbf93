"""Early warning on data that nobody here made: ``python -m benchmarks.early_warning``.

Each module answers one question, says what was chosen on which days, and gives its figures as
data; the nightly tests hold these figures to their bounds.
"""
