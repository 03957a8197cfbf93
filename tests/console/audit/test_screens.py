"""What an auditor does on the screen: search, look, verify, prove, export."""

import csv
import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from tests.console.operators import browser_of, new_operator

from fengkong.console.accounts import recorded
from fengkong.console.audit.models import AuditCheckpoint, AuditEntry, Verification
from fengkong.console.audit.tree import sign_checkpoint, signer
from fengkong.ledger import verifier
from fengkong.ledger.proof_files import ProofFile, verify_entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor(db: None, monkeypatch: pytest.MonkeyPatch) -> Client:
    """An audit administrator whose sign-in left no entry, so that the tests' own begin at one."""
    with monkeypatch.context() as quiet:
        quiet.setattr(recorded, "record", lambda *_, **__: None)
        return browser_of(new_operator("audit_admin", username="vera"))


def numbers(page: str) -> list[int]:
    return [int(part.split("<")[0]) for part in page.split('<td class="fk-num-cell">')[1:]]


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("", list(range(60, 10, -1))),
        ("actor=ann1", list(range(59, 0, -3))),
        ("action=export_ledger", []),
        ("action=no-such-action", []),
        ("target=card-5", [*range(60, 50, -1), 6]),
        ("since=2000-01-01&until=2000-01-02", []),
        ("since=2000-01-01&actor=ann0&target=card-9", [10]),
        ("since=2026-02-31", []),
    ],
)
def test_the_screen_shows_what_is_asked(
    auditor: Client, grow: Callable[[int], None], asked: str, shown: list[int]
) -> None:
    grow(60)
    page = auditor.get(f"{reverse('audit:entries')}?{asked}")
    assert page.status_code == 200
    assert numbers(page.content.decode()) == shown


def test_pages_keep_the_question_and_miss_nothing(
    auditor: Client, grow: Callable[[int], None]
) -> None:
    grow(200)
    address, seen = f"{reverse('audit:entries')}?actor=ann1", []
    while address:
        answer = auditor.get(address)
        seen += numbers(answer.content.decode())
        following = answer.context["page"].following
        address = following and reverse("audit:entries") + following
        assert following is None or "actor=ann1" in following
    assert seen == list(range(200, 0, -3))


def test_an_entry_says_what_changed(auditor: Client, grow: Callable[[int], None]) -> None:
    grow(3)
    page = auditor.get(
        reverse("audit:entry", args=[2]), HTTP_HX_REQUEST="true", HTTP_HX_TARGET="drawer-content"
    ).content.decode()
    assert "<del>1</del>" in page
    assert "<ins>2</ins>" in page
    assert "<html" not in page
    assert auditor.get(reverse("audit:entry", args=[9])).status_code == 404


def test_the_button_verifies_step_by_step(
    auditor: Client, grow: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    grow(30)
    monkeypatch.setattr("fengkong.console.audit.verification.step.__kwdefaults__", {"entries": 16})
    page = auditor.post(reverse("audit:verify"), HTTP_HX_REQUEST="true").content.decode()
    assert "hx-post" in page
    address = reverse("audit:verification", args=[Verification.objects.get().pk])
    pages = [auditor.post(address, HTTP_HX_REQUEST="true").content.decode() for _ in range(2)]
    assert 'value="53"' in pages[0]
    assert "fk-green" in pages[1] or "fk-notice-green" in pages[1]
    assert "hx-post" not in pages[1]


def test_a_proof_proves_its_entry_and_no_other(
    auditor: Client, grow: Callable[[int], None]
) -> None:
    grow(300)
    assert auditor.get(reverse("audit:proof", args=[7])).status_code == 409
    auditor.post(reverse("audit:checkpoint"))
    proof = ProofFile.parse(auditor.get(reverse("audit:proof", args=[7])).content)
    keys = [signer().verifier]
    leaf = bytes(AuditEntry.objects.get(pk=7).leaf)
    assert proof.extra == leaf
    assert verify_entry(leaf, proof, keys=keys).checkpoint.size == 301
    with pytest.raises(Exception, match="root"):
        verify_entry(bytes(AuditEntry.objects.get(pk=8).leaf), proof, keys=keys)


@pytest.fixture
def archive(auditor: Client, grow: Callable[[int], None], tmp_path: Path) -> Path:
    grow(300)
    answer = auditor.post(reverse("audit:export_archive"))
    with zipfile.ZipFile(io.BytesIO(answer.getvalue())) as packed:
        packed.extractall(tmp_path / "archive")
    return tmp_path / "archive"


def test_the_archive_is_verified_offline(archive: Path) -> None:
    command = [
        sys.executable,
        "-I",
        archive / "verifier.py",
        archive,
        "--key",
        str(signer().verifier),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "301" in done.stdout
    assert Path(archive / "verifier.py").read_bytes() == Path(verifier.__file__).read_bytes()


@pytest.mark.parametrize("part", ["tile/entries/000", "payloads/001.p/45", "tile/0/000"])
def test_an_altered_archive_is_refused(archive: Path, part: str) -> None:
    path = archive / part
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert verifier.main([str(archive), "--key", str(signer().verifier)]) == 1


def test_rows_are_exported_harmlessly(auditor: Client, grow: Callable[[int], None]) -> None:
    from django.db import transaction

    from fengkong.console.audit.recording import record

    with transaction.atomic():
        record("=cmd|'/c calc'!A0", "try_it", target_kind="test", target="银行卡", detail={"a": 1})
    grow(2)
    answer = auditor.post(reverse("audit:export_csv"), {"since": "2020-01-01"})
    text = answer.getvalue().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["sequence"] for row in rows] == ["4", "3", "2", "1"]  # this act included
    assert rows[-1]["actor"].startswith("'=")
    assert rows[-1]["target"] == "银行卡"
    entry = AuditEntry.objects.first()
    assert (entry.action, entry.detail["filter"]) == ("export_ledger", {"since": "2020-01-01"})


def test_signing_again_adds_nothing(grow: Callable[[int], None]) -> None:
    assert sign_checkpoint() is None
    grow(5)
    assert sign_checkpoint() == sign_checkpoint()
    assert AuditCheckpoint.objects.count() == 1
