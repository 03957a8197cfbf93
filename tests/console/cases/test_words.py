"""Notes are found by their words, however old, and nothing is left of those that were forgotten."""

import random
from itertools import product
from typing import Any

import pytest
from tests.console.cases.conftest import ANNA

from fengkong.console.accounts.models import Operator
from fengkong.console.cases import finding, indexing
from fengkong.console.cases.forgetting import forget_erased
from fengkong.console.cases.models import Case, Note, NoteWord
from fengkong.console.cases.notes import clear_note, write_note
from fengkong.console.cases.opening import open_by_hand
from fengkong.console.cases.words import candidates, index_note, words_of
from fengkong.console.journaled.seen import SeenEntries, SeenErasure

WORDS = ("Called", "payee", "pays", "MÜLLER", "13812341234", "ｉＰｈｏｎｅ", "c-77", "x")
PHRASES = ("不认识收款人", "收款人是王小明", "王小明", "转账", "人")


@pytest.fixture
def old_notes(case: Case, ann: Operator, monkeypatch: pytest.MonkeyPatch) -> list[Note]:
    """Thirty notes, none of them among the newest that are looked through one by one."""
    monkeypatch.setattr(finding, "NEWEST_MAX", 0)
    monkeypatch.setattr(finding, "FEW", 1_000)
    dice = random.Random(7)
    texts = [
        " ".join(dice.sample(WORDS, dice.randint(0, 4))) + dice.choice(("", "，", ": "))
        + "。".join(dice.sample(PHRASES, dice.randint(0, 3))) + "!"
        for _ in range(30)
    ]  # fmt: skip
    return [write_note(ann, case.pk, text) for text in texts]


def naive(note: Note, asked: list[str]) -> bool:
    """Letter by letter: a word stands alone, Chinese stands anywhere."""
    text = (clear_note(note).text or "").casefold()
    text = text.replace("ｉｐｈｏｎｅ", "iphone")
    alone = "".join(c if c.isalnum() and c < "\u2e80" else " " for c in text).split()
    return all(
        one in text if one[0] > "\u2e80" else all(p in alone for p in one.split("-"))
        for one in asked
    )


def test_every_note_is_found_by_its_words(old_notes: list[Note], ann: Operator) -> None:
    plain = ["called", "payee", "pay", "müller", "13812341234", "iphone", "c-77"]
    chinese = ["不认识", "收款人", "王小明", "小明", "转账", "明王"]
    asked = [[one] for one in plain + chinese]
    asked += [list(two) for two in product(plain[:3], chinese[:3])]
    hits = 0
    for words in asked:
        found = {note.pk for note in finding._any_with(" ".join(words))}
        assert found == {note.pk for note in old_notes if naive(note, words)}, words
        hits += len(found)
    assert hits > 50
    assert len(list(finding.find_notes(ann, "ＰＡＹＥＥ"))) > 3


def test_nothing_but_numbers_under_a_key_is_kept(old_notes: list[Note], settings: Any) -> None:
    kept = set(NoteWord.objects.values_list("word", flat=True))
    everything = set().union(*(words_of(clear_note(note).text or "") for note in old_notes))
    assert len(kept) == len(everything) + 1  # beside the sign that a note is indexed
    (settings.CONSOLE.keys / "console-files.key").unlink()
    assert candidates("payee") == [], "another key, other numbers"


def test_notes_of_before_the_index_are_taken_in(old_notes: list[Note], ann: Operator) -> None:
    made = set(NoteWord.objects.values_list("word", "note"))
    NoteWord.objects.all().delete()
    assert not list(finding.find_notes(ann, "payee"))
    Note.objects.filter(pk=old_notes[0].pk).update(author="another")  # it opens no more
    indexing.index_old_notes(None)  # type: ignore[arg-type]
    assert set(NoteWord.objects.values_list("note", flat=True)) == {one.pk for one in old_notes}
    lost = {row for row in made if row[1] == old_notes[0].pk}
    assert set(NoteWord.objects.values_list("word", "note")) - lost == made - lost
    index_note(old_notes[1], clear_note(old_notes[1]).text or "")  # again: harmless
    assert set(NoteWord.objects.values_list("word", "note")) - lost == made - lost


def test_words_go_with_the_person(old_notes: list[Note], ann: Operator) -> None:
    other = open_by_hand(ann, [5], typology="scam", why="")
    stays = write_note(ann, other.pk, "payee")
    entries = SeenEntries(journal="0" * 32, after=0, upto=9, at=0)
    entries.erasures = [SeenErasure(subject=ANNA, sequence=9, at=0)]
    forget_erased(entries)
    assert set(NoteWord.objects.values_list("note", flat=True)) == {stays.pk}
    assert [note.pk for note in finding._any_with("payee")] == [stays.pk]
