"""The screens of the loop show what was counted, and a second look tells nothing of the first."""

import pytest
from tests.console.feedback.making import close, count, lately, told, truth
from tests.console.journaled.test_intake import entries
from tests.console.operators import browser_of, new_operator

from fengkong.console.accounts.models import Operator
from fengkong.console.alerts.models import Alert
from fengkong.console.alerts.organising import current_terms
from fengkong.console.approvals.four_eyes import SameEyesError, approve
from fengkong.console.approvals.models import Proposal
from fengkong.console.feedback.models import AlertEnd, LoopSettings, SecondLook
from fengkong.console.journaled.intake import take_in

REVIEW = {"outcome": "review", "rules": ("mule.collects",)}


@pytest.fixture
def desk(db: None) -> None:
    """Three alerts: fraud, not fraud, and one that a label overturned."""
    LoopSettings.objects.create(quality_share=1.0)
    analyst = new_operator("analyst", username="first-one")
    take_in(entries(*(lately(number, days=20, **REVIEW) for number in (1, 2, 3))))
    ends = [("confirmed_fraud", "customer_denies"), *[("false_positive", "usual_behaviour")] * 2]
    for alert, (end, reason) in zip(Alert.objects.order_by("first_sequence"), ends, strict=True):
        close(alert, end, analyst, reason)
    told(truth(1, 4, is_fraud=True), truth(2, 5, is_fraud=False), after=3)
    count()


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    "place", ["", "typologies/", "analysts/", "models/", "staffing/", "missed/"]
)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_screen_is_there(place: str, language: str) -> None:
    operator = new_operator("senior_analyst")
    operator.language = language
    operator.save()
    answer = browser_of(operator).get(f"/feedback/{place}")
    assert answer.status_code == 200
    assert b"%(" not in answer.content


@pytest.mark.usefixtures("desk")
def test_staffing_opens_also_where_alerts_were_closed_in_no_time() -> None:
    AlertEnd.objects.update(handled_s=1)
    browser = browser_of(new_operator("senior_analyst"))
    answer = browser.get("/feedback/staffing/")
    assert answer.context["form"].is_valid()
    assert answer.context["form"].cleaned_data["handling"] == 0.1
    assert answer.context["found"]
    AlertEnd.objects.update(handled_s=0)
    answer = browser.get("/feedback/staffing/")
    assert answer.context["form"].cleaned_data["handling"] == 5
    assert answer.context["measured"] is None, "it says that five minutes are assumed"


@pytest.mark.usefixtures("desk")
def test_a_file_holds_what_the_screen_shows() -> None:
    browser = browser_of(new_operator("senior_analyst"))
    text = browser.get("/feedback/file/rules/csv/?days=90d").content.decode("utf-8-sig")
    assert "mule.collects,3,0.6666666666666666,1,1,0.5" in text
    assert browser.get("/feedback/file/rules/exe/").status_code == 404


@pytest.mark.usefixtures("desk")
def test_a_second_look_is_blind() -> None:
    browser = browser_of(new_operator("senior_analyst"))
    look = SecondLook.objects.earliest("pk")
    page = browser.get(f"/feedback/second/{look.pk}/").content.decode()
    for told_of_the_first in ("first-one", "First-One", "customer_denies", "denies"):
        assert told_of_the_first not in page
    sent = {"disposition": "false_positive", "remark": "=HYPERLINK(1)"}
    answer = browser.post(f"/feedback/second/{look.pk}/", sent)
    assert answer.status_code == 302
    look.refresh_from_db()
    assert (look.second, look.second_by) == ("false_positive", browser.operator)
    assert "=HYPERLINK(1)" in browser.get("/feedback/quality/").content.decode()


@pytest.mark.usefixtures("desk")
def test_who_closed_an_alert_finds_no_second_look_at_it() -> None:

    browser = browser_of(Operator.objects.get(username="first-one"))
    look = SecondLook.objects.earliest("pk")
    assert browser.get(f"/feedback/second/{look.pk}/").status_code == 404


@pytest.mark.django_db
def test_settings_are_checked_and_kept() -> None:
    browser = browser_of(new_operator("senior_analyst"))
    address = "/feedback/missed/share/"
    for unfit in ({"percent": "50", "reason": "all of it"}, {"percent": "0.2"}):
        browser.post(address, unfit)
        assert not Proposal.objects.exists()
    browser.post(address, {"percent": "0.2", "reason": "to know what is missed"})
    proposal = Proposal.objects.get()
    assert current_terms().random_share == 0
    assert f"/approvals/{proposal.pk}/" in browser.get("/feedback/missed/").content.decode()
    with pytest.raises(SameEyesError):
        approve(browser.operator, proposal.pk)
    other = browser_of(new_operator("compliance_officer"))
    assert "0.2000%" in other.get(f"/approvals/{proposal.pk}/").content.decode()
    other.post(f"/approvals/{proposal.pk}/approve/", {"remark": "well"})
    assert current_terms().random_share == 0.002
    browser.post("/feedback/quality/settings/", {"percent": "10", "cost": "150"})
    row = LoopSettings.objects.get()
    assert (row.quality_share, row.hour_cost_minor) == (0.1, 15_000)
