"""The figures of one policy against the truth: by rule, by outcome, by scenario and overall."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fengkong.core.money import exponent
from fengkong.decisions.policy import Rule
from fengkong.evaluation.facts import FRAUD, GOOD, Facts, local_days
from fengkong.evaluation.intervals import Floats, Proportion, in_major, major, proportion
from fengkong.evaluation.judgements import Judgements
from fengkong.evaluation.labels import Truth
from fengkong.evaluation.money import Assumptions, MoneyFigures, clusters_of, saved_estimates
from fengkong.evaluation.report import PolicyStamp, Report, stamp

_CHUNK: Final = 65_536
Mask = NDArray[np.bool_]


class RuleFigures(Report, frozen=True, kw_only=True):
    """What one rule did on its own, whatever the other rules said.

    `hits` and `unknowns` count all decided events of the period; everything after them counts
    judged ones: those whose truth is known and mature. `only_it_caught` are frauds that no other
    rule hit; `customers_hurt` are distinct customers with a good event that it hit.
    """

    rule: str
    outcome: str | None
    points: float
    hits: int
    unknowns: int
    hits_per_day: float
    judged_hits: int
    frauds_caught: int
    false_positives: int
    precision: Proportion
    recall: Proportion
    false_positives_per_fraud: float | None
    only_it_caught: int
    fraud_amount_caught: float
    customers_hurt: int


class OutcomeFigures(Report, frozen=True, kw_only=True):
    """What became of the events of one outcome; amounts in major units."""

    outcome: str
    events: int
    frauds: int
    good: int
    immature: int
    unlabelled: int
    fraud_amount: float


class GroupFigures(Report, frozen=True, kw_only=True):
    """How much fraud of one scenario or one event type was not allowed."""

    name: str
    judged: int
    frauds: int
    caught: int
    recall: Proportion
    fraud_amount: float
    fraud_amount_stopped: float


class Overlap(Report, frozen=True, kw_only=True):
    """How often two rules hit the same event; jaccard is both of either."""

    first: str
    second: str
    both: int
    either: int
    jaccard: float
    frauds_both: int


class PolicyFigures(Report, frozen=True, kw_only=True):
    """What one policy did in the period.

    `decided` = `judged` + `immature` + `unlabelled`; `judged` = `frauds` + `good`. An event is
    flagged when it is not allowed: a flagged fraud is caught, a flagged good event is a false
    positive. Reviews are counted over all decided events and the days of the time zone.
    """

    policy: PolicyStamp
    decided: int
    judged: int
    immature: int
    immature_frauds: int
    unlabelled: int
    frauds: int
    good: int
    caught: int
    missed: int
    false_positives: int
    precision: Proportion
    recall: Proportion
    false_positive_rate: Proportion
    false_positives_per_fraud: float | None
    money: MoneyFigures
    good_customers_hurt: Proportion
    days: int
    reviews: int
    reviews_per_day: float
    reviews_per_day_max: int
    outcomes: tuple[OutcomeFigures, ...]
    scenarios: tuple[GroupFigures, ...]
    event_types: tuple[GroupFigures, ...]
    rules: tuple[RuleFigures, ...]
    overlaps: tuple[Overlap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One policy's judgements beside the truth; the masks are over all facts."""

    facts: Facts
    truth: Truth
    judgements: Judgements
    assumptions: Assumptions

    @property
    def judged(self) -> Mask:
        """Facts that were decided and whose truth is known and mature."""
        return self.judgements.decided & self.truth.mature & (self.truth.states <= FRAUD)

    @property
    def frauds(self) -> Mask:
        """Judged facts that were fraud."""
        fraud: Mask = self.truth.states == FRAUD
        return self.judged & fraud

    @property
    def good(self) -> Mask:
        """Judged facts that were good."""
        good: Mask = self.truth.states == GOOD
        return self.judged & good

    @property
    def time_zone(self) -> str:
        """The time zone of the policy, in which days are counted."""
        return self.judgements.policy.scope.time_zone

    @property
    def digits(self) -> int:
        """Digits after the point, of the currency of the stakes."""
        return exponent(self.facts.currency)

    def worth(self, mask: Mask) -> float:
        """What some facts were worth together, in major units."""
        return major(float(np.nansum(self.facts.stakes[mask])), digits=self.digits)

    def customers(self, mask: Mask) -> int:
        """Distinct customers of some facts."""
        found = np.unique(self.facts.customers[mask])
        return int(np.count_nonzero(found))


def figures_of(bench: Bench) -> PolicyFigures:
    """All figures of one policy."""
    decided, judged, frauds, good = (
        bench.judgements.decided, bench.judged, bench.frauds, bench.good,
    )  # fmt: skip
    mature, flagged = bench.truth.mature, bench.judgements.flagged
    counts = {
        "decided": _count(decided),
        "judged": _count(judged),
        "immature": _count(decided & ~mature),
        "immature_frauds": _count(decided & ~mature & (bench.truth.states == FRAUD)),
        "unlabelled": _count(decided & mature & ~judged),
        "frauds": _count(frauds),
        "good": _count(good),
    }
    caught, false_positives = _count(frauds & flagged), _count(good & flagged)
    days = _days(bench)
    return PolicyFigures(
        policy=stamp(bench.judgements.policy),
        **counts,
        caught=caught,
        missed=counts["frauds"] - caught,
        false_positives=false_positives,
        precision=proportion(caught, caught + false_positives),
        recall=proportion(caught, counts["frauds"]),
        false_positive_rate=proportion(false_positives, counts["good"]),
        false_positives_per_fraud=false_positives / caught if caught else None,
        money=_money(bench),
        good_customers_hurt=proportion(bench.customers(good & flagged), bench.customers(good)),
        days=len(days),
        reviews=int(days.sum()),
        reviews_per_day=float(days.mean()) if len(days) else 0.0,
        reviews_per_day_max=int(days.max()) if len(days) else 0,
        outcomes=tuple(_outcomes(bench)),
        scenarios=tuple(_scenarios(bench)),
        event_types=tuple(_event_types(bench)),
        rules=tuple(_rules(bench, days=len(days))),
        overlaps=tuple(_overlaps(bench)),
    )


def _count(mask: Mask) -> int:
    return int(np.count_nonzero(mask))


def _days(bench: Bench) -> NDArray[np.int64]:
    """Reviews on each calendar day from the first decided event to the last."""
    decided = bench.judgements.decided
    if not decided.any():
        return np.empty(0, dtype=np.int64)
    days = local_days(bench.facts.occurred_at[decided], time_zone=bench.time_zone)
    first, order = int(days.min()), bench.judgements.policy.outcomes.order
    review = order.index("review") if "review" in order else -1
    reviewed = days[bench.judgements.ranks[decided] == review]
    return np.bincount(reviewed - first, minlength=int(days.max()) - first + 1)


def _money(bench: Bench) -> MoneyFigures:
    judged, frauds = bench.judged, bench.frauds
    policy, assumptions = bench.judgements.policy, bench.assumptions
    amounts = np.nan_to_num(bench.facts.stakes[judged])
    worth = np.where(frauds[judged], amounts, 0.0)
    saved = worth * assumptions.saved_shares(policy, bench.judgements.ranks[judged])
    clusters = clusters_of(bench.facts, judged, assumptions=assumptions, time_zone=bench.time_zone)
    total, share = saved_estimates(
        clusters=clusters, worth=worth, saved=saved, seed=assumptions.seed
    )
    return MoneyFigures(
        currency=bench.facts.currency,
        fraud_amount=bench.worth(frauds),
        saved=in_major(total, digits=bench.digits),
        saved_share=share,
        good_amount_stopped=bench.worth(bench.good & bench.judgements.flagged),
        frauds_without_amount=_count(frauds & np.isnan(bench.facts.stakes)),
    )


def _outcomes(bench: Bench) -> Iterator[OutcomeFigures]:
    mature, known = bench.truth.mature, bench.truth.states <= FRAUD
    for rank, outcome in enumerate(bench.judgements.policy.outcomes.order):
        mine = bench.judgements.ranks == rank
        frauds = mine & bench.frauds
        yield OutcomeFigures(
            outcome=outcome,
            events=_count(mine),
            frauds=_count(frauds),
            good=_count(mine & bench.good),
            immature=_count(mine & ~mature),
            unlabelled=_count(mine & mature & ~known),
            fraud_amount=bench.worth(frauds),
        )


def _group(bench: Bench, name: str, mask: Mask) -> GroupFigures:
    frauds = bench.frauds & mask
    caught = frauds & bench.judgements.flagged
    return GroupFigures(
        name=name,
        judged=_count(bench.judged & mask),
        frauds=_count(frauds),
        caught=_count(caught),
        recall=proportion(_count(caught), _count(frauds)),
        fraud_amount=bench.worth(frauds),
        fraud_amount_stopped=bench.worth(caught),
    )


def _scenarios(bench: Bench) -> Iterator[GroupFigures]:
    """Scenarios that the truth names, with frauds in the period, in order of their names."""
    for name in sorted(bench.truth.scenario_names):
        mask = bench.truth.scenarios == bench.truth.scenario_names.index(name)
        if (mask & bench.frauds).any():
            yield _group(bench, name, mask)


def _event_types(bench: Bench) -> Iterator[GroupFigures]:
    names = bench.judgements.policy.catalogue.type_names
    for number in np.unique(bench.facts.types[bench.judgements.decided]).tolist():
        yield _group(bench, names[number], bench.facts.types == number)


def _rules(bench: Bench, *, days: int) -> Iterator[RuleFigures]:
    alone = _hit_counts(bench.judgements) == 1
    for r, rule in enumerate(bench.judgements.policy.rules):
        yield rule_figures(
            bench,
            rule,
            hits=bench.judgements.rule_hits(r),
            alone=alone,
            unknowns=int(bench.judgements.unknowns[r]),
            days=days,
        )


def rule_figures(
    bench: Bench, rule: Rule, *, hits: Mask, alone: Mask, unknowns: int, days: int
) -> RuleFigures:
    """The figures of one rule from its hits; `alone` marks facts that no second rule hit."""
    caught, wrong = hits & bench.frauds, hits & bench.good
    judged_hits, frauds_caught, false_positives = (
        _count(hits & bench.judged), _count(caught), _count(wrong),
    )  # fmt: skip
    return RuleFigures(
        rule=rule.id,
        outcome=rule.outcome,
        points=rule.points,
        hits=_count(hits),
        unknowns=unknowns,
        hits_per_day=_count(hits) / days if days else 0.0,
        judged_hits=judged_hits,
        frauds_caught=frauds_caught,
        false_positives=false_positives,
        precision=proportion(frauds_caught, judged_hits),
        recall=proportion(frauds_caught, _count(bench.frauds)),
        false_positives_per_fraud=false_positives / frauds_caught if frauds_caught else None,
        only_it_caught=_count(caught & alone),
        fraud_amount_caught=bench.worth(caught),
        customers_hurt=bench.customers(wrong),
    )


def _chunks(judgements: Judgements) -> Iterator[tuple[slice, NDArray[np.uint8]]]:
    """The hits unpacked, uint8[rows, rules], a chunk at a time."""
    rules = len(judgements.policy.rules)
    for start in range(0, len(judgements.ranks), _CHUNK):
        part = slice(start, start + _CHUNK)
        yield part, np.unpackbits(judgements.hits[part], axis=1, count=rules)


def _hit_counts(judgements: Judgements) -> NDArray[np.int64]:
    """How many rules hit each fact."""
    counts = np.zeros(len(judgements.ranks), dtype=np.int64)
    for part, hits in _chunks(judgements):
        counts[part] = hits.sum(axis=1)
    return counts


def _overlaps(bench: Bench) -> Iterator[Overlap]:
    """Pairs of rules that ever hit together, the most alike first."""
    rules = bench.judgements.policy.rules
    both = np.zeros((len(rules), len(rules)))
    fraud_both = np.zeros_like(both)
    frauds = bench.frauds
    for part, packed in _chunks(bench.judgements):
        hits: Floats = packed.astype(np.float64)
        both += hits.T @ hits
        fraud_hits = hits[frauds[part]]
        fraud_both += fraud_hits.T @ fraud_hits
    singles = both.diagonal()
    found = [
        Overlap(
            first=rules[i].id,
            second=rules[j].id,
            both=int(both[i, j]),
            either=int(singles[i] + singles[j] - both[i, j]),
            jaccard=float(both[i, j] / (singles[i] + singles[j] - both[i, j])),
            frauds_both=int(fraud_both[i, j]),
        )
        for i, j in zip(*np.nonzero(np.triu(both, k=1)), strict=True)
    ]
    yield from sorted(found, key=lambda pair: (-pair.jaccard, pair.first, pair.second))
