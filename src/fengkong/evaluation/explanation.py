"""Why one event was decided as it was: the history replayed up to it, and everything it saw."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fengkong.core.errors import RiskError
from fengkong.decisions.engine import Engine
from fengkong.decisions.outcome import DecisionColumns
from fengkong.decisions.policy import Policy
from fengkong.decisions.state import State
from fengkong.evaluation.explained import Explanation
from fengkong.evaluation.masking import Masking
from fengkong.evaluation.paths import Names
from fengkong.evaluation.witness import Witness
from fengkong.events.columns import EventColumns
from fengkong.events.event import Event

__all__ = ["Explanation", "Masking", "NotDecidedError", "UnknownEventError", "explain"]


class UnknownEventError(RiskError):
    """The history has no event of the id that was asked for."""

    code = "evaluation.unknown_event"
    hint = "Check the id, and that the files hold the history up to that event."


class NotDecidedError(RiskError):
    """The event that was asked for is of a type that the policy does not decide."""

    code = "evaluation.not_decided"
    hint = "Name an event of a type that the policy decides."


def explain(
    policy: Policy,
    batches: Iterable[EventColumns],
    event_id: str,
    *,
    masking: Masking = Masking.SENSITIVE,
) -> Explanation:
    """Replay a history up to one event and say how that event was decided.

    Reads no further than the event. Raises `UnknownEventError` or `NotDecidedError`.
    """
    engine = Engine(policy)
    state = engine.new_state()
    before, names = 0, Names(policy)
    for columns in batches:
        found = np.flatnonzero((columns.ids == event_id).fill_null(value=False).to_numpy())
        if not len(found):
            names.learn(columns)
            _pass(engine, columns, state)
            before += len(columns)
            continue
        row = int(found[0])
        only = columns.take(np.array([row]))
        (event,) = only.to_events()
        _check_decided(policy, event)
        names.learn(columns.take(np.arange(row + 1)))
        _pass(engine, columns.take(np.arange(row)), state)
        block = _decided(engine, only, state)
        witness = Witness(
            policy=policy,
            block=block,
            lists=state.lists,
            event=event,
            masking=masking,
            paths=names.paths(policy, state, masking=masking),
        )
        return witness.explanation(events_before=before + row)
    raise UnknownEventError(f"there is no {event_id[:128]!r} among {before:,} events")


def _pass(engine: Engine, columns: EventColumns, state: State) -> None:
    """Let events go by."""
    for _ in engine.decide_columns(columns, state):
        pass


def _decided(engine: Engine, columns: EventColumns, state: State) -> DecisionColumns:
    (block,) = engine.decide_columns(columns, state)
    return block


def _check_decided(policy: Policy, event: Event) -> None:
    if event.type not in policy.events:
        decided = ", ".join(policy.events)
        raise NotDecidedError(f"{event.id} is a {event.type}; {policy.name} decides {decided}")
