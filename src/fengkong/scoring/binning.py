"""Scorecards from history: bins whose risk only rises or only falls, weight of evidence, logit.

Weight of evidence of a bin is the log of its share of the frauds over its share of the good rows
(Siddiqi, *Credit Risk Scorecards*, 2006). Fine bins of equal counts are pooled where their risk
turns round (pool adjacent violators), then where a bin is too thin to trust.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from fengkong.scoring.evidence import Bin, Characteristic, EvidenceCard
from fengkong.scoring.inputs import Input, InputKind
from fengkong.scoring.separation import Floats, Truths

_HALF: Final = 0.5
"""Added to both counts of a bin, so that one without frauds has a weight too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinningPlan:
    """How fine bins are cut and pooled.

    `fine` bins of equal counts at first; at most `most` at the end, each with at least `least` of
    the rows; an input whose information value is below `information_least` is left out; `penalty`
    is the strength of the ridge in the regression.
    """

    fine: int = 50
    most: int = 8
    least: float = 0.01
    information_least: float = 0.02
    penalty: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bins:
    """One input in bins, the missing ones last.

    `codes` int64[n] is the bin of each row; frauds and goods float64[bins + 1].
    """

    edges: tuple[float, ...]
    groups: tuple[tuple[int, ...], ...]
    codes: NDArray[np.int64]
    frauds: Floats
    goods: Floats

    @property
    def evidence(self) -> Floats:
        """The weight of evidence of each bin; nothing where a bin has no rows."""
        frauds, goods = self.frauds + _HALF, self.goods + _HALF
        weights = np.log(frauds / frauds.sum()) - np.log(goods / goods.sum())
        return np.where(self.frauds + self.goods > 0, weights, 0.0)

    @property
    def information(self) -> float:
        """The information value: how far apart the two distributions over the bins are."""
        bad = self.frauds / max(self.frauds.sum(), 1.0)
        good = self.goods / max(self.goods.sum(), 1.0)
        return float(np.sum((bad - good) * self.evidence))


class Binner(Protocol):
    """Cuts one input's values float64[n] into bins; None where it tells nothing apart."""

    def __call__(
        self, values: Floats, *, fraud: Truths, one: Input, direction: int, plan: BinningPlan
    ) -> Bins | None:
        """`direction` 1 means more is riskier, -1 less; 0 takes what has more information."""
        ...


def bins_of(
    values: Floats, *, fraud: Truths, one: Input, direction: int, plan: BinningPlan
) -> Bins | None:
    """Bins of one input's values float64[n]; None where it tells nothing apart.

    `direction` 1 means more is riskier, -1 less; 0 takes what has more information.
    """
    known = np.isfinite(values)
    if not known.any():
        return None
    if one.kind is InputKind.CATEGORY:
        return _category_bins(values, fraud=fraud, known=known, plan=plan)
    shares = np.linspace(0.0, 1.0, plan.fine + 1)[1:-1]
    cuts = np.unique(np.quantile(values[known], shares, method="lower"))
    cuts = cuts[cuts < values[known].max()]
    if not len(cuts):
        return None
    fine = np.searchsorted(cuts, values[known], side="left")
    truth = fraud[known]
    bad = np.bincount(fine, weights=truth, minlength=len(cuts) + 1).astype(np.float64)
    rows = np.bincount(fine, minlength=len(cuts) + 1).astype(np.float64)
    found = [
        bins_at(values, known=known, fraud=fraud, edges=tuple(cuts[kept].tolist()))
        for kept in (
            _pooled(bad, rows, direction=way, plan=plan)
            for way in ((direction,) if direction else (1, -1))
        )
        if len(kept)
    ]
    return max(found, key=lambda bins: bins.information, default=None)


def _pooled(bad: Floats, rows: Floats, *, direction: int, plan: BinningPlan) -> NDArray[np.int64]:
    """Which cuts stay: after pooling, risk goes one way and no bin is thin."""
    least = plan.least * rows.sum()
    stack: list[list[float]] = []  # frauds, rows, last fine bin
    for last, (frauds, count) in enumerate(zip(bad.tolist(), rows.tolist(), strict=True)):
        stack.append([frauds, count, last])
        while len(stack) > 1 and (
            direction * (_risk(stack[-1]) - _risk(stack[-2])) <= 0 or stack[-2][1] < least
        ):
            top = stack.pop()
            stack[-1] = [stack[-1][0] + top[0], stack[-1][1] + top[1], top[2]]
    if len(stack) > 1 and stack[-1][1] < least:
        top = stack.pop()
        stack[-1] = [stack[-1][0] + top[0], stack[-1][1] + top[1], top[2]]
    while len(stack) > plan.most:
        gaps = [abs(_risk(b) - _risk(a)) for a, b in itertools.pairwise(stack)]
        at = int(np.argmin(gaps))
        top = stack.pop(at + 1)
        stack[at] = [stack[at][0] + top[0], stack[at][1] + top[1], top[2]]
    return np.array([int(one[2]) for one in stack[:-1]], dtype=np.int64)


def _risk(pooled: list[float]) -> float:
    return pooled[0] / pooled[1] if pooled[1] else 0.0


def bins_at(values: Floats, *, known: Truths, fraud: Truths, edges: tuple[float, ...]) -> Bins:
    """Bins of values float64[n] that end at edges, the last one above all of them."""
    codes = np.full(len(values), len(edges) + 1, dtype=np.int64)
    codes[known] = np.searchsorted(np.array(edges), values[known], side="left")
    return _counted(codes, fraud=fraud, bins=len(edges) + 1, edges=edges, groups=())


def _category_bins(
    values: Floats, *, fraud: Truths, known: Truths, plan: BinningPlan
) -> Bins | None:
    """Words by their risk, groups of them pooled; rare words fall to the last bin."""
    words = values[known].astype(np.int64)
    rows = np.bincount(words).astype(np.float64)
    bad = np.bincount(words, weights=fraud[known]).astype(np.float64)
    common = common_words(words, plan=plan)
    if len(common) < 2:
        return None
    ordered = common[np.argsort(bad[common] / rows[common], kind="stable")]
    cuts = _pooled(bad[ordered], rows[ordered], direction=1, plan=plan)
    groups = tuple(
        tuple(sorted(int(word) for word in part))
        for part in np.split(ordered, cuts + 1)
        if len(part)
    )
    if len(groups) < 2:
        return None
    return bins_of_groups(values, known=known, fraud=fraud, groups=groups)


def bins_of_groups(
    values: Floats, *, known: Truths, fraud: Truths, groups: tuple[tuple[int, ...], ...]
) -> Bins:
    """Bins of words float64[n] by groups of their codes, then one of other words."""
    codes = np.full(len(values), len(groups) + 1, dtype=np.int64)
    codes[known] = len(groups)
    for number, group in enumerate(groups):
        codes[known & np.isin(values, group)] = number
    return _counted(codes, fraud=fraud, bins=len(groups) + 1, edges=(), groups=groups)


def common_words(words: NDArray[np.int64], *, plan: BinningPlan) -> NDArray[np.int64]:
    """The codes that enough rows have to tell something by, ascending."""
    rows = np.bincount(words)
    return np.flatnonzero(rows >= max(1.0, plan.least * rows.sum()))


def _counted(
    codes: NDArray[np.int64],
    *,
    fraud: Truths,
    bins: int,
    edges: tuple[float, ...],
    groups: tuple[tuple[int, ...], ...],
) -> Bins:
    frauds = np.bincount(codes, weights=fraud, minlength=bins + 1).astype(np.float64)
    rows = np.bincount(codes, minlength=bins + 1).astype(np.float64)
    return Bins(edges=edges, groups=groups, codes=codes, frauds=frauds, goods=rows - frauds)


def fit_card(
    rows: Floats,
    *,
    fraud: Truths,
    inputs: Sequence[Input],
    monotone: dict[str, int],
    plan: BinningPlan,
    binner: Binner = bins_of,
) -> EvidenceCard | None:
    """A scorecard of rows float64[n, inputs]; None where no input tells anything apart.

    `binner` cuts one input into bins, as `bins_of` does.

    An input whose coefficient comes out negative (it says the opposite of its own evidence, since
    others say the same better) is taken out and the regression fitted again.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - only training pays

    chosen: dict[int, Bins] = {}
    for index, one in enumerate(inputs):
        bins = binner(
            rows[:, index],
            fraud=fraud,
            one=one,
            direction=monotone.get(one.name, 0),
            plan=plan,
        )
        if bins is not None and bins.information >= plan.information_least:
            chosen[index] = bins
    while chosen:
        evidence = np.column_stack([bins.evidence[bins.codes] for bins in chosen.values()])
        fitted = LogisticRegression(C=1.0 / plan.penalty, max_iter=1000).fit(evidence, fraud)
        weights = fitted.coef_[0]
        if (weights > 0).all():
            return EvidenceCard(
                intercept=float(fitted.intercept_[0]),
                characteristics=tuple(
                    _characteristic(index, bins, weight=float(weight))
                    for (index, bins), weight in zip(chosen.items(), weights, strict=True)
                ),
            )
        for index, weight in zip(list(chosen), weights, strict=True):
            if weight <= 0:
                del chosen[index]
    return None


def _characteristic(index: int, bins: Bins, *, weight: float) -> Characteristic:
    points, counts = weight * bins.evidence, bins.frauds + bins.goods
    parts = [
        Bin(log_odds=float(odds), count=float(count))
        for odds, count in zip(points, counts, strict=True)
    ]
    return Characteristic(
        input=index,
        bins=tuple(parts[:-1]),
        missing=parts[-1],
        edges=bins.edges,
        groups=bins.groups,
    )
