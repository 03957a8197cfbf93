"""Whether a model still lives in the world it learned from: two periods of one history compared.

Each figure has limits and a lamp. The score and each input are compared by the stability index, the
share of fraud and of missing values by their change, the probabilities by what happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fengkong.evaluation.judgements import Period
from fengkong.evaluation.report import Report
from fengkong.evaluation.training_table import TrainingTable
from fengkong.scoring.model import Model
from fengkong.scoring.stability import (
    Lamp,
    Limits,
    counts_in,
    missing_share,
    shape_of,
    stability_index,
)

STABILITY: Final = Limits(amber=0.1, red=0.25)
"""Of PSI and CSI, by custom."""
MISSING: Final = Limits(amber=0.02, red=0.10)
"""Change of the share of missing values."""
LABELS: Final = Limits(amber=0.5, red=1.0)
"""Size of the log of the share of fraud now over that then: 0.69 is twice or half."""
CALIBRATION: Final = Limits(amber=0.25, red=0.5)
"""Size of the log of the mean probability over the share of fraud."""


class Watched(Report, frozen=True, kw_only=True):
    """One figure: `what` is score, input, missing, labels or calibration; `of` the input's name.

    `then` and `now` are what was compared where it is a number; `value` is held against the limits.
    """

    what: str
    of: str
    value: float
    then: float | None
    now: float | None
    amber: float
    red: float
    lamp: str


class WatchReport(Report, frozen=True, kw_only=True):
    """All figures, the worst lamp first of all; `rows` are of the reference and of today."""

    model: str
    version: str
    rows_then: int
    rows_now: int
    lamp: str
    figures: tuple[Watched, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """The reference, such as the weeks of the training, and the days that are looked at."""

    then: Period
    now: Period


def watch(model: Model, table: TrainingTable, *, periods: Periods) -> WatchReport:
    """The figures of a model's rows in two periods of a table made for it."""
    then, now = (
        np.flatnonzero(period.holds(table.occurred_at)) for period in (periods.then, periods.now)
    )
    figures = sorted(
        _figures(model, table, then, now),
        key=lambda one: (-_ORDER.index(Lamp(one.lamp)), _KINDS.index(one.what), -one.value),
    )
    worst = max((_ORDER.index(Lamp(one.lamp)) for one in figures), default=0)
    return WatchReport(
        model=model.about.name,
        version=model.about.version,
        rows_then=len(then),
        rows_now=len(now),
        lamp=str(_ORDER[worst]),
        figures=tuple(figures),
    )


_ORDER: Final = (Lamp.GREEN, Lamp.AMBER, Lamp.RED)
_KINDS: Final = ("score", "labels", "calibration", "missing", "input")
Rows = NDArray[np.int64]


def _figures(model: Model, table: TrainingTable, then: Rows, now: Rows) -> Iterator[Watched]:
    if not len(then) or not len(now):
        return
    scores = [model.probabilities(table.rows[at]) for at in (then, now)]
    shape = shape_of(scores[0])
    moved = stability_index(shape.counts, counts_in(scores[1], edges=shape.edges))
    means = float(scores[0].mean()), float(scores[1].mean())
    yield _watched("score", moved, STABILITY, then=means[0], now=means[1])
    for index, one in enumerate(model.inputs):
        before, after = table.rows[then, index], table.rows[now, index]
        shape = shape_of(before)
        moved = stability_index(shape.counts, counts_in(after, edges=shape.edges))
        yield _watched("input", moved, STABILITY, of=one.name)
        lost, missing = missing_share(before), missing_share(after)
        yield _watched("missing", abs(missing - lost), MISSING, of=one.name, then=lost, now=missing)
    shares = [_fraud_share(table, at) for at in (then, now)]
    if shares[0] and shares[1]:
        changed = abs(float(np.log(shares[1] / shares[0])))
        yield _watched("labels", changed, LABELS, then=shares[0], now=shares[1])
        chance = float(scores[1][table.labelled[now]].mean())
        apart = abs(float(np.log(max(chance, 1e-12) / shares[1])))
        yield _watched("calibration", apart, CALIBRATION, then=chance, now=shares[1])


def _fraud_share(table: TrainingTable, at: Rows) -> float | None:
    labelled = at[table.labelled[at]]
    return float(table.fraud[labelled].mean()) if len(labelled) else None


def _watched(
    what: str,
    value: float,
    limits: Limits,
    *,
    of: str = "",
    then: float | None = None,
    now: float | None = None,
) -> Watched:
    return Watched(
        what=what,
        of=of,
        value=value,
        then=then,
        now=now,
        amber=limits.amber,
        red=limits.red,
        lamp=str(limits.lamp(value)),
    )
