"""What a file is, is read from its content; names deceive nobody; erasure takes all of it."""

import os
import time
from pathlib import Path

import pytest

from fengkong.console.accounts.models import Operator
from fengkong.console.audit.models import AuditEntry
from fengkong.console.cases import files
from fengkong.console.cases.errors import (
    ForgottenContentError,
    TooManyFilesError,
    UnfitFileError,
)
from fengkong.console.cases.files import (
    PREFIX,
    add_file,
    clear_files,
    download_file,
    harmless_name,
    media_type_of,
    sweep_files,
)
from fengkong.console.cases.forgetting import forget_erased
from fengkong.console.cases.models import Case, CaseFile
from fengkong.console.cases.notes import clear_notes, write_note
from fengkong.console.journaled.seen import SeenEntries, SeenErasure
from fengkong.console.outbox.models import Job

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 20


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PNG, "image/png"),
        (PNG[:10], None),
        (b"\xff\xd8\xff\xe0 jpeg \xff\xd9", "image/jpeg"),
        (b"\xff\xd8\xff\xe0 cut off", None),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"%PDF-1.7\n1 0 obj\n", "application/pdf"),
        (b"%PDF-1.7\n<< /S /JavaScript /JS (app.alert(1)) >>", None),
        (b"%PDF-1.7\n<< /S /Launch >>", None),
        ("聊天记录：转账 3000\n".encode(), "text/plain"),
        (b"<html><script>alert(1)</script>", None),
        (b"\xef\xbb\xbf  <svg onload=alert(1)>", None),
        (b"#!/bin/sh\nrm -rf", None),
        (b"MZ\x90\x00\x03", None),
        (b"PK\x03\x04 a zip", None),
        (b"plain\x00text", None),
        ("turned \u202e text".encode(), None),
        (b"\xff\xfe\xfd", None),
    ],
)
def test_the_type_is_that_of_the_content(content: bytes, media_type: str | None) -> None:
    assert media_type_of(content) == media_type


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("回单.png", "回单.png"),
        ("../../etc/passwd", "passwd.png"),
        ("C:\\Users\\x\\photo.exe", "photo.png"),
        ("invoice\u202egnp.exe", "invoicegnp.png"),
        ('a"b<c>|d.html', "abcd.png"),
        ("\x00\r\n", "file.png"),
        ("...", "file.png"),
        ("x" * 500, "x" * 116 + ".png"),
    ],
)
def test_names_are_made_harmless(name: str, shown: str) -> None:
    assert harmless_name(name, media_type="image/png") == shown


@pytest.mark.django_db
def test_bounds_hold(case: Case, ann: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    for content in (b"", b"MZ\x90", b"a" * (files.SIZE_MAX + 1)):
        with pytest.raises(UnfitFileError):
            add_file(ann, case.pk, name="x", content=content)
    monkeypatch.setattr(files, "FILES_MAX", 1)
    add_file(ann, case.pk, name="x", content=b"one")
    with pytest.raises(TooManyFilesError):
        add_file(ann, case.pk, name="x", content=b"two")


@pytest.mark.django_db
def test_erasing_the_subject_takes_notes_and_files(
    case: Case, ann: Operator, folder: Path, django_capture_on_commit_callbacks: object
) -> None:
    write_note(ann, case.pk, "her sister's name is Li")
    kept = add_file(ann, case.pk, name="id.png", content=PNG)
    entries = SeenEntries(journal="0" * 32, after=0, upto=9, at=0)
    entries.erasures = [SeenErasure(subject=case.subject, sequence=9, at=0)]
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        forget_erased(entries)
    case.refresh_from_db()
    assert case.subject == ""
    assert [note.text for note in clear_notes(case, newest=9)] == [None]
    assert [file.removed for file in clear_files(case, newest=9)] == [True]
    assert "id.png" not in [file.name for file in clear_files(case, newest=9)]
    assert not list(folder.rglob(f"{PREFIX}*.sealed"))
    with pytest.raises(ForgottenContentError):
        download_file(ann, kept.pk)
    assert AuditEntry.objects.filter(action="forget_case_content").count() == 1


@pytest.mark.django_db
def test_what_no_row_has_is_swept(case: Case, ann: Operator, folder: Path) -> None:
    kept = add_file(ann, case.pk, name="a", content=b"kept")
    lost = add_file(ann, case.pk, name="b", content=b"lost")
    fresh = add_file(ann, case.pk, name="c", content=b"fresh")
    CaseFile.objects.filter(pk__in=(lost.pk, fresh.pk)).delete()
    old = time.time() - 7200
    for one in (kept, lost):
        os.utime(folder / "console-exports" / f"{one.stored_as}.sealed", (old, old))
    sweep_files(Job(kind="sweep_case_files"))
    left = {path.stem for path in folder.rglob(f"{PREFIX}*.sealed")}
    assert left == {kept.stored_as, fresh.stored_as}
