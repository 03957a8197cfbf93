"""What a model learns from and is judged on: inputs as the engine computed them, and the truth.

Each row is one decided event. Its inputs are what the engine knew when it decided, its truth comes
with the instant from which it was known; nothing else is kept of the event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.core.errors import RiskError
from fengkong.core.instants import format_instant
from fengkong.decisions.engine import Engine
from fengkong.decisions.frame import Frame
from fengkong.decisions.model_inputs import inputs_of
from fengkong.decisions.outcome import DecisionColumns
from fengkong.decisions.policy import Policy
from fengkong.evaluation.facts import FRAUD, UNLABELLED, FactLog, Facts, joined, local_days
from fengkong.evaluation.judgements import Period
from fengkong.evaluation.labels import (
    LabelLog,
    NoTruthError,
    Truth,
    TruthRequest,
    TruthSource,
    truth_of,
)
from fengkong.events.columns import EventColumns
from fengkong.rules.kinds import Kind
from fengkong.scoring.inputs import Input

NEVER: Final = np.iinfo(np.int64).max
CATEGORIES_MOST: Final = 1_000


class FutureLabelError(RiskError):
    """A label says that it was known before the event it is about had happened."""

    code = "training.label_from_the_future"
    hint = "Correct the times of the labels, or leave the labels named out of the history."


class TooManyWordsError(RiskError):
    """An input has so many different words that it names entities rather than categories."""

    code = "training.too_many_words"
    hint = "Leave the input out, or count events over it in a feature instead."


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingTable:
    """Rows in the order in which they were decided.

    `rows` float64[n, inputs] in a model's units (NaN: missing); `fraud` bool[n] is the truth as it
    was known in the end, `known_at` int64[n] (us) when fraud became known, `NEVER` of good rows;
    `labelled` bool[n] whether there is a truth at all; `mature_at` int64[n] from when a row that
    nobody called fraud counts as good. `entities` uint64[n], 0 where missing; `amounts` float64[n]
    in major units; `segments` are words or numbers by name; `scenarios` int16[n] index
    `scenario_names`, -1 for none; `days` int64[n] in the time zone of the policy.
    """

    policy: Policy
    inputs: tuple[Input, ...]
    ids: pl.Series
    occurred_at: NDArray[np.int64]
    rows: NDArray[np.float64]
    fraud: NDArray[np.bool_]
    known_at: NDArray[np.int64]
    labelled: NDArray[np.bool_]
    mature_at: NDArray[np.int64]
    entities: NDArray[np.uint64]
    amounts: NDArray[np.float64]
    segments: Mapping[str, pl.Series]
    scenarios: NDArray[np.int16]
    scenario_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.occurred_at)

    @property
    def days(self) -> NDArray[np.int64]:
        """The calendar day of each row."""
        return local_days(self.occurred_at, time_zone=self.policy.scope.time_zone)

    def frauds_known(self, as_of: int) -> NDArray[np.bool_]:
        """Which rows were known to be fraud at an instant."""
        return self.fraud & (self.known_at <= as_of)

    def usable(self, as_of: int) -> NDArray[np.bool_]:
        """Rows whose truth was known at an instant: fraud by a label, good by its age."""
        settled = self.labelled & (self.mature_at <= as_of)
        return self.frauds_known(as_of) | settled


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRequest:
    """What of a history goes into a table."""

    inputs: tuple[str, ...]
    entity: str
    amount: str
    delay: int
    source: TruthSource = TruthSource.ROWS
    truth: TruthRequest | None = None
    truth_needed: bool = True
    segments: tuple[str, ...] = ()
    period: Period = field(default_factory=Period)
    words: Mapping[str, tuple[str, ...]] | None = None
    """The categories of inputs that are words, as a model has them; None finds them."""

    def of_model(self, inputs: Sequence[Input]) -> TableRequest:
        """The same request for the inputs and categories of a model."""
        return replace(
            self,
            inputs=tuple(one.name for one in inputs),
            words={one.name: one.categories for one in inputs if one.categories},
        )


def training_table(
    policy: Policy, batches: Iterable[EventColumns], *, request: TableRequest
) -> TrainingTable:
    """The table of a history: every event warms the windows, those of the period become rows.

    Raises `NoTruthError`, `FutureLabelError` or `TooManyWordsError`.
    """
    gathering = Gathering(policy, request=request)
    for columns in batches:
        gathering.read(columns)
    return gathering.table()


class InputReader:
    """Reads inputs of a policy's events as a model sees them, and what else is asked for."""

    def __init__(
        self,
        policy: Policy,
        names: Sequence[str],
        *,
        words: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        """`words` are the categories of inputs that are texts; None takes them as they come."""
        self.policy = policy
        self.names = tuple(names)
        self._features = frozenset(policy.feature_names)
        self._words = _Words(words)
        self._money = {
            name: Frame(
                cells=[name],
                hashed=[],
                texts=[],
                catalogue=policy.catalogue,
                currency=policy.scope.currency,
                rates=policy.rates,
            )
            for name, kind in policy.scope.names.items()
            if kind is Kind.MONEY and name not in self._features
        }

    @classmethod
    def of_model(cls, policy: Policy, inputs: Sequence[Input]) -> Self:
        """The reader of a model's inputs, with its own categories."""
        words = {one.name: one.categories for one in inputs if one.categories}
        return cls(policy, [one.name for one in inputs], words=words)

    def matrix(self, events: EventColumns, features: pl.DataFrame) -> NDArray[np.float64]:
        """Inputs float64[n, inputs] of n events and their features, in a model's units."""
        matrix = np.empty((len(events), len(self.names)))
        for index, name in enumerate(self.names):
            matrix[:, index] = self._numbers(name, events, features)
        return matrix

    def inputs(self) -> tuple[Input, ...]:
        """The inputs as a model keeps them, with the words that were met."""
        words = {name: self._words.of(name) for name in self.names}
        return inputs_of(self.policy, self.names, categories=words)

    def settle(self, rows: NDArray[np.float64]) -> None:
        """Put words that were found in the order of the alphabet, in rows that were read."""
        self._words.settle(self.names, rows)

    def series(self, name: str, events: EventColumns, features: pl.DataFrame) -> pl.Series:
        """A feature or field of events, money in major units."""
        if name in self._features:
            return features[name]
        column = events.values.get(name)
        if name == "event_type":
            names = pl.Series(list(events.catalogue.type_names), dtype=pl.String)
            return names.gather(pl.Series(events.types, dtype=pl.UInt32))
        if column is None:
            return pl.Series([None], dtype=pl.Float64).new_from_index(0, len(events))
        if isinstance(column, pl.Series):
            return column.cast(pl.String)
        if self.policy.scope.names[name] is Kind.MONEY:
            column = self._money[name].of_columns(events).cells[:, 0] / self.policy.scope.scale
        return pl.Series(np.ascontiguousarray(column)).fill_nan(None)

    def _numbers(
        self, name: str, events: EventColumns, features: pl.DataFrame
    ) -> NDArray[np.float64]:
        series = self.series(name, events, features)
        if self.policy.scope.names[name] is Kind.TEXT:
            return self._words.codes(name, series.cast(pl.String))
        return series.cast(pl.Float64).fill_null(np.nan).to_numpy()


class Gathering:
    """Reads a history batch by batch."""

    def __init__(self, policy: Policy, *, request: TableRequest) -> None:
        self.policy = policy
        self.request = request
        self.engine = Engine(policy)
        self.state = self.engine.new_state()
        names = policy.catalogue.type_names
        self._decides = np.array([name in policy.events for name in names])
        self._reader = InputReader(policy, request.inputs, words=request.words)
        self._entities = Frame(
            cells=[request.amount],
            hashed=[request.entity],
            texts=[],
            catalogue=policy.catalogue,
            currency=policy.scope.currency,
            rates=policy.rates,
        )
        self._facts, self._log = FactLog(policy), LabelLog()
        self._parts: dict[str, list[Any]] = {key: [] for key in ("ids", "keys", "amounts")}
        self._rows: list[NDArray[np.float64]] = []
        self._segments: dict[str, list[pl.Series]] = {name: [] for name in request.segments}
        self._last_at = 0

    def read(self, columns: EventColumns) -> None:
        """Let the engine decide a batch; keep the rows of the period and all labels."""
        if not len(columns):
            return
        self._last_at = max(self._last_at, int(columns.occurred_at.max()))
        self._log.read(columns)
        decided = np.flatnonzero(self._decides[columns.types])
        done = 0
        for block in self.engine.decide_columns(columns, self.state):
            rows = decided[done : done + len(block)]
            done += len(block)
            inside = self.request.period.holds(block.occurred_at)
            if inside.any():
                self._keep(block, columns.take(rows), inside)

    def _keep(
        self, block: DecisionColumns, events: EventColumns, inside: NDArray[np.bool_]
    ) -> None:
        at = np.flatnonzero(inside)
        chosen = events if len(at) == len(events) else events.take(at)
        frame = block.feature_frame()
        features = frame if len(at) == len(events) else frame[at]
        self._facts.read(chosen)
        part = self._entities.of_columns(chosen)
        self._parts["ids"].append(pl.Series(chosen.ids).cast(pl.String))
        self._parts["keys"].append(part.hashes[self.request.entity][:, 0].copy())
        self._parts["amounts"].append(part.cells[:, 0] / self.policy.scope.scale)
        self._rows.append(self._reader.matrix(chosen, features))
        for name, series in self._segments.items():
            series.append(self._reader.series(name, chosen, features))

    def table(self) -> TrainingTable:
        """Everything that was read, with its truth."""
        facts, request = self._facts.facts(), self.request
        truth = self._truth(facts)
        known_at = self._known_at(truth, facts.ids, facts.occurred_at)
        rows = _stacked(self._rows, width=len(request.inputs))
        self._reader.settle(rows)
        return TrainingTable(
            policy=self.policy,
            inputs=self._reader.inputs(),
            ids=pl.concat([pl.Series([], dtype=pl.String), *self._parts["ids"]]),
            occurred_at=facts.occurred_at,
            rows=rows,
            fraud=truth.states == FRAUD,
            known_at=known_at,
            labelled=truth.states != UNLABELLED,
            mature_at=facts.occurred_at + request.delay,
            entities=joined(self._parts["keys"], np.uint64),
            amounts=joined(self._parts["amounts"], np.float64),
            segments={name: pl.concat(parts) for name, parts in self._segments.items() if parts},
            scenarios=truth.scenarios,
            scenario_names=truth.scenario_names,
        )

    def _truth(self, facts: Facts) -> Truth:
        """The truth that was asked for; unlabelled where none is needed and none is there."""
        request = self.request
        asked = request.truth or TruthRequest(source=request.source, delay=request.delay)
        try:
            return truth_of(facts, log=self._log, request=asked, last_at=self._last_at)
        except NoTruthError:
            if request.truth_needed:
                raise
        return Truth(
            source=request.source,
            states=np.full(len(facts), UNLABELLED, dtype=np.uint8),
            mature=np.zeros(len(facts), dtype=np.bool_),
            scenarios=np.full(len(facts), -1, dtype=np.int16),
            scenario_names=(),
            delay=request.delay,
            delay_observed=False,
            fraud_delays=0,
            as_of=self._last_at,
            labels=0,
            unattributable=0,
            unmatched=0,
        )

    def _known_at(
        self, truth: Truth, ids: NDArray[np.uint64], occurred_at: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """When each fraud became known."""
        known = np.where(truth.states == FRAUD, occurred_at + self.request.delay, NEVER)
        if truth.source is not TruthSource.LABELS:
            return known
        labels = self._log.labels()
        order = np.argsort(ids, kind="stable")
        places = np.searchsorted(ids[order], labels.events)
        places[places == len(ids)] = 0
        found = ids[order][places] == labels.events
        at, told = order[places[found]], labels.known_at[found]
        early = np.flatnonzero(told < occurred_at[at])
        if len(early):
            row = int(at[early[0]])
            raise FutureLabelError(
                f"{len(early)} labels, such as one of {format_instant(int(told[early[0]]))} "
                f"about an event of {format_instant(int(occurred_at[row]))}"
            )
        fraud = labels.fraud[found]
        known[at[fraud]] = told[fraud]
        return known


def _stacked(parts: list[NDArray[np.float64]], *, width: int) -> NDArray[np.float64]:
    """Parts under each other; each is let go as soon as it is copied."""
    whole = np.empty((sum(map(len, parts)), width))
    start = len(whole)
    while parts:
        part = parts.pop()
        whole[start - len(part) : start] = part
        start -= len(part)
    return whole


class _Words:
    """Positions of words, as they come or as a model has them."""

    def __init__(self, given: Mapping[str, tuple[str, ...]] | None) -> None:
        self._given = given
        self._known: dict[str, dict[str, int]] = {}
        for name, words in (given or {}).items():
            self._known[name] = {word: code for code, word in enumerate(words)}

    def codes(self, name: str, series: pl.Series) -> NDArray[np.float64]:
        """The position of each word, NaN for missing ones and for those that a model lacks."""
        known = self._known.setdefault(name, {})
        if self._given is None:
            for word in series.drop_nulls().unique(maintain_order=True).to_list():
                known.setdefault(word, len(known))
            if len(known) > CATEGORIES_MOST:
                raise TooManyWordsError(
                    f"{name} has more than {CATEGORIES_MOST} different words",
                    path=f"$.inputs.{name}",
                )
        words, places = list(known), [float(code) for code in known.values()]
        if not words:
            return np.full(len(series), np.nan)
        codes = series.replace_strict(words, places, default=None, return_dtype=pl.Float64)
        return codes.fill_null(np.nan).to_numpy()

    def settle(self, names: Sequence[str], rows: NDArray[np.float64]) -> None:
        """Put found words in the order of the alphabet: it does not depend on who came first."""
        if self._given is not None:
            return
        for index, name in enumerate(names):
            known = self._known.get(name)
            if not known:
                continue
            ordered = sorted(known)
            moved = np.empty(len(known))
            for code, word in enumerate(ordered):
                moved[known[word]] = code
            there = ~np.isnan(rows[:, index])
            rows[there, index] = moved[rows[there, index].astype(np.int64)]
            self._known[name] = {word: code for code, word in enumerate(ordered)}

    def of(self, name: str) -> tuple[str, ...]:
        """The words of an input, by position."""
        return tuple(self._known.get(name, ()))
