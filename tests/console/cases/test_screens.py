"""The screens of cases: what they show, what they do, and what they refuse."""

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.console.operators import Browser, browser_of, new_operator

from fengkong.console.accounts.models import Operator
from fengkong.console.audit.models import AuditEntry
from fengkong.console.cases.models import Case, CaseFile, CasePrint, ChecklistTick, Note

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 40
HOSTILE = '"><script>alert(1)</script>\u202egnp.exe'


@pytest.fixture
def desk(ann: Operator) -> Browser:
    return browser_of(ann, HTTP_ACCEPT_LANGUAGE="en")


def page(desk: Browser, address: str, status: int = 200) -> str:
    answer = desk.get(address)
    assert answer.status_code == status, answer.content[:300]
    return answer.content.decode()


def test_every_part_of_a_case_is_shown(desk: Browser, case: Case) -> None:
    listed = page(desk, "/cases/?state=open&whose=mine")
    assert f"/cases/{case.pk}/" in listed
    shown = page(desk, f"/cases/{case.pk}/")
    assert "Account takeover" in shown
    assert "Call the customer on the number from when the account was opened" in shown
    for part in ("timeline", "links", "decisions", "papers", "history", "print", "close", "merge"):
        page(desk, f"/cases/{case.pk}/{part}/")
    page(desk, "/cases/404/", status=404)


def test_the_timeline_is_filtered_by_kind(desk: Browser, case: Case) -> None:
    desk.post(f"/cases/{case.pk}/papers/", {"text": "she called back"})
    everything = page(desk, f"/cases/{case.pk}/timeline/")
    assert "she called back" in everything
    assert everything.count("/decisions/") >= 4  # three of the case, one other of hers
    notes = page(desk, f"/cases/{case.pk}/timeline/?kind=note")
    assert "she called back" in notes
    assert "/decisions/1/" not in notes
    for odd in ("before=nonsense", "before=2026-01-01", "kind=none", "before=9999-99-99T00:00Z"):
        page(desk, f"/cases/{case.pk}/timeline/?{odd}")


def test_a_case_is_opened_by_hand(desk: Browser, decided: None) -> None:
    given = {"decisions": "5, 6", "typology": "scam", "why": "a tip"}
    answer = desk.post("/cases/open/", given)
    made = Case.objects.get()
    assert answer["Location"] == f"/cases/{made.pk}/"
    for wrong in ("x", "99999999999999999999999", "404", ""):
        assert desk.post("/cases/open/", given | {"decisions": wrong}).status_code == 422
    assert Case.objects.count() == 1


def test_steps_are_ticked_and_unticked(desk: Browser, case: Case) -> None:
    where = f"/cases/{case.pk}/tick/"
    desk.post(where, {"item": "customer_called", "state": "done"})
    assert ChecklistTick.objects.get().state == "done"
    desk.post(where, {"item": "ring_mapped", "state": "done"})  # a step of another typology
    desk.post(where, {"item": "customer_called", "state": "wild"})
    assert ChecklistTick.objects.get().state == "done"
    desk.post(where, {"item": "customer_called", "state": ""})
    assert not ChecklistTick.objects.exists()
    assert AuditEntry.objects.filter(action="tick_step").count() == 2


def test_hostile_notes_and_names_stay_text(desk: Browser, case: Case, folder: Path) -> None:
    desk.post(f"/cases/{case.pk}/papers/", {"text": HOSTILE})
    upload = SimpleUploadedFile(HOSTILE, PNG, content_type="text/html")
    answer = desk.post(f"/cases/{case.pk}/papers/", {"file": upload})
    assert answer.status_code == 302, answer.content.decode()
    shown = page(desk, f"/cases/{case.pk}/papers/") + page(desk, f"/cases/{case.pk}/timeline/")
    assert "<script>alert(1)" not in shown
    assert "&lt;script&gt;alert(1)" in shown
    file = CaseFile.objects.get()
    assert "\u202egnp.exe" not in page(desk, f"/cases/{case.pk}/papers/").split("Files")[-1]
    kept = b"".join(path.read_bytes() for path in folder.rglob("*.sealed"))
    assert PNG not in kept  # sealed
    assert b"alert(1)" not in bytes(Note.objects.get().sealed) + bytes(file.name_sealed)
    assert desk.get(f"/cases/{case.pk}/papers/{file.pk}/").status_code == 302
    taken = desk.post(f"/cases/{case.pk}/papers/{file.pk}/")
    assert taken.content == PNG
    assert taken["Content-Type"] == "image/png"
    assert taken["Content-Disposition"].startswith("attachment")
    assert taken["X-Content-Type-Options"] == "nosniff"
    assert AuditEntry.objects.filter(action="download_case_file").count() == 1
    desk.post(f"/cases/{case.pk}/papers/{file.pk}/remove/")
    assert desk.post(f"/cases/{case.pk}/papers/{file.pk}/").status_code == 404


def test_who_only_reads_changes_nothing(case: Case) -> None:
    reader = browser_of(new_operator("executive"), HTTP_ACCEPT_LANGUAGE="en")
    assert "Close the case" not in page(reader, f"/cases/{case.pk}/")
    for part in ("papers", "close", "merge", "hand-over", "split", "tick", "reopen"):
        assert reader.post(f"/cases/{case.pk}/{part}/", {"text": "x"}).status_code == 403
    assert not Note.objects.exists()


def test_a_case_is_handed_over_merged_and_closed(
    desk: Browser, case: Case, bob: Operator, decided: None
) -> None:
    desk.post("/cases/open/", {"decisions": "5", "typology": "scam", "why": "same phone"})
    other = Case.objects.latest("pk")
    desk.post(f"/cases/{other.pk}/merge/", {"into": case.pk})
    desk.post(f"/cases/{case.pk}/split/", {"picked": ["5"], "why": "after all not"})
    part = Case.objects.latest("pk")
    assert part.split_from == case
    desk.post(f"/cases/{case.pk}/hand-over/", {"to": "bob", "remark": ""})
    wrong = {"outcome": "false_positive", "reason_code": "credentials_stolen", "remark": ""}
    assert desk.post(f"/cases/{case.pk}/close/", wrong).status_code == 422
    desk.post(f"/cases/{case.pk}/close/", wrong | {"reason_code": "travel"})
    case.refresh_from_db()
    assert (case.owner, case.outcome) == (bob, "false_positive")
    history = page(desk, f"/cases/{case.pk}/history/")
    for act in ("Handed a case over", "Took another case in", "Split a case", "Closed a case"):
        assert act in history


def test_the_case_file_is_printed_with_a_mark(desk: Browser, case: Case) -> None:
    desk.post(f"/cases/{case.pk}/papers/", {"text": "her phone 13812345678, mail a.b@example.com"})
    assert desk.post(f"/cases/{case.pk}/print/", {"purpose": "", "form": "page"}).status_code == 422
    answer = desk.post(f"/cases/{case.pk}/print/", {"purpose": "for the police", "form": "page"})
    shown = answer.content.decode()
    made = CasePrint.objects.get()
    assert made.mark in shown
    assert "for the police" in shown
    assert "13812345678" not in shown
    assert "138****78" in shown
    assert "a.b@example.com" not in shown
    assert AuditEntry.objects.filter(action="print_case", target=str(case.pk)).count() == 1
