"""The phases of an incident, which leads where, and what each needs before it is left.

They are the response cycle of the field (identify, assess, decide, contain and dispose, feed back);
NIST SP 800-61 r3 has the same under Detect, Respond, Recover and Improvement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fengkong.core.errors import RiskError


class Phase(StrEnum):
    """Where an incident stands."""

    IDENTIFY = "identify"
    """Is it one, and what is it?"""
    ASSESS = "assess"
    """How grave, who is hurt, what does the law ask?"""
    DECIDE = "decide"
    """What is done, and why?"""
    CONTAIN = "contain"
    """It is stopped from growing."""
    RECOVER = "recover"
    """Business is as it was, and harm is made good."""
    REVIEW = "review"
    """What is changed so that it does not come again?"""
    CLOSED = "closed"


PHASES: Final = tuple(Phase)
"""All phases in their order."""
WORKING: Final = PHASES[:-1]
"""The phases in which something is done."""

BACK: Final[Mapping[Phase, tuple[Phase, ...]]] = {
    Phase.DECIDE: (Phase.ASSESS,),
    Phase.CONTAIN: (Phase.DECIDE, Phase.ASSESS),
    Phase.RECOVER: (Phase.CONTAIN, Phase.DECIDE),
    Phase.REVIEW: (Phase.CONTAIN,),
}
"""Where it may go back to: it flares up, or turns out to be something else."""


class Need(StrEnum):
    """Something that must be there before a phase is left."""

    CLASSIFIED = "classified"
    """Kind and severity were set by a person, with the facts that the law asks about."""
    COMMANDER = "commander"
    IMPACT = "impact"
    """Who and what is hurt is written down."""
    PLAYBOOK = "playbook"
    """A playbook was started, or it was said why none fits."""
    DECISION = "decision"
    """At least one decision stands with its reason."""
    TASKS = "tasks"
    """Every required task of the phase and of those before it is done or skipped with a reason."""
    SWITCHES = "switches"
    """Every stop-loss switch of this incident has ended."""
    EXIT = "exit"
    """Every exit criterion of the playbook is met."""
    CLOCKS = "clocks"
    """Every regulatory clock has its report, or it was said why none is due."""
    CAUSES = "causes"
    ACTIONS = "actions"
    """At least one action follows, with owner and day."""


NEEDS: Final[Mapping[Phase, tuple[Need, ...]]] = {
    Phase.IDENTIFY: (Need.CLASSIFIED, Need.COMMANDER),
    Phase.ASSESS: (Need.IMPACT, Need.PLAYBOOK),
    Phase.DECIDE: (Need.DECISION,),
    Phase.CONTAIN: (Need.TASKS,),
    Phase.RECOVER: (Need.TASKS, Need.EXIT, Need.SWITCHES),
    Phase.REVIEW: (Need.CAUSES, Need.ACTIONS, Need.CLOCKS),
}
"""What each phase needs before it is left for the next one."""


class RefusedPhaseError(RiskError):
    """An incident cannot go to that phase."""

    code = "response.refused_phase"
    hint = "Do what is named first; a phase is left in its order, and back only where it says so."


@dataclass(frozen=True, slots=True)
class Standing:
    """What an incident has of what phases need."""

    met: frozenset[Need]

    def missing(self, phase: Phase) -> tuple[Need, ...]:
        """What still keeps an incident in a phase."""
        return tuple(need for need in NEEDS.get(phase, ()) if need not in self.met)


def following(phase: Phase) -> Phase | None:
    """The phase after one; None behind the last."""
    place = PHASES.index(phase) + 1
    return PHASES[place] if place < len(PHASES) else None


def check_move(before: Phase, after: Phase, standing: Standing) -> None:
    """Raises RefusedPhaseError where a phase cannot be left for another."""
    if after in BACK.get(before, ()):
        return
    if after is not following(before):
        raise RefusedPhaseError(f"{before} does not lead to {after}")
    missing = standing.missing(before)
    if missing:
        raise RefusedPhaseError(f"{before} still needs: {', '.join(missing)}")
