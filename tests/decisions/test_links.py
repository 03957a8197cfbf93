"""Link features in policies: declared, checked, decided by, the same bytes however they come."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from policies import HEAD, HOUR, MONDAY, engine, load
from streams import in_columns, in_handfuls, one_by_one, streams

from fengkong.core.errors import FaultsError
from fengkong.decisions.engine import Engine
from fengkong.events.event import Event
from fengkong.features.state import FeatureLimitError, IncompatibleStateError

_FLOW = "from account to payee_account"
_OF = "of transfer.initiated over account"
LINKED = f"""\
policy: linked
version: 1
title: {{zh: 关联, en: Linked}}
events: [payment.initiated, login.attempted, transfer.initiated, loan.applied, device.reported]
unknown: record
late_after: 2h
features:
  customer_count_1d: count() over customer last 1d
  night_count_1d: count() over customer last 1d where hour(occurred_at) < 6
  customer_component_size_2d: component_size() over customer by device, card last 2d
  customer_degree_2d: degree() over customer by device, card last 2d where amount >= 100
  customer_hops_2d: >-
    hops_to_fraud(device) over customer by device, payee_account last 2d default 9
  customer_hops_own: hops_to_fraud() over customer by device last 90d
  account_fan_in_1d: fan_in() {_OF} {_FLOW} last 1d
  payee_fan_in_1d: fan_in() of transfer.initiated over payee_account {_FLOW} last 1d
  account_fan_out_1d: fan_out() {_OF} {_FLOW} last 1d
  account_cycle: cycle_hops() {_OF} {_FLOW} last 3d default 0
  account_pass: pass_through_seconds() {_OF} {_FLOW} last 3d
  account_share: passed_share(amount) {_OF} {_FLOW} last 3d
  crowd: customer_component_size_2d + customer_degree_2d
exchange_rates:
  USD:
    2026-01-01: {{value: 7.1, reference: F}}
limits: {{hub_links: 3, linked_max: 5}}
rules:
  - id: ring
    when: account_cycle >= 2
    outcome: review
    reason: {{zh: 环, en: "{{account_cycle}} hops"}}
  - {{id: near, when: customer_hops_2d <= 2, points: 30, reason: {{zh: 近, en: near}}}}
  - {{id: passed, when: account_share > 0.9, points: 5, reason: {{zh: 过, en: on}}}}
  - {{id: crowd, when: crowd > 4, points: 1, reason: {{zh: 多, en: "{{crowd}}"}}}}
"""


def linked() -> Engine:
    return Engine(load(LINKED))


ENGINE, OTHER = linked(), linked()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events=streams(), cuts=st.lists(st.integers(0, 40), max_size=4))
def test_links_are_the_same_one_by_one_in_batches_and_restored(
    events: list[Event], cuts: list[int]
) -> None:
    expected = one_by_one(ENGINE, events, ENGINE.new_state())
    assert in_columns(ENGINE, events, ENGINE.new_state()) == expected
    assert in_handfuls(ENGINE, events, ENGINE.new_state()) == expected
    bounds = [0, *sorted(min(cut, len(events)) for cut in cuts), len(events)]
    state, found = OTHER.new_state(), []
    for number, (start, end) in enumerate(itertools.pairwise(bounds)):
        way = (one_by_one, in_columns, in_handfuls)[number % 3]
        found += way(OTHER, events[start:end], state)
        state = OTHER.restore(state.save())
    assert found == expected


def transfer(
    number: int, payer: str, payee: str, *, hours: float = 0.0, amount: int = 100
) -> Event:
    return Event(
        type="transfer.initiated",
        id=f"t{number}",
        occurred_at=MONDAY + round(hours * HOUR),
        currency="CNY",
        values={
            "customer": f"c-{payer}",
            "account": payer,
            "payee_account": payee,
            "amount": amount,
        },
    )


def test_money_that_comes_back_is_seen_where_it_closes() -> None:
    events = [transfer(0, "a", "b"), transfer(1, "b", "c", hours=1), transfer(2, "c", "a", hours=2)]
    found = one_by_one(ENGINE, events, ENGINE.new_state())
    hits = [b'"ring"' in decision and b"3 hops" in decision for decision in found]
    assert hits == [False, False, True]


def test_a_state_without_links_is_refused_and_one_with_another_hub() -> None:
    plain = engine("rules:\n  - {id: a, when: amount > 1, points: 1, reason: {zh: 一, en: a}}\n")
    with pytest.raises(IncompatibleStateError):
        ENGINE.restore(plain.new_state().save() | {"windows": ENGINE.new_state().windows.save()})
    other = Engine(load(LINKED.replace("hub_links: 3", "hub_links: 4")))
    with pytest.raises(IncompatibleStateError, match="hub_links"):
        other.restore(ENGINE.new_state().save())


def test_memory_is_shared_with_the_windows_and_nothing_is_counted_beyond() -> None:
    small = Engine(load(LINKED.replace("hub_links: 3", "memory_mb: 16")))
    state = small.new_state()
    for start in range(0, 400_000, 1000):
        events = [transfer(i, f"p{i}", f"q{i}") for i in range(start, start + 1000)]
        before = state.save()
        try:
            in_columns(small, events, state)
        except FeatureLimitError as error:
            assert "links" in error.message
            break
    assert 0 < start < 399_000
    assert state.size_bytes <= 16 * 1024**2
    roomy = linked_with_room().restore(before)
    again = linked_with_room().restore(state.save())
    probe = [transfer(10**6, "p5", "q5", hours=1), events[0]]
    assert one_by_one(linked_with_room(), probe, again) == one_by_one(
        linked_with_room(), probe, roomy
    )


def linked_with_room() -> Engine:
    return Engine(load(LINKED.replace("hub_links: 3, ", "")))


WRONG = [
    ("degree() over customer by device", "has no window"),
    ("degree() over customer last 1d", "needs what is shared"),
    ("degree(card) over customer by device last 1d", "takes no field"),
    ("degree() over customer by devise last 1d", "did you mean 'device'"),
    ("degree() over customer by amount last 1d", "only entities and words"),
    ("degree() over account by payee_account last 1d", "that is a flow"),
    ("degree() over customer by device, device last 1d", "stands twice"),
    ("degree() over customer by device last 1d delayed 1d", "`delayed` is no part"),
    ("degree() over customer by device last 1x", "last 1x"),
    ("degree() of nothing.happened over customer by device last 1d", "nothing.happened"),
    ("degree() over customer by device last 1d where is_fraud", "truth that is known later"),
    ("degree() of login.attempted over customer by payee_account last 1d", "two of"),
    ("hops_to_fraud(card) over customer by device last 1d", "no card is linked"),
    ("fan_in() over account by device last 1d", "needs a flow"),
    ("fan_in() over customer from account to payee_account last 1d", "its payer or its payee"),
    ("fan_in() over account from account to device last 1d", "not the same kind of entity"),
    ("fan_in() over account from account to account last 1d", "the same field"),
    ("passed_share() over account from account to payee_account last 1d", "needs a field of money"),
    ("passed_share(note) over account from account to payee_account last 1d", "not money"),
]


@pytest.mark.parametrize(("declaration", "message"), WRONG)
def test_what_is_wrong_with_a_declaration_is_said(declaration: str, message: str) -> None:
    with pytest.raises(FaultsError) as caught:
        load(HEAD + f"features:\n  wrong: {declaration}\n")
    assert message in " | ".join(fault.message for fault in caught.value.faults)
    assert all(fault.line == 7 for fault in caught.value.faults)


@pytest.mark.parametrize(
    "limits", ["hub_links: 1", "hub_links: many", "linked_max: 1", "hub_links: true"]
)
def test_limits_of_links_are_checked(limits: str) -> None:
    with pytest.raises(FaultsError, match="whole number"):
        load(LINKED.replace("hub_links: 3, linked_max: 5", limits))
