"""What the declaration language takes, and how it says what is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.core.instants import DAY_US, HOUR_US
from fengkong.features.declarations import (
    Aggregate,
    InvalidFeatureError,
    WindowFeature,
    is_window_declaration,
    parse_feature,
)


def feature(aggregate, *, over="card", **facts):
    return WindowFeature(
        name="f",
        aggregate=Aggregate(aggregate),
        argument=facts.pop("argument", None),
        over=tuple(over.split()),
        **facts,
    )


GOOD = [
    ("count() over card", feature("count")),
    ("  count ( )  over  card  ", feature("count")),
    ("count() over card last 1h", feature("count", last=HOUR_US)),
    ("sum(amount) over card last 24h", feature("sum", argument="amount", last=DAY_US)),
    ("distinct(card) over device last 7d", feature("distinct", argument="card", over="device",
                                                   last=7 * DAY_US)),
    ("count() over card, device", feature("count", over="card device")),
    ("count() over (card, device) last 1d", feature("count", over="card device", last=DAY_US)),
    ("mean(is_fraud) of label.confirmed over merchant last 30d delayed 7d",
     feature("mean", argument="is_fraud", over="merchant", event_types=("label.confirmed",),
             last=30 * DAY_US, delayed=7 * DAY_US)),
    ("count() of login.attempted, payment.initiated over ip",
     feature("count", over="ip", event_types=("login.attempted", "payment.initiated"))),
    ("max(amount) over card last 1d excluding current default -1.5",
     feature("max", argument="amount", last=DAY_US, current_excluded=True, default=-1.5)),
    ('count() over card last 1d where channel == "app" and amount > 5',
     feature("count", last=DAY_US, where='channel == "app" and amount > 5')),
    ("since_previous() over card", feature("since_previous", current_excluded=True)),
    ("seen_before() over card", feature("seen_before", current_excluded=True)),
    ("seen_before(device) over card last 90d",
     feature("seen_before", argument="device", last=90 * DAY_US, current_excluded=True)),
    ("share(merchant) over card last 30d", feature("share", argument="merchant",
                                                   last=30 * DAY_US)),
    ("speed(place) over card last 1d", feature("speed", argument="place", last=DAY_US,
                                               current_excluded=True)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), GOOD, ids=[text for text, _ in GOOD])
def test_a_good_declaration_is_read(text, expected):
    assert parse_feature(text, name="f") == expected
    assert is_window_declaration(text)


BAD = [
    ("", "names no entity"),
    ("count()", "names no entity (`over card`)"),
    ("count() last 7d", "names no entity"),
    ("cuont() over card", "unknown aggregate 'cuont'; did you mean count?"),
    ("median(amount) over card", "unknown aggregate 'median'"),
    ("zzz() over card", "known: count, sum"),
    ("sum() over card", "sum() needs a field in its brackets"),
    ("share() over card", "share() needs a field"),
    ("since_first(amount) over card", "since_first() takes no field"),
    ("distinct(card) over device", "add `last 30d`"),
    ("count() over card, card", "the same entity stands twice"),
    ("share(card) over card", "share(card) over itself"),
    ("seen_before(card) over device, card", "seen_before(card) over itself"),
    ("count() over card last", "`last` needs a duration such as 7d"),
    ("count() over card last 7d delayed", "`delayed` needs a duration such as 7d"),
    ("count() over card last 7x", "last 7x: '7x' is not a duration"),
    ("count() over card last 0d", "last 0d: '0d' is not a duration"),
    ("count() over card last 9999d", "longer than ten years"),
    ("count() over card delayed 1y", "delayed 1y: '1y' is not a duration"),
    ("count() over (card", "cannot read"),
    ("count() over card)", "cannot read"),
    ("count() over card default none", "cannot read"),
    ("count() over card delayed 1d last 1d", "cannot read"),
    ("sum(amount + fee) over card", "cannot read"),
    ("sum(amount) over card where", "cannot read"),
    ("count() over card" + " " * 3000, "longer than 2000 characters"),
]


@pytest.mark.parametrize(("text", "message"), BAD, ids=[text[:50] for text, _ in BAD])
def test_a_bad_declaration_says_what_is_off(text, message):
    with pytest.raises(InvalidFeatureError) as caught:
        parse_feature(text, name="card_things")
    assert message in caught.value.message
    assert caught.value.path == "$.features.card_things"


@pytest.mark.parametrize("text", ["a / b", "f(x) + g(y)", "over", "count", "round(a, 2)", ""])
def test_arithmetic_is_no_window(text):
    assert not is_window_declaration(text)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    try:
        parse_feature(text, name="f")
    except InvalidFeatureError as error:
        assert error.message


def test_a_hostile_text_is_refused_at_once():
    with pytest.raises(InvalidFeatureError):
        parse_feature("count() over card where x" + " \n" * 500_000 + "!", name="f")
    with pytest.raises(InvalidFeatureError):
        parse_feature("count() over card where" + " " * 1900 + "\n", name="f")
