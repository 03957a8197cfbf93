"""Features against the fields they name: every fault at once, and what is shared."""

import pytest

from fengkong.core.errors import FaultsError
from fengkong.events.catalogue import Kind, shipped_catalogue
from fengkong.features.declarations import parse_feature
from fengkong.features.plan import compile_plan, result_kind

FIELDS = shipped_catalogue().fields


def plan_of(**declarations):
    features = [parse_feature(text, name=name) for name, text in declarations.items()]
    return compile_plan(features, fields=FIELDS, default_types=["payment.initiated"])


def faults_of(**declarations):
    with pytest.raises(FaultsError) as caught:
        plan_of(**declarations)
    return [fault.message for fault in caught.value.faults]


def test_all_faults_of_all_features_come_at_once():
    messages = faults_of(
        a="count() over crad last 1h",
        b="sum(chanel) over card last 1h",
        c="sum(channel) over card last 1h",
        d="count() over amount last 1h",
        e="speed(amount) over card",
    )
    assert len(messages) == 5
    assert "did you mean 'card'?" in messages[0]
    assert "did you mean 'channel'?" in messages[1]
    assert "channel is category; expected" in messages[2]
    assert "`over` takes entities" in messages[3]
    assert "expected place" in messages[4]


def test_a_truth_must_be_delayed():
    (message,) = faults_of(rate="mean(is_fraud) over terminal last 7d")
    assert "known later" in message
    plan_of(rate="mean(is_fraud) over terminal last 7d delayed 7d")


def test_equal_needs_are_kept_once():
    plan = plan_of(
        count="count() over card last 1d",
        total="sum(amount) over card last 1d",
        mean="mean(amount) over card last 1d",
        week="mean(amount) over card last 7d",
        other="count() over device last 1d",
    )
    assert plan.keyspaces == (("card",), ("device",))
    assert len(plan.streams) == 2
    assert plan.cells == ("amount",)
    assert plan.names == ("count", "total", "mean", "week", "other")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("count() over card last 1d", Kind.NUMBER),
        ("sum(amount) over card last 1d", Kind.MONEY),
        ("std(amount) over card last 1d", Kind.MONEY),
        ("last(city) over card", Kind.CATEGORY),
        ("max(amount) over card last 1d", Kind.MONEY),
        ("seen_before() over card", Kind.BOOLEAN),
        ("share(merchant) over card last 30d", Kind.NUMBER),
        ("mean(is_fraud) over card last 7d delayed 7d", Kind.NUMBER),
    ],
)
def test_a_feature_has_the_kind_of_what_it_computes(text, kind):
    found = result_kind(parse_feature(text, name="f"), fields=FIELDS)
    assert found is kind or (kind is Kind.CATEGORY and found in (Kind.CATEGORY, Kind.TEXT))
