"""Whether a model still lives in the world it learned from: two periods of one history compared.

Each figure has limits and a lamp. The score and each input are compared by the stability index, the
share of fraud and of missing values by their change, the probabilities by what happened. What
happened counts once it can be known: a payment of yesterday that nobody has complained about yet is
no good payment.
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
from fengkong.scoring.model import Model, ModelKind
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
FRAUDS_LEAST: Final = 20
"""Shares of fewer frauds, both found and expected, say nothing: they have no figure."""


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
    """The reference, such as the weeks of the training, and the days that are looked at.

    `truth` are the days whose truth is compared with the reference's; None: those of `now`.
    """

    then: Period
    now: Period
    truth: Period | None = None


def watch(model: Model, table: TrainingTable, *, periods: Periods) -> WatchReport:
    """The figures of a model's rows in two periods of a table made for it.

    A truth counts where the delay of the labels is over by the table's last row.
    """
    then, now = (
        np.flatnonzero(period.holds(table.occurred_at)) for period in (periods.then, periods.now)
    )
    known = [_known(table, period) for period in (periods.then, periods.truth or periods.now)]
    figures = sorted(
        [*_figures(model, table, then, now), *_truth_figures(model, table, *known)],
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


def _known(table: TrainingTable, period: Period) -> Rows:
    """The rows of a period whose truth can be known by the end of the table."""
    if not len(table):
        return np.empty(0, dtype=np.int64)
    settled = table.labelled & (table.mature_at <= table.occurred_at.max())
    return np.flatnonzero(period.holds(table.occurred_at) & settled)


def _truth_figures(model: Model, table: TrainingTable, then: Rows, now: Rows) -> Iterator[Watched]:
    """The share of fraud and the calibration, where there are frauds enough to tell."""
    if not len(then) or not len(now):
        return
    frauds = [int(np.count_nonzero(table.fraud[at])) for at in (then, now)]
    shares = frauds[0] / len(then), frauds[1] / len(now)
    if shares[0] and max(frauds[1], shares[0] * len(now)) >= FRAUDS_LEAST:
        changed = abs(float(np.log(_never_none(shares[1], len(now)) / shares[0])))
        yield _watched("labels", changed, LABELS, then=shares[0], now=shares[1])
    if model.kind is ModelKind.ANOMALY:
        return  # how strange a row is, is no probability of fraud
    chance = float(model.probabilities(table.rows[now]).mean())
    if max(frauds[1], chance * len(now)) >= FRAUDS_LEAST:
        share = _never_none(shares[1], len(now))
        apart = abs(float(np.log(max(chance, 1e-12) / share)))
        yield _watched("calibration", apart, CALIBRATION, then=chance, now=shares[1])


def _never_none(share: float, rows: int) -> float:
    """A share of rows, half a row where it is none, so that its logarithm is a number."""
    return share or 0.5 / rows


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
