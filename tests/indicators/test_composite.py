"""Composites: shares sum to one, worse parts never make it better, red is not averaged away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.indicators.composite import Part, composite, firm
from fengkong.indicators.level import RISING, Level, worst

LEVELS = st.sampled_from(list(Level))
PARTS = st.lists(st.tuples(LEVELS, st.floats(0.1, 5), st.booleans()), min_size=1, max_size=8)


def parts(given):
    return [
        Part(str(at), level, weight, critical) for at, (level, weight, critical) in enumerate(given)
    ]


@pytest.mark.parametrize(
    ("levels", "points", "level"),
    [
        (["green"] * 5, 0.0, Level.GREEN),
        (["red"] * 2, 100.0, Level.RED),
        (["yellow"], 100 / 3, Level.YELLOW),
        (["red"] + ["green"] * 7, 50.0, Level.ORANGE),
        (["no_data", "green"], 26.456684, Level.YELLOW),
        (["no_data"] * 3, 100 / 3, Level.NO_DATA),
    ],
)
def test_points_are_the_power_mean(levels, points, level) -> None:
    found = composite([Part(str(at), Level(one)) for at, one in enumerate(levels)])
    assert found.points == pytest.approx(points)
    assert found.level is level


def test_a_critical_red_is_at_least_orange() -> None:
    many = [Part(str(at), Level.GREEN) for at in range(500)]
    assert composite([*many, Part("x", Level.RED)]).level is Level.GREEN
    held = composite([*many, Part("x", Level.RED, critical=True)])
    assert (held.level, held.held_by) == (Level.ORANGE, "x")


@given(PARTS)
def test_shares_sum_to_one_or_nothing(given) -> None:
    found = composite(parts(given))
    total = sum(one.share for one in found.contributions)
    assert total == pytest.approx(1.0 if found.points > 0 else 0.0)
    assert 0.0 <= found.points <= 100.0 + 1e-9


@given(PARTS, st.integers(0, 7))
def test_a_worse_part_never_makes_it_better(given, at) -> None:
    before = parts(given)
    at %= len(before)
    level = before[at].level
    if level in (Level.RED, Level.NO_DATA):
        return
    after = list(before)
    worse = RISING[level.severity + 1]
    after[at] = Part(before[at].id, worse, before[at].weight, before[at].critical)
    first, second = composite(before), composite(after)
    assert second.points >= first.points
    if Level.NO_DATA not in (first.level, second.level):
        assert second.level.severity >= first.level.severity


def test_the_firm_is_made_of_its_groups() -> None:
    whole, groups = firm(
        {"credit": [Part("a", Level.RED)], "market": [Part("b", Level.GREEN)], "none": []}
    )
    assert set(groups) == {"credit", "market"}
    assert groups["credit"].level is Level.RED
    assert [one.id for one in whole.contributions] == ["credit", "market"]
    assert whole.contributions[0].share == 1.0
    assert whole.level is Level.RED


def test_the_worst_of_levels() -> None:
    assert worst([Level.GREEN, Level.NO_DATA, Level.YELLOW]) is Level.YELLOW
    assert worst([Level.GREEN, Level.NO_DATA]) is Level.NO_DATA
    assert worst([]) is Level.GREEN
