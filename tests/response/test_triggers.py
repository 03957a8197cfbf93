"""Triggers: read strictly, met at their level and count and not below, the best fit first."""

import pytest

from fengkong.core.errors import FaultsError
from fengkong.indicators.level import Level
from fengkong.indicators.library_file import shipped_library
from fengkong.response.fitting import fitting
from fengkong.response.playbook import read_playbook, shipped_playbooks
from fengkong.response.triggers import Seen, Trigger, is_met

LEVELS = {"y": Level.YELLOW, "o": Level.ORANGE, "r": Level.RED, "n": Level.NO_DATA}
FAILED = "fraud.failed_sign_ins"


def books() -> list:
    return [one for one, _ in shipped_playbooks().values()]


@pytest.mark.parametrize(
    ("asked", "seen", "met"),
    [
        ("orange", "y", False),
        ("orange", "o", True),
        ("orange", "r", True),
        ("yellow", "n", False),
        ("red", "o", False),
    ],
)
def test_an_indicator_meets_its_level_and_those_above(asked: str, seen: str, met: bool) -> None:
    trigger = Trigger(zh="一", en="a", indicator=FAILED, level=asked)
    assert is_met(trigger, Seen({FAILED: LEVELS[seen]}, {})) is met
    assert not is_met(trigger, Seen({"fraud.loss_rate": Level.RED}, {}))


@pytest.mark.parametrize(("asked", "count", "met"), [(None, 1, True), (3, 2, False), (3, 3, True)])
def test_alerts_are_counted(asked: int | None, count: int, met: bool) -> None:
    trigger = Trigger(zh="一", en="a", typology="mule_ring", alerts=asked)
    assert is_met(trigger, Seen({}, {"mule_ring": count})) is met


def test_what_a_person_decides_is_met_by_no_figures() -> None:
    seen = Seen({FAILED: Level.RED}, {"scam": 99})
    assert not is_met(Trigger(zh="电话", en="a call"), seen)


def test_the_playbook_of_what_was_seen_goes_before_that_of_the_kind() -> None:
    seen = Seen({FAILED: Level.RED, "fraud.customers_failing": Level.ORANGE}, {})
    found = fitting(books(), seen=seen, kind="phishing")
    assert [one.playbook.playbook for one in found] == [
        "account_takeover_wave",
        "phishing_campaign",
    ]
    assert [one.indicator for one in found[0].met] == [FAILED, "fraud.customers_failing"]
    assert found[1].for_kind
    assert fitting(books(), seen=Seen({}, {}), kind="no_such_kind") == ()


def test_every_shipped_playbook_is_found_by_a_machine_and_names_what_there_is() -> None:
    indicators = shipped_library().indicators
    for book in books():
        told = [one for one in book.triggers if one.indicator or one.typology]
        assert told, book.playbook
        assert {one.indicator for one in told} - {None} <= set(indicators), book.playbook
        for one in told:
            seen = Seen({one.indicator or "": Level.RED}, {one.typology or "": one.alerts or 1})
            assert book in [fit.playbook for fit in fitting(books(), seen=seen, kind="")]


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        ("{indicator: fraud.loss_rate, zh: 一, en: a}", "an indicator and its level"),
        ("{level: red, zh: 一, en: a}", "an indicator and its level"),
        ("{indicator: Loss, level: red, zh: 一, en: a}", "as in fraud.loss_rate"),
        ("{alerts: 3, zh: 一, en: a}", "alerts of a typology"),
        ("{typology: scam, alerts: 0, zh: 一, en: a}", "alerts of a typology"),
        ("{typology: scam, indicator: a.b, level: red, zh: 一, en: a}", "not both"),
        ("{zh: 一}", "en"),
    ],
)
def test_half_a_trigger_is_a_fault_at_its_line(trigger: str, said: str) -> None:
    text = shipped_playbooks()["ransomware"][1]
    text = text.replace("triggers:\n", f"triggers:\n  - {trigger}\n", 1)
    line = text.split("\n").index(f"  - {trigger}") + 1
    with pytest.raises(FaultsError) as refused:
        read_playbook(text, "ransomware")
    assert [fault.line for fault in refused.value.faults] == [line]
    assert said in refused.value.faults[0].message
