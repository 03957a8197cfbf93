"""What the engine decides, case by case."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policies import DAY, HOUR, SECOND, broad, engine, event, load

from fengkong.core.errors import RiskError
from fengkong.decisions.decision import Decision
from fengkong.decisions.engine import Engine
from fengkong.decisions.state import State
from fengkong.events.event import Event
from fengkong.features.state import IncompatibleStateError

REASON = "reason: {zh: 一, en: one}"


def decide(chosen: Engine, *events: Event, state: State | None = None) -> Decision:
    """The decision about the last event."""
    state = state or chosen.new_state()
    decisions = [chosen.decide(one, state) for one in events]
    last = decisions[-1]
    assert last is not None
    return last


def hits(decision: Decision) -> list[str]:
    return [hit.rule for hit in decision.hits]


def rules(*lines: str) -> str:
    return "rules:\n" + "".join(f"  - {{{line}, {REASON}}}\n" for line in lines)


# -- outcomes --------------------------------------------------------------------------------


def test_without_a_hit_the_weakest_outcome() -> None:
    decision = decide(engine(rules("id: a, when: amount > 5, outcome: deny")), event(amount=500))
    assert (decision.outcome, decision.points, decision.hits) == ("allow", 0.0, ())


def test_the_strongest_outcome_wins_whatever_the_order_of_rules() -> None:
    lines = [
        "id: a, when: amount > 1, outcome: challenge",
        "id: b, when: amount > 1, outcome: deny",
        "id: c, when: amount > 1, outcome: review",
    ]
    for turned in (lines, lines[::-1]):
        assert decide(engine(rules(*turned)), event(amount=500)).outcome == "deny"


def test_the_policy_says_what_is_strongest() -> None:
    body = rules(
        "id: a, when: amount > 1, outcome: challenge", "id: b, when: amount > 1, outcome: review"
    )
    order = "outcomes: {order: [challenge, review, allow]}\n"
    assert decide(engine(body), event(amount=500)).outcome == "review"
    assert decide(engine(body + order), event(amount=500)).outcome == "challenge"


@pytest.mark.parametrize(
    ("amount", "outcome"),
    [(29_00, "allow"), (30_00, "challenge"), (59_99, "challenge"), (60_00, "review")],
)
def test_points_reach_an_outcome_from_their_threshold(amount: int, outcome: str) -> None:
    body = rules(
        "id: a, when: amount >= 30, points: 30",
        "id: b, when: amount >= 60, points: 30",
        "id: c, when: amount >= 60, points: -0.5",
        "id: d, when: amount >= 60, points: 0.5",
    )
    decision = decide(
        engine(body + "outcomes: {points: {review: 60, challenge: 30}}\n"), event(amount=amount)
    )
    assert decision.outcome == outcome


# -- unknown ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy_says", "rule_says", "outcome"),
    [
        ("record", None, "allow"),
        ("review", None, "review"),
        ("review", "record", "allow"),
        ("record", "deny", "deny"),
        ("review", "challenge", "challenge"),
    ],
)
def test_what_an_unknown_rule_does(policy_says: str, rule_says: str | None, outcome: str) -> None:
    own = "" if rule_says is None else f", unknown: {rule_says}"
    body = rules(f'id: a, when: city == "x" and amount > 1, outcome: delay{own}')
    chosen = engine(body)
    text = "policy: tested\nversion: 1\ntitle: {zh: 测, en: T}\nevents: [payment.initiated]\n"
    chosen = Engine(load(f"{text}unknown: {policy_says}\n{body}"))
    decision = decide(chosen, event(amount=500))
    assert decision.outcome == outcome
    assert [(one.rule, one.missing) for one in decision.unknowns] == [("a", ("city",))]
    assert decide(chosen, event(amount=50)).unknowns == ()


def test_what_is_missing_is_named() -> None:
    body = "features:\n  d: distinct(card) over device last 1d\n  e: d * 2\n" + rules(
        "id: a, when: e > 4 or city == country, outcome: review"
    )
    decision = decide(engine(body), event(amount=500, city="x"))
    assert decision.unknowns[0].missing == ("country", "e")
    assert decision.features == {"d": None, "e": None}


# -- lists -----------------------------------------------------------------------------------

LISTS = "lists: {bad: {of: device}}\n" + rules("id: a, when: device in bad, outcome: deny")


def change(operation: str, *, at: int = 0, name: str = "bad", **values: object) -> Event:
    return event(
        "list.changed",
        at=at,
        list=name,
        operation=operation,
        value="d1",
        reason="r",
        author="a",
        **values,
    )


def pay(*, at: int = 0, device: str = "d1", **values: object) -> Event:
    return event(at=at, amount=500, device=device, **values)


def test_a_list_changes_in_mid_stream() -> None:
    chosen = engine(LISTS)
    state = chosen.new_state()
    assert chosen.decide(change("add", at=HOUR), state) is None
    assert decide(chosen, pay(at=2 * HOUR), state=state).outcome == "deny"
    assert decide(chosen, pay(at=2 * HOUR, device="d2"), state=state).outcome == "allow"
    assert decide(chosen, pay(at=HOUR - 1), state=state).outcome == "allow", "as it was then"
    chosen.decide(change("remove", at=3 * HOUR), state)
    assert decide(chosen, pay(at=3 * HOUR), state=state).outcome == "allow"
    assert decide(chosen, pay(at=2 * HOUR), state=state).outcome == "deny", "as it was then"


def test_an_entry_starts_and_expires() -> None:
    chosen = engine(LISTS)
    state = chosen.new_state()
    start = pay(at=HOUR).occurred_at
    chosen.decide(change("add", starts_at=start, expires_at=start + HOUR), state)
    outcomes = [
        decide(chosen, pay(at=at), state=state).outcome
        for at in (HOUR - 1, HOUR, 2 * HOUR - 1, 2 * HOUR)
    ]
    assert outcomes == ["allow", "deny", "deny", "allow"]


def test_a_list_of_another_policy_is_ignored() -> None:
    chosen = engine(LISTS)
    state = chosen.new_state()
    assert chosen.decide(change("add", name="other"), state) is None
    assert decide(chosen, pay(), state=state).outcome == "allow"


def test_the_observation_names_the_list() -> None:
    decision = decide(engine(LISTS), change("add"), pay())
    (seen,) = decision.hits[0].observed
    assert (seen.name, seen.value, seen.operator, seen.limit_source) == (
        "device",
        "d1",
        "in",
        "bad",
    )


# -- parameters, money -----------------------------------------------------------------------

DATED = """parameters:
  limits.amount:
    kind: money
    2026-11-02: {value: 100, reference: a}
    2026-11-03: {value: 50.5, reference: b}
""" + rules("id: a, when: amount > limits.amount, outcome: review")


def test_a_parameter_changes_at_midnight_of_the_policy() -> None:
    chosen = engine(DATED)
    state = chosen.new_state()
    midnight = 14 * HOUR  # 2026-11-03T00:00 in Shanghai
    before = decide(chosen, event(at=midnight - 1, amount=60_00), state=state)
    after = decide(chosen, event(at=midnight, amount=60_00), state=state)
    again = decide(chosen, event(at=midnight - 1, amount=60_00), state=state)
    assert [one.outcome for one in (before, after, again)] == ["allow", "review", "allow"]
    (seen,) = after.hits[0].observed
    assert (seen.value, seen.operator, seen.limit, seen.limit_source) == (
        60.0,
        ">",
        50.5,
        "limits.amount",
    )
    assert decide(chosen, event(at=-DAY, amount=60_00), state=state).unknowns[0].rule == "a"


RATES = """currency: CNY
features:
  s: sum(amount) over card last 1d
exchange_rates:
  USD: {2026-11-02: {value: 7.1, reference: a}, 2026-11-03: {value: 7.3, reference: a}}
  JPY: {2026-01-01: {value: 0.05, reference: a}}
""" + rules("id: a, when: amount >= 71, outcome: review")


@pytest.mark.parametrize(
    ("currency", "minor", "at", "cny"),
    [
        ("CNY", 71_00, 0, 71.0),
        ("USD", 10_00, 0, 71.0),
        ("USD", 9_99, 0, 70.93),
        ("USD", 10_00, DAY, 73.0),
        ("JPY", 1420, 0, 71.0),
        ("USD", 10_00, -DAY, None),
        ("EUR", 10_00, 0, None),
    ],
)
def test_foreign_money(currency: str, minor: int, at: int, cny: float | None) -> None:
    decision = decide(engine(RATES), event(at=at, currency=currency, amount=minor, card="k"))
    assert decision.features["s"] == (cny or 0.0)
    assert [one.rule for one in decision.unknowns] == ([] if cny is not None else ["a"])
    assert decision.outcome == ("review" if cny is not None and cny >= 71 else "allow")


# -- features --------------------------------------------------------------------------------


def test_a_where_condition_counts_only_what_it_says() -> None:
    body = """features:
  large: count() over card last 1d where amount >= 10 and channel == "app"
""" + rules("id: a, when: large > 1, points: 1")
    chosen = engine(body)
    state = chosen.new_state()
    stream = [(1000, "app"), (999, "app"), (1000, "web"), (1000, None), (1000, "app")]
    seen = [
        decide(
            chosen,
            event(amount=amount, card="k", **({"channel": channel} if channel else {})),
            state=state,
        ).features["large"]
        for amount, channel in stream
    ]
    assert seen == [1, 1, 1, 1, 2]


def test_labels_arrive_as_events() -> None:
    body = """features:
  frauds: count() of label.confirmed over device last 30d where is_fraud
""" + rules("id: a, when: frauds > 0, outcome: review")
    chosen = engine(body)
    state = chosen.new_state()
    assert decide(chosen, pay(), state=state).outcome == "allow"
    assert chosen.decide(event("label.confirmed", device="d1", is_fraud=False), state) is None
    assert decide(chosen, pay(), state=state).outcome == "allow"
    assert chosen.decide(event("label.confirmed", device="d1", is_fraud=True), state) is None
    assert decide(chosen, pay(), state=state).outcome == "review"


def test_keys_of_several_fields() -> None:
    body = """features:
  pair: count() over (card, device) last 1d
""" + rules("id: a, when: pair > 9, points: 1")
    chosen = engine(body)
    state = chosen.new_state()
    stream = [("k", "d"), ("k", "e"), ("d", "k"), ("k", "d"), ("kd", "")]
    seen = [
        decide(chosen, event(amount=1, card=card, device=device), state=state).features["pair"]
        for card, device in stream
    ]
    assert seen == [1, 1, 1, 2, 1]
    assert decide(chosen, event(amount=1, card="k"), state=state).features["pair"] is None


def test_the_last_city_and_where_it_was() -> None:
    body = """features:
  before: last(city) over customer excluding current
  first: first(city) over customer
  km: distance(place) over customer
  kmh: speed(place) over customer
rules:
  - id: a
    when: city != before and kmh > 900
    outcome: review
    reason: {zh: "从{before}到{city}", en: "From {before} to {city}"}
"""
    chosen = engine(body)
    state = chosen.new_state()
    shanghai = {"city": "上海市", "place": (31.23, 121.47), "customer": "c"}
    beijing = {"city": "北京市", "place": (39.9, 116.4), "customer": "c"}
    first = decide(chosen, event(amount=1, **shanghai), state=state)
    assert (first.features["before"], first.features["first"]) == (None, "上海市")
    second = decide(chosen, event(at=HOUR, amount=1, **beijing), state=state)
    assert second.features["before"] == "上海市"
    assert second.features["km"] == pytest.approx(1068, abs=3)
    assert second.features["kmh"] == pytest.approx(1068, abs=3)
    assert second.reasons.zh == "从上海市到北京市"
    assert second.reasons.en == "From 上海市 to 北京市"


def test_a_late_event_says_so() -> None:
    body = "late_after: 1h\nfeatures:\n  n: count() over card last 1d\n" + rules(
        "id: a, when: n > 9, points: 1"
    )
    chosen = engine(body)
    state = chosen.new_state()
    late = [
        decide(chosen, event(at=at, amount=1, card="k"), state=state).late
        for at in (2 * HOUR, HOUR, HOUR - 1, 2 * HOUR)
    ]
    assert late == [False, False, True, False]


def test_derived_features_tables_and_scorecards_meet_in_rules() -> None:
    body = """features:
  n: count() over card last 1d
  s: sum(amount) over card last 1d
  mean: ratio(s, n)
  big: mean > 50
scorecards:
  - id: risk
    base: 10
    characteristics:
      - id: n
        bins: [{range: "< 2", points: 1}, {range: ">= 2", points: 5}, {range: missing, points: 0}]
tables:
  - id: t
    hit: first
    inputs: [big, channel]
    rows:
      - id: web
        when: {big: true, channel: '"web"'}
        outcome: deny
        points: 2
        reason: {zh: 网, en: Web}
""" + rules("id: a, when: big and risk > 11, outcome: review, points: 1")
    chosen = engine(body)
    state = chosen.new_state()
    decide(chosen, event(amount=60_00, card="k", channel="app"), state=state)
    decision = decide(chosen, event(amount=80_00, card="k", channel="web"), state=state)
    assert decision.features == {"n": 2, "s": 140.0, "mean": 70.0, "big": True}
    assert hits(decision) == ["a", "t.web"]
    assert (decision.outcome, decision.points) == ("deny", 3.0)
    assert decision.reasons.en == "one; Web"


def test_a_boolean_may_be_part_of_a_key_and_of_a_rule() -> None:
    body = """features:
  n: count() over (customer, emulator) last 1d
rules:
  - id: a
    when: emulator and n > 1
    outcome: review
    reason: {zh: "{emulator}", en: "{emulator}"}
"""
    chosen = engine(body)
    state = chosen.new_state()
    decide(chosen, event(amount=1, customer="c", emulator=False), state=state)
    decide(chosen, event(amount=1, customer="c", emulator=True), state=state)
    decision = decide(chosen, event(amount=1, customer="c", emulator=True), state=state)
    assert decision.reasons == type(decision.reasons)("是", "yes")


# -- the whole -------------------------------------------------------------------------------


def test_an_event_that_the_policy_does_not_know_changes_nothing() -> None:
    chosen = engine(
        "features:\n  n: count() over card last 1d\n" + rules("id: a, when: n > 9, points: 1")
    )
    state = chosen.new_state()
    before = state.save()["windows"]
    assert chosen.decide(event("login.attempted", customer="c", succeeded=True), state) is None
    after = state.save()["windows"]
    assert all((before[name] == after[name]).all() for name in before)


def test_two_runs_give_the_same_bytes() -> None:
    chosen = Engine(broad())
    events = [
        event(at=n * SECOND, amount=n * 100, card="k", customer=f"c{n % 3}") for n in range(50)
    ]

    def run(chosen: Engine) -> list[bytes]:
        state = chosen.new_state()
        return [decide(chosen, one, state=state).to_json() for one in events]

    assert run(chosen) == run(chosen) == run(Engine(broad()))


def test_a_state_of_other_features_is_refused_and_lists_follow_the_policy() -> None:
    old = engine("features:\n  n: count() over card last 1d\n" + LISTS)
    state = old.new_state()
    old.decide(change("add"), state)
    saved = state.save()
    other = engine("features:\n  n: count() over card last 2d\n" + LISTS)
    with pytest.raises(IncompatibleStateError):
        other.restore(saved)
    lists = "lists: {bad: {of: device}, worse: {of: device}}\n"
    more = engine(
        "features:\n  n: count() over card last 1d\n"
        + lists
        + rules("id: a, when: device in bad and device not in worse, outcome: deny")
    )
    assert decide(more, pay(), state=more.restore(saved)).outcome == "deny"


def test_a_list_change_that_cannot_be_is_refused() -> None:
    chosen = engine(LISTS)
    expired = pay(at=-HOUR).occurred_at
    with pytest.raises(RiskError):
        chosen.decide(change("add", expires_at=expired), chosen.new_state())


@settings(max_examples=60, deadline=None)
@given(
    gaps=st.lists(st.integers(0, 40 * 60), min_size=1, max_size=30),
    more=st.integers(0, 30),
)
def test_one_more_payment_never_looks_safer(gaps: list[int], more: int) -> None:
    body = "features:\n  n: count() over card last 1h\n" + rules(
        "id: a, when: n > 2, points: 10", "id: b, when: n > 4, points: 20"
    )
    chosen = VELOCITY.setdefault("engine", engine(body))
    times = [sum(gaps[: i + 1]) * SECOND for i in range(len(gaps))]
    one_more = sorted([*times, times[min(more, len(times) - 1)]])
    few, many = chosen.new_state(), chosen.new_state()
    last_few = last_many = None
    for at in times:
        last_few = chosen.decide(event(at=at, amount=1, card="k"), few)
    for at in one_more:
        last_many = chosen.decide(event(at=at, amount=1, card="k"), many)
    assert last_few is not None
    assert last_many is not None
    assert last_many.points >= last_few.points


VELOCITY: dict[str, Engine] = {}
