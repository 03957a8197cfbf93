"""The screens of early warning as people use them."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.utils import timezone
from tests.console.operators import browser_of, new_operator

from fengkong.console.accounts.models import Operator
from fengkong.console.approvals import four_eyes
from fengkong.console.approvals.four_eyes import SameEyesError
from fengkong.console.approvals.models import Proposal
from fengkong.console.warnings.computing import recompute
from fengkong.console.warnings.models import Annotation, RaisedWarning, Reading, ThresholdChange
from fengkong.console.warnings.telling import OWNERS
from fengkong.indicators.library_file import shipped_library

pytestmark = pytest.mark.django_db
Deliver = Callable[..., date]
UNMATCHED = "funds.unmatched_items"


def page(operator: Operator, address: str, language: str = "en") -> str:
    answer = browser_of(operator, HTTP_ACCEPT_LANGUAGE=language).get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_the_cockpit_shows_what_is_wrong_in_both_languages(
    deliver: Deliver, officer: Operator
) -> None:
    assert "Nothing was computed yet" in page(officer, "/warnings/cockpit/")
    deliver(unexplained=1500.0, bank_balance=998_500.0)
    recompute()
    text = page(officer, "/warnings/cockpit/")
    assert "Unexplained difference with the custodian is 1500.00 CNY, red" in text
    assert "存管对账不明差异为 1500.00 CNY" in page(officer, "/warnings/cockpit/", "zh-hans")
    assert "Funds and custody" in text


def test_a_warning_says_level_money_owner_and_playbook(deliver: Deliver, officer: Operator) -> None:
    deliver(unexplained=1500.0, bank_balance=998_500.0)
    recompute()
    found = RaisedWarning.objects.get(indicator="funds.unexplained_difference")
    text = page(officer, f"/warnings/{found.pk}/")
    for piece in ("custody_mismatch", "Treasury", "1,500.00", "red"):
        assert piece in text
    assert f"/notices/{found.notice}/" in text
    assert "red" in page(officer, "/warnings/?level=red")
    assert "No warnings here" in page(officer, "/warnings/?group=market")


def test_indicators_are_found_and_have_pages(deliver: Deliver, officer: Operator) -> None:
    deliver()
    recompute()
    listed = page(officer, "/warnings/indicators/?group=funds")
    assert listed.count("/warnings/indicators/funds.") >= 13
    assert "Unmatched items" in page(officer, "/warnings/indicators/?text=unmatched")
    text = page(officer, f"/warnings/indicators/{UNMATCHED}/")
    assert "Thresholds in force" in text
    assert browser_of(officer).get("/warnings/indicators/no.such/").status_code == 404


def test_sources_say_what_is_set_up_and_what_is_not(deliver: Deliver, officer: Operator) -> None:
    deliver()
    recompute()
    text = page(officer, "/warnings/sources/")
    assert text.count("not set up") >= 15
    assert "good" in text


def test_other_bounds_are_tried_proposed_and_approved_by_another(
    deliver: Deliver, officer: Operator
) -> None:
    deliver(days=60)
    recompute(everything=True)
    Reading.objects.filter(indicator=UNMATCHED).update(value=4.0)
    text = page(officer, f"/warnings/indicators/{UNMATCHED}/?yellow=2&orange=3&red=9")
    assert "Alarms that would be new" in text
    wrong = page(officer, f"/warnings/indicators/{UNMATCHED}/?yellow=5&orange=3&red=9")
    assert wrong.count("not in order from mild to bad") == 1
    browser = browser_of(officer)
    address = f"/warnings/indicators/{UNMATCHED}/propose/"
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    said = {"yellow": 2, "orange": 3, "red": 9, "effective_from": tomorrow, "reason": "too late"}
    browser.post(address, said | {"yellow": 5})  # not in order
    assert not Proposal.objects.exists()
    browser.post(address, said)
    proposal = Proposal.objects.get()
    assert proposal.content["alarms"] > proposal.content["alarms_now"] == 0
    senior = new_operator("senior_analyst", "credit_officer", username="sam")
    mine = four_eyes.propose(
        senior, "indicator_threshold", target=UNMATCHED, reason="x", content=proposal.content
    )
    with pytest.raises(SameEyesError):
        four_eyes.approve(senior, mine.pk)
    four_eyes.approve(senior, proposal.pk)
    change = ThresholdChange.objects.get()
    assert (change.by, change.approved_by, change.red) == ("cora", "sam", 9.0)
    assert tomorrow in page(officer, f"/warnings/indicators/{UNMATCHED}/")


def test_a_threshold_holds_from_its_day_on_and_not_before(deliver: Deliver) -> None:
    today = deliver(days=10)
    ThresholdChange.objects.create(
        indicator=UNMATCHED,
        effective_from=today,
        yellow=-1.0,
        reference="x",
        by="a",
        approved_by="b",
    )
    recompute(everything=True)
    levels = dict(Reading.objects.filter(indicator=UNMATCHED).values_list("day", "level"))
    assert levels.pop(today) == "yellow"
    assert set(levels.values()) == {"green"}


def test_somebody_notes_something_on_a_day(deliver: Deliver, officer: Operator) -> None:
    deliver()
    recompute()
    browser = browser_of(officer, HTTP_ACCEPT_LANGUAGE="en")
    hostile = "<script>alert(1)</script>"
    said = {"day": timezone.localdate().isoformat(), "text": hostile}
    browser.post(f"/warnings/indicators/{UNMATCHED}/note/", said)
    assert Annotation.objects.get().by == "cora"
    text = browser.get(f"/warnings/indicators/{UNMATCHED}/").content.decode()
    assert hostile not in text
    assert "&lt;script&gt;" in text


def test_everything_is_computed_again_by_the_worker(commander: Operator) -> None:
    from fengkong.console.outbox.models import Job

    browser_of(commander).post("/warnings/sources/recompute/")
    assert Job.objects.filter(kind="recompute_indicators").count() == 1


def test_everybody_who_answers_for_something_has_a_name_in_words() -> None:
    library = shipped_library()
    owners = {one.owner for one in library.indicators.values()}
    owners |= {one.owner for one in library.sources.values()}
    assert owners <= set(OWNERS)
