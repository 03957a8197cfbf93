"""What a declaration may say, and what the message says when it may not."""

import pytest

from fengkong.core.errors import RiskError
from fengkong.core.instants import DAY_US, HOUR_US
from fengkong.features.declarations import (
    Aggregate,
    InvalidFeatureError,
    is_window_declaration,
    parse_feature,
)


def test_every_clause_is_read():
    feature = parse_feature(
        "sum(amount) of payment.initiated, refund.requested over (card, merchant) last 24h "
        'delayed 7d excluding current default 0 where channel == "app" and amount > 5',
        name="f",
    )
    assert feature.aggregate is Aggregate.SUM
    assert feature.argument == "amount"
    assert feature.event_types == ("payment.initiated", "refund.requested")
    assert feature.over == ("card", "merchant")
    assert feature.last == DAY_US
    assert feature.delayed == 7 * DAY_US
    assert feature.current_excluded
    assert feature.default == 0.0
    assert feature.where == 'channel == "app" and amount > 5'


@pytest.mark.parametrize(
    ("text", "over"),
    [
        ("count() over card last 1h", ("card",)),
        ("count() over card, merchant last 1h", ("card", "merchant")),
        ("  count( ) \n over ( card , merchant )\n last 1h ", ("card", "merchant")),
    ],
)
def test_entities_stand_with_or_without_brackets(text, over):
    feature = parse_feature(text, name="f")
    assert feature.over == over
    assert feature.last == HOUR_US
    assert feature.event_types is None
    assert not feature.current_excluded


@pytest.mark.parametrize("aggregate", ["since_previous", "seen_before"])
def test_some_aggregates_look_only_at_what_came_before(aggregate):
    assert parse_feature(f"{aggregate}() over card", name="f").current_excluded


@pytest.mark.parametrize("aggregate", list(Aggregate))
def test_every_aggregate_can_be_declared(aggregate):
    argument = "" if aggregate in ("since_first", "since_previous") else "amount"
    feature = parse_feature(f"{aggregate}({argument}) over card last 7d", name="f")
    assert feature.aggregate is aggregate


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cuont() over card last 1h", "did you mean count?"),
        ("median(amount) over card", "unknown aggregate"),
        ("sum() over card last 1h", "sum() needs a field"),
        ("since_first(amount) over card", "takes no field"),
        ("distinct(card) over device", "add `last 30d`"),
        ("count()", "names no entity"),
        ("count() over card last", "`last` needs a duration"),
        ("count() over card last 1 hour", "cannot read"),
        ("count() over card last 1x", "is not a duration"),
        ("count() over card last 0h", "is not a duration"),
        ("count() over card, card", "stands twice"),
        ("share(card) over card", "over itself"),
        ("count() over card where ", "cannot read"),
        ("count() over card; drop", "cannot read"),
        ("sum(a + b) over card", "cannot read"),
        ("count() over (card", "cannot read"),
        ("", "names no entity"),
        ("x" * 3000, "longer than"),
    ],
)
def test_what_is_wrong_is_said(text, said):
    with pytest.raises(RiskError) as caught:
        parse_feature(text, name="f")
    assert said in caught.value.message
    assert caught.value.hint


def test_the_path_names_the_feature():
    with pytest.raises(InvalidFeatureError) as caught:
        parse_feature("cuont() over card", name="card_count")
    assert caught.value.path == "$.features.card_count"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("count() over card last 1h", True),
        ("sum(amount) of payment.initiated over card", True),
        ("a / b", False),
        ("ratio(a, b)", False),
        ("default(card_over_limit, 0)", False),
    ],
)
def test_windows_are_told_from_arithmetic(text, expected):
    assert is_window_declaration(text) is expected
