"""One recorded decision derived again, and taken apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from fengkong.evaluation.masking import Masking
from fengkong.evaluation.paths import Names
from fengkong.evaluation.witness import Witness
from fengkong.events.columns import EventColumns
from fengkong.events.event import Event
from fengkong.journal.history import History, Sealed
from fengkong.journal.parts import CANARY
from fengkong.service.refusals import ErasedError, NotDecidedError, UnknownDecisionError
from fengkong.service.states.lanes import Lane
from fengkong.service.states.recovery import activations, in_force, restored
from fengkong.service.states.snapshots import SnapshotFolder


def explained(sequence: int, *, history: History, snapshots: SnapshotFolder) -> dict[str, Any]:
    """The decision of an entry derived from the journal alone, beside what was recorded.

    `equal` says whether both are the same to the byte; `explanation` is what the decision saw,
    with personal texts masked. Raises where there is nothing to explain.
    """
    entry = history.reading.entry(sequence)
    if entry is None:
        raise UnknownDecisionError(f"there is no entry {sequence:,}")
    leaf, sealed = history.open(entry)
    if leaf.kind not in ("decision", "event"):
        raise UnknownDecisionError(f"entry {sequence:,} is of kind {leaf.kind}")
    if sealed is None:
        raise ErasedError(f"{leaf.event} was erased")
    if sealed.decision is None:
        raise NotDecidedError(f"{leaf.event} was only recorded")
    text = _answered_by(leaf.policy, history=history, sequence=sequence)
    lane = restored(text, history=history, snapshots=snapshots, upto=sequence - 1)
    event = sealed.understood
    return {
        "sequence": sequence,
        "event_id": leaf.event,
        **_derived(lane, event, sealed, events_before=sequence - 1),
    }


def _answered_by(policy: str | None, *, history: History, sequence: int) -> str:
    """The text of the policy that answered: the canary where the leaf names it, else the live."""
    live, rival = in_force(activations(history, upto=sequence - 1), at=sequence)
    by_canary = rival is not None and rival.role == CANARY and rival.hash == policy
    activation = rival if by_canary else live
    assert activation is not None, "a decision follows an activation"
    assert activation.text is not None, "what is in force has its text"
    return activation.text


def _derived(lane: Lane, event: Event, sealed: Sealed, *, events_before: int) -> Mapping[str, Any]:
    """The event decided again in a lane that stands just before it."""
    recorded = sealed.decision or b""
    if sealed.missing is not None:
        derived = lane.engine.fallback(event, missing=sealed.missing).to_json()
        explanation = None
    else:
        columns = EventColumns.from_events([event], catalogue=lane.policy.catalogue)
        (block,) = lane.engine.decide_columns(columns, lane.state)
        names = Names(lane.policy)
        names.learn(columns)
        derived = block.decision(0).to_json()
        explanation = Witness(
            policy=lane.policy,
            block=block,
            lists=lane.state.lists,
            event=event,
            masking=Masking.SENSITIVE,
            paths=names.paths(lane.policy, lane.state, masking=Masking.SENSITIVE),
        ).explanation(events_before=events_before)
    return {
        "equal": derived == recorded,
        "recorded": msgspec.Raw(recorded),
        "derived": None if derived == recorded else msgspec.Raw(derived),
        "explanation": explanation,
    }
