"""Explanations: what was seen, what decided, what is masked, in both languages."""

import json
from typing import get_args

import pytest
from samples import (
    DAY,
    HOUR,
    MINUTE,
    SIMPLE,
    batches,
    blocked,
    label,
    load,
    payment,
    simple,
    simulated,
)

from fengkong.core.bilingual import Language
from fengkong.decisions.decision import BilingualText
from fengkong.decisions.engine import Engine
from fengkong.evaluation.declared import declaration
from fengkong.evaluation.explained import Explanation
from fengkong.evaluation.explanation import NotDecidedError, UnknownEventError, explain
from fengkong.evaluation.masking import Masking, masked_text, masked_value
from fengkong.evaluation.paths import Names
from fengkong.evaluation.trace import OUTCOME_WORDS, WORDS, Tone, trace_lines
from fengkong.events.event import Event
from fengkong.features.declarations import parse_feature

HISTORY = [
    payment("p1", city="杭州市"),
    payment("p2", at=MINUTE, city="上海市"),
    payment("p3", at=2 * MINUTE, amount=1500_00, card="6222020000001234"),
    blocked("d1", at=3 * MINUTE),
    payment("p4", at=2 * HOUR, device="d1"),
    payment("p5", at=3 * HOUR, device="d2", channel="web"),
    label("p3", at=DAY),
]


def explained(name: str, **options: object) -> Explanation:
    """The explanation of an event of the history."""
    return explain(simple(), batches(HISTORY, rows=2), name, **options)


def text_of(explanation: Explanation, language: Language = "en") -> str:
    """The whole trace."""
    return "\n".join(map(str, trace_lines(explanation, language=language)))


def test_a_decision_taken_apart() -> None:
    told = explained("p3")
    assert (told.outcome, told.points, told.late) == ("review", 71.0, False)
    assert told.events_before == 2
    assert told.local_time == "2026-11-02 10:02:00"
    assert [(rule.rule, rule.verdict) for rule in told.rules] == [
        ("amount.large", "hit"),
        ("velocity", "hit"),
        ("device.blocked", "unknown"),
        ("channel.app", "hit"),
    ]
    large, velocity, blocked_, _ = told.rules
    (seen,) = large.observed
    assert (seen.name, seen.operator, seen.value, seen.limit) == ("amount", ">", 1500.0, 1000.0)
    reference = BilingualText(zh="FRAUD-1", en="FRAUD-1")
    assert (seen.limit_source, seen.reference) == ("limits.amount", reference)
    assert large.techniques == ("F1001",)
    assert large.reason.en == "1,500.00 above 1,000.00"
    assert velocity.observed[0].value == 3.0
    assert blocked_.missing == ("device",)
    assert told.reasons.zh == "金额 1,500.00 超过 1,000.00；一小时 3 笔；手机端"


@pytest.mark.parametrize(
    ("name", "outcome", "causes"),
    [
        ("p1", "allow", [("nothing", None)]),
        ("p3", "review", [("hit", "amount.large")]),
        ("p4", "deny", [("hit", "device.blocked")]),
        ("p5", "allow", [("nothing", None)]),
    ],
)
def test_what_decided(name: str, outcome: str, causes: list[tuple[str, str | None]]) -> None:
    told = explained(name)
    assert told.outcome == outcome
    assert [(cause.kind, cause.rule) for cause in told.causes] == causes


@pytest.mark.parametrize(
    ("points", "outcome", "kind"),
    [("39", "allow", "nothing"), ("40", "challenge", "points"), ("41", "challenge", "points")],
)
def test_points_decide_from_the_threshold_on(points: str, outcome: str, kind: str) -> None:
    policy = load(SIMPLE.replace("points: 40", f"points: {points}"))
    history = [payment(f"p{i}", at=i * MINUTE) for i in range(3)]
    told = explain(policy, batches(history), "p2")
    assert (told.outcome, told.causes[0].kind) == (outcome, kind)
    if kind == "points":
        assert told.causes[0].threshold == 41
        assert told.causes[0].text.en == f"{int(points) + 1} points, 41 needed"


def test_an_unknown_rule_can_decide() -> None:
    event = Event(
        type="payment.initiated",
        id="p0",
        occurred_at=payment("x").occurred_at,
        currency="CNY",
        values={"amount": 100, "customer": "c1"},
    )
    told = explain(simple(), batches([event]), "p0")
    assert told.outcome == "challenge"
    assert [(cause.kind, cause.rule) for cause in told.causes] == [("unknown", "channel.app")]
    assert "channel.app → challenge" in text_of(told)
    assert "missing: channel" in text_of(told)
    assert "device.blocked → only recorded" in text_of(told)


def test_a_parameter_before_its_first_date_is_what_is_missing() -> None:
    policy = load(SIMPLE.replace("2026-01-01", "2030-01-01"))
    told = explain(policy, batches([payment("p1")]), "p1")
    large = told.rules[0]
    assert (large.verdict, large.missing) == ("unknown", ("limits.amount",))


def test_features_are_shown_as_declared() -> None:
    values = {value.name: value for value in explained("p3").values}
    assert values["customer_payment_count_1h"].declared == "count() over customer last 1h"
    assert values["customer_amount_mean_1d"].value == pytest.approx(1700 / 3)
    assert values["amount_ratio"].declared == "ratio(amount, customer_amount_mean_1d)"
    assert values["amount_ratio"].origin == "derived"
    assert values["customer_city_last"].value == "上海市"


@pytest.mark.parametrize(
    "text",
    [
        "count() over card last 1h",
        "sum(amount) over (card, merchant) last 90d delayed 7d",
        "mean(is_fraud) of label.confirmed, payment.initiated over merchant last 30d",
        "distinct(card) over device last 7d excluding current",
        "seen_before(device) over customer last 30d",
        "since_previous() over customer",
        "max(amount) over customer last 45s default 0 where amount > 10 and channel == 'app'",
        "min(amount) over customer default -1.5",
    ],
)
def test_a_declaration_reads_back_as_the_same_feature(text: str) -> None:
    feature = parse_feature(text, name="f")
    again = declaration(feature, policy=simple())
    assert parse_feature(again, name="f") == feature
    assert again == text


def test_the_explanation_is_of_the_decision_that_was_made() -> None:
    events, _ = simulated()
    part = events[:300]
    engine = Engine(simple())
    state = engine.new_state()
    decisions = [d for d in (engine.decide(event, state) for event in part) if d is not None]
    assert len(decisions) > 10
    for decision in decisions[:: len(decisions) // 8]:
        told = explain(simple(), batches(part, rows=50), decision.event_id)
        assert (told.outcome, told.points) == (decision.outcome, decision.points)
        assert told.reasons == decision.reasons
        hits = [rule.rule for rule in told.rules if rule.verdict == "hit"]
        assert hits == [hit.rule for hit in decision.hits]
        unknowns = {r.rule: r.missing for r in told.rules if r.verdict == "unknown"}
        assert unknowns == {one.rule: one.missing for one in decision.unknowns}
        values = {value.name: value.value for value in told.values}
        assert {name: values[name] for name in decision.features} == decision.features


def test_events_that_cannot_be_explained() -> None:
    with pytest.raises(UnknownEventError, match="among 7 events"):
        explained("nobody")
    with pytest.raises(NotDecidedError, match=r"label\.confirmed"):
        explained(HISTORY[-1].id)


def test_nothing_after_the_event_is_read() -> None:
    def history():
        yield from batches(HISTORY[:3])
        raise AssertionError("read too far")

    assert explain(simple(), history(), "p3").outcome == "review"


# -- masking -------------------------------------------------------------------------------------

PRIVATE = """\
policy: private
version: 1
title: {zh: 隐私, en: Private}
events: [loan.applied]
unknown: record
features:
  customer_phone_last: last(phone) over customer
  customer_phone_distinct_1d: distinct(phone) over customer last 1d
  phone_word: '"none" if is_missing(customer_phone_last) else customer_phone_last'
rules:
  - id: phone.odd
    when: starts_with(lower(phone), "139") or phone != customer_phone_last
    outcome: review
    reason: {zh: "{phone} 与 {phone_word}", en: "{phone}, then {phone_word}, {loan_amount}"}
  - id: name.odd
    when: full_name in ["王小明", "x"] and stated_income > 1000 and gender == "female"
    outcome: challenge
    reason: {zh: "{full_name}", en: "{full_name} {gender} earns {stated_income}"}
"""
SECRETS = {
    "phone": "13912345678",
    "full_name": "王小明",
    "gender": "female",
    "id_number": "110101199001011234",
    "email": "someone@example.com",
}


def application(masking: Masking) -> Explanation:
    """A loan application full of personal data, explained."""
    values = {"customer": "customer-17", "loan_amount": 5_000_00, "stated_income": 8_765_00}
    event = Event(
        type="loan.applied",
        id="a1",
        occurred_at=payment("x").occurred_at,
        currency="CNY",
        values={**values, **SECRETS, "home_place": (30.123456, 120.654321)},
    )
    return explain(load(PRIVATE), batches([event]), "a1", masking=masking)


def told_everywhere(told: Explanation) -> str:
    """Everything that an explanation shows, wherever it shows it."""
    data = json.dumps(told.to_data(), ensure_ascii=False)
    return data + text_of(told, "zh") + text_of(told, "en")


@pytest.mark.parametrize("masking", [Masking.SENSITIVE, Masking.PERSONAL])
def test_personal_texts_appear_nowhere(masking: Masking) -> None:
    told = application(masking)
    assert told.outcome == "review"
    shown = told_everywhere(told)
    for name in ("phone", "id_number", "email"):
        assert SECRETS[name] not in shown
    assert "30.12" not in shown
    masked = {field.name for field in told.fields if field.masked}
    assert masked >= {*SECRETS, "home_place"}
    # The policy's own words are no secret; what the event held is.
    reasons = json.dumps([rule.to_data()["reason"] for rule in told.rules], ensure_ascii=False)
    assert "王小明" not in reasons
    assert "female" not in reasons
    assert "1***78, then 1***78" in told.reasons.en


def test_amounts_stay_unless_everything_personal_is_masked() -> None:
    assert "8,765.00" in told_everywhere(application(Masking.SENSITIVE))
    everything = told_everywhere(application(Masking.PERSONAL))
    assert "8,765" not in everything
    assert "8765" not in everything
    assert "customer-17" not in everything


def test_only_what_is_secret_is_masked() -> None:
    policy = load(
        SIMPLE.replace(
            "when: amount > limits.amount",
            'when: amount > customer_amount_mean_1d * 2 and card != "x"',
        )
    )
    history = [payment("p1", card="6222020000001234")]
    large = explain(policy, batches(history), "p1").rules[0]
    assert [(one.name, one.value, one.limit) for one in large.observed] == [
        ("amount", 100.0, 200.0),
        ("card", "6***34", "x"),
    ]


def test_nothing_is_masked_for_those_who_may_see_it() -> None:
    told = application(Masking.NOTHING)
    assert not any(field.masked for field in told.fields)
    shown = told_everywhere(told)
    assert all(secret in shown for secret in SECRETS.values())


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("", "***"),
        ("王小明", "***"),
        ("123456", "***"),
        ("1234567", "1***67"),
        ("6222020000001234", "6***34"),
    ],
)
def test_masked_text(text: str, masked: str) -> None:
    assert masked_text(text) == masked


@pytest.mark.parametrize(
    ("value", "masked"), [(None, None), (True, "***"), (3.5, "***"), ((1.0, 2.0), "***")]
)
def test_masked_values(value: object, masked: object) -> None:
    assert masked_value(value) == masked


# -- the trace -----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("name", ["p1", "p3", "p4"])
def test_a_line_is_one_line(language: Language, name: str) -> None:
    lines = trace_lines(explained(name), language=language)
    assert all(line.text and len(line.text.splitlines()) == 1 for line in lines)
    assert lines[0].tone is Tone.TITLE


def test_the_trace_in_english() -> None:
    text = text_of(explained("p3"))
    for line in (
        "outcome: review, 71 points",
        "  because: rule amount.large hit",
        "  amount (Amount) = 1500.00 CNY",
        "  card (Card) = 6***34 (masked)",
        "  amount.large → review, 30 points",
        "    when: amount > limits.amount",
        "    seen: amount = 1,500.00; > limits.amount = 1,000.00 (reference: FRAUD-1)",
        "    techniques: F1001",
        "    missing: device",
    ):
        assert line in text.split("\n"), line


def test_the_trace_in_chinese() -> None:
    text = text_of(explained("p4"), "zh")
    for line in (
        "p4  发起支付",
        "结论：拒绝, 1 分",
        "  因为：规则 device.blocked 命中",
        "    实际：device = d1; 属于 blocked",
        "未命中的规则",
    ):
        assert line in text.split("\n"), line


def test_a_late_event_says_so() -> None:
    history = [payment("p1", at=3 * DAY), payment("p2")]
    told = explain(simple(), batches(history), "p2")
    assert told.late
    assert "the event came too late" in text_of(told)
    assert "事件迟到" in text_of(told, "zh")


def test_rules_of_other_types_are_named() -> None:
    policy = load(
        SIMPLE.replace("[payment.initiated]", "[payment.initiated, login.attempted]").replace(
            "rules:\n",
            "rules:\n  - id: login.failed\n    when: not succeeded\n    outcome: review\n"
            "    reason: {zh: 失败, en: Failed}\n",
        )
    )
    told = explain(policy, batches([payment("p1")]), "p1")
    assert told.not_applicable == ("login.failed",)
    assert "Rules for other types of event\n  login.failed" in text_of(told)


@pytest.mark.parametrize("words", [WORDS, OUTCOME_WORDS])
def test_words_are_in_both_languages(words: dict) -> None:
    for name, word in words.items():
        assert word.en.isascii(), name
        assert any("\u4e00" <= char <= "\u9fff" for char in word.zh), name


def test_every_outcome_has_a_word() -> None:
    assert set(OUTCOME_WORDS) == {"allow", "challenge", "review", "delay", "deny"}


# -- links -----------------------------------------------------------------------------------------

LINKED = """\
policy: linked
version: 1
title: {zh: 关联, en: Linked}
events: [payment.initiated]
unknown: record
features:
  customer_count_1d: count() over customer last 1d
  customer_hops_30d: hops_to_fraud(card) over customer by device, card last 30d default 9
  customer_fan_out: fan_out() over account from account to payee_account last 1d
rules:
  - id: near
    when: customer_hops_30d <= 3
    outcome: review
    reason: {zh: "距欺诈 {customer_hops_30d} 步", en: "{customer_hops_30d} links from a fraud"}
"""
RING = [
    payment("r1", customer="customer-first", device="d1", card="6222020000001111"),
    label("r1", at=HOUR, card="6222020000001111"),
    payment("r2", at=2 * HOUR, customer="customer-second", device="d1"),
    payment("r3", at=3 * HOUR, customer="customer-third", device="d3"),
]


def test_the_way_to_a_fraud_is_shown_with_masked_names() -> None:
    told = explain(load(LINKED), batches(RING, rows=2), "r2")
    assert told.outcome == "review"
    (path,) = told.paths
    assert path.name == "customer_hops_30d"
    shown = [(one.entity, one.name, one.masked) for one in path.links]
    assert shown[1:] == [
        ("device", "d1", False),
        ("customer", shown[2][1], shown[2][2]),
        ("card", "6***11", True),
    ]
    origins = {one.name: (one.origin, one.declared) for one in told.values}
    assert origins["customer_hops_30d"] == (
        "link",
        "hops_to_fraud(card) over customer by device, card last 30d default 9",
    )
    declared = "fan_out() over account from account to payee_account last 1d"
    assert origins["customer_fan_out"] == ("link", declared)
    assert "linked with confirmed fraud" in text_of(told)
    assert "device d1 – customer" in text_of(told)
    assert "关联路径" in text_of(told, "zh")
    everything = explain(load(LINKED), batches(RING), "r2", masking=Masking.NOTHING)
    names = [one.name for one in everything.paths[0].links]
    assert names == ["customer-second", "d1", "customer-first", "6222020000001111"]


def test_without_a_fraud_there_is_no_way() -> None:
    told = explain(load(LINKED), batches(RING), "r3")
    assert told.paths == ()
    assert "linked with" not in text_of(told)


def test_a_name_that_was_never_learned_is_shown_by_its_hash() -> None:
    policy = load(LINKED)
    engine = Engine(policy)
    state = engine.new_state()
    for event in RING[:3]:
        engine.decide(event, state)
    (path,) = Names(policy).paths(policy, state, masking=Masking.NOTHING)
    assert [one.entity for one in path.links] == ["customer", "device", "customer", "card"]
    assert all(one.masked and one.name.startswith("#") for one in path.links)
    assert len({one.name for one in path.links}) == 4
