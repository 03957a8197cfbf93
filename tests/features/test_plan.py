"""What a plan takes, what it shares, and that all its faults come at once."""

import pytest
from happenings import FIELDS, TYPES, plan_of

from fengkong.core.errors import FaultsError
from fengkong.events.catalogue import Kind
from fengkong.features.declarations import parse_feature
from fengkong.features.plan import compile_plan, result_kind

FAULTS = [
    ("sum(amuont) over card", "unknown field 'amuont'; did you mean 'amount'?"),
    ("count() over crad", "unknown field 'crad'; did you mean 'card'?"),
    ("count() over amount", "amount is money; `over` takes entities, words or booleans"),
    ("sum(channel) over card", "sum(channel): channel is category; expected"),
    ("mean(place) over card", "place is place"),
    ("max(card) over customer", "max(card): card is entity"),
    ("share(amount) over card", "share(amount): amount is money"),
    ("distance(amount) over card", "expected place"),
    ("mean(is_fraud) over card last 7d", "is_fraud is a truth that is known later"),
]


@pytest.mark.parametrize(("text", "message"), FAULTS, ids=[text for text, _ in FAULTS])
def test_a_feature_that_does_not_fit_is_refused(text, message):
    with pytest.raises(FaultsError) as caught:
        plan_of([text])
    (fault,) = caught.value.faults
    assert message in fault.message
    assert fault.path == "$.features.f0"
    assert fault.code == "features.invalid_declaration"


def test_all_faults_come_at_once():
    with pytest.raises(FaultsError) as caught:
        plan_of([text for text, _ in FAULTS])
    assert [fault.path for fault in caught.value.faults] == [
        f"$.features.f{i}" for i in range(len(FAULTS))
    ]


def test_a_truth_may_be_read_delayed():
    assert plan_of(["mean(is_fraud) over card last 7d delayed 7d"]).span == 14 * 86_400_000_000


def test_equal_needs_are_shared():
    plan = plan_of(
        [
            "count() over card last 1s",
            "sum(amount) over card last 5s",
            "mean(amount) over card last 5s delayed 2s",
            "count() over card where large",
            "count() of login.attempted over card",
            "first(amount) over card",
        ]
    )
    assert plan.keyspaces == (("card",),)
    assert [(s.event_types, s.where, s.present) for s in plan.streams] == [
        (TYPES[:1], None, None),
        (TYPES[:1], "large", None),
        (TYPES[1:], None, None),
        (TYPES[:1], None, "amount"),
    ]
    assert plan.cells == ("amount",)


def test_a_share_needs_a_keyspace_of_its_value():
    plan = plan_of(["share(channel) over card last 1s"])
    assert plan.keyspaces == (("card", "channel"), ("card",))
    assert plan.columns == 2
    assert plan.names == ("f0",)


def test_a_place_has_two_cells():
    assert plan_of(["distance(place) over card"]).cells == ("place.lat", "place.lon")


def test_a_plan_of_nothing():
    plan = plan_of([])
    assert plan.columns == 0
    assert plan.keyspaces == ()


KINDS = [
    ("sum(amount)", Kind.MONEY),
    ("mean(amount)", Kind.MONEY),
    ("sum(items)", Kind.NUMBER),
    ("max(due)", Kind.INSTANT),
    ("last(channel)", Kind.CATEGORY),
    ("seen_before(channel)", Kind.BOOLEAN),
    ("count()", Kind.NUMBER),
    ("distance(place)", Kind.NUMBER),
]


@pytest.mark.parametrize(("aggregate", "kind"), KINDS, ids=[text for text, _ in KINDS])
def test_a_feature_has_the_kind_of_what_it_says(aggregate, kind):
    feature = parse_feature(f"{aggregate} over card", name="f")
    compile_plan([feature], fields=FIELDS, default_types=TYPES)
    assert result_kind(feature, fields=FIELDS) is kind
