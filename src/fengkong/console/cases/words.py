"""A blind index of the words of notes, so that every note is found, however old.

A text is folded first (`protection.normal_forms`), then cut: letters and digits into whole words,
Chinese and Japanese characters into each two that stand side by side. A row is a keyed hash of 64
bits of one such word and the note that has it, under a key that is derived from the one that seals
notes: who has that one can read the notes anyway.

What it gives away to somebody who has the database and no key: how many different words a note
has, which notes share a word, and so how often a word is used; not which word, not where in the
note, not how often in it. Who can also write notes can try words out: then two notes share a row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from django.db.models import Exists, OuterRef, QuerySet

from fengkong.console.cases.models import Note, NoteWord
from fengkong.console.personal.sealing import blind_numbers
from fengkong.protection.normal_forms import folded

WORDS_ASKED_MAX: Final = 24
"""Words of a question that are looked up; the others in what was found."""
CANDIDATES_MAX: Final = 200
"""Notes that are opened for one question."""
COUNTED_MAX: Final = 1_000
_CONTEXT: Final = "case-note-words"
_INDEXED: Final = ""
"""Stands beside the words of each note that is indexed, also of one without words."""
_CHARACTERS: Final = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_PIECES: Final = re.compile(f"[{_CHARACTERS}]+|[^\\W_{_CHARACTERS}]+")
_IS_CHARACTERS: Final = re.compile(f"[{_CHARACTERS}]")


def words_of(text: str) -> set[str]:
    """The words of a text as they are indexed."""
    return {word for piece in _pieces(text) for word in _cut(piece)}


def index_note(note: Note, text: str) -> None:
    """Write the words of a note, in the transaction that writes it; harmless when done again."""
    numbers = blind_numbers({_INDEXED, *words_of(text)}, context=_CONTEXT).values()
    rows = [NoteWord(word=number, note=note) for number in sorted(set(numbers))]
    NoteWord.objects.bulk_create(rows, ignore_conflicts=True)


def forget_words(notes: Iterable[int]) -> None:
    """Forget the words of some notes, by number."""
    NoteWord.objects.filter(note__in=list(notes)).delete()


def candidates(text: str) -> list[int]:
    """Numbers of the newest notes that have all words of a text, or nearly: see `has_words`."""
    pieces = dict.fromkeys(_pieces(text))
    asked = sorted({word for piece in pieces for word in _cut(piece) if _is_indexed(word)})
    if not asked:
        return []
    numbers = list(blind_numbers(asked[:WORDS_ASKED_MAX], context=_CONTEXT).values())
    rarest = min(numbers, key=_count)
    rows = NoteWord.objects.filter(word=rarest)
    for number in numbers:
        if number != rarest:
            there = NoteWord.objects.filter(word=number, note=OuterRef("note"))
            rows = rows.filter(Exists(there))
    return list(rows.order_by("-note").values_list("note", flat=True)[:CANDIDATES_MAX])


def has_words(text: str, asked: str) -> bool:
    """Whether a text has all words of another, and what stands in it in Chinese as it stands."""
    whole = folded(text)
    words = set(_PIECES.findall(whole))
    return all(
        piece in whole if _IS_CHARACTERS.match(piece) else piece in words
        for piece in _pieces(asked)
    )


def not_indexed() -> QuerySet[Note]:
    """Notes that have no words in the index, the oldest first."""
    indexed = blind_numbers({_INDEXED}, context=_CONTEXT)[_INDEXED]
    words = NoteWord.objects.filter(word=indexed, note=OuterRef("pk"))
    return Note.objects.exclude(sealed=b"").filter(~Exists(words)).order_by("pk")


def _pieces(text: str) -> list[str]:
    return _PIECES.findall(folded(text))


def _cut(piece: str) -> list[str]:
    """A word, or each two characters side by side."""
    if len(piece) < 2 or not _IS_CHARACTERS.match(piece):
        return [piece]
    return [one + other for one, other in pairwise(piece)]


def _is_indexed(word: str) -> bool:
    """Whether notes that have a word have it in the index: one character may stand in a pair."""
    return len(word) > 1 or not _IS_CHARACTERS.match(word)


def _count(number: int) -> int:
    """How many notes have a word, counted so far and no further."""
    return NoteWord.objects.filter(word=number)[:COUNTED_MAX].count()
