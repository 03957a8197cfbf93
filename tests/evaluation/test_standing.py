"""How a challenger stands may be asked every day: looks agree, and rarely see what is not there."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.evaluation.standing import (
    DECISIONS,
    LABELS,
    InvalidCostError,
    Recorded,
    Side,
    StandingReport,
    model_standing,
    policy_standing,
    settled,
)

DAY = 86_400_000_000
DELAY = 7 * DAY
A_DAY = 50
CHAMPION, CHALLENGER = (Side(name="m", version=v, hash=v) for v in ("1", "2"))


def recorded(
    dice: np.random.Generator, *, days: int, noise: tuple[float, float] = (0.1, 0.1)
) -> Recorded:
    """Days of events that both gave a probability, each off by a noise of its own.

    Half of the frauds are told within the delay, the others later or never; good events get no
    label.
    """
    count = days * A_DAY
    chance = dice.beta(0.3, 6.0, count)
    fraud = dice.random(count) < chance
    at = np.arange(count) * (DAY // A_DAY)
    said = [(chance + dice.normal(scale=one, size=count)).clip(0, 1) for one in noise]
    told = np.flatnonzero(fraud)
    known = at[told] + dice.integers(0, 2 * DELAY, len(told))
    names = [f"e{number}" for number in range(count)]
    return Recorded(
        champion=CHAMPION,
        challenger=CHALLENGER,
        decisions=pl.DataFrame([names, at, *said, dice.random(count) < 0.1], schema=DECISIONS),
        labels=pl.DataFrame([[names[at] for at in told], known, [True] * len(told)], schema=LABELS),
        until=int(at[-1]),
    )


def seen_at(whole: Recorded, until: int) -> Recorded:
    """What the journal held at an instant."""
    return replace(
        whole,
        decisions=whole.decisions.filter(pl.col("occurred_at") <= until),
        labels=whole.labels.filter(pl.col("known_at") <= until),
        until=until,
    )


def test_a_look_of_yesterday_saw_the_beginning_of_what_is_seen_today() -> None:
    """Late labels change nothing that was seen, and bounds only close in."""
    whole = recorded(np.random.default_rng(3), days=41)
    last = settled(whole, delay=DELAY)
    before: StandingReport | None = None
    for day in range(1, 41):
        look = seen_at(whole, day * DAY)
        pairs = settled(look, delay=DELAY)
        many = len(pairs.fraud)
        assert many == max(0, (day - 7) * A_DAY + 1 if day >= 7 else 0)
        for name in ("champion", "challenger", "fraud", "occurred_at"):
            np.testing.assert_array_equal(getattr(pairs, name), getattr(last, name)[:many])
        found = model_standing(look, delay=DELAY)
        if before is not None and before.sequence.low is not None:
            assert found.sequence.low is not None
            assert found.sequence.high is not None
            assert before.sequence.high is not None
            assert found.sequence.low >= before.sequence.low
            assert found.sequence.high <= before.sequence.high
        before = found


def test_looking_every_day_rarely_sees_a_difference_that_is_not_there() -> None:
    """Two equally good models, a look each day of four months: at most 5 runs of 100 alarm.

    The looks agree with the last one (above), so a run alarms if its last look is decided. The
    interval of a fixed number of events, looked at as often, alarms far more often.
    """
    dice = np.random.default_rng(11)
    runs, alarms, naive = 200, 0, 0
    for _ in range(runs):
        whole = recorded(dice, days=120)
        alarms += model_standing(whole, delay=DELAY).sequence.standing != "undecided"
        pairs = settled(whole, delay=DELAY)
        differences = (pairs.champion - pairs.fraud) ** 2 - (pairs.challenger - pairs.fraud) ** 2
        count = np.arange(1, len(differences) + 1)
        mean = np.cumsum(differences) / count
        error = 1.96 * np.sqrt((np.cumsum(differences**2) / count - mean**2) / count)
        looks = np.arange(4 * A_DAY, len(differences), A_DAY)
        naive += bool((np.abs(mean[looks]) > error[looks]).any())
    assert alarms <= 0.05 * runs
    assert naive > 0.2 * runs


@pytest.mark.parametrize(("noise", "standing"), [((0.25, 0.02), "better"), ((0.02, 0.25), "worse")])
def test_a_real_difference_is_found(noise: tuple[float, float], standing: str) -> None:
    found = model_standing(recorded(np.random.default_rng(5), days=60, noise=noise), delay=DELAY)
    assert found.sequence.standing == standing
    assert found.sequence.decided_after is not None
    errors = found.champion_figures.error, found.challenger_figures.error
    assert None not in errors
    assert (errors[0] > errors[1]) is (standing == "better")


# -- by hand -----------------------------------------------------------------------------------

ROWS = [
    # event, day, champion, challenger, challenged
    ("a", 0, 1.0, 0.0, False),
    ("b", 1, 0.0, 1.0, True),
    ("c", 2, 0.0, 0.0, False),
    ("d", 3, 1.0, 1.0, False),
    ("e", 9, 0.0, 1.0, True),
]
TOLD = [("a", 3, True), ("a", 5, False), ("b", 8, True), ("c", 12, True), ("d", 4, True)]


def by_hand(until: int) -> Recorded:
    return Recorded(
        champion=CHAMPION,
        challenger=CHALLENGER,
        decisions=pl.DataFrame(
            [(name, day * DAY, *rest) for name, day, *rest in ROWS], schema=DECISIONS, orient="row"
        ),
        labels=pl.DataFrame(
            [(name, day * DAY, fraud) for name, day, fraud in TOLD], schema=LABELS, orient="row"
        ),
        until=until * DAY,
    )


def test_the_truth_is_what_was_known_within_the_delay() -> None:
    """a was cleared in time, b and d were told in time, c too late; e is too young."""
    pairs = settled(by_hand(until=12), delay=DELAY)
    assert pairs.fraud.tolist() == [0.0, 1.0, 0.0, 1.0]
    assert (pairs.occurred_at // DAY).tolist() == [0, 1, 2, 3]
    assert len(settled(by_hand(until=6), delay=DELAY).fraud) == 0
    assert settled(by_hand(until=16), delay=DELAY).fraud.tolist() == [0.0, 1.0, 0.0, 1.0, 0.0]


def test_policies_are_counted_by_what_they_stopped() -> None:
    found = policy_standing(by_hand(until=12), delay=DELAY, good_cost=0.25)
    sides = found.champion_figures, found.challenger_figures
    assert [one.stopped_frauds for one in sides] == [1, 2]
    assert [one.stopped_good for one in sides] == [1, 0]
    assert [one.error for one in sides] == [(0.25 + 1.0) / 4, 0.0]
    assert (found.events, found.challenged, found.pairs, found.frauds) == (5, 2, 4, 2)


@pytest.mark.parametrize("cost", [-0.01, 1.01, float("nan")])
def test_a_cost_is_from_nothing_to_a_fraud(cost: float) -> None:
    with pytest.raises(InvalidCostError):
        policy_standing(by_hand(until=12), delay=DELAY, good_cost=cost)


def test_before_any_truth_nothing_is_said() -> None:
    found = model_standing(by_hand(until=3), delay=DELAY)
    assert (found.pairs, found.first, found.sequence.low) == (0, None, None)
    assert found.sequence.standing == "undecided"


@given(seed=st.integers(0, 99), cost=st.floats(0, 1))
def test_who_changes_sides_changes_the_sign(seed: int, cost: float) -> None:
    whole = recorded(np.random.default_rng(seed), days=9)
    stopped = [pl.col(name).round() for name in ("champion", "challenger")]
    whole = replace(whole, decisions=whole.decisions.with_columns(*stopped))
    turned = replace(
        whole,
        decisions=whole.decisions.with_columns(
            champion=pl.col("challenger"), challenger=pl.col("champion")
        ),
    )
    one, other = (
        policy_standing(each, delay=DELAY, good_cost=cost).sequence for each in (whole, turned)
    )
    assert one.low == pytest.approx(-other.high)
    assert one.high == pytest.approx(-other.low)
