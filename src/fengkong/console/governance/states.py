"""In which state a version of a policy is, and which act leads where.

A version is written and checked, compared with the live policy, proposed to a colleague, and runs
in shadow, for a share of the traffic, or for all of it. Nothing else changes its state; what is
not in `TRANSITIONS` is refused.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from fengkong.core.errors import RiskError


class State(StrEnum):
    """Where a version stands."""

    DRAFT = "draft"
    CHECKED = "checked"
    """It loads without faults and its examples come out as they say."""
    BACKTESTED = "backtested"
    """It was compared with the live policy over the newest days."""
    PROPOSED = "proposed"
    APPROVED = "approved"
    SHADOW = "shadow"
    """It decides beside the live policy, and nobody acts on it."""
    CANARY = "canary"
    """It decides for a share of the traffic."""
    LIVE = "live"
    RETIRED = "retired"


class Step(StrEnum):
    """What is done to a version."""

    SAVE = "save"
    CHECK = "check"
    BACKTEST = "backtest"
    PROPOSE = "propose"
    RETURN = "return"
    """A proposal was rejected or withdrawn."""
    APPROVE = "approve"
    START_SHADOW = "start_shadow"
    START_CANARY = "start_canary"
    GO_LIVE = "go_live"
    STOP = "stop"
    """A shadow or canary ends, and the version waits as approved."""
    REPLACE = "replace"
    """Another version took its place."""
    RESTORE = "restore"
    """A version that was live before is live again, after a roll-back."""
    ABANDON = "abandon"


class RefusedStepError(RiskError):
    """A version of a policy is not in a state in which this can be done."""

    code = "console.refused_step"
    hint = "Open the version again: its state is shown with what can be done next."


EDITABLE: Final = frozenset({State.DRAFT, State.CHECKED, State.BACKTESTED})
"""States in which the text may still change."""
RUNNING: Final = frozenset({State.SHADOW, State.CANARY, State.LIVE})

TRANSITIONS: Final = MappingProxyType(
    {
        Step.SAVE: ({State.DRAFT, State.CHECKED, State.BACKTESTED}, State.DRAFT),
        Step.CHECK: ({State.DRAFT, State.CHECKED}, State.CHECKED),
        Step.BACKTEST: ({State.CHECKED, State.BACKTESTED}, State.BACKTESTED),
        Step.PROPOSE: ({State.CHECKED, State.BACKTESTED}, State.PROPOSED),
        Step.RETURN: ({State.PROPOSED}, State.DRAFT),
        Step.APPROVE: ({State.PROPOSED}, State.APPROVED),
        Step.START_SHADOW: ({State.APPROVED}, State.SHADOW),
        Step.START_CANARY: ({State.APPROVED, State.SHADOW, State.CANARY}, State.CANARY),
        Step.GO_LIVE: ({State.APPROVED, State.SHADOW, State.CANARY}, State.LIVE),
        Step.STOP: ({State.SHADOW, State.CANARY}, State.APPROVED),
        Step.REPLACE: ({State.LIVE}, State.RETIRED),
        Step.RESTORE: ({State.RETIRED, State.APPROVED}, State.LIVE),
        Step.ABANDON: (
            {State.DRAFT, State.CHECKED, State.BACKTESTED, State.APPROVED},
            State.RETIRED,
        ),
    }
)
"""For each step the states from which it is allowed, and where it leads."""


def allowed(state: State, step: Step) -> bool:
    """Whether a step may be taken from a state."""
    return state in TRANSITIONS[step][0]


def after(state: State, step: Step) -> State:
    """The state after a step; raises `RefusedStepError`."""
    sources, target = TRANSITIONS[step]
    if state not in sources:
        expected = ", ".join(sorted(sources))
        raise RefusedStepError(f"{step} needs {expected}, and the version is {state}")
    return target


def steps_from(state: State) -> tuple[Step, ...]:
    """The steps that a state allows."""
    return tuple(step for step in Step if allowed(state, step))
