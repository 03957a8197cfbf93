"""Whether probabilities are right on average, and what a limit on them costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fengkong.scoring.separation import Floats, Truths

_LEAST = 1e-15


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """Probabilities against the truth.

    `brier` is the mean squared error, `log_loss` the mean of minus the log of the probability of
    what happened, `error` the mean distance between the mean probability and the share of fraud
    over bins of as many rows each. `predicted`, `observed` and `rows` are those of the bins.
    """

    brier: float
    log_loss: float
    error: float
    predicted: Floats
    observed: Floats
    rows: NDArray[np.int64]


def reliability(probabilities: Floats, *, fraud: Truths, bins: int = 20) -> Reliability:
    """The figures of probabilities float64[n] and truths bool[n], n at least 1."""
    assert len(probabilities), "no rows have no reliability"
    truth = fraud.astype(np.float64)
    held = np.clip(probabilities, _LEAST, 1.0 - _LEAST)
    order = np.argsort(probabilities, kind="stable")
    parts = [part for part in np.array_split(order, min(bins, len(order))) if len(part)]
    predicted = np.array([probabilities[part].mean() for part in parts])
    observed = np.array([truth[part].mean() for part in parts])
    rows = np.array([len(part) for part in parts], dtype=np.int64)
    return Reliability(
        brier=float(np.mean((probabilities - truth) ** 2)),
        log_loss=float(-np.mean(np.where(fraud, np.log(held), np.log1p(-held)))),
        error=float(np.sum(rows * np.abs(predicted - observed)) / rows.sum()),
        predicted=predicted,
        observed=observed,
        rows=rows,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CostCurve:
    """What flagging every row at or above a limit costs: float64[points] each, in money.

    `shares` of all rows are flagged at the falling `limits`; `saved` is the money of the frauds
    among them, `missed` that of the others, `handled` what looking at the flagged ones costs.
    """

    shares: Floats
    limits: Floats
    saved: Floats
    missed: Floats
    handled: Floats

    @property
    def cost(self) -> Floats:
        """Missed fraud and handling together."""
        return self.missed + self.handled

    @property
    def best(self) -> int:
        """The position of the lowest cost; of several, that with the fewest flagged."""
        return int(np.argmin(self.cost))


def cost_curve(
    numbers: Floats, *, fraud: Truths, amounts: Floats, per_alert: float, points: int = 200
) -> CostCurve:
    """The curve of numbers float64[n] with amounts float64[n] in money; `per_alert` is a price.

    The first point flags nothing. The others are even in the logarithm of the share flagged, since
    what matters lies in the first hundredths.
    """
    order = np.argsort(-numbers, kind="stable")
    lost = np.where(fraud, np.nan_to_num(amounts), 0.0)[order]
    saved = np.concatenate([[0.0], np.cumsum(lost)])
    total = len(order)
    counts = np.unique(np.rint(np.geomspace(1, max(total, 1), points)).astype(np.int64))
    counts = np.concatenate([[0], counts[counts <= total]])
    limits = np.append(np.inf, numbers[order])[counts]
    return CostCurve(
        shares=counts / max(total, 1),
        limits=limits,
        saved=saved[counts],
        missed=saved[-1] - saved[counts],
        handled=np.asarray(counts * per_alert, dtype=np.float64),
    )
