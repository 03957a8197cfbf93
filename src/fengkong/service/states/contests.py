"""What champion and challenger said of the events of a journal, side by side with their labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import polars as pl

from fengkong.decisions.decision import Scored
from fengkong.decisions.policy import ALLOW
from fengkong.evaluation.labels import LABEL
from fengkong.evaluation.standing import DECISIONS, LABELS, NoChallengerError, Recorded, Side
from fengkong.journal.history import Activation, History, Sealed
from fengkong.journal.parts import CANARY, changed
from fengkong.service.states.lanes import read_policy_text

Progress = Callable[[int, float], None]


class _Said(msgspec.Struct, frozen=True):
    """What a contest needs of a recorded decision."""

    event_id: str
    event_type: str
    occurred_at: int
    outcome: str
    policy_hash: str
    models: tuple[Scored, ...] = ()


_said: Final = msgspec.json.Decoder(_Said).decode


@dataclass(slots=True)
class _Contest:
    """The decisions of one champion beside one challenger, as they come."""

    champion: Side
    challenger: Side
    rows: list[tuple[str, int, float, float, bool]] = field(default_factory=list)


@dataclass(slots=True)
class _Gathering:
    """Every contest of a journal by the hashes of both; `newest` is the one of the last event."""

    contests: dict[tuple[str, ...], _Contest] = field(default_factory=dict)
    labels: list[tuple[str, int, bool]] = field(default_factory=list)
    newest: tuple[str, ...] | None = None
    until: int = 0

    def add(self, key: tuple[str, ...], sides: tuple[Side, Side], row: Any) -> None:
        """One decision of both."""
        self.newest = key
        self.contests.setdefault(key, _Contest(*sides)).rows.append(row)

    def tell(self, sealed: Sealed) -> None:
        """What an event says of time, and of the truth about another."""
        event = sealed.understood
        self.until = max(self.until, event.occurred_at)
        about = event.values.get("event")
        if event.type == LABEL and about is not None:
            fraud = bool(event.values["is_fraud"])
            self.labels.append((str(about), event.occurred_at, fraud))

    def recorded(self) -> Recorded:
        """The newest contest; raises `NoChallengerError` where there is none."""
        if self.newest is None:
            raise NoChallengerError("no decision of the journal was made beside a challenger")
        contest = self.contests[self.newest]
        return Recorded(
            champion=contest.champion,
            challenger=contest.challenger,
            decisions=pl.DataFrame(contest.rows, schema=DECISIONS, orient="row"),
            labels=pl.DataFrame(self.labels, schema=LABELS, orient="row"),
            until=self.until,
        )


def recorded_models(
    history: History, *, upto: int, value: str | None = None, progress: Progress | None = None
) -> Recorded:
    """The newest champion and challenger among the models, with all that both ever said together.

    `value` is the name a policy gives their probability; None: that of the last event. Degraded
    decisions and events of erased subjects are left out.
    """
    found = _Gathering()
    for _, sealed in _entries(history, upto=upto, progress=progress):
        if sealed is None:
            continue
        found.tell(sealed)
        if sealed.decision is None or sealed.missing is not None:
            continue
        said = _said(sealed.decision)
        for one in said.models:
            other = one.other
            if other is msgspec.UNSET or value not in (None, one.name):
                continue
            pair = [
                (Side(name=told.model, version=told.version, hash=told.hash), told.probability)
                for told in (one, other)
            ]
            challenged = one.challenged is True
            (champion, first), (challenger, second) = reversed(pair) if challenged else pair
            row = (said.event_id, said.occurred_at, first, second, challenged)
            found.add((one.name, champion.hash, challenger.hash), (champion, challenger), row)
    return found.recorded()


def recorded_policies(history: History, *, upto: int, progress: Progress | None = None) -> Recorded:
    """The newest live policy and the one beside it, with all that both ever decided together.

    Which of them answered does not matter to what each of them said. Events that only one of them
    decides are left out, and those of `recorded_models`.
    """
    found = _Gathering()
    known: dict[str, tuple[str, ...]] = {}
    live: Activation | None = None
    rival: Activation | None = None
    for activation, sealed in _entries(history, upto=upto, progress=progress):
        if activation is not None:
            live, rival = changed(activation, live=live, rival=rival)
        if sealed is None:
            continue
        found.tell(sealed)
        if live is None or rival is None or sealed.decision is None or sealed.missing is not None:
            continue
        said = _said(sealed.decision)
        if said.event_type not in _types(rival, known):
            continue
        other = said if sealed.shadow is None else _said(sealed.shadow)
        challenged = rival.role == CANARY and said.policy_hash == rival.hash
        champion, challenger = (other, said) if challenged else (said, other)
        stopped = [float(one.outcome != ALLOW) for one in (champion, challenger)]
        sides = _side(live), _side(rival)
        row = (said.event_id, said.occurred_at, *stopped, challenged)
        found.add((sides[0].hash, sides[1].hash), sides, row)
    return found.recorded()


def _types(policy: Activation, known: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The types of events that a policy decides; each policy is read once."""
    digest = str(policy.hash)
    if digest not in known:
        known[digest] = read_policy_text(str(policy.text), source="policy").events
    return known[digest]


def _side(activation: Activation) -> Side:
    return Side(
        name=str(activation.name), version=str(activation.version), hash=str(activation.hash)
    )


def _entries(
    history: History, *, upto: int, progress: Progress | None
) -> Iterator[tuple[Activation | None, Sealed | None]]:
    """Every entry in order, opened: an activation, or an event in the clear."""
    read = 0
    for entries in history.chunks(after=0, upto=upto):
        for entry in entries:
            leaf, sealed = history.open(entry)
            yield (history.activation(entry) if leaf.kind == "policy" else None), sealed
        read += len(entries)
        if progress is not None:
            progress(read, entries[-1].sequence / upto)
