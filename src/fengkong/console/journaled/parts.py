"""Which policy had which part at a place of the journal, from the read model's activations."""

from __future__ import annotations

from fengkong.console.journaled.models import Activation, Decision
from fengkong.journal import parts
from fengkong.journal.history import Activation as Recorded


def in_force(*, before: int | None = None) -> dict[str, Activation]:
    """The activations that are in force by role: live, and shadow or canary where one runs.

    `before` is the sequence of the entry in question; None is now.
    """
    rows = Activation.objects.order_by("sequence")
    if before is not None:
        rows = rows.filter(sequence__lt=before)
    live: Recorded | None = None
    rival: Recorded | None = None
    held: dict[str, Activation] = {}
    for row in rows:
        said = Recorded(role=row.role, cause=row.cause, hash=row.policy_hash or None)
        live, rival = parts.changed(said, live=live, rival=rival)
        held[row.role] = row
    running = {one.role for one in (live, rival) if one is not None}
    return {role: row for role, row in held.items() if role in running}


def part_of(decision: Decision) -> str:
    """Which part the policy had that answered: live, or canary for one of its share."""
    canary = in_force(before=decision.sequence).get(parts.CANARY)
    by_canary = canary is not None and canary.policy_hash == decision.policy_hash
    return parts.CANARY if by_canary else parts.LIVE
