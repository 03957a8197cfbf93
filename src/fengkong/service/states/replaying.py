"""Every recorded decision derived again from the journal alone, and compared to the byte."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fengkong.core.errors import RiskError
from fengkong.journal.entries import Entry, Leaf
from fengkong.journal.history import EVENT_KINDS, Activation, History, Sealed
from fengkong.journal.parts import CANARY, LIVE, changed
from fengkong.service.states.lanes import Judged, Lane
from fengkong.service.states.recovery import activations
from fengkong.service.states.rival import Share


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

    Every policy that ever answered is followed from the first entry on. A canary's answer must be
    to one of its share; the live policy may have answered for it. Raises `DifferentDecisionError`
    at the first decision that differs. Once a subject was erased its events cannot be counted any
    more, so decisions behind them may differ: none is compared then.
    """
    replaying = _Replaying(history, _lanes(history, upto=upto))
    for entries in history.chunks(after=0, upto=upto):
        for entry in entries:
            replaying.over(entry)
        if progress is not None:
            progress(entries[-1].sequence)
    return replaying.done


def _lanes(history: History, *, upto: int) -> dict[str, Lane]:
    """A lane of every policy that ever was live or a canary, before the first event."""
    return {
        one.activation.hash: Lane.begin(one.activation.text)
        for one in activations(history, upto=upto)
        if one.activation.role in (LIVE, CANARY) and one.activation.hash and one.activation.text
    }


@dataclass(slots=True)
class _Replaying:
    """A replay on its way: the lanes, and which of them are in force."""

    history: History
    lanes: dict[str, Lane]
    live: Activation | None = None
    rival: Activation | None = None
    done: Replayed = field(default_factory=Replayed)

    def over(self, entry: Entry) -> None:
        """Follow one entry, and compare it if it is a decision."""
        opened = self.history.open(entry)
        self.done.entries += 1
        if opened.leaf.kind == "policy":
            self.live, self.rival = changed(
                self.history.activation(entry), live=self.live, rival=self.rival
            )
        elif opened.sealed is not None:
            self._compare(opened.leaf, opened.sealed)
        elif opened.leaf.kind in EVENT_KINDS:
            self.done.erased += 1

    def _compare(self, leaf: Leaf, sealed: Sealed) -> None:
        assert self.live is not None, "the first entry is an activation"
        live = str(self.live.hash)
        said = {
            policy: _judged(lane, sealed, answers=policy == live)
            for policy, lane in self.lanes.items()
        }
        if sealed.decision is None or self.done.erased:
            return
        answered = leaf.policy if self._by_canary(leaf, sealed) else live
        judged = said[str(answered)]
        derived = None if judged is None or judged.decision is None else judged.decision.to_json()
        if answered != leaf.policy or derived != sealed.decision:
            raise DifferentDecisionError(f"entry {leaf.sequence:,} (event {leaf.event})")
        self.done.decisions += 1

    def _by_canary(self, leaf: Leaf, sealed: Sealed) -> bool:
        """Whether the leaf names the canary, and the event was of its share."""
        rival = self.rival
        if rival is None or rival.role != CANARY or rival.hash != leaf.policy:
            return False
        assert leaf.subject is not None, "an event's entry names its subject"
        share = Share.of_activation(rival)
        return share.has_event(
            sealed.understood, subject=bytes.fromhex(leaf.subject), vault=self.history.vault
        )


def _judged(lane: Lane, sealed: Sealed, *, answers: bool) -> Judged | None:
    """What a policy says again; one beside the live policy may be unable to take an event.

    A degraded event was not counted, and is not now.
    """
    event = sealed.understood
    if sealed.missing is None:
        return lane.judge(event) if answers else lane.follow(event)
    decided = lane.engine.fallback(event, missing=sealed.missing) if lane.decides(event) else None
    return Judged(decided, sealed.missing)
