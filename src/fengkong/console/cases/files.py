"""Files of a case: what they are is read from their content, and they lie sealed.

The name that a file came with says nothing about what it is, and is kept sealed as well, because
people put names of customers into it. What is stored is never opened here nor shown in a page: it
is handed back as a download of the type that was found, to who asks, and that is recorded.
"""

from __future__ import annotations

import hashlib
import io
import re
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.utils import timezone

from fengkong.console.audit.recording import record
from fengkong.console.cases.errors import (
    ForgottenContentError,
    InfectedFileError,
    TooManyFilesError,
    UnfitFileError,
)
from fengkong.console.cases.models import TARGET, Case, CaseFile
from fengkong.console.cases.opening import demand_work, open_case
from fengkong.console.cases.scanning import scan
from fengkong.console.personal import sealing
from fengkong.protection.errors import TamperedFileError

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator
    from fengkong.console.outbox.models import Job

SIZE_MAX: Final = 10 * 1024 * 1024
FILES_MAX: Final = 100
CASE_BYTES_MAX: Final = 200 * 1024 * 1024
NAME_MAX: Final = 120
PREFIX: Final = "case-file-"
_ORPHAN_AGE: Final = timedelta(hours=1)
_ACTIVE_PDF: Final = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFiles?|XFA)\b")
_PNG: Final = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


@dataclass(frozen=True, slots=True)
class ClearFile:
    """A file as a page lists it; `name` is what it came with, made harmless."""

    id: int
    name: str
    media_type: str
    size: int
    sha256: str
    author: str
    at: datetime
    removed: bool


def media_type_of(content: bytes) -> str | None:
    """What a file is by its content; None for what is not taken in."""
    for media_type, fits in _KINDS.items():
        if fits(content):
            return media_type
    return None


def harmless_name(name: str, *, media_type: str) -> str:
    """A file's name without what could deceive: paths, controls, turned text, a false ending."""
    base = re.split(r"[\\/]", name)[-1]
    kept = "".join(
        letter
        for letter in unicodedata.normalize("NFC", base)
        if unicodedata.category(letter)[0] != "C" and letter not in '"<>|:*?'
    ).strip(". ")
    ending = ENDINGS[media_type]
    stem = kept.rpartition(".")[0] if "." in kept else kept
    return f"{stem[: NAME_MAX - len(ending)] or 'file'}{ending}"


def add_file(operator: Operator, case_id: int, *, name: str, content: bytes) -> CaseFile:
    """Keep a file with an open case, once the virus scanner has nothing against it.

    Raises PermissionDenied, ClosedCaseError, UnfitFileError, TooManyFilesError, InfectedFileError,
    UnscannedFileError.
    """
    demand_work(operator)
    media_type = media_type_of(content) if 0 < len(content) <= SIZE_MAX else None
    if media_type is None:
        raise UnfitFileError(f"{len(content):,} bytes of a type that is not taken in")
    try:
        scan(content)
    except InfectedFileError as error:
        _record_infected(operator, case_id, content, found=str(error.message))
        raise
    return _kept(operator, case_id, name=name, content=content, media_type=media_type)


@transaction.atomic
def _kept(
    operator: Operator, case_id: int, *, name: str, content: bytes, media_type: str
) -> CaseFile:
    case = open_case(case_id)
    kept = case.files.filter(removed_at=None)
    held = kept.aggregate(bytes=models.Sum("size"))["bytes"] or 0
    if kept.count() >= FILES_MAX or held + len(content) > CASE_BYTES_MAX:
        raise TooManyFilesError(f"case {case.pk} holds {kept.count()} files, {held:,} bytes")
    stored_as = PREFIX + secrets.token_hex(16)
    sealing.keep_file(io.BytesIO(content), name=stored_as)
    file = CaseFile.objects.create(
        case=case,
        author=operator.username,
        name_sealed=sealing.seal_text(
            harmless_name(name, media_type=media_type), context=stored_as
        ),
        media_type=media_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        stored_as=stored_as,
    )
    _record(operator, "add_case_file", file)
    return file


@transaction.atomic
def download_file(operator: Operator, file_id: int) -> tuple[ClearFile, bytes]:
    """A file in the clear; who took it is recorded first.

    Raises PermissionDenied, ForgottenContentError, CaseFile.DoesNotExist.
    """
    if not operator.may("cases.view"):
        raise PermissionDenied("cases.view")
    file = CaseFile.objects.get(pk=file_id)
    if file.removed_at is not None:
        raise ForgottenContentError(f"file {file.pk} was removed")
    _record(operator, "download_case_file", file)
    try:
        return clear_file(file), sealing.kept_file(file.stored_as)
    except (FileNotFoundError, TamperedFileError) as error:
        raise ForgottenContentError(f"file {file.pk} cannot be opened") from error


@transaction.atomic
def remove_file(operator: Operator, file_id: int) -> None:
    """Remove a file's content; its row says that it was there. Raises as `add_file`."""
    demand_work(operator)
    file = CaseFile.objects.select_for_update().get(pk=file_id)
    open_case(file.case_id)
    if file.removed_at is None:
        _record(operator, "remove_case_file", file)
        forget_content(file, by=operator.username)


def forget_content(file: CaseFile, *, by: str) -> None:
    """Let go of what a file holds, once the transaction at hand is durable."""
    file.removed_at, file.removed_by, file.name_sealed = timezone.now(), by, b""
    file.save()
    transaction.on_commit(lambda: sealing.forget_file(file.stored_as))


def clear_files(case: Case, *, newest: int) -> list[ClearFile]:
    """The newest files of a case."""
    return [clear_file(file) for file in case.files.all()[:newest]]


def clear_file(file: CaseFile) -> ClearFile:
    """A file as it is listed."""
    name = ""
    if file.name_sealed:
        try:
            name = sealing.open_text(bytes(file.name_sealed), context=file.stored_as)
        except TamperedFileError:
            name = ""
    return ClearFile(
        id=file.pk,
        name=name or f"file-{file.pk}{ENDINGS.get(file.media_type, '')}",
        media_type=file.media_type,
        size=file.size,
        sha256=file.sha256,
        author=file.author,
        at=file.at,
        removed=file.removed_at is not None,
    )


def sweep_files(_job: Job) -> None:
    """Remove contents that no row has: of a transaction that came to nothing, or of one that died
    before its file was gone.
    """
    folder = settings.CONSOLE.directory / sealing.FOLDER
    if not folder.is_dir():
        return
    old = (timezone.now() - _ORPHAN_AGE).timestamp()
    kept = set(CaseFile.objects.filter(removed_at=None).values_list("stored_as", flat=True))
    for path in folder.glob(f"{PREFIX}*.sealed"):
        if path.stem not in kept and path.stat().st_mtime < old:
            sealing.forget_file(path.stem)


@transaction.atomic
def _record_infected(operator: Operator, case_id: int, content: bytes, *, found: str) -> None:
    """The ledger knows of a file that was refused; nothing of its content is kept."""
    detail = {"sha256": hashlib.sha256(content).hexdigest(), "found": found[:200]}
    record(operator, "refuse_case_file", target_kind=TARGET, target=str(case_id), detail=detail)


def _record(operator: Operator, action: str, file: CaseFile) -> None:
    detail = {"file": file.pk, "form": file.media_type, "size": file.size, "sha256": file.sha256}
    record(operator, action, target_kind=TARGET, target=str(file.case_id), detail=detail)


def _is_pdf(content: bytes) -> bool:
    """A PDF that nothing happens in when it is opened."""
    return content.startswith(b"%PDF-") and _ACTIVE_PDF.search(content) is None


def _is_text(content: bytes) -> bool:
    """Text of UTF-8 without controls; what reads like markup is none."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    start = text.lstrip("\ufeff \t\r\n")[:256].lower()
    if start.startswith(("<", "%pdf", "#!")):
        return False
    return all(letter in "\t\r\n" or letter.isprintable() for letter in text)


_KINDS: Final[dict[str, Callable[[bytes], bool]]] = {
    "application/pdf": _is_pdf,
    "image/png": lambda content: content.startswith(_PNG),
    "image/jpeg": lambda content: content.startswith(b"\xff\xd8\xff") and b"\xff\xd9" in content,
    "image/webp": lambda content: content[:4] == b"RIFF" and content[8:12] == b"WEBP",
    "text/plain": _is_text,
}
ENDINGS: Final = {
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "text/plain": ".txt",
}
"""The ending that a file is handed out with, by what it is."""
