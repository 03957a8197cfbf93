"""Indexes the words of notes that were written before there was an index, as a job."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from fengkong.console.cases.notes import clear_note
from fengkong.console.cases.words import index_note, not_indexed
from fengkong.console.outbox.models import Job

NOTES_A_STEP: Final = 50
STEPS_A_RUN: Final = 40


def index_old_notes(_job: Job) -> None:
    """Index notes that are not, so many at a time; those that cannot be opened have no words."""
    for _ in range(STEPS_A_RUN):
        if not _step():
            break


def _step() -> bool:
    """Index some notes; whether there may be more."""
    with transaction.atomic():
        notes = list(not_indexed().select_for_update()[:NOTES_A_STEP])
        for note in notes:
            index_note(note, clear_note(note).text or "")
    return len(notes) == NOTES_A_STEP
