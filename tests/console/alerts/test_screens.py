"""The screens of the review desk: the queue, an alert, closing, undo, claims, teams, hand-over."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from tests.console.alerts.making import read, reviewed
from tests.console.operators import Browser, browser_of, new_operator

from fengkong.console.alerts.claiming import take_next
from fengkong.console.alerts.closing import dispose
from fengkong.console.alerts.models import (
    Alert,
    AlertTerms,
    Closing,
    DeskMember,
    Handover,
    Presence,
    SavedView,
    Snooze,
)
from fengkong.console.alerts.snoozing import wake_alerts
from fengkong.console.audit.models import AuditEntry
from fengkong.console.journaled.models import Cursor
from fengkong.console.outbox.models import Job

pytestmark = pytest.mark.django_db
CLOSE = {"disposition": "false_positive", "reason_code": "travel", "remark": "by train"}
SignedIn = Callable[..., Browser]


@pytest.fixture
def signed_in() -> SignedIn:
    """A browser, in English, with a new operator of some roles."""

    def browser(*roles: str) -> Browser:
        made = browser_of(new_operator(*roles))
        made.cookies["django_language"] = "en"
        return made

    return browser


@pytest.fixture
def waiting() -> list[str]:
    """Three alerts in the order of the queue: the costliest of three that fall due alike."""
    read(
        reviewed(1, subject=f"{1:032x}", amount_minor=10_000),
        reviewed(2, subject=f"{2:032x}", amount_minor=90_000_000, recorded_at=reviewed(1)[5]),
        reviewed(3, subject=f"{3:032x}", rules=("takeover.x",), recorded_at=reviewed(1)[5]),
    )
    return list(Alert.objects.order_by("rank_at").values_list("pk", flat=True))


def test_the_queue_shows_what_waits(waiting: list[str], signed_in: SignedIn) -> None:
    page = signed_in("analyst").get("/alerts/")
    places = [page.content.decode().index(f'data-alert="{one}"') for one in waiting]
    assert places == sorted(places)
    assert "Mule ring" in page.content.decode()
    assert (
        signed_in("analyst").get("/alerts/?overdue=yes&team=accounts&inbox=all").status_code == 200
    )


def test_the_page_learns_what_is_new(waiting: list[str], signed_in: SignedIn) -> None:
    browser = signed_in("analyst")
    first = browser.get("/alerts/newer/").json()
    assert waiting[0] in first["html"]
    assert "html" not in browser.get(f"/alerts/newer/?known={first['known']}").json()
    still = browser.get(f"/alerts/newer/?version={first['version']}").json()
    if still["version"] == first["version"]:  # else a minute began in between
        assert "html" not in still
    read(reviewed(4, subject=f"{4:032x}"), after=3)
    again = browser.get(f"/alerts/newer/?known={first['known']}").json()
    assert (again["known"] != first["known"], again["total_text"]) == (True, "4 rows")


def test_next_claims_and_closing_goes_on(waiting: list[str], signed_in: SignedIn) -> None:
    browser, other = signed_in("analyst"), signed_in("analyst")
    assert browser.post("/alerts/next/").url == f"/alerts/one/{waiting[0]}/"
    assert other.post("/alerts/next/").url == f"/alerts/one/{waiting[1]}/"
    seen = Alert.objects.get(pk=waiting[0]).newest_sequence
    went = browser.post(f"/alerts/one/{waiting[0]}/close/", CLOSE | {"seen": seen})
    assert went.url == f"/alerts/one/{waiting[2]}/"
    closed = Alert.objects.get(pk=waiting[0])
    assert (closed.state, closed.reason_code, closed.closed_sequence) == ("closed", "travel", 3)
    page = browser.get(went.url).content.decode()
    closing = Closing.objects.get()
    assert f"/alerts/closings/{closing.pk}/undo/" in page
    job = Job.objects.get(kind="send_alert_labels")
    assert job.due_at - closing.at == timedelta(seconds=10)


def test_undo_opens_it_again_and_only_in_time(waiting: list[str], signed_in: SignedIn) -> None:
    browser = signed_in("analyst")
    closing = dispose(waiting[:2], "suspicious", "documents_missing", browser.operator)
    assert signed_in("analyst").post(f"/alerts/closings/{closing.pk}/undo/").status_code == 403
    browser.post(f"/alerts/closings/{closing.pk}/undo/")
    assert Alert.objects.filter(state="open", closed_sequence=None).count() == 3
    late = dispose(waiting[:1], "suspicious", "documents_missing", browser.operator)
    Closing.objects.filter(pk=late.pk).update(undo_until=timezone.now())
    browser.post(f"/alerts/closings/{late.pk}/undo/")
    assert Alert.objects.get(pk=waiting[0]).state == "closed"


def test_a_reason_must_fit(waiting: list[str], signed_in: SignedIn) -> None:
    browser = signed_in("analyst")
    for wrong in ({"reason_code": ""}, {"reason_code": "mule_account"}, {"disposition": "x"}):
        browser.post(f"/alerts/one/{waiting[0]}/close/", CLOSE | wrong)
    assert not Closing.objects.exists()


def test_what_changed_meanwhile_is_not_closed(waiting: list[str], signed_in: SignedIn) -> None:
    browser = signed_in("analyst")
    read(reviewed(5, subject=f"{1:032x}"), after=3)
    changed = Alert.objects.get(newest_sequence=5)
    browser.post(f"/alerts/one/{changed.pk}/close/", CLOSE | {"seen": 1})
    assert Alert.objects.get(pk=changed.pk).state == "open"
    browser.post(f"/alerts/one/{changed.pk}/close/", CLOSE | {"seen": 5})
    assert Alert.objects.get(pk=changed.pk).state == "closed"


def test_many_are_closed_after_a_preview(waiting: list[str], signed_in: SignedIn) -> None:
    browser = signed_in("analyst")
    preview = browser.post("/alerts/batch/", {"picked": waiting})
    assert "Close 3 alerts" in preview.content.decode()
    assert not Closing.objects.exists()
    seen = {f"seen-{a.pk}": a.newest_sequence for a in Alert.objects.all()}
    browser.post("/alerts/batch/", CLOSE | {"picked": waiting} | seen)
    assert Closing.objects.get().alerts.count() == 3


def test_claims_are_one_persons_and_end(waiting: list[str], signed_in: SignedIn) -> None:
    browser, other = signed_in("analyst"), signed_in("analyst")
    browser.post(f"/alerts/one/{waiting[0]}/act/", {"act": "claim"})
    other.post(f"/alerts/one/{waiting[0]}/act/", {"act": "claim"})
    assert Alert.objects.get(pk=waiting[0]).claimed_by == browser.operator
    Alert.objects.filter(pk=waiting[0]).update(claimed_until=timezone.now())
    other.post(f"/alerts/one/{waiting[0]}/act/", {"act": "claim"})
    assert Alert.objects.get(pk=waiting[0]).claimed_by == other.operator
    other.post(f"/alerts/one/{waiting[0]}/act/", {"act": "release"})
    assert Alert.objects.get(pk=waiting[0]).claimed_by is None


def test_an_inbox_is_of_team_and_skill(waiting: list[str], signed_in: SignedIn) -> None:
    senior, analyst = signed_in("senior_analyst"), signed_in("analyst")
    name = analyst.operator.username
    senior.post(f"/alerts/members/{name}/", {"teams": ["accounts"], "skills": ["account_takeover"]})
    assert DeskMember.objects.get(operator=analyst.operator).teams == ["accounts"]
    page = analyst.get("/alerts/").content.decode()
    takeover = Alert.objects.get(typology="account_takeover")
    assert [f'data-alert="{one}"' in page for one in waiting] == [o == takeover.pk for o in waiting]
    assert take_next(analyst.operator) == takeover
    assert take_next(analyst.operator) == takeover
    assert analyst.get(f"/alerts/members/{name}/").status_code == 403
    analyst.post(f"/alerts/one/{takeover.pk}/act/", {"act": "move", "team": "credit"})
    assert take_next(analyst.operator) is None


def test_a_snooze_ends_by_itself(waiting: list[str], signed_in: SignedIn) -> None:
    browser = signed_in("analyst")
    browser.post(
        f"/alerts/one/{waiting[0]}/act/", {"act": "snooze", "length": "1h", "reason": "he travels"}
    )
    assert Alert.objects.get(pk=waiting[0]).state == "snoozed"
    assert browser.get(f"/alerts/one/{waiting[0]}/").status_code == 200
    Alert.objects.filter(pk=waiting[0]).update(snoozed_until=timezone.now())
    wake_alerts(Job(kind="wake_alerts"))
    assert Alert.objects.get(pk=waiting[0]).state == "open"
    assert Snooze.objects.get().from_sequence == 3


def test_who_else_is_looking(waiting: list[str], signed_in: SignedIn) -> None:
    browser, other = signed_in("analyst"), signed_in("analyst")
    address = f"/alerts/one/{waiting[0]}/looking/"
    assert browser.post(address).json()["others"] == []
    assert other.post(address).json()["others"] == [str(browser.operator)]
    Presence.objects.update(at=timezone.now() - timedelta(minutes=1))
    assert browser.post(address).json()["others"] == []


def test_terms_hold_from_now_on(waiting: list[str], signed_in: SignedIn) -> None:
    browser = signed_in("senior_analyst")
    page = browser.get("/alerts/terms/")
    form = page.context["form"]
    given = form.initial | {"outcomes": ["deny"], "sla_mule_ring": 5}
    browser.post("/alerts/terms/", given)
    newest = AlertTerms.objects.latest("from_sequence")
    assert (newest.from_sequence, newest.content["outcomes"]) == (3, ["deny"])
    assert newest.content["typologies"]["mule_ring"]["sla_minutes"] == 5
    read(reviewed(4, subject=f"{4:032x}"), after=3)
    assert Alert.objects.count() == 3
    assert signed_in("analyst").post("/alerts/terms/", given).status_code == 403


def test_views_habits_and_handover(waiting: list[str], signed_in: SignedIn) -> None:
    browser, taker = signed_in("analyst"), new_operator("analyst")
    browser.post("/alerts/views/", {"name": "mine", "query": "inbox=all", "sharing": "all"})
    assert "mine" in browser_of(taker).get("/alerts/").content.decode()
    browser.post(f"/alerts/views/{SavedView.objects.get().pk}/delete/")
    assert not SavedView.objects.exists()
    browser.post("/alerts/habits/", {"auto_advance": "on"})
    assert "data-hotkeys" not in browser.get("/alerts/").content.decode()
    take_next(browser.operator)
    browser.post("/alerts/handover/", {"taker": taker.pk, "note": "call the bank back"})
    assert Alert.objects.get(pk=waiting[0]).claimed_by == taker
    their = browser_of(taker)
    assert "call the bank back" in their.get("/alerts/").content.decode()
    their.post(f"/alerts/handover/{Handover.objects.get().pk}/read/")
    assert "call the bank back" not in their.get("/alerts/").content.decode()


def test_reopening_is_recorded(waiting: list[str], signed_in: SignedIn) -> None:
    browser = signed_in("analyst")
    dispose(waiting[:1], "suspicious", "documents_missing", browser.operator)
    browser.post(f"/alerts/one/{waiting[0]}/act/", {"act": "reopen", "reason": "new papers"})
    assert Alert.objects.get(pk=waiting[0]).state == "open"
    assert AuditEntry.objects.filter(action="reopen_alert", target=waiting[0]).exists()
    assert Cursor.objects.get().sequence == 3
