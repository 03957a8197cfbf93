"""A file of personal data: under four eyes, marked, sealed, and gone after its time."""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from fengkong.cli import audits
from fengkong.client.errors import BusyError, NotFoundError, RefusedError, ServiceProblem
from fengkong.console.accounts.models import Operator
from fengkong.console.approvals.four_eyes import SameEyesError, acts, approve, propose
from fengkong.console.approvals.models import Proposal
from fengkong.console.audit.models import AuditEntry
from fengkong.console.journaled.models import Decision
from fengkong.console.outbox.jobs import GiveUpError, kinds
from fengkong.console.outbox.models import Job
from fengkong.console.personal import erasing, exporting
from fengkong.console.personal.erasing import propose_erasure
from fengkong.console.personal.exporting import (
    DOWNLOADS_MAX,
    ExportNotReadyError,
    download,
    forget_old,
)
from fengkong.console.personal.models import Erasure, Export
from fengkong.console.personal.sealing import FOLDER
from fengkong.console.personal.watermarks import invisible, marks_in, marks_in_file
from fengkong.protection.errors import TamperedFileError

PHONE = "13812341234"


@given(st.integers(0, 2**64 - 1), st.text(max_size=20), st.text(max_size=20))
def test_a_mark_is_found_wherever_it_stands(number: int, before: str, behind: str) -> None:
    mark = f"{number:016x}"
    hidden = invisible(mark)
    assert marks_in(before + hidden + behind + hidden) == [mark]
    assert hidden.isprintable() is False
    assert not hidden.strip(hidden)


def test_half_a_mark_is_none() -> None:
    assert marks_in(invisible("0123456789abcdef")[:-1]) == []


@pytest.fixture
def cai(operator: Callable[..., Operator]) -> Operator:
    return operator("cai", "compliance_officer")


@pytest.fixture
def dan(operator: Callable[..., Operator]) -> Operator:
    return operator("dan", "compliance_officer")


def proposed(by: Operator, *, form: str = "csv") -> Proposal:
    now = timezone.now()
    content = {
        "event_type": "payment.initiated",
        "since": (now - timedelta(days=9)).isoformat(),
        "until": (now + timedelta(days=1)).isoformat(),
        "fields": ["customer", "phone", "email", "note", "password"],
        "form": form,
    }
    return propose(by, exporting.KIND, target="payments", reason="request 17/26", content=content)


def made(by: Operator, approver: Operator, *, form: str = "csv") -> Export:
    approve(approver, proposed(by, form=form).pk)
    exporting.make(Job.objects.get(kind=exporting.JOB))
    return Export.objects.get()


@pytest.mark.django_db
def test_the_file_is_marked_in_every_row(
    cai: Operator, dan: Operator, decisions: list[Decision]
) -> None:
    export = made(cai, dan)
    assert (export.state, export.rows) == ("ready", len(decisions))
    _, content = download(cai, export.pk)
    lines = content.decode("utf-8-sig").splitlines()
    rows = list(csv.reader(io.StringIO("\n".join(lines))))
    assert rows[1] == ["event", "customer", "phone", "email", "note", "confidential"]
    assert [row[0] for row in rows[2:]] == [one.event_id for one in decisions]
    assert {row[2] for row in rows[2:]} == {PHONE}
    assert {row[4] for row in rows[2:]} == {"'=1+1"}
    for line in lines[2:]:
        assert marks_in(line) == marks_in_file(line.encode()) == [export.mark]
        assert "cai" in line
        assert "request 17/26" in line


@pytest.mark.django_db
def test_the_file_is_sealed(
    cai: Operator, dan: Operator, decisions: list[Decision], data: Path
) -> None:
    export = made(cai, dan)
    (file,) = (data / FOLDER).iterdir()
    content = file.read_bytes()
    assert PHONE.encode() not in content
    assert file.stat().st_mode & 0o077 == 0
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(TamperedFileError):
        download(cai, export.pk)


@pytest.mark.django_db
def test_a_pdf_carries_both_marks(cai: Operator, dan: Operator, decisions: list[Decision]) -> None:
    export = made(cai, dan, form="pdf")
    _, content = download(cai, export.pk)
    assert content.startswith(b"%PDF-")
    assert marks_in_file(content) == [export.mark]


@pytest.mark.django_db
def test_two_people_and_only_the_first_fetches(
    cai: Operator, dan: Operator, decisions: list[Decision], operator: Callable[..., Operator]
) -> None:
    number = proposed(cai).pk
    with pytest.raises(SameEyesError):
        approve(cai, number)
    with pytest.raises(PermissionDenied):
        approve(operator("ann", "analyst"), number)
    assert not Export.objects.exists()
    approve(dan, number)
    job = Job.objects.get(kind=exporting.JOB)
    with pytest.raises(ExportNotReadyError):
        download(cai, Export.objects.get().pk)
    exporting.make(job)
    exporting.make(job)  # a job may be done again
    export = Export.objects.get()
    with pytest.raises(PermissionDenied):
        download(dan, export.pk)
    assert [e.action for e in AuditEntry.objects.order_by("sequence")] == [
        "propose_export_personal_data",
        "refuse_own_hands",
        "approve_export_personal_data",
        "make_export",
    ]


@pytest.mark.django_db
def test_a_file_is_fetched_some_times_and_not_for_long(
    cai: Operator, dan: Operator, decisions: list[Decision], data: Path
) -> None:
    export = made(cai, dan)
    for _ in range(DOWNLOADS_MAX):
        download(cai, export.pk)
    with pytest.raises(ExportNotReadyError):
        download(cai, export.pk)
    assert AuditEntry.objects.filter(action="download_export").count() == DOWNLOADS_MAX
    assert forget_old() == 0
    Export.objects.update(expires_at=timezone.now(), downloads=0)
    with pytest.raises(ExportNotReadyError):
        download(cai, export.pk)
    assert forget_old() == 1
    assert forget_old() == 0
    assert list((data / FOLDER).iterdir()) == []
    assert Export.objects.get().state == "gone"


@pytest.mark.django_db
def test_the_proposal_says_what_would_be_exported(cai: Operator) -> None:
    facts = {
        str(name): str(value) for name, value in acts()[exporting.KIND].describe(proposed(cai))
    }
    assert "payment.initiated" in facts.values()
    assert any("手机号" in value for value in facts.values())


@pytest.mark.django_db
def test_a_file_that_was_found_is_traced(
    cai: Operator,
    dan: Operator,
    decisions: list[Decision],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    export = made(cai, dan)
    line = download(cai, export.pk)[1].splitlines()[3]
    found, clean = tmp_path / "found.txt", tmp_path / "clean.txt"
    found.write_bytes(line)
    clean.write_bytes(b"nothing")
    monkeypatch.setattr(audits, "_start", lambda data: None)
    assert audits.trace(found, tmp_path)
    shown = capsys.readouterr().out
    assert all(part in shown for part in ("cai", "dan", export.mark, "request 17/26"))
    assert AuditEntry.objects.first().action == "trace_export"
    assert not audits.trace(clean, tmp_path)


class FakeService:
    """The service's one act, as the client has it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.erased: list[str] = []
        self.error = error

    def erase(self, subject: str) -> dict[str, object]:
        if self.error is not None:
            raise self.error
        self.erased.append(subject)
        return {}


def problem(kind: type[RefusedError], status: int) -> RefusedError:
    return kind(ServiceProblem(status=status, code="x", title="", detail=""))


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> Callable[[FakeService], FakeService]:
    def use(service: FakeService) -> FakeService:
        @contextmanager
        def client() -> Iterator[FakeService]:
            yield service

        monkeypatch.setattr(erasing, "service_client", client)
        return service

    return use


def erasure(cai: Operator, dan: Operator) -> Job:
    number = propose_erasure(cai, entity="phone", value=f" {PHONE} ", reason="request 18/26").pk
    assert PHONE not in str(Proposal.objects.values().get(pk=number))
    approve(dan, number)
    assert set(Proposal.objects.get(pk=number).content) == {"shown"}
    return Job.objects.get(kind=erasing.JOB)


@pytest.mark.django_db
def test_a_person_is_erased_by_the_service(
    cai: Operator,
    dan: Operator,
    decisions: list[Decision],
    data: Path,
    serving: Callable[[FakeService], FakeService],
) -> None:
    service = serving(FakeService())
    export = made(cai, dan)
    job = erasure(cai, dan)
    erasing.erase(job)
    erasing.erase(job)
    assert service.erased == [f"phone:{PHONE}"]
    found = Erasure.objects.get()
    assert (found.state, found.shown, bytes(found.sealed)) == ("done", "phone:138****1234", b"")
    export.refresh_from_db()
    assert (export.state, list((data / FOLDER).iterdir())) == ("gone", [])
    assert all(PHONE.encode() not in bytes(entry.leaf) for entry in AuditEntry.objects.all())
    assert AuditEntry.objects.first().action == "erase_person"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "raised", "state"),
    [
        (problem(NotFoundError, 404), None, "unknown"),
        (problem(BusyError, 503), BusyError, "waiting"),
        (problem(RefusedError, 400), GiveUpError, "waiting"),
    ],
)
def test_what_the_service_says_to_an_erasure(
    cai: Operator,
    dan: Operator,
    data: Path,
    serving: Callable[[FakeService], FakeService],
    error: RefusedError,
    raised: type[Exception] | None,
    state: str,
) -> None:
    serving(FakeService(error))
    job = erasure(cai, dan)
    if raised is None:
        erasing.erase(job)
    else:
        with pytest.raises(raised):
            erasing.erase(job)
    assert Erasure.objects.get().state == state


@pytest.mark.django_db(transaction=True)
def test_the_jobs_record_what_they_do(
    cai: Operator,
    dan: Operator,
    decisions: list[Decision],
    serving: Callable[[FakeService], FakeService],
) -> None:
    """As the worker does them: under the guard, outside of any transaction."""
    serving(FakeService())
    approve(dan, proposed(cai).pk)
    kinds()[exporting.JOB].handler(Job.objects.get(kind=exporting.JOB))
    kinds()[erasing.JOB].handler(erasure(cai, dan))
    assert (Export.objects.get().state, Erasure.objects.get().state) == ("gone", "done")
