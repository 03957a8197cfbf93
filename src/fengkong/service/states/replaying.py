"""Every recorded decision derived again from the journal alone, and compared to the byte."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fengkong.core.errors import RiskError
from fengkong.decisions.decision import Decision
from fengkong.journal.history import History, Opened, Sealed
from fengkong.service.states.lanes import Lane
from fengkong.service.states.recovery import activations


class DifferentDecisionError(RiskError):
    """A recorded decision is not what its event, its history and its policy give."""

    code = "service.different_decision"
    hint = "Keep the journal as it is; the entry named was altered, or the engine has changed."


@dataclass(slots=True)
class Replayed:
    """How many entries were read, decisions compared, and entries of erased subjects left out."""

    entries: int = 0
    decisions: int = 0
    erased: int = 0


def replay(
    history: History, *, upto: int, progress: Callable[[int], None] | None = None
) -> Replayed:
    """Decide the whole journal again in the order of its entries.

    Every policy that was ever in force is followed from the first entry on. Raises
    `DifferentDecisionError` at the first decision that differs. Once a subject was erased its
    events cannot be counted any more, so decisions behind them may differ: none is compared then.
    """
    lanes = _lanes(history, upto=upto)
    live: str | None = None
    done = Replayed()
    for entries in history.chunks(after=0, upto=upto):
        for entry in entries:
            opened = history.open(entry)
            done.entries += 1
            if opened.leaf.kind == "policy":
                activation = history.activation(entry)
                live = activation.hash if activation.role == "live" else live
            elif opened.sealed is not None:
                _compare(opened, lanes, live=live, done=done)
            elif opened.leaf.kind in ("decision", "event"):
                done.erased += 1
        if progress is not None:
            progress(entries[-1].sequence)
    return done


def _lanes(history: History, *, upto: int) -> dict[str, Lane]:
    """A lane of every policy that ever was live, before the first event."""
    return {
        one.activation.hash: Lane.begin(one.activation.text)
        for one in activations(history, upto=upto)
        if one.activation.role == "live" and one.activation.hash and one.activation.text
    }


def _derived(lane: Lane, sealed: Sealed) -> Decision | None:
    """The decision again; a degraded event was not counted, and is not now."""
    event = sealed.understood
    if sealed.missing is None:
        return lane.judge(event).decision
    return lane.engine.fallback(event, missing=sealed.missing) if lane.decides(event) else None


def _compare(opened: Opened, lanes: dict[str, Lane], *, live: str | None, done: Replayed) -> None:
    sealed, leaf = opened.sealed, opened.leaf
    assert sealed is not None, "an erased entry is not compared"
    for policy, lane in lanes.items():
        decision = _derived(lane, sealed)
        if policy != live or sealed.decision is None or done.erased:
            continue
        derived = None if decision is None else decision.to_json()
        if derived != sealed.decision:
            raise DifferentDecisionError(f"entry {leaf.sequence:,} (event {leaf.event})")
        done.decisions += 1
