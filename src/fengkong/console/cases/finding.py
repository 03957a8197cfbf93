"""What the one box finds of cases: a case by its number, and notes by their words."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from fengkong.console.cases.models import Case, Note
from fengkong.console.cases.notes import clear_note
from fengkong.console.cases.words import candidates, has_words
from fengkong.console.insiders.counting import counted
from fengkong.console.shell.search import FEW, LEAST, Found
from fengkong.protection.normal_forms import folded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fengkong.console.accounts.models import Operator

NEWEST_MAX: Final = 300
"""Notes are sealed: the newest so many are opened and looked through for parts of words too."""


def find_cases(operator: Operator, text: str) -> Iterable[Found]:
    """A case by its number."""
    number = text.lstrip("#").strip()
    if not (number.isascii() and number.isdigit() and len(number) < 18):
        return
    if operator.may("cases.view"):
        for case in Case.objects.filter(pk=int(number)):
            title = _("Case %(number)s") % {"number": case.pk}
            yield Found(title, _("Cases"), reverse("cases:case", args=[case.pk]), "briefcase")


def find_notes(operator: Operator, text: str) -> Iterable[Found]:
    """Notes of cases that have all words of a text, the newest first; a look is counted.

    In the newest ones parts of words are found too.
    """
    if not operator.may("cases.view") or len(text) < LEAST:
        return
    with transaction.atomic():
        counted(operator, "search")
    yield from islice(_found(text), FEW)


def _found(text: str) -> Iterator[Found]:
    told: set[int] = set()
    for note in chain(_newest_with(folded(text)), _any_with(text)):
        if note.pk not in told:
            told.add(note.pk)
            title = _("Note by %(author)s in case %(number)s") % {
                "author": note.author,
                "number": note.case_id,
            }
            yield Found(title, _("Notes"), reverse("cases:case", args=[note.case_id]), "note")


def _newest_with(part: str) -> Iterator[Note]:
    for note in Note.objects.exclude(sealed=b"").order_by("-at", "-pk")[:NEWEST_MAX]:
        opened = clear_note(note).text
        if opened is not None and part in folded(opened):
            yield note


def _any_with(text: str) -> Iterator[Note]:
    for note in Note.objects.filter(pk__in=candidates(text)).exclude(sealed=b"").order_by("-pk"):
        opened = clear_note(note).text
        if opened is not None and has_words(opened, text):
            yield note
