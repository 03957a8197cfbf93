"""Back-tests of thresholds: leads, misses, false alarms; how likely the worse is."""

from datetime import date, timedelta

import pytest

from fengkong.indicators.assessment import Value
from fengkong.indicators.backtest import Episode, backtest
from fengkong.indicators.level import Level
from fengkong.indicators.likelihood import likelihood
from fengkong.indicators.thresholds import Bounds, DatedRule, Direction, Fixed, Thresholds

START = date(2025, 1, 1)
HELD = Thresholds(Direction.ABOVE, (DatedRule(START, Fixed(1, 2, 3), "a test"),))


def day(number):
    return START + timedelta(days=number)


def series(high):
    return [Value(day(at), high.get(at, 0.0)) for at in range(730)]


def test_leads_misses_and_false_alarms() -> None:
    high = {95: 2.0, 96: 0.0, 97: 3.0, 205: 2.0, 400: 2.5, 600: 1.5}
    episodes = [
        Episode(day(100), day(120), "seen before"),
        Episode(day(200), day(220), "seen late"),
        Episode(day(600), day(610), "only yellow"),
    ]
    found = backtest(series(high), thresholds=HELD, episodes=episodes)
    assert [one.lead_days for one in found.caught] == [5, -5, None]
    assert [(one.start, one.end, one.level) for one in found.false_alarms] == [
        (day(400), day(400), Level.ORANGE)
    ]
    assert found.alarms[0][:3] == (day(95), day(97), Level.RED)
    assert found.false_alarms_a_year == pytest.approx(1 / (730 / 365.25))
    assert found.recall == pytest.approx(2 / 3)
    assert found.lead_days_median == 0.0


def test_an_alarm_long_before_counts_from_the_longest_lead() -> None:
    high = dict.fromkeys(range(50, 110), 2.0)
    found = backtest(series(high), thresholds=HELD, episodes=[Episode(day(100), day(120))])
    assert found.caught[0].lead_days == 30
    assert found.false_alarms == ()


def test_what_comes_before_since_is_history_alone() -> None:
    found = backtest(series({10: 2.0}), thresholds=HELD, since=day(365))
    assert found.alarms == ()
    assert found.years == pytest.approx(365 / 365.25)


def test_likelihood_is_the_share_of_moves_that_reach_the_bound() -> None:
    steps = [0.0, 1.0, 0.0, 1.0] * 20
    found = likelihood(steps, bounds=Bounds(red=1.5), direction=Direction.ABOVE, horizon=1)
    # from 1 a step up (+1, of 40 in 79 moves) ends at 2
    assert found == pytest.approx((40 + 1) / (79 + 2))
    assert likelihood(steps[:20], bounds=Bounds(red=1.5), direction=Direction.ABOVE) is None
    assert likelihood(steps, bounds=Bounds(), direction=Direction.ABOVE) is None
    down = likelihood(steps, bounds=Bounds(red=-0.5), direction=Direction.BELOW, horizon=1)
    assert down == pytest.approx((0 + 1) / (79 + 2))
