"""An appeal has a clock, is worked by other hands, and is answered with words that tell nothing."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from tests.console.operators import Browser, browser_of, new_operator

from fengkong.console.accounts.models import Operator
from fengkong.console.audit.models import AuditEntry
from fengkong.console.cases.models import Case
from fengkong.console.customers import appeals, telling
from fengkong.console.customers.deadlines import deadline_at
from fengkong.console.customers.errors import (
    AnsweredAppealError,
    ConflictingAppealError,
    ExtendedAppealError,
    SameHandsError,
    UnfitAnswerError,
    UnknownDecisionError,
)
from fengkong.console.customers.forgetting import forget_erased
from fengkong.console.customers.models import Appeal
from fengkong.console.journaled.seen import SeenEntries, SeenErasure
from fengkong.console.outbox.models import Job
from fengkong.console.webhooks.occurrences import OCCURRENCES
from fengkong.console.webhooks.publishing import Happening

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("decided")]
GROUNDS = "I am Zhang San <b>and</b> this was me"


def taken(operator: Operator, reference: str = "A-1", event_id: str = "e-2") -> Appeal:
    return appeals.take_in(
        operator,
        reference=reference,
        event_id=event_id,
        grounds=GROUNDS,
        language="en",
        came_by=Appeal.Came.OPERATOR,
    )


def test_an_appeal_has_its_clock_and_is_sealed(ann: Operator) -> None:
    appeal = taken(ann)
    local = timezone.localtime(appeal.due_at)
    assert local.date() == timezone.localdate(appeal.received_at) + timedelta(days=15)
    assert (local.hour, local.minute) == (23, 59)
    assert b"Zhang" not in bytes(appeal.grounds_sealed)
    assert appeals.grounds_of(appeal) == GROUNDS
    assert taken(ann) == appeal  # the same reference is the same appeal
    assert Appeal.objects.count() == 1
    with pytest.raises(ConflictingAppealError):
        taken(ann, event_id="e-1")
    with pytest.raises(UnknownDecisionError):
        taken(ann, reference="A-2", event_id="nothing")


@pytest.mark.parametrize(
    ("arrived", "due"),
    [
        ((2026, 3, 1, 0, 0), (2026, 3, 16)),
        ((2026, 3, 1, 23, 59), (2026, 3, 16)),
        ((2026, 12, 20, 12, 0), (2027, 1, 4)),
    ],
)
def test_the_day_of_arrival_is_not_counted(arrived: Any, due: Any) -> None:
    moment = datetime(*arrived, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert timezone.localtime(deadline_at(moment).due(moment)).date() == datetime(*due).date()  # noqa: DTZ001


def test_other_hands_review_it(ann: Operator, bob: Operator, case: Case) -> None:
    appeal = taken(new_operator("credit_officer"))  # ann opened and owns the case of decision 2
    assert appeal.first_deciders == ["ann"]
    for act in (
        lambda: appeals.claim(ann, appeal.pk),
        lambda: appeals.answer(ann, appeal.pk, outcome="upheld", findings="I was right"),
        lambda: appeals.extend(ann, appeal.pk, why="busy"),
    ):
        with pytest.raises(SameHandsError):
            act()
    appeals.claim(bob, appeal.pk)
    case.owner = bob  # whoever joins later is barred as well
    case.save()
    with pytest.raises(SameHandsError):
        appeals.answer(bob, appeal.pk, outcome="upheld", findings="she was right")


def test_it_is_answered_once_with_the_wording(
    bob: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Happening] = []
    monkeypatch.setattr(telling, "publish", told.extend)
    appeal = taken(bob)
    for outcome, findings in (("", "x"), ("wild", "x"), ("changed", "  ")):
        with pytest.raises(UnfitAnswerError):
            appeals.answer(bob, appeal.pk, outcome=outcome, findings=findings)
    appeals.answer(bob, appeal.pk, outcome="changed", findings="it was him", was_good="yes")
    assert [one.name for one in told] == ["appeal.received", "appeal.answered"]
    wording = told[1].content["wording"]
    assert wording["title"] == "Result of the review: the decision was changed"
    assert "it was him" not in str(told)
    label = Job.objects.get(kind="send_case_label")
    assert (label.content["event"], label.content["is_fraud"]) == ("e-2", False)
    for again in (
        lambda: appeals.answer(bob, appeal.pk, outcome="upheld", findings="x"),
        lambda: appeals.withdraw(bob, appeal.pk),
        lambda: appeals.claim(bob, appeal.pk),
    ):
        with pytest.raises(AnsweredAppealError):
            again()
    entry = AuditEntry.objects.get(action="answer_appeal")
    assert entry.detail["in_time"] is True
    assert "it was him" not in str(entry.detail)


def test_messages_about_appeals_hold_what_is_declared(
    bob: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Happening] = []
    monkeypatch.setattr(telling, "publish", sent.extend)
    appeal = taken(bob)
    appeals.answer(bob, appeal.pk, outcome="explained", findings="told him")
    for one in sent:
        assert set(one.content) == set(OCCURRENCES[one.name].parts)
    assert set(sent[1].content["wording"]) == {"title", "text", "next"}


def test_a_deadline_is_extended_once_to_the_longest(bob: Operator) -> None:
    appeal = taken(bob)
    with pytest.raises(ExtendedAppealError):
        appeals.extend(bob, appeal.pk, why=" ")
    extended = appeals.extend(bob, appeal.pk, why="papers from another bank")
    day = timezone.localdate(appeal.received_at)
    assert timezone.localdate(extended.due_at) == day + timedelta(days=30)
    with pytest.raises(ExtendedAppealError):
        appeals.extend(bob, appeal.pk, why="again")


def test_the_screens_of_an_appeal(bob: Operator) -> None:
    desk: Browser = browser_of(bob, HTTP_ACCEPT_LANGUAGE="en")
    given = {"reference": "B-7", "event_id": "e-4", "language": "zh", "grounds": GROUNDS}
    assert desk.post("/customers/appeals/new/", given | {"event_id": "?"}).status_code == 422
    assert desk.post("/customers/appeals/new/", given | {"reference": "a b"}).status_code == 422
    where = desk.post("/customers/appeals/new/", given)["Location"]
    shown = desk.get(where).content.decode()
    assert "<b>and</b>" not in shown
    assert "&lt;b&gt;and&lt;/b&gt;" in shown
    assert "我们已收到您的申请" in shown
    assert "B-7" in desk.get("/customers/appeals/").content.decode()
    desk.post(f"{where}claim/")
    desk.post(f"{where}extend/", {"why": "papers"})
    assert desk.post(f"{where}answer/", {"outcome": "upheld", "findings": ""}).status_code == 422
    desk.post(f"{where}answer/", {"outcome": "upheld", "findings": "looked again", "was_good": ""})
    assert "looked again" in desk.get(where).content.decode()
    assert "B-7" not in desk.get("/customers/appeals/").content.decode()  # the open ones
    assert desk.get("/customers/wordings/").status_code == 200
    reader = browser_of(new_operator("executive"))
    assert reader.get(where).status_code == 200
    for act in ("claim", "answer", "extend", "withdraw"):
        assert reader.post(f"{where}{act}/").status_code == 403


def test_an_erased_person_is_forgotten(bob: Operator) -> None:
    appeal = taken(bob)
    entries = SeenEntries(journal="0" * 32, after=0, upto=9, at=0)
    entries.erasures = [SeenErasure(subject=appeal.subject, sequence=9, at=0)]
    forget_erased(entries)
    appeal.refresh_from_db()
    assert (appeal.subject, appeals.grounds_of(appeal)) == ("", None)
