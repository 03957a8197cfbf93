"""The newest days of a history held in columns, as the live policy saw and decided them.

What costs time (windows, links, models) is computed once by the engine itself, so that a question
about another rule needs only what that rule adds. Batches come in order and are held whole; what is
older than the days that are judged goes, batch by batch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.core.instants import DAY_US
from fengkong.decisions import verdict
from fengkong.decisions.engine import Engine
from fengkong.decisions.model_cells import model_cells
from fengkong.decisions.outcome import DecisionColumns
from fengkong.decisions.policy import LIST_CHANGED, Policy
from fengkong.decisions.state import State
from fengkong.evaluation.facts import FactLog, Facts
from fengkong.evaluation.labels import LabelLog
from fengkong.evaluation.meanings import Meanings
from fengkong.events.columns import Column, EventColumns
from fengkong.rules.lists import ListChange, ListState

Cells = NDArray[np.float64]
Bits = NDArray[np.uint8]
JUDGED_DAYS: Final = 30
BATCH_MAX: Final = 65_536
"""Small batches are joined up to this many events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBatch:
    """Some events in a row, and what the live policy made of those that it decides.

    `decided` int64[n] are their places in `columns`; `values` float64[n] by name of a window, link
    or model; `ranks` uint8[n] and `points` float64[n]; `hits` and `unknowns` are bits,
    uint8[rules, ceil(n/8)]; `facts` are what figures need of each.
    """

    columns: EventColumns
    decided: NDArray[np.int64]
    values: dict[str, Cells]
    ranks: NDArray[np.uint8]
    points: Cells
    hits: Bits
    unknowns: Bits
    facts: Facts

    def __len__(self) -> int:
        return len(self.decided)

    @property
    def first_at(self) -> int:
        """The earliest instant in it."""
        return int(self.columns.occurred_at.min())

    @property
    def last_at(self) -> int:
        """The latest instant in it."""
        return int(self.columns.occurred_at.max())

    def has_bit(self, bits: Bits, rule: int) -> NDArray[np.bool_]:
        """Whether one rule has its bit, a truth for each decided event."""
        return np.unpackbits(bits[rule], count=len(self)).astype(np.bool_)


@dataclass(slots=True, kw_only=True)
class HeldHistory:
    """The batches of the newest days under one policy.

    `lists` are its lists before the first batch that is held; `labels` are all labels that went by,
    the truth about the events that are held among them; `since` is where the history began.
    """

    engine: Engine
    state: State
    lists: ListState
    days: int = JUDGED_DAYS
    batches: list[HeldBatch] = field(default_factory=list)
    labels: LabelLog = field(default_factory=LabelLog)
    since: int | None = None
    version: int = 0
    """Goes up whenever something is added or goes, so that who keeps figures can tell."""

    @classmethod
    def begin(
        cls, engine: Engine, *, state: State | None = None, days: int = JUDGED_DAYS
    ) -> HeldHistory:
        """Nothing held yet; `state` is the policy's at this position (None: before all events)."""
        state = engine.new_state() if state is None else state
        lists = ListState.restore(state.lists.save())
        return cls(engine=engine, state=state, lists=lists, days=days)

    @property
    def policy(self) -> Policy:
        """The policy that decided."""
        return self.engine.policy

    @property
    def meanings(self) -> Meanings:
        """What its names and rules mean."""
        return Meanings(self.engine.layout)

    @property
    def last_at(self) -> int:
        """The latest instant of all that is held, 0 where nothing is."""
        return max((batch.last_at for batch in self.batches), default=0)

    @property
    def judged_from(self) -> int:
        """From which instant events are judged."""
        return self.last_at - self.days * DAY_US

    def __len__(self) -> int:
        return sum(map(len, self.batches))

    def add(self, columns: EventColumns) -> None:
        """Let the policy decide a batch, keep what it made of it, and forget what is too old."""
        if not len(columns):
            return
        if self.since is None:
            self.since = int(columns.occurred_at.min())
        blocks = [block for block in self.engine.decide_columns(columns, self.state) if len(block)]
        self.labels.read(columns)
        self.batches.append(_batch(self.engine, columns, blocks))
        self.version += 1
        while len(self.batches) > 1 and _small(self.batches[-2], beside=self.batches[-1]):
            last, before = self.batches.pop(), self.batches.pop()
            self.batches.append(_together(before, last))
        while len(self.batches) > 1 and self.batches[0].last_at < self.judged_from:
            apply_list_changes(self.lists, self.batches.pop(0).columns, policy=self.policy)


def _batch(engine: Engine, columns: EventColumns, blocks: list[DecisionColumns]) -> HeldBatch:
    policy, layout = engine.policy, engine.layout
    decided = np.flatnonzero(layout.decided[columns.types])
    assert sum(map(len, blocks)) == len(decided), "every event of a decided type gets a decision"
    width = len(layout.frame.cells)
    names = (*layout.counted_names, *model_cells(policy))
    values = {
        name: _joined([block.rows[:, place] for block in blocks])
        for place, name in enumerate(names, width)
    }
    rules = len(policy.rules)
    verdicts = [block.judged.verdicts for block in blocks]
    whole = np.concatenate(verdicts) if verdicts else np.empty((0, rules), dtype=np.uint8)
    facts = FactLog(policy)
    facts.read(columns.take(decided))
    return HeldBatch(
        columns=columns,
        decided=decided,
        values=values,
        ranks=_joined([block.judged.ranks for block in blocks]).astype(np.uint8),
        points=_joined([block.judged.points for block in blocks]),
        hits=np.packbits(whole.T == verdict.HIT, axis=1),
        unknowns=np.packbits(whole.T == verdict.UNKNOWN, axis=1),
        facts=facts.facts(),
    )


def _small(batch: HeldBatch, *, beside: HeldBatch) -> bool:
    """Whether a batch is joined with the one behind it: few large ones are quicker to ask."""
    size, more = len(batch.columns), len(beside.columns)
    span = beside.last_at - batch.first_at
    return size + more <= BATCH_MAX and size <= 2 * more and span <= DAY_US


def _together(first: HeldBatch, second: HeldBatch) -> HeldBatch:
    """Two batches as one."""
    return HeldBatch(
        columns=joined_columns(first.columns, second.columns),
        decided=np.concatenate([first.decided, second.decided + len(first.columns)]),
        values={
            name: np.concatenate([column, second.values[name]])
            for name, column in first.values.items()
        },
        ranks=np.concatenate([first.ranks, second.ranks]),
        points=np.concatenate([first.points, second.points]),
        hits=_joined_bits(first, second, first.hits, second.hits),
        unknowns=_joined_bits(first, second, first.unknowns, second.unknowns),
        facts=Facts(
            currency=first.facts.currency,
            **{
                name: np.concatenate([getattr(first.facts, name), getattr(second.facts, name)])
                for name in ("ids", "occurred_at", "types", "stakes", "customers", "row_truth")
            },
        ),
    )


def _joined_bits(first: HeldBatch, second: HeldBatch, one: Bits, other: Bits) -> Bits:
    left = np.unpackbits(one, axis=1, count=len(first))
    right = np.unpackbits(other, axis=1, count=len(second))
    return np.packbits(np.concatenate([left, right], axis=1), axis=1)


def joined_columns(first: EventColumns, second: EventColumns) -> EventColumns:
    """Two batches of events as one; a field that only one has is missing in the other."""
    values: dict[str, Column] = {}
    for name in {**first.values, **second.values}:
        values[name] = _joined_column(
            first.values.get(name), second.values.get(name), counts=(len(first), len(second))
        )
    currencies = None
    if first.currencies is not None or second.currencies is not None:
        found = _joined_column(
            first.currencies, second.currencies, counts=(len(first), len(second))
        )
        assert isinstance(found, pl.Series), "currencies are words"
        currencies = found
    return EventColumns(
        types=np.concatenate([first.types, second.types]),
        ids=pl.concat([first.ids, second.ids]),
        occurred_at=np.concatenate([first.occurred_at, second.occurred_at]),
        currencies=currencies,
        values=values,
        rows=np.concatenate([first.rows, second.rows]),
        catalogue=first.catalogue,
    )


def _joined_column(
    first: Column | None, second: Column | None, *, counts: tuple[int, int]
) -> Column:
    known = second if first is None else first
    if isinstance(known, pl.Series):
        parts = [
            pl.Series([None], dtype=pl.String).new_from_index(0, count)
            if part is None
            else pl.Series(part).cast(pl.String)
            for part, count in zip((first, second), counts, strict=True)
        ]
        return pl.concat([part.rename("") for part in parts])
    return np.concatenate(
        [
            np.full(count, np.nan) if part is None else np.asarray(part)
            for part, count in zip((first, second), counts, strict=True)
        ]
    )


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0)


def apply_list_changes(lists: ListState, columns: EventColumns, *, policy: Policy) -> None:
    """Apply the list changes among some events, as the engine does."""
    for at in list_changes(columns):
        change_list(lists, columns, int(at), policy=policy)


def list_changes(columns: EventColumns) -> NDArray[np.int64]:
    """The places of list changes among some events."""
    number = columns.catalogue.type_names.index(LIST_CHANGED)
    return np.flatnonzero(columns.types == number)


def change_list(lists: ListState, columns: EventColumns, at: int, *, policy: Policy) -> None:
    """Apply the list change at one place where the policy knows the list."""
    (event,) = columns.take(np.array([at])).to_events()
    if event.values.get("list") in policy.scope.lists:
        lists.apply(ListChange.of(event.values, occurred_at=event.occurred_at))
