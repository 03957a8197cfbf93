"""Notes on a case: sealed, because people write names into them whatever they are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone

from fengkong.console.audit.recording import record
from fengkong.console.cases.errors import EmptyNoteError, TooManyFilesError
from fengkong.console.cases.models import TARGET, Case, Note
from fengkong.console.cases.opening import demand_work, open_case
from fengkong.console.cases.words import index_note
from fengkong.console.personal.sealing import open_text, seal_text
from fengkong.protection.errors import TamperedFileError

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

TEXT_MAX: Final = 4_000
NOTES_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class ClearNote:
    """A note as a page shows it; `text` is None where it is gone or was tampered with."""

    id: int
    author: str
    at: datetime
    text: str | None


@transaction.atomic
def write_note(operator: Operator, case_id: int, text: str) -> Note:
    """Add a note to an open case.

    Raises PermissionDenied, ClosedCaseError, EmptyNoteError, TooManyFilesError.
    """
    demand_work(operator)
    case = open_case(case_id)
    written = text.strip().replace("\x00", "")[:TEXT_MAX]
    if not written:
        raise EmptyNoteError("the note has no text")
    if case.notes.count() >= NOTES_MAX:
        raise TooManyFilesError(f"case {case.pk} has {NOTES_MAX} notes")
    now = timezone.now()
    note = Note.objects.create(
        case=case,
        author=operator.username,
        at=now,
        sealed=seal_text(written, context=_context(operator.username, now)),
    )
    index_note(note, written)
    detail = {"note": note.pk, "characters": len(written)}
    record(operator, "write_case_note", target_kind=TARGET, target=str(case.pk), detail=detail)
    return note


def clear_notes(case: Case, *, newest: int) -> list[ClearNote]:
    """The newest notes of a case in the clear."""
    return [clear_note(note) for note in case.notes.all()[:newest]]


def clear_note(note: Note) -> ClearNote:
    """A note in the clear."""
    text = None
    if note.sealed:
        try:
            text = open_text(bytes(note.sealed), context=_context(note.author, note.at))
        except TamperedFileError:
            text = None
    return ClearNote(note.pk, note.author, note.at, text)


def _context(author: str, at: datetime) -> str:
    """What a sealed note opens for: its author and its time, whichever case it is in."""
    return f"case-note:{author}:{at.isoformat()}"
