"""What is done to a case changes what it holds, is recorded, and is refused once it is closed."""

import pytest
from django.utils import timezone
from tests.console.cases.conftest import ANNA, BERT
from tests.console.operators import browser_of, new_operator

from fengkong.console.accounts.models import Operator
from fengkong.console.alerts.models import Alert, AlertDecision
from fengkong.console.audit.models import AuditEntry
from fengkong.console.cases import changing
from fengkong.console.cases.errors import (
    ClosedCaseError,
    UnfitMergeError,
    UnfitOwnerError,
    UnfitSplitError,
    UnknownReasonError,
)
from fengkong.console.cases.files import add_file
from fengkong.console.cases.forgetting import forget_erased
from fengkong.console.cases.models import Case, CaseFile
from fengkong.console.cases.notes import clear_notes, write_note
from fengkong.console.cases.opening import case_for, open_by_hand
from fengkong.console.journaled.models import Decision
from fengkong.console.journaled.seen import SeenEntries, SeenErasure
from fengkong.console.outbox.models import Job

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 40


def alert(name: str, *sequences: int, subject: str = ANNA, loss: int = 100) -> Alert:
    """An alert made of decisions."""
    now = timezone.now()
    made = Alert.objects.create(
        id=name,
        subject=subject,
        typology="account_takeover",
        event_type="payment.initiated",
        policy="payments",
        outcome="review",
        first_sequence=min(sequences),
        newest_sequence=max(sequences),
        opened_at=now,
        newest_at=now,
        due_at=now,
        rank_at=now,
        decisions=len(sequences),
        points=1.0,
        exposure_minor=loss,
        expected_loss_minor=loss,
        currency="CNY",
        team="accounts",
        skill="account_takeover",
    )
    for sequence in sequences:
        AlertDecision.objects.create(
            sequence=sequence, alert=made, event_id=f"e-{sequence}", recorded_at=now
        )
    return made


def sequences(case: Case) -> list[int]:
    return sorted(case.gathered.values_list("sequence", flat=True))


def acts(case: Case) -> list[str]:
    found = AuditEntry.objects.filter(target_kind="case", target=str(case.pk))
    return list(found.order_by("sequence").values_list("action", flat=True))


def test_alerts_of_a_subject_go_into_its_open_case(decided: None, ann: Operator) -> None:
    alert("a1", 1, 2)
    alert("a2", 4)
    first = case_for(["a1"], ann)
    assert case_for(["a2"], ann) == first
    assert sequences(first) == [1, 2, 4]
    assert set(Alert.objects.values_list("case_id", flat=True)) == {str(first.pk)}
    assert acts(first) == ["open_case", "gather_alerts", "gather_alerts"]


def test_the_case_of_several_subjects_is_that_of_the_dearest_alert(
    decided: None, ann: Operator
) -> None:
    alert("a1", 1, loss=10)
    alert("b1", 5, subject=BERT, loss=1_000)
    case = case_for(["a1", "b1"], ann)
    assert (case.subject, sequences(case)) == (BERT, [1, 5])


def test_handing_over_needs_somebody_who_works_cases(
    case: Case, ann: Operator, bob: Operator
) -> None:
    with pytest.raises(UnfitOwnerError):
        changing.hand_over(ann, case.pk, to=new_operator("executive").username, remark="")
    with pytest.raises(UnfitOwnerError):
        changing.hand_over(ann, case.pk, to="nobody", remark="")
    assert changing.hand_over(ann, case.pk, to="bob", remark="call her").owner == bob
    told = AuditEntry.objects.get(action="hand_over_case").detail
    assert (told["before"], told["after"]) == ({"owner": "ann"}, {"owner": "bob"})


def test_merging_moves_everything(case: Case, ann: Operator) -> None:
    alert("b1", 5, 6, subject=BERT)
    other = case_for(["b1"], ann)
    write_note(ann, other.pk, "Bert shares her phone")
    target = changing.merge(ann, other.pk, into=case.pk)
    other.refresh_from_db()
    assert (other.state, other.merged_into) == ("merged", target)
    assert sequences(target) == [1, 2, 4, 5, 6]
    assert target.exposure_minor == 250_00 + 915_00
    assert sequences(other) == []
    assert Alert.objects.get(pk="b1").case_id == str(target.pk)
    assert [note.text for note in clear_notes(target, newest=9)] == ["Bert shares her phone"]
    wrong = {other.pk: "not open any more", case.pk: "this case itself", 99_999: "there is no case"}
    for number, said in wrong.items():
        with pytest.raises(UnfitMergeError, match=f"{said}.*choose"):
            changing.merge(ann, number, into=case.pk)


def test_alerts_are_put_into_a_case_from_the_queue(decided: None, ann: Operator) -> None:
    alert("a1", 1, 2)
    alert("b1", 5, subject=BERT, loss=1_000)
    desk = browser_of(ann, HTTP_ACCEPT_LANGUAGE="en")
    answer = desk.post("/cases/gather/", {"picked": ["a1", "b1"]})
    case = Case.objects.get()
    assert (answer["Location"], case.owner, case.subject) == (f"/cases/{case.pk}/", ann, BERT)
    assert set(Alert.objects.values_list("case_id", flat=True)) == {str(case.pk)}
    again = desk.post("/cases/gather/", {"picked": ["f" * 24]}, follow=True)
    assert "none of 1 alerts is known" in again.content.decode()
    assert Case.objects.count() == 1


@pytest.mark.parametrize(
    ("erased", "stays"),
    [(BERT, ["Anna called"]), (ANNA, ["Bert pays her", "Bert shares her phone"])],
)
def test_erasing_reaches_what_a_case_brought_along_when_it_was_merged(
    case: Case, ann: Operator, erased: str, stays: list[str]
) -> None:
    """Twice: Bert's case went into another one of his, which went into Anna's."""
    write_note(ann, case.pk, "Anna called")
    other = open_by_hand(ann, [5], typology="scam", why="")
    write_note(ann, other.pk, "Bert shares her phone")
    add_file(ann, other.pk, name="bert.png", content=PNG)
    third = open_by_hand(ann, [6], typology="scam", why="")
    write_note(ann, third.pk, "Bert pays her")
    changing.merge(ann, other.pk, into=third.pk)
    target = changing.merge(ann, third.pk, into=case.pk)
    assert len(clear_notes(target, newest=9)) == 3
    entries = SeenEntries(journal="0" * 32, after=0, upto=9, at=0)
    entries.erasures = [SeenErasure(subject=erased, sequence=9, at=0)]
    forget_erased(entries)
    kept = [note.text for note in clear_notes(target, newest=9) if note.text]
    assert sorted(kept) == stays
    assert CaseFile.objects.filter(removed_at=None).exists() == (erased == ANNA)


@pytest.mark.parametrize(
    ("erased", "stays"), [(BERT, ["before"]), (ANNA, ["of Bert alone"])], ids=["merged", "whole"]
)
def test_what_was_written_since_a_merge_may_be_about_both(
    case: Case, ann: Operator, erased: str, stays: list[str]
) -> None:
    write_note(ann, case.pk, "before")
    other = open_by_hand(ann, [5], typology="scam", why="")
    write_note(ann, other.pk, "of Bert alone")
    target = changing.merge(ann, other.pk, into=case.pk)
    write_note(ann, case.pk, "they met")
    add_file(ann, case.pk, name="both.png", content=PNG)
    entries = SeenEntries(journal="0" * 32, after=0, upto=9, at=0)
    entries.erasures = [SeenErasure(subject=erased, sequence=9, at=0)]
    forget_erased(entries)
    assert [note.text for note in clear_notes(target, newest=9) if note.text] == stays
    assert not CaseFile.objects.filter(removed_at=None).exists()


def test_an_alert_is_never_torn_by_a_split(decided: None, ann: Operator) -> None:
    alert("a1", 1, 2)
    case = case_for(["a1"], ann)
    changing.merge(ann, open_by_hand(ann, [5], typology="scam", why="").pk, into=case.pk)
    part = changing.split(ann, case.pk, [2], why="another story")
    assert (sequences(part), sequences(case)) == ([1, 2], [5])
    assert Alert.objects.get(pk="a1").case_id == str(part.pk)
    assert (part.split_from, part.subject, part.exposure_minor) == (case, ANNA, 200_00)
    case.refresh_from_db()
    assert case.exposure_minor == 900_00
    for wrong in ([], [1, 2], [77]):
        with pytest.raises(UnfitSplitError):
            changing.split(ann, part.pk, wrong, why="")


def test_the_end_of_a_case_ends_its_alerts(decided: None, ann: Operator) -> None:
    alert("a1", 1, 2)
    alert("a2", 4)
    case = case_for(["a1", "a2"], ann)
    for outcome, reason in (
        ("confirmed_fraud", "travel"),
        ("none", "travel"),
        ("confirmed_fraud", "none"),
    ):
        with pytest.raises(UnknownReasonError):
            changing.close(ann, case.pk, outcome=outcome, reason_code=reason)
    changing.close(ann, case.pk, outcome="confirmed_fraud", reason_code="credentials_stolen")
    assert set(Alert.objects.values_list("state", "disposition", "reason_code")) == {
        ("closed", "confirmed_fraud", "credentials_stolen")
    }
    case.refresh_from_db()
    assert (case.state, case.outcome, case.closed_by) == ("closed", "confirmed_fraud", "ann")
    with pytest.raises(ClosedCaseError):
        write_note(ann, case.pk, "too late")
    changing.reopen(ann, case.pk, why="new evidence")
    case.refresh_from_db()
    assert (case.state, case.outcome) == ("open", "")
    assert acts(case)[-2:] == ["close_case", "reopen_case"]


def test_a_decision_without_an_alert_teaches_too(case: Case, ann: Operator) -> None:
    changing.close(ann, case.pk, outcome="false_positive", reason_code="travel")
    jobs = Job.objects.filter(kind="send_case_label").order_by("id")
    assert [(job.content["sequence"], job.content["is_fraud"]) for job in jobs] == [
        (number, False) for number in (1, 2, 4)
    ]
    events = Decision.objects.filter(sequence__in=(1, 2, 4)).order_by("sequence")
    assert [job.content["event"] for job in jobs] == [one.event_id for one in events]
