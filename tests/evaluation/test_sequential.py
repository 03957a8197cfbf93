"""A confidence sequence may be looked at after every event, and is right all the same."""

import numpy as np
import pytest

from fengkong.evaluation.sequential import (
    InvalidPairsError,
    Standing,
    brier_differences,
    confidence_sequence,
)


def test_looking_every_day_rarely_sees_what_is_not_there() -> None:
    dice = np.random.default_rng(7)
    wrong, naive = 0, 0
    for _ in range(300):
        differences = dice.choice([-0.3, 0.0, 0.3], p=[0.1, 0.8, 0.1], size=3000)
        wrong += confidence_sequence(differences).standing is not Standing.UNDECIDED
        count = np.arange(1, 3001)
        mean = np.cumsum(differences) / count
        error = 1.96 * np.sqrt(0.018 / count)
        naive += bool((np.abs(mean) > error)[100:].any())
    assert wrong / 300 <= 0.05, "all looks together, not each"
    assert naive / 300 > 0.15, "which the usual interval does not hold"


@pytest.mark.parametrize(("sign", "standing"), [(1, Standing.BETTER), (-1, Standing.WORSE)])
def test_a_real_difference_is_found(sign: int, standing: Standing) -> None:
    dice = np.random.default_rng(8)
    differences = (0.05 * sign + dice.normal(scale=0.1, size=4000)).clip(-1, 1)
    sequence = confidence_sequence(differences)
    assert sequence.standing is standing
    assert sequence.lower[-1] < 0.05 * sign < sequence.upper[-1]
    after = sequence.decided_after
    assert after is not None
    assert after < 4000
    assert (np.diff(sequence.lower) >= 0).all()
    assert (np.diff(sequence.upper) <= 0).all()


def test_the_bounds_are_those_of_the_theorem_by_hand() -> None:
    values = [0.2, -0.1, 0.4, 0.0]
    found = confidence_sequence(np.array(values), level=0.9)
    total = staked = penalty = 0.0
    mean, spread, xs = 0.5, 0.25, []
    best = -1.0
    for t, difference in enumerate(values, 1):
        x = (difference + 1) / 2
        bet = min(0.5, np.sqrt(2 * np.log(20) / (spread * t * np.log(t + 1))))
        total += bet * x
        staked += bet
        penalty += 4 * (x - mean) ** 2 * (-np.log(1 - bet) - bet) / 4
        xs.append(x)
        means = [(0.5 + sum(xs[:k])) / (k + 1) for k in range(1, t + 1)]
        mean = means[-1]
        spread = (0.25 + sum((a - b) ** 2 for a, b in zip(xs, means, strict=True))) / (t + 1)
        low = total / staked - (np.log(20) + penalty) / staked
        best = max(best, 2 * max(low, 0.0) - 1)
        assert found.lower[t - 1] == pytest.approx(best, abs=1e-12)


def test_differences_are_those_of_squared_errors() -> None:
    found = brier_differences(
        champion=np.array([0.5, 0.2]), challenger=np.array([0.9, 0.4]), fraud=np.array([1.0, 0.0])
    )
    np.testing.assert_allclose(found, [0.25 - 0.01, 0.04 - 0.16])


def test_nothing_yet_is_undecided() -> None:
    assert confidence_sequence(np.empty(0)).standing is Standing.UNDECIDED


@pytest.mark.parametrize(
    "lists",
    [
        ([0.5], [0.5, 0.5], [1.0]),
        ([1.5], [0.5], [1.0]),
        ([0.5], [np.nan], [1.0]),
        ([0.5], [0.5], [2.0]),
    ],
)
def test_what_is_no_pair_is_refused(lists: tuple[list[float], ...]) -> None:
    champion, challenger, fraud = map(np.array, lists)
    with pytest.raises(InvalidPairsError):
        brier_differences(champion=champion, challenger=challenger, fraud=fraud)


@pytest.mark.parametrize("level", [0.0, 1.0, 1.5])
def test_a_level_that_is_none_is_refused(level: float) -> None:
    with pytest.raises(InvalidPairsError):
        confidence_sequence(np.zeros(3), level=level)
