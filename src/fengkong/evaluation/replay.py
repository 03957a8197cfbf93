"""Replay: history in, decisions out, and a summary that is the same for the same history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.core.instants import format_instant
from fengkong.decisions import verdict
from fengkong.decisions.engine import Engine
from fengkong.decisions.outcome import DecisionColumns
from fengkong.decisions.policy import Policy
from fengkong.decisions.state import State
from fengkong.evaluation.feature_table import empty_features
from fengkong.evaluation.report import PolicyStamp, Report, stamp
from fengkong.evaluation.table_file import table_file
from fengkong.events.columns import EventColumns

OnBlock = Callable[[DecisionColumns], None]
_SUMS_MAX: Final = 10_000
"""Different sums of points kept exactly; beyond it they are rounded to whole points."""
_QUANTILES: Final = (0.5, 0.9, 0.99)


class RuleTally(Report, frozen=True, kw_only=True):
    """How often a rule could apply, hit, and could not be known."""

    rule: str
    applied: int
    hits: int
    unknowns: int


class PointsSummary(Report, frozen=True, kw_only=True):
    """How points are spread over the decisions."""

    mean: float
    minimum: float
    median: float
    quantile_90: float
    quantile_99: float
    maximum: float


class EngineMemory(Report, frozen=True, kw_only=True):
    """What the windows hold at the end."""

    bytes: int
    keys: dict[str, int]


class ReplaySummary(Report, frozen=True, kw_only=True):
    """What happened in a replay.

    `events` were read, of which `decided` got a decision and `recorded` did not (labels, list
    changes, types that the policy does not decide); `late` are decided events that came too late
    to be counted; instants are RFC 3339, None without events.
    """

    policy: PolicyStamp
    events: int
    decided: int
    recorded: int
    late: int
    event_types: dict[str, int]
    outcomes: dict[str, int]
    points: PointsSummary | None
    rules: tuple[RuleTally, ...]
    first_at: str | None
    last_at: str | None
    memory: EngineMemory


def replay(
    policy: Policy,
    batches: Iterable[EventColumns],
    *,
    out: Path | None = None,
    on_block: OnBlock | None = None,
) -> ReplaySummary:
    """Decide a history from an empty state; the decisions go to `out` as Parquet.

    `out` appears whole or not at all, and the same history gives the same bytes however it was
    cut into batches. `on_block` is shown every block of decisions before the next one is made.
    """
    engine = Engine(policy)
    state = engine.new_state()
    tally = _Tally(engine)
    with ExitStack() as stack:
        table = None
        if out is not None:
            table = stack.enter_context(table_file(out, empty=empty_decisions(policy)))
        for columns in batches:
            tally.read(columns)
            for block in engine.decide_columns(columns, state):
                if not len(block):
                    continue
                tally.add(block)
                if table is not None:
                    table.append(block.frame())
                if on_block is not None:
                    on_block(block)
    return tally.summary(state)


def empty_decisions(policy: Policy) -> pl.DataFrame:
    """The columns of a table of decisions, without rows."""
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "event_id": pl.String,
        "event_type": pl.String,
        "occurred_at": pl.Datetime("us", "UTC"),
        "outcome": pl.String,
        "points": pl.Float64,
        "late": pl.Boolean,
        "hits": pl.List(pl.String),
        "unknowns": pl.List(pl.String),
        "reasons_zh": pl.String,
        "reasons_en": pl.String,
    }
    features = empty_features(policy).drop("event_id")
    return pl.DataFrame(schema=schema).hstack(features)


class _Tally:
    """Counts as the blocks go by; its size does not depend on how many there are."""

    def __init__(self, engine: Engine) -> None:
        policy = engine.policy
        self._policy = policy
        self._events = 0
        self._late = 0
        self._types: NDArray[np.int64] = np.zeros(len(policy.catalogue.type_names), dtype=np.int64)
        self._outcomes: NDArray[np.int64] = np.zeros(len(policy.outcomes.order), dtype=np.int64)
        self._verdicts: NDArray[np.int64] = np.zeros((2, len(policy.rules)), dtype=np.int64)
        self._decided: Counter[str] = Counter()
        self._points: Counter[float] = Counter()
        self._first: int | None = None
        self._last: int | None = None

    def read(self, columns: EventColumns) -> None:
        """Count events as they were read."""
        if not len(columns):
            return
        self._events += len(columns)
        self._types += np.bincount(columns.types, minlength=len(self._types))
        first, last = int(columns.occurred_at.min()), int(columns.occurred_at.max())
        self._first = first if self._first is None else min(first, self._first)
        self._last = last if self._last is None else max(last, self._last)

    def add(self, block: DecisionColumns) -> None:
        """Count decisions."""
        judged = block.judged
        self._decided.update(block.types)
        self._late += int(np.count_nonzero(block.late))
        self._outcomes += np.bincount(judged.ranks, minlength=len(self._outcomes))
        for row, kind in enumerate((verdict.HIT, verdict.UNKNOWN)):
            self._verdicts[row] += np.count_nonzero(judged.verdicts == kind, axis=0)
        sums, counts = np.unique(judged.points, return_counts=True)
        self._points.update(dict(zip(sums.tolist(), counts.tolist(), strict=True)))
        if len(self._points) > _SUMS_MAX:
            coarse: Counter[float] = Counter()
            for points, count in self._points.items():
                coarse[float(round(points))] += count
            self._points = coarse

    def summary(self, state: State) -> ReplaySummary:
        """What was counted."""
        policy, names = self._policy, self._policy.catalogue.type_names
        decided = self._decided.total()
        return ReplaySummary(
            policy=stamp(policy),
            events=self._events,
            decided=decided,
            recorded=self._events - decided,
            late=self._late,
            event_types={
                name: count
                for name, count in zip(names, self._types.tolist(), strict=True)
                if count
            },
            outcomes=dict(zip(policy.outcomes.order, self._outcomes.tolist(), strict=True)),
            points=_points_summary(self._points),
            rules=self._rule_tallies(),
            first_at=None if self._first is None else format_instant(self._first),
            last_at=None if self._last is None else format_instant(self._last),
            memory=EngineMemory(bytes=state.size_bytes, keys=dict(state.windows.live_keys)),
        )

    def _rule_tallies(self) -> tuple[RuleTally, ...]:
        hits, unknowns = self._verdicts.tolist()
        return tuple(
            RuleTally(
                rule=rule.id,
                applied=sum(self._decided[name] for name in rule.types),
                hits=hits[r],
                unknowns=unknowns[r],
            )
            for r, rule in enumerate(self._policy.rules)
        )


def _points_summary(counts: Counter[float]) -> PointsSummary | None:
    """The spread of points; a quantile is the least sum that so many decisions do not exceed."""
    total = counts.total()
    if not total:
        return None
    sums = sorted(counts)
    reached = np.cumsum([counts[points] for points in sums])
    median, high, highest = (
        sums[int(np.searchsorted(reached, share * total))] for share in _QUANTILES
    )
    return PointsSummary(
        mean=sum(points * counts[points] for points in sums) / total,
        minimum=sums[0],
        median=median,
        quantile_90=high,
        quantile_99=highest,
        maximum=sums[-1],
    )
