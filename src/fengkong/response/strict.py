"""Reads data files strictly: every fault of a file at once, each at its line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.resources import files
from typing import Final, TypeVar

import msgspec

from fengkong.core.bilingual import Bilingual
from fengkong.core.errors import Fault, FaultsError, RiskError
from fengkong.events.documents import Document, load_document

T = TypeVar("T")
_PACKS: Final = files("fengkong") / "packs"


class InvalidResponseDataError(RiskError):
    """A playbook, a regulation or a drill does not say what it must say."""

    code = "response.invalid"
    hint = "Correct the file at the line named; nothing was taken over."


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something read from a file: unknown names and wrong kinds are faults."""


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text in both languages."""

    zh: str
    en: str

    def __post_init__(self) -> None:
        if not self.zh.strip() or not self.en.strip():
            raise ValueError("a text needs both languages: {zh: ..., en: ...}")

    @property
    def bilingual(self) -> Bilingual:
        """The same as the other rooms have it."""
        return Bilingual(zh=self.zh, en=self.en)


class Reader:
    """Reads the parts of one document, and keeps the faults of all of them."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.faults: list[Fault] = []

    def fault(self, message: str, *path: str | int) -> None:
        """Note a fault at a place: at its line, and at its column where a value stands there."""
        found = self.document.fault(InvalidResponseDataError, message, *path)
        line, column = self.document.text_at(*path)
        has_column = path in self.document.texts and line == found.line
        self.faults.append(replace(found, column=column) if has_column else found)

    def part(self, value: object, kind: type[T], *path: str | int) -> T | None:
        """One part as a kind; None with a fault noted where it is none."""
        try:
            return msgspec.convert(value, kind, strict=True)
        except msgspec.ValidationError as error:
            message, where = _split(str(error))
            self.fault(message, *path, *where)
            return None

    def parts(self, value: object, kind: type[T], *path: str | int) -> tuple[T, ...]:
        """A list of parts of one kind; each is read by itself."""
        if value is None:
            return ()
        if not isinstance(value, list):
            self.fault("expected a list", *path)
            return ()
        found = [self.part(one, kind, *path, place) for place, one in enumerate(value)]
        return tuple(one for one in found if one is not None)

    def unique(self, ids: list[str], *path: str | int) -> None:
        """Note every id that stands twice."""
        for place, one in enumerate(ids):
            if one in ids[:place]:
                self.fault(f"two are called {one}", *path, place)

    def finish(self) -> None:
        """Raises one FaultsError with everything that was found."""
        if self.faults:
            raise FaultsError(self.faults)


def _split(message: str) -> tuple[str, list[str | int]]:
    """A message of msgspec, and the place that it names."""
    told, found, place = message.rpartition(" - at `$")
    if not found:
        return message, []
    parts: list[str | int] = []
    for piece in place.rstrip("`").replace("[", ".[").split("."):
        if piece.startswith("["):
            inner = piece[1:-1]
            if inner.isdigit():
                parts.append(int(inner))
        elif piece:
            parts.append(piece)
    return told, parts


def document_of(text: str, *, source: str) -> Document:
    """The document in a text; raises FaultsError."""
    try:
        document = load_document(text, source=source)
    except FaultsError:
        raise
    except RiskError as error:
        raise FaultsError([error.fault()]) from None
    if not isinstance(document.data, dict):
        raise FaultsError([document.fault(InvalidResponseDataError, "expected named parts")])
    return document


def shipped(folder: str) -> Mapping[str, str]:
    """The texts of a folder of the packs, by file name without its ending."""
    found = (_PACKS / folder).iterdir()
    return {
        item.name.removesuffix(".yaml"): item.read_text(encoding="utf-8")
        for item in sorted(found, key=lambda one: one.name)
        if item.name.endswith(".yaml")
    }


def read_all(folder: str, read: Callable[[str, str], T]) -> dict[str, T]:
    """Everything in a folder of the packs, by file name; every fault of every file at once."""
    made: dict[str, T] = {}
    faults: list[Fault] = []
    for name, text in shipped(folder).items():
        try:
            made[name] = read(text, f"packs/{folder}/{name}.yaml")
        except FaultsError as error:
            faults += error.faults
    if faults:
        raise FaultsError(faults)
    return made
