"""A random share of allowed decisions goes to review, to measure what is missed.

Which ones is decided by a keyed hash of the event's id: the same journal gives the same sample,
and who has no key cannot stay out of it. The share is part of the terms of alerts.
"""

from __future__ import annotations

from typing import Final

from fengkong.console.alerts.choosing import choosing_key, chosen
from fengkong.console.alerts.terms import Terms
from fengkong.console.journaled.seen import SeenDecision

ALLOWED: Final = "allow"
SHARE_MAX: Final = 0.05


def is_sampled(decision: SeenDecision, terms: Terms) -> bool:
    """Whether a decision is reviewed only because of the sample."""
    share = terms.random_share
    if share <= 0 or decision.outcome != ALLOWED or ALLOWED in terms.outcomes:
        return False
    return chosen(f"random sample {decision.event_id}", share=share, key=choosing_key())
