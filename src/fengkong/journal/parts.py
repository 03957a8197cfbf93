"""Which policy has which part: what an activation changes, told once for service and console."""

from __future__ import annotations

from typing import Final

from fengkong.journal.history import Activation

LIVE: Final = "live"
SHADOW: Final = "shadow"
CANARY: Final = "canary"
SHARE_MAX: Final = 0.5
"""A canary is the smaller part; more than half of the traffic is what live is for."""


def changed(
    activation: Activation, *, live: Activation | None, rival: Activation | None
) -> tuple[Activation | None, Activation | None]:
    """The live policy and the one beside it after an activation.

    One policy runs beside the live one, as shadow or canary. A change of the live policy ends a
    canary, which was approved beside the one before, and a shadow that is live now.
    """
    if activation.role == LIVE:
        ends = rival is not None and (rival.role == CANARY or rival.hash == activation.hash)
        return activation, None if ends else rival
    if activation.hash is not None:
        return live, activation
    ends = rival is not None and rival.role == activation.role
    return live, None if ends else rival
