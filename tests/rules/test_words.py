"""Lists, parameters, calendars, observations and reasons."""

from __future__ import annotations

import json
from datetime import date, timedelta

import polars as pl
import pytest

from fengkong.core.bilingual import Bilingual
from fengkong.core.errors import FaultsError, RiskError
from fengkong.core.instants import DAY_US, parse_instant
from fengkong.rules.calendars import shipped_calendar
from fengkong.rules.expressions import parse
from fengkong.rules.kinds import Kind
from fengkong.rules.lists import ListAction, ListChange, ListDeclaration, ListState, parse_list
from fengkong.rules.observations import observations
from fengkong.rules.parameters import parse_parameter
from fengkong.rules.reasons import format_number, parse_reason, parse_template
from fengkong.rules.scope import Scope

NOW = parse_instant("2026-03-02T00:00:00Z")
LIMITS = {
    "2026-01-01": {"value": 3, "reference": "FRAUD-12"},
    "2026-07-01": {"value": 5, "reference": "FRAUD-19"},
}
SCOPE = Scope(
    names={
        "device_card_distinct_7d": Kind.NUMBER,
        "amount": Kind.MONEY,
        "device": Kind.TEXT,
        "is_new": Kind.BOOLEAN,
        "occurred_at": Kind.INSTANT,
    },
    parameters={
        "limits.cards_per_device": parse_parameter(
            "limits.cards_per_device", LIMITS, time_zone="Asia/Shanghai"
        ),
        "limits.amount": parse_parameter(
            "limits.amount",
            {"kind": "money", date(2026, 1, 1): {"value": 5000.29, "reference": "F"}},
            time_zone="Asia/Shanghai",
        ),
    },
    lists={"blocked": ListDeclaration(name="blocked", of="device", title=Bilingual("黑", "b"))},
)


def change(action, value, at, **more):
    return ListChange("blocked", ListAction(action), value, "reason", "author", at, **more)


def test_an_entry_holds_from_its_change_until_it_is_removed_or_expires():
    state = ListState(["blocked"])
    state.apply(change("add", "d1", NOW))
    state.apply(change("add", "d2", NOW, starts=NOW + 10, expires=NOW + 20))
    state.apply(change("add", "d3", NOW, starts=NOW - 100))
    state.apply(change("remove", "d1", NOW + 50))
    holds = [
        (value, step)
        for value in ("d1", "d2", "d3")
        for step in (-1, 0, 9, 10, 19, 20, 49, 50)
        if state.holds("blocked", value, at=NOW + step)
    ]
    assert holds == [
        *(("d1", step) for step in (0, 9, 10, 19, 20, 49)),
        ("d2", 10),
        ("d2", 19),
        *(("d3", step) for step in (0, 9, 10, 19, 20, 49, 50)),
    ]
    assert state.entry("blocked", "d3", at=NOW).author == "author"


def test_lists_are_saved_and_restored_whatever_the_order():
    forward, backward = ListState(["blocked", "a"]), ListState(["a", "blocked"])
    for value in ("d1", "d2"):
        forward.apply(change("add", value, NOW))
    for value in ("d2", "d1"):
        backward.apply(change("add", value, NOW))
    saved = json.dumps(forward.save())
    assert saved == json.dumps(backward.save())
    assert json.dumps(ListState.restore(json.loads(saved)).save()) == saved


def test_a_list_forgets_what_ended_long_ago():
    state = ListState(["blocked"])
    for step in range(100):
        state.apply(change("add", "d1", NOW + step * DAY_US, expires=NOW + step * DAY_US + 1))
    assert len(state.values("blocked")["d1"]) <= 16
    state.apply(change("remove", "d1", NOW + 300 * DAY_US))
    assert not state.values("blocked")


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (lambda s: s.apply(change("add", " d1", NOW)), "starts or ends with a blank"),
        (lambda s: s.apply(change("add", "d1", NOW, expires=NOW)), "expires before it starts"),
        (lambda s: ListChange.of({"list": "x"}, occurred_at=NOW), "a list change needs"),
        (lambda s: parse_list("x", {"of": "device", "colour": "pink"}), "colour must be one of"),
    ],
)
def test_bad_changes_are_refused(made, text):
    with pytest.raises(RiskError, match=text):
        made(ListState(["blocked"]))


def test_every_fault_of_a_parameter_is_reported():
    data = {
        "2026-13-01": {"value": 1, "reference": "x"},
        "2026-01-01": {"value": 1},
        "2026-02-01": {"value": float("nan"), "reference": "x"},
    }
    with pytest.raises(FaultsError) as caught:
        parse_parameter("limits.x", data, time_zone="Asia/Shanghai")
    text = str(caught.value)
    assert "is not a date" in text
    assert "needs a reference" in text
    assert "expected at most" in text


def test_the_calendar_has_365_days_worked_or_not():
    calendar = shipped_calendar()
    assert calendar.years == frozenset(range(2018, 2027))
    worked = {
        year: sum(
            calendar.is_working_day(date(year, 1, 1) + timedelta(days=step))
            for step in range(366 if year % 4 == 0 else 365)
        )
        for year in calendar.years
    }
    assert worked == {
        2018: 250,
        2019: 250,
        2020: 249,
        2021: 250,
        2022: 249,
        2023: 249,
        2024: 251,
        2025: 248,
        2026: 248,
    }


def test_observations_say_what_was_seen_against_which_limit():
    expression = parse(
        "limits.cards_per_device < device_card_distinct_7d and amount / 2 >= 100 "
        'and not device in blocked and is_new and device not in ["a", "b"]',
        scope=SCOPE,
    )
    values = {"device_card_distinct_7d": 4.0, "amount": 30000, "device": "d", "is_new": True}
    seen = observations(expression, values, occurred_at=NOW, lists=ListState(["blocked"]))
    assert [(o.name, o.value, o.operator, o.limit_source, o.limit_value) for o in seen] == [
        ("device_card_distinct_7d", 4.0, ">", "limits.cards_per_device", 3.0),
        ("amount / 2", 15000.0, ">=", None, 10000.0),
        ("device", "d", "not in", "blocked", None),
        ("is_new", True, "is", None, (True,)),
        ("device", "d", "not in", None, ("a", "b")),
    ]


def test_reasons_show_values_in_both_languages():
    reason = parse_reason(
        {
            "zh": "一台设备一周内用过 {device_card_distinct_7d} 张卡"
            "(上限 {limits.cards_per_device}),"
            "{amount},新客 {is_new},{occurred_at},{{}}",
            "en": "{device_card_distinct_7d} cards, {amount} of {limits.amount}, "
            "new {is_new}, {device}",
        },
        scope=SCOPE,
    )
    values = {"device_card_distinct_7d": 4.0, "amount": 500000, "is_new": True, "occurred_at": NOW}
    text = reason.render(values, occurred_at=NOW, scope=SCOPE)
    assert text.zh == ("一台设备一周内用过 4 张卡(上限 3),5,000.00,新客 是,2026-03-02 08:00:00,{}")
    assert text.en == "4 cards, 5,000.00 of 5,000.29, new yes, unknown"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{device_card_distinct_7} cards", "did you mean device_card_distinct_7d"),
        ("{device.__class__}", "unknown name device.__class__"),
        ("{amount!r}", "is not a name in braces"),
        ("{amount:>10}", "is not a name in braces"),
        ("{}", "is not a name in braces"),
        ("{amount", "a single {"),
        ("amount}", "a single }"),
    ],
)
def test_templates_name_only_what_is_known(template, text):
    with pytest.raises(RiskError, match=text):
        parse_template(template, scope=SCOPE)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (3.0, "3"),
        (-0.0, "0"),
        (1234567.0, "1,234,567"),
        (0.123456, "0.1235"),
        (0.5, "0.5"),
        (12.345, "12.35"),
        (1e20, "1e+20"),
        (0.00001234, "1.234e-05"),
        (0.1 + 0.2, "0.3"),
    ],
)
def test_numbers_are_short(number, text):
    assert format_number(number) == text


def test_list_membership_of_integer_columns():
    import numpy as np

    from fengkong.rules.program import compile_program

    state = ListState(["blocked"])
    state.apply(change("add", "42", NOW))
    program = compile_program([("x", parse("device in blocked", scope=SCOPE))], frame=("device",))
    rows = np.full((3, program.width), np.nan)
    devices = pl.Series([42, 7, None], dtype=pl.Int64)
    program.fill_columns(rows, texts={"device": devices}, occurred_at=np.full(3, NOW), lists=state)
    assert rows[:2, 1].tolist() == [1.0, 0.0]
    assert np.isnan(rows[2, 1])
