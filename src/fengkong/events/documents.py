"""YAML documents that remember on which line everything stands.

Stricter than YAML 1.1: no duplicate keys, no aliases (they can explode), no tags, and only
``true``, ``false``, ``null`` and plain decimal numbers are anything but text, so that ``NO``
stays Norway, ``2026-01-01`` stays a date as written and ``0012`` stays an identifier.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

import yaml

from fengkong.core.errors import Fault, FaultsError, RiskError
from fengkong.events.spelling import did_you_mean

DOCUMENT_LENGTH_MAX: Final = 4 * 1024 * 1024
DOCUMENT_DEPTH_MAX: Final = 32

Path = tuple[str | int, ...]

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,18}(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
_WORDS: Final[dict[str, object]] = {"": None, "~": None, "null": None, "true": True, "false": False}
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class InvalidDocumentError(RiskError):
    """A file is not readable YAML."""

    code = "document.invalid"
    hint = "Correct the YAML at the place named; indentation is with blanks."


class DuplicateDocumentKeyError(InvalidDocumentError):
    """A key stands twice in one mapping of a YAML file."""

    code = "document.duplicate_key"
    hint = "Keep one of the two entries."


@dataclass(frozen=True, slots=True)
class Document:
    """The data of a YAML file, with the line of every key and item."""

    data: object
    source: str
    lines: dict[Path, int] = field(repr=False)
    texts: dict[Path, tuple[int, int]] = field(repr=False, default_factory=dict)

    def text_at(self, *path: str | int) -> tuple[int, int]:
        """Line and column, both from 1, at which the text of a value starts."""
        return self.texts.get(path) or (self.line_of(*path) or 1, 1)

    def line_of(self, *path: str | int) -> int | None:
        """The line of a place, or of the closest place around it."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path)

    def fault(self, error: type[RiskError], message: str, *path: str | int) -> Fault:
        """A fault at a place of this document."""
        return error(
            message, path=path_text(path), source=self.source, line=self.line_of(*path)
        ).fault()


def path_text(path: Path) -> str:
    """``$.fields.amount[2]`` of a path."""
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def load_document(text: str, *, source: str) -> Document:
    """The document in a YAML text; every fault it has raises one FaultsError."""
    node = _compose(text, source=source)
    reading = _Reading(source=source)
    data = None if node is None else reading.read(node, ())
    if reading.faults:
        raise FaultsError(reading.faults)
    return Document(data=data, source=source, lines=reading.lines, texts=reading.texts)


def unknown_keys(
    document: Document, entry: dict[str, object], *, known: frozenset[str], path: Path
) -> list[Fault]:
    """A fault for every key of an entry that means nothing there."""
    return [
        document.fault(
            InvalidDocumentError, f"unknown key {key!r}{did_you_mean(key, known)}", *path, key
        )
        for key in entry
        if key not in known
    ]


def _compose(text: str, *, source: str) -> yaml.Node | None:
    if len(text) > DOCUMENT_LENGTH_MAX:
        raise InvalidDocumentError(f"longer than {DOCUMENT_LENGTH_MAX} characters", source=source)
    depth = 0
    try:
        # The parser is a state machine, the composer recurses: measure before composing.
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > DOCUMENT_DEPTH_MAX or isinstance(event, yaml.AliasEvent):
                problem = "an alias" if depth <= DOCUMENT_DEPTH_MAX else "nested too deeply"
                mark = event.start_mark
                line = mark.line + 1 if mark else None
                raise InvalidDocumentError(problem, source=source, line=line)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise InvalidDocumentError(
            error.problem or "not YAML",
            source=source,
            line=mark.line + 1 if mark else None,
            column=mark.column + 1 if mark else None,
        ) from None
    except (yaml.YAMLError, UnicodeError, ValueError) as error:
        raise InvalidDocumentError(str(error).splitlines()[0], source=source) from None
    assert node is None or isinstance(node, yaml.Node)
    return node


@dataclass(slots=True)
class _Reading:
    source: str
    lines: dict[Path, int] = field(default_factory=dict)
    texts: dict[Path, tuple[int, int]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def read(self, node: yaml.Node, path: Path) -> object:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        if isinstance(node, yaml.ScalarNode):
            self.texts[path] = _text_start(node)
            return _scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        entries: dict[str, object] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._fault(InvalidDocumentError, "a key that is not a word", path, line)
                continue
            key = str(key_node.value)
            if key in entries:
                self._fault(DuplicateDocumentKeyError, f"{key!r} twice", (*path, key), line)
                continue
            self.lines[(*path, key)] = line
            entries[key] = self.read(value_node, (*path, key))
        return entries

    def _fault(self, error: type[RiskError], message: str, path: Path, line: int) -> None:
        self.faults.append(
            error(message, path=path_text(path), source=self.source, line=line).fault()
        )


def _text_start(node: yaml.ScalarNode) -> tuple[int, int]:
    """Where the characters of a scalar start: after a quote, below the mark of a block."""
    mark = node.start_mark
    if node.style in ("|", ">"):
        return mark.line + 2, 1
    return mark.line + 1, mark.column + (2 if node.style else 1)


def _scalar(node: yaml.ScalarNode) -> object:
    text = str(node.value)
    if node.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
