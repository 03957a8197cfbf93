"""Bins by optbinning: those with the most information among all that keep the order of risk.

Navas-Palencia, *Optimal binning: mathematical programming formulation* (2020), solved as a
constraint program. The library is an extra of training; what it finds becomes plain bins, so
nothing of it is needed to score.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, Final

import numpy as np

from fengkong.core.errors import RiskError
from fengkong.scoring.binning import BinningPlan, Bins, bins_at, bins_of_groups, common_words
from fengkong.scoring.inputs import Input, InputKind
from fengkong.scoring.separation import Floats, Truths

_TRENDS: Final = {1: "ascending", -1: "descending", 0: "auto_asc_desc"}
_SECONDS: Final = 100


class MissingOptbinningError(RiskError):
    """A configuration asks for bins by optbinning, and that is not installed."""

    code = "model.optbinning_missing"
    hint = "Install the extra fengkong[training], or leave `binning` out: bins are pooled then."


class UnfinishedBinningError(RiskError):
    """The best bins of an input were not found in time; the next run might find others."""

    code = "model.binning_unfinished"
    hint = "Give fewer `fine` bins or a larger `least`, or leave `binning` out."


def check_installed() -> None:
    """Raises `MissingOptbinningError` where the extra is not installed."""
    if find_spec("optbinning") is None:
        raise MissingOptbinningError("optbinning is not installed")


def optimal_bins(
    values: Floats, *, fraud: Truths, one: Input, direction: int, plan: BinningPlan
) -> Bins | None:
    """Bins of one input's values float64[n]; None where no two bins keep the order of risk.

    `direction` 1 means more is riskier, -1 less; 0 takes what has more information. The plan's
    `fine`, `most` and `least` bound the bins as they bound those of `bins_of`.
    """
    known = np.isfinite(values)
    if one.kind is InputKind.CATEGORY:
        common = common_words(values[known].astype(np.int64), plan=plan) if known.any() else ()
        fitted = known & np.isin(values, common)
        found = _solved(values, fitted=fitted, fraud=fraud, kind="categorical", plan=plan)
        groups = tuple(tuple(sorted(int(word) for word in group)) for group in found)
        if len(groups) < 2:
            return None
        return bins_of_groups(values, known=known, fraud=fraud, groups=groups)
    trend = _TRENDS[direction]
    splits = _solved(
        values, fitted=known, fraud=fraud, kind="numerical", plan=plan, monotonic_trend=trend
    )
    if not len(splits):
        return None
    # A bin of optbinning ends below its split, one of ours at its edge.
    edges = tuple(np.nextafter(np.asarray(splits, dtype=np.float64), -np.inf).tolist())
    return bins_at(values, known=known, fraud=fraud, edges=edges)


def _solved(
    values: Floats, *, fitted: Truths, fraud: Truths, kind: str, plan: BinningPlan, **more: str
) -> Any:
    """The splits of the values that are fitted; none where they tell nothing apart."""
    check_installed()
    from optbinning import OptimalBinning  # noqa: PLC0415 - an extra

    truth = fraud[fitted]
    if not truth.any() or truth.all():
        return ()
    binning = OptimalBinning(
        dtype=kind,
        max_n_prebins=plan.fine,
        min_prebin_size=plan.least,
        max_n_bins=plan.most,
        min_bin_size=plan.least,
        time_limit=_SECONDS,
        **more,
    )
    binning.fit(values[fitted], truth.astype(np.int64))
    if binning.status == "INFEASIBLE":
        return ()
    if binning.status != "OPTIMAL":
        raise UnfinishedBinningError(f"{binning.status.lower()} after {_SECONDS} s")
    return binning.splits
