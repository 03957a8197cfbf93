"""The truth about events: where it comes from, when it was known, and whether it can be complete.

Labels come late. An event that is younger than labels usually take is *immature*: that it has no
label yet says nothing, so it is counted apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.core.errors import RiskError
from fengkong.core.hashing import hash_series
from fengkong.evaluation.facts import FRAUD, GOOD, UNLABELLED, Facts, joined
from fengkong.events.columns import EventColumns

LABEL: Final = "label.confirmed"
DELAY_QUANTILE: Final = 0.95
_FILE_ROWS: Final = 1_000_000
_NO_SCENARIO: Final = -1


class TruthSource(StrEnum):
    """Where the truth is taken from."""

    LABELS = "labels"
    """label.confirmed events that name the event; an event without one counts as good."""
    ROWS = "rows"
    """The field is_fraud of the event itself; an event without it is not judged."""
    FILE = "file"
    """A table of event_id, is_fraud and perhaps scenario; events missing there are not judged."""


class NoTruthError(RiskError):
    """A back-test was asked for, and nothing says which events were fraud."""

    code = "evaluation.no_truth"
    hint = "Give label.confirmed events, a field is_fraud, or a truth file."


class UnreadableTruthError(RiskError):
    """A truth file cannot be used."""

    code = "evaluation.unreadable_truth"
    hint = "Give a Parquet or CSV file with the columns event_id (text) and is_fraud (boolean)."


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthRequest:
    """What the user says about the truth.

    `source` None takes the file if there is one, else rows that carry is_fraud, else labels.
    `delay` (microseconds) None is observed from labels, and nothing for rows and files. `as_of`
    None is the last instant of the history.
    """

    source: TruthSource | None = None
    file: Path | None = None
    delay: int | None = None
    as_of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Labels in the order in which they became known.

    events uint64[n] hashes of event ids, known_at int64[n], fraud bool[n], scenarios int16[n].
    """

    events: NDArray[np.uint64]
    known_at: NDArray[np.int64]
    fraud: NDArray[np.bool_]
    scenarios: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.events)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is known about some facts, in their order.

    states uint8[n] are GOOD, FRAUD or UNLABELLED; mature bool[n]; scenarios int16[n] are indices
    into `scenario_names`, -1 for none. `delay` is the one used, `delay_observed` whether it was
    taken from the labels; `fraud_delays` counts the labels it was taken from. `labels` were
    read; `unattributable` ones name no event, `unmatched` ones an event that was not judged.
    """

    source: TruthSource
    states: NDArray[np.uint8]
    mature: NDArray[np.bool_]
    scenarios: NDArray[np.int16]
    scenario_names: tuple[str, ...]
    delay: int
    delay_observed: bool
    fraud_delays: int
    as_of: int
    labels: int
    unattributable: int
    unmatched: int


class ScenarioNames:
    """Numbers for scenario names, in the order in which they are first met."""

    def __init__(self) -> None:
        self.names: dict[str, int] = {}

    def codes(self, texts: pl.Series) -> NDArray[np.int16]:
        """The number of each text, -1 where it is missing."""
        for name in texts.drop_nulls().unique(maintain_order=True).to_list():
            self.names.setdefault(str(name), len(self.names))
        codes = [_NO_SCENARIO if text is None else self.names[str(text)] for text in texts]
        return np.array(codes, dtype=np.int16)


class LabelLog:
    """Gathers label.confirmed events from a history."""

    def __init__(self) -> None:
        self.scenarios = ScenarioNames()
        self.unattributable = 0
        self.kinds: Counter[str] = Counter()
        self._parts: list[Labels] = []

    def read(self, columns: EventColumns) -> None:
        """Remember the labels among these events."""
        number = columns.catalogue.type_names.index(LABEL)
        rows = np.flatnonzero(columns.types == number)
        if not len(rows):
            return
        labels = columns.take(rows)
        missing = pl.Series([None], dtype=pl.String).new_from_index(0, len(labels))
        events = pl.Series(labels.values.get("event", missing))
        kinds = pl.Series(labels.values.get("label_kind", missing))
        self.kinds.update(str(kind) for kind in kinds.drop_nulls().to_list())
        self.unattributable += events.null_count()
        self._parts.append(
            Labels(
                events=hash_series(events)[:, 0].copy(),
                known_at=labels.occurred_at,
                fraud=np.asarray(labels.values["is_fraud"]) == 1.0,
                scenarios=self.scenarios.codes(pl.Series(labels.values.get("scenario", missing))),
            )
        )

    def labels(self) -> Labels:
        """The labels that name an event; the latest of an event last."""
        parts = self._parts
        whole = Labels(
            events=joined([part.events for part in parts], np.uint64),
            known_at=joined([part.known_at for part in parts], np.int64),
            fraud=joined([part.fraud for part in parts], np.bool_),
            scenarios=joined([part.scenarios for part in parts], np.int16),
        )
        order = np.argsort(whole.known_at, kind="stable")
        order = order[whole.events[order] != 0]
        return Labels(
            events=whole.events[order],
            known_at=whole.known_at[order],
            fraud=whole.fraud[order],
            scenarios=whole.scenarios[order],
        )


def truth_of(facts: Facts, *, log: LabelLog, request: TruthRequest, last_at: int) -> Truth:
    """The truth about facts, from the source that was asked for or that is there."""
    labels = log.labels()
    source = request.source or _found_source(facts, labels, request)
    as_of = last_at if request.as_of is None else request.as_of
    if source is TruthSource.LABELS:
        return _from_labels(facts, labels, log=log, request=request, as_of=as_of)
    scenarios = np.full(len(facts), _NO_SCENARIO, dtype=np.int16)
    states, names, unmatched = facts.row_truth, ScenarioNames(), 0
    if source is TruthSource.FILE:
        if request.file is None:
            raise NoTruthError("the truth is to come from a file, and no file was given")
        states, scenarios, names, unmatched = _from_file(facts, request.file)
    if not (states != UNLABELLED).any():
        raise NoTruthError(f"no event has a truth in the {source.value}")
    delay = request.delay or 0
    return Truth(
        source=source,
        states=states,
        mature=facts.occurred_at <= as_of - delay,
        scenarios=scenarios,
        scenario_names=tuple(names.names),
        delay=delay,
        delay_observed=False,
        fraud_delays=0,
        as_of=as_of,
        labels=len(labels),
        unattributable=log.unattributable,
        unmatched=unmatched,
    )


def _found_source(facts: Facts, labels: Labels, request: TruthRequest) -> TruthSource:
    if request.file is not None:
        return TruthSource.FILE
    if (facts.row_truth != UNLABELLED).any():
        return TruthSource.ROWS
    if len(labels):
        return TruthSource.LABELS
    raise NoTruthError("the history has no label.confirmed event and no field is_fraud")


class _Finder:
    """Positions of facts by the hash of their id."""

    def __init__(self, facts: Facts) -> None:
        self._order = np.argsort(facts.ids, kind="stable")
        self._sorted = facts.ids[self._order]

    def find(self, ids: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The position of each id, -1 where there is none."""
        places = np.searchsorted(self._sorted, ids)
        places[places == len(self._sorted)] = 0
        if not len(self._sorted):
            return np.full(len(ids), -1, dtype=np.int64)
        found = self._sorted[places] == ids
        return np.where(found, self._order[places], -1).astype(np.int64)


def _from_labels(
    facts: Facts, labels: Labels, *, log: LabelLog, request: TruthRequest, as_of: int
) -> Truth:
    if not len(labels):
        raise NoTruthError("no label.confirmed event names the event it is about")
    known = labels.known_at <= as_of
    positions = _Finder(facts).find(labels.events)
    rows = np.flatnonzero((positions >= 0) & known)
    at = positions[rows]
    states = np.full(len(facts), GOOD, dtype=np.uint8)
    scenarios = np.full(len(facts), _NO_SCENARIO, dtype=np.int16)
    latest = np.full(len(facts), -1, dtype=np.int64)
    latest[at] = rows  # in the order of time, so that the latest label of an event stays
    judged = latest >= 0
    states[judged] = np.where(labels.fraud[latest[judged]], FRAUD, GOOD)
    scenarios[judged] = labels.scenarios[latest[judged]]
    frauds = np.flatnonzero(states == FRAUD)
    delays = labels.known_at[latest[frauds]] - facts.occurred_at[frauds]
    delay = observed_delay(delays) if request.delay is None else request.delay
    return Truth(
        source=TruthSource.LABELS,
        states=states,
        mature=facts.occurred_at <= as_of - delay,
        scenarios=scenarios,
        scenario_names=tuple(log.scenarios.names),
        delay=delay,
        delay_observed=request.delay is None,
        fraud_delays=len(delays),
        as_of=as_of,
        labels=len(labels) + log.unattributable,
        unattributable=log.unattributable,
        unmatched=int(np.count_nonzero(positions < 0)),
    )


def observed_delay(delays: NDArray[np.int64]) -> int:
    """The time within which 95 % of the fraud labels came; nothing where there are none."""
    if not len(delays):
        return 0
    return max(0, int(np.quantile(delays, DELAY_QUANTILE, method="higher")))


def _from_file(
    facts: Facts, path: Path
) -> tuple[NDArray[np.uint8], NDArray[np.int16], ScenarioNames, int]:
    states = np.full(len(facts), UNLABELLED, dtype=np.uint8)
    scenarios = np.full(len(facts), _NO_SCENARIO, dtype=np.int16)
    names, finder, unmatched = ScenarioNames(), _Finder(facts), 0
    for rows in _truth_rows(path):
        positions = finder.find(hash_series(rows["event_id"])[:, 0])
        here = positions >= 0
        unmatched += int(np.count_nonzero(~here))
        at = positions[here]
        states[at] = np.where(rows["is_fraud"].to_numpy()[here], FRAUD, GOOD)
        if "scenario" in rows.columns:
            scenarios[at] = names.codes(rows["scenario"])[here]
    return states, scenarios, names, unmatched


def _truth_rows(path: Path) -> Iterator[pl.DataFrame]:
    """The truth in frames of at most a million rows, with the columns that are needed."""
    try:
        scan = pl.scan_csv(path) if path.suffix == ".csv" else pl.scan_parquet(path)
        schema = scan.collect_schema()
        chosen = [pl.col("event_id").cast(pl.String), pl.col("is_fraud").cast(pl.Boolean)]
        if "scenario" in schema:
            chosen.append(pl.col("scenario").cast(pl.String))
        table = scan.select(chosen).drop_nulls(["event_id", "is_fraud"])
        start = 0
        while True:
            rows = table.slice(start, _FILE_ROWS).collect()
            if not rows.height:
                return
            yield rows
            start += rows.height
    except (OSError, pl.exceptions.PolarsError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UnreadableTruthError(f"{path}: {first}") from error
