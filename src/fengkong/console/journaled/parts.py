"""Which policy had which part at a place of the journal, from the read model's activations."""

from __future__ import annotations

from dataclasses import dataclass

from fengkong.console.journaled.models import Activation, Decision
from fengkong.journal import parts
from fengkong.journal.history import Activation as Recorded


@dataclass(frozen=True, slots=True)
class Running:
    """The live policy and the one beside it, as they follow from activations in order."""

    live: Recorded | None = None
    rival: Recorded | None = None

    def after(self, activation: Recorded) -> Running:
        """What runs once an activation is made."""
        return Running(*parts.changed(activation, live=self.live, rival=self.rival))

    def is_canary(self, policy_hash: str | None) -> bool:
        """Whether an answer of this policy is that of one that has a share."""
        rival = self.rival
        return rival is not None and rival.role == parts.CANARY and rival.hash == policy_hash


def in_force(*, before: int | None = None) -> dict[str, Activation]:
    """The activations that are in force by role: live, and shadow or canary where one runs.

    `before` is the sequence of the entry in question; None is now.
    """
    running, held = _followed(before)
    roles = {one.role for one in (running.live, running.rival) if one is not None}
    return {role: row for role, row in held.items() if role in roles}


def running_at(sequence: int) -> Running:
    """What runs once the entry at this place is made; 0 is before any."""
    return _followed(sequence + 1)[0]


def part_of(decision: Decision) -> str:
    """Which part the policy had that answered: live, or canary for one of its share."""
    return parts.CANARY if decision.by_canary else parts.LIVE


def _followed(before: int | None) -> tuple[Running, dict[str, Activation]]:
    rows = Activation.objects.order_by("sequence")
    if before is not None:
        rows = rows.filter(sequence__lt=before)
    running = Running()
    held: dict[str, Activation] = {}
    for row in rows:
        said = Recorded(role=row.role, cause=row.cause, hash=row.policy_hash or None)
        running = running.after(said)
        held[row.role] = row
    return running, held
