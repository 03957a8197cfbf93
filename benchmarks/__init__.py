"""Side-by-side measurements: the same work, shown to give the same results, then timed.

`python3 run.py bench [NAME...]` runs them. docs/explanation/speed.md says how they are made.
"""
