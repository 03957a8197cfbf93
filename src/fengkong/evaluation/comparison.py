"""Two policies on the same events: what changed, and whether it is more than chance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from fengkong.evaluation.figures import Bench, Mask
from fengkong.evaluation.intervals import Estimate, in_major, mcnemar
from fengkong.evaluation.judgements import NOT_DECIDED
from fengkong.evaluation.money import clusters_of, difference_estimate
from fengkong.evaluation.report import PolicyStamp, Report, stamp


class Transition(Report, frozen=True, kw_only=True):
    """Events with one outcome under `against` and another under the policy; some of their ids.

    Frauds and good events are judged ones; an outcome is None where a policy does not decide.
    """

    before: str | None
    after: str | None
    events: int
    frauds: int
    good: int
    fraud_amount: float
    examples: tuple[str, ...]


class Paired(Report, frozen=True, kw_only=True):
    """Judged events that were flagged by both policies, by one, or by neither.

    `p_value` is McNemar's exact one: how likely so unequal a split would be if both were alike.
    """

    both: int
    only_policy: int
    only_against: int
    neither: int
    p_value: float | None


class Comparison(Report, frozen=True, kw_only=True):
    """What changes if the policy takes the place of `against`.

    Everything after `changed` counts events that both decide. `saved_difference` is what the policy
    saves beyond `against`, in major units of the policy's currency.
    """

    policy: PolicyStamp
    against: PolicyStamp
    decided_by_both: int
    changed: int
    frauds: Paired
    good: Paired
    saved_difference: Estimate
    reviews_per_day_difference: float
    transitions: tuple[Transition, ...]


def compare(
    policy: Bench, against: Bench, *, examples: Mapping[tuple[int, int], list[str]], days: int
) -> Comparison:
    """The policy beside the one it may replace; both benches are of the same facts."""
    first, second = policy.judgements, against.judgements
    shared = first.decided & second.decided
    outcomes = _outcome_names(policy)
    others = _outcome_names(against)
    changed = sum(
        int(np.count_nonzero(shared & (first.ranks == a) & (second.ranks == b)))
        for a in range(len(outcomes) - 1)
        for b in range(len(others) - 1)
        if outcomes[a] != others[b]
    )
    return Comparison(
        policy=stamp(first.policy),
        against=stamp(second.policy),
        decided_by_both=int(np.count_nonzero(shared)),
        changed=changed,
        frauds=_paired(policy, against, policy.frauds & against.frauds),
        good=_paired(policy, against, policy.good & against.good),
        saved_difference=_saved_difference(policy, against),
        reviews_per_day_difference=(_reviews(policy, shared) - _reviews(against, shared))
        / max(days, 1),
        transitions=tuple(_transitions(policy, against, examples=examples)),
    )


def _outcome_names(bench: Bench) -> list[str | None]:
    """Outcomes by rank, and None for what is not decided."""
    return [*bench.judgements.policy.outcomes.order, None]


def _reviews(bench: Bench, shared: Mask) -> int:
    order = bench.judgements.policy.outcomes.order
    if "review" not in order:
        return 0
    return int(np.count_nonzero(shared & (bench.judgements.ranks == order.index("review"))))


def _paired(policy: Bench, against: Bench, chosen: Mask) -> Paired:
    first, second = policy.judgements.flagged[chosen], against.judgements.flagged[chosen]
    only_first = int(np.count_nonzero(first & ~second))
    only_second = int(np.count_nonzero(~first & second))
    return Paired(
        both=int(np.count_nonzero(first & second)),
        only_policy=only_first,
        only_against=only_second,
        neither=int(np.count_nonzero(~first & ~second)),
        p_value=mcnemar(only_first=only_first, only_second=only_second),
    )


def _saved_difference(policy: Bench, against: Bench) -> Estimate:
    judged = policy.judged & against.judged
    amounts = np.nan_to_num(policy.facts.stakes[judged])
    worth = np.where(policy.frauds[judged], amounts, 0.0)
    shares = [
        bench.assumptions.saved_shares(bench.judgements.policy, bench.judgements.ranks[judged])
        for bench in (policy, against)
    ]
    clusters = clusters_of(
        policy.facts, judged, assumptions=policy.assumptions, time_zone=policy.time_zone
    )
    difference = difference_estimate(
        clusters=clusters,
        differences=worth * (shares[0] - shares[1]),
        seed=policy.assumptions.seed,
    )
    return in_major(difference, digits=policy.digits)


def _transitions(
    policy: Bench, against: Bench, *, examples: Mapping[tuple[int, int], list[str]]
) -> Iterator[Transition]:
    """Every pair of outcomes that occurs, from the strongest outcome before to the weakest."""
    outcomes, others = _outcome_names(policy), _outcome_names(against)
    ranks, other_ranks = policy.judgements.ranks, against.judgements.ranks
    for b, before in enumerate(others):
        for a, after in enumerate(outcomes):
            pair = (NOT_DECIDED if after is None else a, NOT_DECIDED if before is None else b)
            mask = (ranks == pair[0]) & (other_ranks == pair[1])
            if not mask.any():
                continue
            frauds = mask & (policy.frauds | against.frauds)
            yield Transition(
                before=before,
                after=after,
                events=int(np.count_nonzero(mask)),
                frauds=int(np.count_nonzero(frauds)),
                good=int(np.count_nonzero(mask & (policy.good | against.good))),
                fraud_amount=policy.worth(frauds),
                examples=tuple(examples.get(pair, ())) if before != after else (),
            )
