"""One rule is changed in a policy's text, and everything around it stays as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from versions import TEXT, load

from fengkong.console.governance.names import names_of, outcomes_of
from fengkong.console.governance.policy_texts import number_in, with_number
from fengkong.console.governance.rule_templates import TEMPLATES, template_of, with_template
from fengkong.console.governance.rule_text import (
    UnreadableRuleError,
    rule_of,
    rules_of,
    scalar_text,
    with_condition,
    with_features,
    with_rule,
)

STYLES = {
    "block": "- id: one\n    when: amount > 1 # why\n    outcome: deny",
    "quoted": "- id: one\n    when: 'amount > 1'\n    outcome: deny",
    "folded": "- id: one\n    when: >-\n      amount\n      > 1\n    outcome: deny",
    "flow": "- {id: one, when: amount > 1, outcome: deny}",
    "literal, last": "- id: one\n    outcome: deny\n    when: |\n      amount > 1",
}


@pytest.mark.parametrize("rule", STYLES.values(), ids=STYLES.keys())
@pytest.mark.parametrize("when", ["amount > 2", 'channel == "app: x" and a # b', "x in [1, 2]"])
def test_a_condition_changes_alone(rule: str, when: str) -> None:
    text = (
        f"# head\npolicy: p\nrules:\n  {rule}\n  - id: two # stays\n    when: x\nunknown: record\n"
    )
    changed = with_condition(text, "one", when)
    assert rule_of(changed, "one").when == when
    assert rule_of(changed, "one").outcome == "deny"
    assert rule_of(changed, "two").when == "x"
    for kept in ("# head", "# stays", "unknown: record"):
        assert kept in changed


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1))
def test_any_value_reads_back(value: str) -> None:
    text = f"policy: p\nrules:\n  - id: one\n    when: {scalar_text(value)}\n"
    assert rule_of(text, "one").when == value


def test_rules_as_written() -> None:
    found = rules_of(TEXT)
    assert [one.id for one in found] == [rule.id for rule in load().rules]
    assert found[0].zh == "一台设备多张卡"
    assert TEXT.splitlines()[found[0].line - 1].strip().startswith("- id: velocity")
    assert rules_of("rules: [") == []


@pytest.mark.parametrize("text", ["rules: [", "- a", "policy: p", TEXT])
def test_a_rule_that_is_not_there(text: str) -> None:
    with pytest.raises(UnreadableRuleError):
        with_condition(text, "no.such", "amount > 1")


def test_a_rule_more_stands_behind_the_last() -> None:
    text = with_rule(TEXT, "id: new\nwhen: amount > 1\noutcome: deny\nreason: {zh: 新, en: new}")
    assert [rule.id for rule in load(text).rules][-1] == "new"
    assert with_rule("policy: p\n", "id: new\nwhen: a").endswith(
        "rules:\n  - id: new\n    when: a\n"
    )
    with pytest.raises(UnreadableRuleError):
        with_rule("policy: p\nrules: []\n", "id: new")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.key)
@pytest.mark.parametrize(
    "base",
    [
        TEXT,
        TEXT.replace("features:\n", "")
        .replace("  device_card_distinct_1d: distinct(card) over device last 1d\n", "")
        .replace("  customer_amount_sum_1d: sum(amount) over customer last 1d\n", "")
        .replace("device_card_distinct_1d >", "amount >"),
    ],
)
def test_every_template_makes_a_policy_that_loads(template, base: str) -> None:
    text = with_template(base, template, rule_id="from.template")
    policy = load(text)
    assert policy.rules[-1].id == "from.template"
    assert policy.examples, "what stood behind the rules still stands there"
    again = with_features(text, template.features)
    assert again == text, "a feature is declared once"
    assert template_of(template.key) is template


def test_the_number_in_the_head() -> None:
    assert number_in(TEXT) == 1
    assert load(with_number(TEXT, 7)).version == 7
    assert number_in("policy: p") is None


def test_names_in_both_languages() -> None:
    zh, en = (
        {one["name"]: one for one in names_of(load(), language=language)}
        for language in ("zh-hans", "en")
    )
    assert zh.keys() == en.keys()
    assert {
        "amount",
        "device_card_distinct_1d",
        "blocked_devices",
        "limits.share",
        "hour",
    } <= zh.keys()
    assert zh["amount"]["title"] != en["amount"]["title"]
    assert (en["amount"]["kind"], zh["amount"]["kind_title"]) == ("money", "金额")
    assert en["device_card_distinct_1d"]["declared"] == "distinct(card) over device last 1d"
    spread = {"amount": {"median": 3.0}}
    assert names_of(load(), language="en", spreads=spread)[0]["spread"] in (None, {"median": 3.0})
    assert outcomes_of(load(), language="en")[0]["name"] == "deny"
