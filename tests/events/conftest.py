"""Hypothesis without a deadline: the first example of a run may compile a kernel."""

from hypothesis import settings

settings.register_profile("without deadline", deadline=None)
settings.load_profile("without deadline")
