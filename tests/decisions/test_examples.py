"""Examples of policies: told briefly, judged by the engine."""

from __future__ import annotations

import pytest
from policies import HEAD, load

from fengkong.core.errors import Fault
from fengkong.core.instants import format_instant
from fengkong.decisions.examples import check_examples, example_events
from fengkong.events.event import Event

BODY = (
    HEAD
    + """features:
  n: count() over card last 1h
  s: sum(amount) over card last 1h
  people: count() over customer last 1h
lists: {bad: {of: card}}
rules:
  - {id: many, when: n > 3, outcome: review, points: 40, reason: {zh: 多, en: many}}
  - {id: bad, when: card in bad, outcome: deny, reason: {zh: 坏, en: bad}}
  - id: fresh
    when: seconds_between(account_opened_at, occurred_at) < 3600
    points: 1
    reason: {zh: 新, en: new}
  - {id: crowd, when: people > 5, points: 2, reason: {zh: 众, en: crowd}}
examples:
  - name: told
    given:
"""
)


def told(given: str, expect: str = "{outcome: allow}") -> str:
    lines = "".join(f"      - {{type: payment.initiated, {one}}}\n" for one in given.split(" ;; "))
    return f"{BODY}{lines}    expect: {expect}\n"


def faults(given: str, expect: str = "{outcome: allow}") -> list[Fault]:
    return check_examples(load(told(given, expect)))


def events(given: str) -> list[Event]:
    policy = load(told(given))
    return example_events(policy.examples[0], policy=policy)


def test_an_example_that_comes_out_has_no_fault() -> None:
    expect = (
        "{outcome: review, reasons: [many], points: 40, unknowns: [fresh, crowd], "
        "features: {n: 4, s: 40.4, people: null}}"
    )
    assert not faults('amount: "10.10", card: "k", times: 4, every: 10s', expect)


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("{outcome: deny}", "expected outcome deny, came review"),
        ("{points: 41}", "expected points 41, came 40"),
        ("{reasons: []}", "expected reasons none, came many (also came many)"),
        ("{reasons: [bad, many]}", "expected reasons bad, many, came many (missing bad)"),
        ("{unknowns: [fresh]}", "also came crowd"),
        ("{features: {n: 5}}", "expected n 5, came 4"),
        ("{features: {people: 5}}", "expected people 5, came unknown"),
    ],
)
def test_what_was_expected_and_what_came(expect: str, said: str) -> None:
    (fault,) = faults('amount: "10.10", card: k, times: 4', expect)
    assert said in fault.message
    assert fault.code == "policy.example_failed"
    assert (fault.source, fault.line, fault.path) == ("policy.yaml", 20, "$.examples[0]")


def test_times_are_offsets_from_the_start() -> None:
    given = (
        'amount: "1.00" ;; occurred_at: +5m, amount: "1.00" ;; occurred_at: -1d2h, amount: "1.00"'
    )
    assert [format_instant(one.occurred_at) for one in events(given)] == [
        "2026-11-02T02:00:00Z",
        "2026-11-02T02:05:00Z",
        "2026-11-01T00:00:00Z",
    ]
    given = (
        'occurred_at: "2027-01-01T00:00:00+08:00", amount: "1.00", times: 2, every: 1m ;; '
        'amount: "2.00" ;; occurred_at: +1h, amount: "1.00", account_opened_at: -30m'
    )
    found = events(given)
    assert [format_instant(one.occurred_at) for one in found] == [
        "2026-12-31T16:00:00Z",
        "2026-12-31T16:01:00Z",
        "2026-12-31T16:01:00Z",
        "2026-12-31T17:00:00Z",
    ]
    assert found[-1].occurred_at - found[-1].values["account_opened_at"] == 30 * 60 * 1_000_000


def test_identifiers_and_repetition_numbers() -> None:
    found = events('amount: "1.00", card: "k{n}", times: 3 ;; id: mine, amount: "2.00"')
    assert [one.values.get("card") for one in found] == ["k1", "k2", "k3", None]
    assert [one.id for one in found] == ["example-1", "example-2", "example-3", "mine"]
    assert {one.currency for one in found} == {"CNY"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("amount: 1", "event 1: expected a decimal text"),
        ('amuont: "1.00"', "amuont"),
        ('amount: "1.00", times: 0', "times is a whole number"),
        ('amount: "1.00", times: 2, every: soon', "not a duration"),
        ('amount: "1.00", occurred_at: soon', "not an RFC 3339 instant"),
        ('amount: "1.00", occurred_at: +5x', "not an RFC 3339 instant"),
    ],
)
def test_events_are_read_strictly(given: str, said: str) -> None:
    found = faults(given)
    assert any(said in str(fault) for fault in found)
    for fault in found:
        assert fault.message.startswith("example 'told': event 1:")
        assert fault.line == 22


def test_an_example_about_nothing() -> None:
    text = told('amount: "1.00"').replace("payment.initiated, amount", "login.attempted, amount")
    text = text.replace('amount: "1.00"}', "customer: c, succeeded: true}")
    (fault,) = check_examples(load(text))
    assert "no event of the example is decided" in fault.message


def test_lists_change_in_examples() -> None:
    text = told('amount: "1.00", card: k', "{outcome: deny, reasons: [bad]}")
    change = (
        "      - {type: list.changed, list: bad, operation: add, value: k, reason: r, author: a}\n"
    )
    assert not check_examples(load(text.replace("    given:\n", f"    given:\n{change}")))
