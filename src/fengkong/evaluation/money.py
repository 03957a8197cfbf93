"""What a policy saves: which outcomes stop money, and how sure the sums are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fengkong.core.errors import RiskError
from fengkong.decisions.policy import ALLOW, OUTCOMES, Policy
from fengkong.evaluation.facts import Facts, local_days
from fengkong.evaluation.intervals import Estimate, Floats, estimate, resampled_totals
from fengkong.evaluation.report import Report

_MOSTLY: Final = 0.5


class Clustering(StrEnum):
    """What is drawn as a whole in the bootstrap, because its events depend on each other."""

    CUSTOMER = "customer"
    DAY = "day"


class InvalidAssumptionError(RiskError):
    """An assumption of a back-test is outside its range."""

    code = "evaluation.invalid_assumption"
    hint = "Catch rates are shares from 0 to 1 for challenge, review, delay and deny."


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """What the figures take for granted.

    `catch_rates` say what share of a fraud's money an outcome saves: a review by a person may miss
    some; what is not named stops all of it, and allow stops nothing. `clustering` None draws
    customers where most events have one, days otherwise; `seed` makes the draws repeatable.
    """

    catch_rates: Mapping[str, float] = field(default_factory=dict)
    clustering: Clustering | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        for outcome, rate in self.catch_rates.items():
            if outcome not in OUTCOMES or outcome == ALLOW:
                raise InvalidAssumptionError(f"{outcome[:40]!r} is not an outcome that stops money")
            if not 0.0 <= rate <= 1.0:
                raise InvalidAssumptionError(f"the catch rate of {outcome} is {rate:g}")

    def rates(self, policy: Policy) -> dict[str, float]:
        """The share saved by each outcome of a policy."""
        given = {name: self.catch_rates.get(name, 1.0) for name in policy.outcomes.order}
        return {**given, ALLOW: 0.0}

    def saved_shares(self, policy: Policy, ranks: NDArray[np.uint8]) -> Floats:
        """The share of each fact's money that its outcome saves; ranks of decided facts only."""
        rates = np.array(list(self.rates(policy).values()))
        return rates[ranks]


class MoneyFigures(Report, frozen=True, kw_only=True):
    """Money in major units of the policy's currency.

    `fraud_amount` is what all judged frauds were worth, `saved` what the outcomes stopped of it,
    `good_amount_stopped` what good events that were not allowed were worth;
    `frauds_without_amount` have none, or one in a currency without a rate: they are worth nothing
    here.
    """

    currency: str
    fraud_amount: float
    saved: Estimate
    saved_share: Estimate
    good_amount_stopped: float
    frauds_without_amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """The cluster of each fact, int64[n], and how many there are."""

    of: NDArray[np.int64]
    count: int
    clustering: Clustering

    def totals(self, amounts: Floats) -> Floats:
        """Sums of amounts float64[n, figures] by cluster; clusters that are all zero left out."""
        columns = [
            np.bincount(self.of, weights=amounts[:, j], minlength=self.count)
            for j in range(amounts.shape[1])
        ]
        sums = np.stack(columns, axis=1).astype(np.float64)
        return sums[sums.any(axis=1)]


def clusters_of(
    facts: Facts, judged: NDArray[np.bool_], *, assumptions: Assumptions, time_zone: str
) -> Clusters:
    """How the judged facts hang together; an event without a customer is a cluster of its own."""
    customers = facts.customers[judged]
    clustering = assumptions.clustering
    if clustering is None:
        most = np.count_nonzero(customers) > _MOSTLY * len(customers)
        clustering = Clustering.CUSTOMER if most else Clustering.DAY
    if clustering is Clustering.DAY:
        days = local_days(facts.occurred_at[judged], time_zone=time_zone)
        names, of = np.unique(days, return_inverse=True)
        return Clusters(of=of, count=len(names), clustering=clustering)
    names, of = np.unique(customers, return_inverse=True)
    if len(names) and names[0] == 0:
        known, alone = len(names) - 1, np.flatnonzero(customers == 0)
        of -= 1
        of[alone] = known + np.arange(len(alone))
        return Clusters(of=of, count=known + len(alone), clustering=clustering)
    return Clusters(of=of, count=len(names), clustering=clustering)


def saved_estimates(
    *, clusters: Clusters, worth: Floats, saved: Floats, seed: int
) -> tuple[Estimate, Estimate]:
    """Money saved, and its share of all fraud money: worth and saved float64[n], in minor units."""
    sums = clusters.totals(np.stack([worth, saved], axis=1))
    draws = resampled_totals(sums, clusters=max(clusters.count, 1), seed=seed)
    total, kept = float(worth.sum()), float(saved.sum())
    if total == 0:
        return Estimate(value=0.0), Estimate(value=None)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = draws[:, 1] / draws[:, 0]
    return estimate(kept, draws[:, 1]), estimate(kept / total, shares)


def difference_estimate(*, clusters: Clusters, differences: Floats, seed: int) -> Estimate:
    """The sum of paired differences of money, float64[n] in minor units."""
    sums = clusters.totals(differences[:, None])
    draws = resampled_totals(sums, clusters=max(clusters.count, 1), seed=seed)
    return estimate(float(differences.sum()), draws[:, 0])
