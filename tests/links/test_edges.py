"""Single cases: ends of windows, hubs, ties, circles, labels that come late, missing entities."""

import itertools
import math

import numpy as np
import pytest
from link_events import (
    FLOW,
    SECOND,
    START,
    advance,
    batch_of,
    paid,
    plan_of,
    shared,
    state_of,
    told,
)
from naive_links import Happening

from fengkong.core.errors import FaultsError
from fengkong.features.state import FeatureLimitError, IncompatibleStateError, ValueRangeError
from fengkong.links.declarations import InvalidLinkFeatureError, is_link_declaration
from fengkong.links.state import LinkLimits

MISSING = math.nan


def features(text: str, events: list[Happening], **limits: int) -> list[float]:
    """One feature of every event."""
    state = state_of(plan_of([text]), links=LinkLimits(**limits))
    return [advance(state, [event])[0][0] for event in events]


def equal(got: list[float], expected: list[float]) -> bool:
    return np.array_equal(np.array(got), np.array(expected), equal_nan=True)


DEVICES = "over customer by device last 10s"
SHARED = [
    pytest.param(
        f"component_size() {DEVICES}",
        [shared(0, "a", device="d"), shared(9.999999, "b", device="d")],
        [1, 2],
        id="a-microsecond-before-the-end-of-the-window",
    ),
    pytest.param(
        f"component_size() {DEVICES}",
        [shared(0, "a", device="d"), shared(10, "b", device="d")],
        [1, 1],
        id="exactly-at-the-end-of-the-window",
    ),
    pytest.param(
        f"component_size() {DEVICES}",
        [shared(0, "a", device="d"), shared(9, "a", device="d"), shared(18, "b", device="d")],
        [1, 1, 2],
        id="a-link-made-again-lives-on",
    ),
    pytest.param(
        f"component_size() {DEVICES}",
        [
            *(shared(0, "a", device="d"), shared(1, "a", device="e"), shared(2, "b", device="e")),
            *(shared(10.5, "c", device="e"), shared(11.5, "c", device="e")),
        ],
        [1, 1, 2, 3, 2],
        id="a-component-falls-apart-when-a-link-dies",
    ),
    pytest.param(
        f"degree() {DEVICES}",
        [shared(0, "a", device="d"), shared(0, "b", device="d"), shared(0, "c", device="d")],
        [0, 1, 2],
        id="at-one-instant-each-sees-those-before-it",
    ),
    pytest.param(
        "degree() over customer by device, card last 10s",
        [shared(0, "a", device="d", card="k"), shared(1, "b", device="d", card="k")],
        [0, 1],
        id="two-things-shared-are-one-neighbour",
    ),
    pytest.param(
        f"degree() {DEVICES}",
        [
            *(shared(0, "a", device="d"), shared(1, "b", device="d"), shared(1, "b", device="e")),
            *(shared(2, "c", device="e"), shared(3, "a", device="d")),
        ],
        [0, 1, 1, 1, 1],
        id="a-neighbour-of-a-neighbour-is-none",
    ),
    pytest.param(
        f"component_size() {DEVICES}",
        [shared(0, "a", device="d"), shared(1, None, device="d"), shared(2, "b")],
        [1, MISSING, 1],
        id="without-a-customer-missing-without-a-device-alone",
    ),
    pytest.param(
        "degree() over customer by device last 10s where large",
        [shared(0, "a", device="d"), shared(1, "b", device="d")],
        [0, 0],
        id="what-does-not-hold-is-no-link",
    ),
]


@pytest.mark.parametrize(("text", "events", "expected"), SHARED)
def test_sharing(text: str, events: list[Happening], expected: list[float]) -> None:
    assert equal(features(text, events), expected)


def test_a_hub_is_reached_but_nobody_walks_through_it() -> None:
    crowd = [shared(0, f"u{i}", device="school") for i in range(3)]
    known = features(f"degree() {DEVICES}", [*crowd, shared(1, "u0")], hub_links=3)
    assert known[-1] == 2, "as many links as a hub may have are still walked"
    crowd.append(shared(0, "u3", device="school"))
    known = features(f"degree() {DEVICES}", [*crowd, shared(1, "u0")], hub_links=3)
    assert known == [0, 1, 2, 0, 0]
    later = [shared(9, "u0", device="school"), shared(10.5, "u1", device="home")]
    known = features(f"degree() {DEVICES}", [*crowd, *later, shared(10.6, "u0")], hub_links=3)
    assert known[-1] == 0, "the others' links have died, so it is a hub no longer"


def test_a_marked_hub_still_tells() -> None:
    crowd = [shared(0, f"u{i}", device="school") for i in range(6)]
    events = [*crowd, told(1, device="school"), shared(2, "u0", device="school")]
    assert features(f"hops_to_fraud(device) {DEVICES}", events, hub_links=3)[-1] == 1


def test_nobody_hides_by_having_too_many_links() -> None:
    own = [shared(0, "a", device=f"d{i}") for i in range(9)]
    events = [shared(0, "b", device="d8"), shared(0, "c", device="d0"), *own]
    assert features(f"degree() {DEVICES}", events, hub_links=3)[-1] == 1, "the newest three"
    assert features(f"degree() {DEVICES}", events, hub_links=32)[-1] == 2


def test_a_walk_ends_at_the_limit() -> None:
    chain = [shared(0, f"u{i // 2}", device=f"d{(i + 1) // 2}") for i in range(40)]
    sizes = features(f"component_size() {DEVICES}", chain, linked_max=7)
    assert max(sizes) == 7
    assert features(f"component_size() {DEVICES}", chain, linked_max=100)[-1] == 20


CHAIN = [
    *(shared(0, "a", device="d1"), shared(1, "b", device="d1"), shared(1, "b", device="d2")),
    *(shared(2, "c", device="d2"), shared(2, "c", device="d3"), shared(2, "x", device="d3")),
]
HOPS = [
    pytest.param("hops_to_fraud()", told(3, customer="a"), 0, id="itself"),
    pytest.param("hops_to_fraud(device)", told(3, device="d1"), 1, id="what-it-uses"),
    pytest.param("hops_to_fraud()", told(3, customer="b"), 2, id="who-shares-it"),
    pytest.param("hops_to_fraud(device)", told(3, device="d2"), 3, id="what-that-one-uses"),
    pytest.param("hops_to_fraud()", told(3, customer="c"), 4, id="four-links"),
    pytest.param("hops_to_fraud(device)", told(3, device="d3"), MISSING, id="five-are-too-many"),
    pytest.param("hops_to_fraud()", told(3, customer="x"), MISSING, id="six"),
    pytest.param("hops_to_fraud()", told(3, is_fraud=False, customer="b"), MISSING, id="cleared"),
    pytest.param("hops_to_fraud(device)", told(3, customer="b"), MISSING, id="another-field"),
]


@pytest.mark.parametrize(("measure", "label", "expected"), HOPS)
def test_distance_to_fraud(measure: str, label: Happening, expected: float) -> None:
    text = f"{measure} {DEVICES}"
    before = features(text, [*CHAIN, shared(3, "a")])[-1]
    assert math.isnan(before), "nobody knows before the label comes"
    assert equal(features(text, [*CHAIN, label, shared(4, "a")])[-1:], [expected])


def test_a_mark_grows_old_and_a_default_stands_in() -> None:
    events = [told(0, customer="a"), shared(9.9, "a"), shared(10, "a"), shared(10, None)]
    assert equal(features(f"hops_to_fraud() {DEVICES}", events)[1:], [0, MISSING, MISSING])
    assert equal(features(f"hops_to_fraud() {DEVICES} default 9", events)[1:], [0, 9, MISSING])


def test_a_label_of_someone_not_yet_seen_waits_for_him() -> None:
    events = [told(0, device="d"), shared(5, "a", device="d")]
    assert features(f"hops_to_fraud(device) {DEVICES}", events)[-1] == 1


def circle(*accounts: str, step: float = 1) -> list[Happening]:
    pairs = itertools.pairwise(accounts)
    return [paid(step * i, payer, payee) for i, (payer, payee) in enumerate(pairs)]


CYCLE = f"cycle_hops() over account {FLOW} last 10s default 0"
CIRCLES = [
    pytest.param(circle("a", "b", "a"), 2, id="there-and-back"),
    pytest.param(circle("a", "b", "c", "a"), 3, id="three-hops"),
    pytest.param(circle("a", "b", "c", "d", "a"), 4, id="four-hops"),
    pytest.param(circle("a", "b", "c", "d", "e", "a"), 0, id="five-are-too-many"),
    pytest.param(circle("a", "a"), 0, id="to-oneself"),
    pytest.param([paid(0, "b", "c"), paid(1, "a", "b"), paid(2, "c", "a")], 0, id="wrong-order"),
    pytest.param(circle("a", "b", "c", "a", step=0), 3, id="one-instant-in-order-of-arrival"),
    pytest.param([paid(0, "a", "b"), paid(10, "b", "a")], 0, id="the-first-hop-has-left"),
    pytest.param([paid(0, "a", "b"), paid(9.99, "b", "a")], 2, id="the-first-hop-is-still-in"),
    pytest.param(
        [paid(0, "a", "b"), paid(1, "b", "c"), paid(2, "c", "a"), paid(3, "a", "b")],
        3,
        id="each-hop-closes-a-circle-of-its-own",
    ),
    pytest.param([*circle("a", "b", "c", "a"), paid(3, "c", "a")], 3, id="twice-the-last-hop"),
    pytest.param([paid(0, "a", "b"), paid(1, "b", None)], MISSING, id="to-the-outside"),
    pytest.param(
        [paid(0, "a", "b"), paid(1, "b", "c"), paid(2, "c", "b"), paid(3, "b", "d"),
         paid(4, "d", "a")],
        3,
        id="no-account-twice-the-shorter-way-counts",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("events", "expected"), CIRCLES)
def test_circles(events: list[Happening], expected: float) -> None:
    assert equal(features(CYCLE, events)[-1:], [expected])
    over_payee = CYCLE.replace("over account", "over payee_account")
    assert equal(features(over_payee, events)[-1:], [expected])


def test_a_circle_does_not_go_through_a_hub() -> None:
    busy = [paid(0.5, f"u{i}", "b") for i in range(4)]
    around = circle("a", "b", "c", "a")
    assert features(CYCLE, [around[0], *busy, *around[1:]], hub_links=3)[-1] == 0
    assert features(CYCLE, [around[0], *busy, *around[1:]], hub_links=6)[-1] == 3


FLOWS = [
    pytest.param(
        "fan_in()",
        "account",
        [paid(0, "x", "a"), paid(1, "y", "a"), paid(2, "y", "a"), paid(3, "a", "z")],
        2,
        id="from-two",
    ),
    pytest.param(
        "fan_in()", "payee_account", [paid(0, "x", "a"), paid(10, "y", "a")], 1, id="one-has-left"
    ),
    pytest.param(
        "fan_out()",
        "account",
        [paid(0, "a", "x"), paid(1, "a", "x"), paid(2, "a", "a"), paid(3, "a", "y")],
        2,
        id="to-two-and-not-oneself",
    ),
    pytest.param("fan_out()", "payee_account", [paid(0, "a", "b")], 0, id="b-has-paid-nobody"),
    pytest.param("fan_in()", "account", [paid(0, None, "a")], MISSING, id="no-payer"),
    pytest.param(
        "pass_through_seconds()", "account", [paid(0, "x", "a"), paid(7, "a", "y")], 7, id="seven"
    ),
    pytest.param(
        "pass_through_seconds()",
        "account",
        [paid(0, "x", "a"), paid(7, "a", None)],
        7,
        id="to-the-outside",
    ),
    pytest.param(
        "pass_through_seconds()",
        "account",
        [paid(0, "x", "a"), paid(10, "a", "y")],
        MISSING,
        id="the-money-came-in-before-the-window",
    ),
    pytest.param(
        "pass_through_seconds()", "account", [paid(0, "a", "y")], MISSING, id="nothing-came-in"
    ),
    pytest.param(
        "passed_share(amount)",
        "account",
        [paid(0, "x", "a", 200), paid(1, "a", "y", 150)],
        0.75,
        id="three-quarters",
    ),
    pytest.param(
        "passed_share(amount)",
        "account",
        [paid(0, "a", "y", 150), paid(1, "x", "a", 200), paid(2, "a", "y", 50)],
        0.25,
        id="what-left-before-is-not-passed-on",
    ),
    pytest.param(
        "passed_share(amount)",
        "account",
        [paid(0, "x", "a", 200), paid(1, "a", "y", 500)],
        1,
        id="own-money-beside-it",
    ),
    pytest.param(
        "passed_share(amount)", "account", [paid(0, "a", "y", 5)], MISSING, id="none-came-in"
    ),
]


@pytest.mark.parametrize(("measure", "over", "events", "expected"), FLOWS)
def test_flows(measure: str, over: str, events: list[Happening], expected: float) -> None:
    assert equal(features(f"{measure} over {over} {FLOW} last 10s", events)[-1:], [expected])


def test_a_fan_is_never_wider_than_a_hub() -> None:
    events = [paid(0, f"u{i}", "a") for i in range(9)]
    text = f"fan_in() over payee_account {FLOW} last 10s"
    assert features(text, events, hub_links=4) == [1, 2, 3, 4, 4, 4, 4, 4, 4]


def test_a_late_event_is_moved_and_one_too_late_only_reads() -> None:
    state = state_of(plan_of([f"degree() {DEVICES}"]), late_after=5 * SECOND)
    assert advance(state, [shared(0, "a", device="d"), shared(20, "b", device="d")])[-1] == [0]
    # Three seconds late: counted at its own time, and b has reached a later one already.
    assert advance(state, [shared(17, "c", device="d")]) == [[1]]
    assert advance(state, [shared(14, "e", device="d")]) == [[0]], "read, and not linked"
    assert advance(state, [shared(21, "b", device="d")]) == [[1]]


def test_an_amount_too_large_is_refused_before_anything_is_counted() -> None:
    plan = plan_of([f"passed_share(amount) over account {FLOW} last 10s"])
    state = state_of(plan)
    with pytest.raises(ValueRangeError, match="amount of event 1"):
        advance(state, [paid(0, "x", "a"), paid(1, "a", "y", 2**53)])
    assert equal(advance(state, [paid(1, "a", "y")])[0], [MISSING])


def test_what_has_no_room_is_not_counted() -> None:
    plan = plan_of([f"component_size() {DEVICES}", f"fan_in() over account {FLOW} last 60s"])
    state = state_of(plan, memory_bytes=200_000)
    events = [
        Happening(START + i, "transfer.made", {
            "customer": f"c{i}", "device": f"d{i // 2}", "account": f"a{i}", "payee_account": "a0",
        })
        for i in range(6000)
    ]  # fmt: skip
    roomy = state_of(plan)
    for position in range(0, 6000, 50):
        expected = advance(roomy, events[position : position + 50])
        try:
            got = advance(state, events[position : position + 50])
        except FeatureLimitError as error:
            assert "f1 (1m)" in error.message
            break
        assert got == expected
    assert 0 < position < 5900
    assert state.size_bytes <= 200_000
    again = state_of(plan)
    again.restore(state.save())
    assert advance(again, events[position : position + 50]) == expected


def test_a_state_of_other_features_is_refused() -> None:
    one, other = plan_of([f"degree() {DEVICES}"]), plan_of([f"component_size() {DEVICES}"])
    with pytest.raises(IncompatibleStateError):
        state_of(other).restore(state_of(one).save())


def test_features_share_what_is_equal() -> None:
    plan = plan_of(
        [
            f"degree() {DEVICES}",
            f"component_size() {DEVICES}",
            "degree() over customer by device last 60s",
            f"fan_in() over account {FLOW} last 10s",
            f"cycle_hops() over account {FLOW} last 10s",
        ]
    )
    batch = batch_of(plan, [shared(0, "a", device="d")])
    assert batch.nodes(0).shape == (4,), "two graphs with two roles each"
    assert plan.rows[1, :4].tolist() == [2, 4, 2, 2], "graphs, roles, walks, reads"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("degree() over customer by device last 1d", True),
        ("fan_in() of transfer.made over account", True),
        ("count() over customer", False),
        ("degree + 1", False),
        ("degree() * 2", False),
    ],
)
def test_a_declaration_is_known_by_its_measure(text: str, is_one: bool) -> None:
    assert is_link_declaration(text) is is_one


def test_faults_name_the_feature() -> None:
    with pytest.raises(InvalidLinkFeatureError) as caught:
        plan_of([f"degree() {DEVICES}", "degree() over customer last 1d"])
    assert caught.value.path == "$.features.f1"
    with pytest.raises(FaultsError, match="unknown field"):
        plan_of(["degree() over customer by gadget last 1d"])
