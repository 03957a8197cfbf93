"""The preview of a rule equals a real back-test of the draft, however the draft differs."""

import msgspec
import numpy as np
import pytest
from samples import DAY, HOUR, MONDAY, SIMPLE, batches, blocked, label, load, payment, simulated

from fengkong.core.errors import RiskError
from fengkong.decisions.engine import Engine
from fengkong.decisions.policy import Policy
from fengkong.evaluation.backtest import backtest
from fengkong.evaluation.held_history import HeldHistory
from fengkong.evaluation.judgements import Period
from fengkong.evaluation.preview import UnknownRuleError, panel_of, preview_rule
from fengkong.evaluation.preview_report import RulePreview
from fengkong.evaluation.spreads import spreads
from fengkong.evaluation.trial import run_trial
from fengkong.events.event import Event

LIVE = load(SIMPLE)
REASON = "reason: {zh: 新, en: new}"


def with_rule(when: str, *, gives: str = "outcome: deny", features: str = "") -> str:
    """The live policy with one rule more."""
    text = SIMPLE.replace("version: 3", "version: 4").replace(
        "outcomes:\n", f"  - {{id: new.one, when: '{when}', {gives}, {REASON}}}\noutcomes:\n"
    )
    return text.replace("lists:\n", f"{features}lists:\n", 1)


def history() -> list[Event]:
    """The simulated payments with labels of every fraud two days later, and list changes."""
    events, truth = simulated()
    start = events[0].occurred_at - MONDAY
    labels = [
        label(event.id, at=event.occurred_at - MONDAY + 2 * HOUR, customer=event.values["customer"])
        for event in events
        if truth.get(event.id, (None, False))[1] and "customer" in event.values
    ]
    devices = sorted({str(e.values["device"]) for e in events if "device" in e.values})
    changes = [blocked(one, at=start + (i + 1) * 7 * HOUR) for i, one in enumerate(devices[:9])]
    return sorted([*events, *labels, *changes], key=lambda event: event.occurred_at)


HISTORY = history()

DRAFTS = {
    "a held feature": with_rule("customer_payment_count_1h > 1 and amount > 50"),
    "a field the live policy does not read": with_rule('merchant == "m1" or fee > 1'),
    "characters of a text": with_rule('starts_with(device, "d1")'),
    "a list": with_rule("device in blocked and amount > 5", gives="outcome: review"),
    "a derived feature": with_rule("amount_ratio > 1.5", gives="points: 3"),
    "a text feature": with_rule("customer_city_last != city"),
    "a feature that must be counted": with_rule(
        "device_card_distinct_1d > 1",
        features="  device_card_distinct_1d: distinct(card) over device last 1d\n",
    ),
    "a feature with a condition": with_rule(
        "new_sum > 100",
        features='  new_sum: sum(amount) over customer last 2h where channel == "app"\n',
    ),
    "a link feature": with_rule(
        "linked_count > 1",
        features="  linked_count: component_size() over customer by device last 3d\n",
    ),
    "the hour": with_rule("hour(occurred_at) < 6", gives="outcome: challenge"),
    "unknown": with_rule("fee > 3", gives="outcome: review, unknown: delay"),
    "nothing but points": with_rule("amount > 20", gives="points: 41"),
}
"""Drafts with a rule more, by what it needs."""
CHANGES = {
    "limit": SIMPLE.replace("value: 1000", "value: 200"),
    "condition": SIMPLE.replace("customer_payment_count_1h > 2", "customer_payment_count_1h > 1"),
    "what follows": SIMPLE.replace(
        "outcome: review\n    points: 30", "outcome: deny\n    points: 3"
    ),
    "threshold": SIMPLE.replace("challenge: 41", "challenge: 1"),
    "order": SIMPLE.replace(
        "[deny, delay, review, challenge, allow]", "[review, deny, delay, challenge, allow]"
    ),
    "unknown": SIMPLE.replace("unknown: record", "unknown: review", 1),
    "another feature of the same name": SIMPLE.replace(
        "count() over customer last 1h", "count() over customer last 3h"
    ),
    "a rule less": SIMPLE.replace(
        """  - id: velocity
    when: customer_payment_count_1h > 2
    points: 40
    reason: {zh: "一小时 {customer_payment_count_1h} 笔", en: "{customer_payment_count_1h} an hour"}
""",
        "",
    ),
    "time zone": SIMPLE.replace("unknown: record", "time_zone: Europe/Berlin\nunknown: record", 1),
}
"""Other changes of the live policy; `amount.large` is looked at."""


def held(*, rows: int = 700, days: int = 30) -> HeldHistory:
    found = HeldHistory.begin(Engine(LIVE), days=days)
    for columns in batches(HISTORY, rows=rows):
        found.add(columns)
    return found


@pytest.fixture(scope="module")
def whole() -> HeldHistory:
    return held()


def assert_equals_backtest(
    told: RulePreview, draft: Policy, rule: str, *, period: Period | None = None
) -> None:
    report = backtest(draft, batches(HISTORY), against=LIVE, period=period)
    assert report.comparison is not None
    (figures,) = [one for one in report.policy.rules if one.rule == rule]
    assert told.rule == figures
    bare = [
        msgspec.structs.replace(
            one,
            transitions=tuple(
                msgspec.structs.replace(each, examples=()) for each in one.transitions
            ),
        )
        for one in (told.comparison, report.comparison)
    ]
    assert bare[0] == bare[1]
    assert told.events == report.policy.decided
    assert told.judged == report.policy.judged
    assert told.immature == report.policy.immature
    mine = [one for one in report.policy.overlaps if rule in (one.first, one.second)]
    assert {(one.both, one.either, one.frauds_both) for one in told.overlaps} == {
        (one.both, one.either, one.frauds_both) for one in mine
    }


@pytest.mark.parametrize("text", DRAFTS.values(), ids=DRAFTS.keys())
def test_a_new_rule_is_what_a_backtest_says(whole: HeldHistory, text: str) -> None:
    draft = load(text)
    told = preview_rule(whole, draft, "new.one")
    assert told.changed == ("new.one",)
    assert_equals_backtest(told, draft, "new.one")


@pytest.mark.parametrize("text", CHANGES.values(), ids=CHANGES.keys())
def test_any_other_change_is_too(whole: HeldHistory, text: str) -> None:
    draft = load(text)
    assert_equals_backtest(preview_rule(whole, draft, "amount.large"), draft, "amount.large")


def test_the_table_has_rules_that_hit(whole: HeldHistory) -> None:
    hits = {
        name: preview_rule(whole, load(text), "new.one").rule.hits for name, text in DRAFTS.items()
    }
    assert sum(count > 0 for count in hits.values()) >= 9, hits


def test_how_the_history_was_cut_changes_nothing(whole: HeldHistory) -> None:
    draft = load(DRAFTS["a feature that must be counted"])
    small = held(rows=97)
    assert msgspec.structs.replace(preview_rule(small, draft, "new.one")) == preview_rule(
        whole, draft, "new.one"
    )


def test_only_the_last_days_are_judged_and_held() -> None:
    days = 2
    some = held(rows=300, days=days)
    draft = load(DRAFTS["a list"])
    since = some.judged_from
    assert len(some) < len(held(rows=300)), "old batches went"
    told = preview_rule(some, draft, "new.one")
    assert_equals_backtest(told, draft, "new.one", period=Period(since=since))


def test_unchanged_conditions_are_not_computed_again(whole: HeldHistory) -> None:
    trial = run_trial(whole, load(DRAFTS["a held feature"]))
    assert trial.computed == ("new.one",)
    assert trial.fresh == ()
    assert run_trial(whole, LIVE).computed == ()
    assert run_trial(whole, load(CHANGES["limit"])).computed == ("amount.large",)
    assert run_trial(whole, load(DRAFTS["a feature that must be counted"])).fresh == (
        "device_card_distinct_1d",
    )


def test_a_feature_that_begins_with_what_is_held_says_so() -> None:
    some = held(rows=300, days=2)
    told = preview_rule(some, load(DRAFTS["a feature that must be counted"]), "new.one")
    assert "short_history" in {one.code for one in told.warnings}


def test_without_labels_hits_are_counted_and_nothing_is_claimed() -> None:
    bare = HeldHistory.begin(Engine(LIVE))
    for columns in batches([payment(f"p{i}", at=i * DAY, amount=2000_00) for i in range(3)]):
        bare.add(columns)
    told = preview_rule(bare, LIVE, "amount.large")
    assert (told.rule.hits, told.judged) == (3, 0)
    assert told.rule.precision.value is None
    assert {"no_frauds", "few_hits"} <= {one.code for one in told.warnings}


def test_nothing_held_is_no_failure() -> None:
    told = preview_rule(HeldHistory.begin(Engine(LIVE)), LIVE, "amount.large")
    assert (told.events, told.rule.hits, told.first_at) == (0, 0, None)


def test_a_rule_that_is_not_there_is_refused(whole: HeldHistory) -> None:
    with pytest.raises(UnknownRuleError):
        preview_rule(whole, LIVE, "no.such")
    assert issubclass(UnknownRuleError, RiskError)


def test_a_panel_of_an_earlier_time_is_not_used() -> None:
    some = HeldHistory.begin(Engine(LIVE))
    first, second = list(batches(HISTORY, rows=(len(HISTORY) + 1) // 2))
    some.add(first)
    panel = panel_of(some)
    some.add(second)
    assert preview_rule(some, LIVE, "velocity", panel=panel) == preview_rule(some, LIVE, "velocity")


def test_small_batches_become_few_and_say_the_same(whole: HeldHistory) -> None:
    small = held(rows=23)
    assert len(small.batches) < len(HISTORY) / 23 / 4
    for text in (DRAFTS["a list"], DRAFTS["characters of a text"], CHANGES["order"]):
        draft = load(text)
        assert preview_rule(small, draft, "amount.large") == preview_rule(
            whole, draft, "amount.large"
        )


def test_a_draft_as_a_whole(whole: HeldHistory) -> None:
    draft = load(DRAFTS["a list"])
    told, of_rule = (preview_rule(whole, draft, name) for name in (None, "new.one"))
    assert told.rule is None
    assert (told.comparison, told.money_saved) == (of_rule.comparison, of_rule.money_saved)


def test_how_values_are_spread(whole: HeldHistory) -> None:
    found = spreads(whole)
    amounts = sorted(e.values["amount"] / 100 for e in HISTORY if e.type == "payment.initiated")
    assert found["amount"].maximum == amounts[-1]
    assert found["amount"].median == pytest.approx(np.median(amounts))
    assert sum(one.count for one in found["channel"].words) <= found["channel"].events
    assert found["customer_payment_count_1h"].minimum == 1.0
    assert "device" not in found, "identifiers are not shown"
    assert spreads(HeldHistory.begin(Engine(LIVE))) == {}
