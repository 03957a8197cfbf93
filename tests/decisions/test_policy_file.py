"""Policy files: every mistake is named with its line, all of them at once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policies import BROAD, HEAD, broad, load

from fengkong.core.errors import Fault, FaultsError, RiskError
from fengkong.decisions.engine import Engine
from fengkong.decisions.policy_file import load_policy
from fengkong.events.catalogue import shipped_catalogue

RULE = """\
rules:
  - id: a
    when: amount > 5
    outcome: review
    reason: {zh: 一, en: one}
"""
GOOD = HEAD + "features:\n  n: count() over card last 1h\n" + RULE


def faults(text: str) -> tuple[Fault, ...]:
    with pytest.raises(FaultsError) as caught:
        load(text)
    return caught.value.faults


def changed(old: str, new: str, text: str = GOOD) -> str:
    assert old in text
    return text.replace(old, new, 1)


CASES = [
    ("policy: tested", "policy: Tested", 1, "name in small letters"),
    ("version: 1", "version: 0", 2, "whole number from 1"),
    ("version: 1", "version: true", 2, "whole number from 1"),
    ("title: {zh: 测试, en: Tested}", "title: {en: Tested}", 3, "both languages"),
    ("events: [payment.initiated]", "events: [payment.initiatd]", 4, "payment.initiated"),
    ("events: [payment.initiated]", "events: [label.confirmed]", 4, "event types it decides"),
    ("events: [payment.initiated]", "events: payment.initiated", 4, "expected a list"),
    ("unknown: record", "unknown: recrod", 5, "unknown: record"),
    ("unknown: record", "unknwon: record", 5, "did you mean 'unknown'"),
    ("  n: count()", "  N: count()", 7, "small letters"),
    ("  n: count()", "  amount: count()", 7, "already the name of a field"),
    ("  n: count()", "  currency: count()", 7, "already the name of a field"),
    ("  n: count() over card last 1h", "  n: 5", 7, "expected a declaration"),
    ("over card", "over crad", 7, "did you mean 'card'"),
    ("count()", "cuont()", 7, "did you mean count"),
    ("count() over", "sum(city) over", 7, "city is category"),
    ("last 1h", "last 1 hour", 7, "cannot read"),
    ("last 1h", "last 1x", 7, "not a duration"),
    ("count() over card last 1h", "mean(is_fraud) over card last 1h", 7, "add `delayed 7d`"),
    ("count() over card", "count() of login.attempted over card", 7, "no event of login.attempted"),
    ("count() over card", "count() of list.changed over card", 7, "not counted"),
    ("count() over card last 1h", "count() over card last 1h where is_fraud", 7, "known later"),
    ("count() over card last 1h", "count() over card last 1h where amuont > 1", 7, "amount"),
    ("count() over card last 1h", "amount + cty", 7, "did you mean city"),
    ("count() over card last 1h", "n + 1", 7, "unknown name n"),
    ("rules:", "lists:\n  bad: {of: card, colour: pink}\nrules:", 9, "colour"),
    ("rules:", "limits: {memory_mb: 1}\nrules:", 8, "memory_mb"),
    ("rules:", "limits: {memory: 16}\nrules:", 8, "did you mean 'memory_mb'"),
    ("rules:", "late_after: soon\nrules:", 8, "not a duration"),
    ("rules:", "currency: XYZ\nrules:", 8, "XYZ"),
    ("rules:", "time_zone: Asia/Shanghia\nrules:", 8, "Asia/Shanghai"),
    ("rules:", "parameters:\n  a.b: {2026-13-01: {value: 1, reference: x}}\nrules:", 9, "date"),
    ("rules:", "parameters:\n  a.b: {2026-01-01: {value: 1}}\nrules:", 9, "reference"),
    (
        "rules:",
        "parameters:\n  a.b: {2026-01-01: {value: 1, reference: {zh: 一}}}\nrules:",
        9,
        "zh, en",
    ),
    ("rules:", "exchange_rates:\n  U: {2026-01-01: {value: 7, reference: x}}\nrules:", 9, "U"),
    (
        "rules:",
        "exchange_rates:\n  USD: {2026-01-01: {value: -7, reference: x}}\nrules:",
        9,
        "above zero",
    ),
    ("id: a", "id: A b", 9, "velocity.cards_per_device"),
    ("    when: amount > 5\n", "", 9, "needs a condition"),
    ("amount > 5", "amuont > 5", 10, "did you mean amount"),
    ("amount > 5", "amount", 10, "true or false"),
    ("amount > 5", 'amount > "5"', 10, "money"),
    ("amount > 5", "city > amount", 10, "text"),
    ("amount > 5", "is_fraud", 10, "known later"),
    ("amount > 5", "loan_amount > 5", 10, "loan_amount"),
    ("outcome: review", "outcome: reveiw", 11, "did you mean 'review'"),
    ("    outcome: review\n", "", 9, "an outcome, points, or both"),
    ("outcome: review", "points: many", 11, "points are a number"),
    ("outcome: review", "points: 2000000", 11, "up to a million"),
    ("outcome: review", "outcome: review\n    unknown: maybe", 12, "unknown outcome 'maybe'"),
    ("outcome: review", "outcome: review\n    events: [login.attempted]", 12, "not decided"),
    ("outcome: review", "outcome: review\n    outcom: deny", 12, "did you mean 'outcome'"),
    ("reason: {zh: 一, en: one}", "reason: {en: one}", 12, "zh and en"),
    ("reason: {zh: 一, en: one}", 'reason: {zh: 一, en: "{amuont}"}', 12, "did you mean amount"),
    ("rules:", "outcomes: {order: [deny, allow, review]}\nrules:", 8, "ends with allow"),
    ("rules:", "outcomes: {order: [dney, review, allow]}\nrules:", 8, "did you mean 'deny'"),
    ("rules:", "outcomes: {points: {review: lots}}\nrules:", 8, "outcome: points"),
    ("rules:", "outcomes: {pionts: {review: 1}}\nrules:", 8, "did you mean 'points'"),
    ("rules:", "examples: [{name: x}]\nrules:", 8, "name, given and expect"),
    ("rules:", "examples: [{name: x, given: [], expect: {outcome: allow}}]\nrules:", 8, "events"),
]


@pytest.mark.parametrize(("old", "new", "line", "said"), CASES)
def test_a_mistake_is_named_at_its_line(old: str, new: str, line: int, said: str) -> None:
    found = faults(changed(old, new))
    assert [fault for fault in found if fault.line == line and said in fault.message], found
    assert all(fault.source == "policy.yaml" and fault.code and fault.hint for fault in found)


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("{outcome: alow}", "did you mean 'allow'"),
        ("{reasons: [b]}", "unknown rule 'b'"),
        ("{features: {m: 1}}", "unknown feature 'm'"),
        ("{points: lots}", "points are a number"),
        ("{outcom: allow}", "did you mean 'outcome'"),
        ("{}", "expects something"),
    ],
)
def test_what_an_example_expects_must_exist(expect: str, said: str) -> None:
    given = "{type: payment.initiated, amount: '1.00'}"
    text = GOOD + f"examples:\n  - name: x\n    given: [{given}]\n    expect: {expect}\n"
    (fault,) = faults(text)
    assert said in fault.message
    assert fault.line == 16


def test_all_mistakes_come_at_once() -> None:
    text = GOOD
    for old, new in [
        ("version: 1", "version: x"),
        ("unknown: record", "unknown: perhaps"),
        ("over card", "over crad"),
        ("amount > 5", "amuont > 5"),
        ("outcome: review", "outcome: reveiw"),
        ("zh: 一", 'zh: "{cty}"'),
    ]:
        text = changed(old, new, text)
    text += "description: {en: x}\nexamples: [{name: x}]\nexchange_rates: {X: 1}\n"
    found = faults(text)
    assert sorted({fault.line or 0 for fault in found}) == [2, 5, 7, 10, 11, 12, 13, 14, 15]


def test_using_a_feature_that_has_a_mistake_is_no_second_mistake() -> None:
    text = changed("amount > 5", "n > 5 and m > 3")
    text = changed("over card", "over crad", text).replace("zh: 一", 'zh: "{n}"')
    assert [fault.line for fault in faults(text)] == [7, 10]


def test_two_rules_or_names_alike() -> None:
    (fault,) = faults(GOOD + RULE.removeprefix("rules:\n"))
    assert (fault.line, fault.message) == (13, "two rules are called a")


@pytest.mark.parametrize("name", ["n", "amount", "loan", "event_type"])
def test_a_scorecard_needs_a_name_of_its_own(name: str) -> None:
    bins = "[{range: missing, points: 0}, {range: otherwise, points: 1}]"
    card = f"scorecards:\n  - {{id: {name}, characteristics: [{{id: city, bins: {bins}}}]}}\n"
    (fault,) = faults(GOOD + card)
    assert fault.message == f"there is already something called {name}"
    assert fault.line == 14


def test_a_rule_whose_fields_no_event_type_has_together() -> None:
    text = changed("[payment.initiated]", "[payment.initiated, loan.applied]")
    (fault,) = faults(changed("amount > 5", "merchant == 'm' and loan_amount > 5", text))
    assert "payment.initiated has no loan_amount" in fault.message
    assert "loan.applied has no merchant" in fault.message


def test_rules_apply_where_the_fields_of_their_features_are() -> None:
    text = changed("[payment.initiated]", "[payment.initiated, login.attempted]")
    text = changed(
        "  n: count() over card last 1h", "  n: count() over card last 1h\n  m: n * 2", text
    )
    (rule,) = load(changed("amount > 5", "m > 5", text)).rules
    assert rule.types == {"payment.initiated"}
    (rule,) = load(changed("amount > 5", 'channel == "app"', text)).rules
    assert rule.types == {"payment.initiated", "login.attempted"}


def test_the_characters_of_a_computed_text_cannot_be_read() -> None:
    text = changed("count() over card last 1h", "last(city) over card")
    (fault,) = faults(changed("amount > 5", 'lower(n) == "x"', text))
    assert fault.line == 10
    assert "its characters cannot be read" in fault.message
    Engine(load(changed("amount > 5", "n == city", text)))


def test_a_table_may_only_give_outcomes_of_the_policy() -> None:
    table = """tables:
  - id: t
    hit: first
    inputs: [channel]
    rows:
      - {id: r, when: {channel: '"app"'}, outcome: dney, reason: {zh: 一, en: one}}
"""
    (fault,) = faults(GOOD + table)
    assert (fault.line, "did you mean 'deny'" in fault.message) == (14, True)


@pytest.mark.parametrize("text", ["", "# nothing\n", "[]", "policy", "- a\n- b\n", "~", "{}"])
def test_nothing_and_no_mapping(text: str) -> None:
    assert faults(text)


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [1]\nb: *x\n",
        "a: " + "[" * 10_000,
        "a: !!python/object/apply:os.system [ls]\n",
        "policy: a\npolicy: b\n",
        "? [a]\n: b\n",
        "a: '",
        "\t- x",
        "\x00",
        "a: b\n" * 2,
        "policy: " + "x" * 5_000_000,
    ],
)
def test_hostile_documents_are_faults(text: str) -> None:
    for fault in faults(text):
        assert len(fault.message) < 400


def test_hostile_values_are_faults() -> None:
    for value in [
        "9" * 400,
        "1e999",
        ".nan",
        ".inf",
        "[[[]]]",
        "{a: {b: 1}}",
        "'" + "x" * 9000 + "'",
    ]:
        for key in ["policy", "version", "title", "events", "features", "rules", "outcomes"]:
            for fault in faults(f"{key}: {value}\n"):
                assert len(fault.message) < 600


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_policy_is_refused_or_read_but_never_breaks(data: st.DataObject) -> None:
    text = BROAD
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        length = data.draw(st.integers(0, 30))
        piece = data.draw(st.sampled_from(["", "\n", ":", "{", "- ", "amount", "null", "  ", "[]"]))
        text = text[:start] + piece + text[start + length :]
    try:
        policy = load(text)
    except FaultsError as error:
        assert all(fault.message for fault in error.faults)
    else:
        Engine(policy)


def test_a_huge_policy_loads() -> None:
    rule = "  - {{id: r{0}, when: amount > {0}, points: 1, reason: {{zh: 一, en: one}}}}\n"
    rules = "".join(rule.format(number) for number in range(2000))
    assert len(load(HEAD + "rules:\n" + rules).rules) == 2000


def test_the_hash_is_of_the_content_not_of_the_layout() -> None:
    first = load(GOOD).hash
    again = GOOD.replace("{zh: 测试, en: Tested}", '\n  en: "Tested" # said\n  zh: 测试')
    assert load("# a comment\n" + again).hash == first
    assert load(GOOD.replace("amount > 5", "amount > 6")).hash != first
    assert load(GOOD.replace("version: 1", "version: 2")).hash != first
    assert len(first) == 64


def test_what_was_read() -> None:
    policy = broad()
    assert (policy.name, policy.version, policy.title.en) == ("broad", 2, "Broad")
    assert policy.feature_names[-1] == "place_word"
    assert policy.limits.late_after == 2 * 3600 * 1_000_000
    assert [rule.id for rule in policy.rules][-2:] == [
        "channel_table.app_busy",
        "channel_table.web",
    ]
    assert policy.outcomes.thresholds == {"review": 60, "challenge": 45}


def test_unreadable_yaml_comes_as_faults_too() -> None:
    with pytest.raises(RiskError) as caught:
        load_policy("a: [", source="p.yaml", catalogue=shipped_catalogue())
    assert isinstance(caught.value, FaultsError)


def test_a_rule_that_names_its_events_applies_to_exactly_those() -> None:
    """What a named event lacks is missing there, and so the rule is unknown: never dropped."""
    text = """
policy: named
version: 1
title: {zh: 名, en: Named}
events: [payment.initiated, login.attempted]
unknown: record
rules:
  - id: by.default
    when: default(amount, 0) >= 0
    events: [payment.initiated, login.attempted]
    outcome: review
    reason: {zh: 是, en: "yes"}
  - {id: by.need, when: amount > 0, outcome: review, reason: {zh: 是, en: "yes"}}
"""
    policy = load_policy(text, source="named.yaml", catalogue=shipped_catalogue())
    types = {rule.id: rule.types for rule in policy.rules}
    assert types["by.default"] == {"payment.initiated", "login.attempted"}
    assert types["by.need"] == {"payment.initiated"}
