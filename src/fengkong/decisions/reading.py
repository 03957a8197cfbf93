"""Reading a policy document: its parts, and every fault at its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar, cast

from fengkong.core.bilingual import Bilingual
from fengkong.core.errors import Fault, FaultsError, RiskError
from fengkong.events.documents import Document, Path, unknown_keys
from fengkong.rules.origins import Origin

T = TypeVar("T")
_UNKNOWN_NAME: Final = re.compile(r"unknown name ([A-Za-z_.0-9]+)", re.ASCII)


class InvalidPolicyError(RiskError):
    """A policy file does not say what a policy must say."""

    code = "policy.invalid"
    hint = "Correct the policy at the line named; nothing was activated."


@dataclass(slots=True)
class Reading:
    """A document that is read part by part; the faults of all parts are collected."""

    document: Document
    faults: list[Fault] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    """Names that were declared but have faults of their own: using them is no further fault."""
    barred: dict[str, str] = field(default_factory=dict)
    """Names that exist but cannot be used here, and why."""

    def fault(self, message: str, *path: str | int) -> None:
        """Note a fault at a place of the document."""
        self.faults.append(self.document.fault(InvalidPolicyError, message, *path))

    def attempt(self, make: Callable[[], T], *path: str | int) -> T | None:
        """The result of a step, or None with its faults noted at their place."""
        try:
            return make()
        except FaultsError as error:
            self._note(error.faults, path)
        except RiskError as error:
            self._note((error.fault(),), path)
        return None

    def _note(self, faults: Iterable[Fault], path: Path) -> None:
        for fault in faults:
            unknown = _UNKNOWN_NAME.match(fault.message)
            name = unknown[1] if unknown else ""
            if name in self.failed:
                continue
            message = self.barred.get(name, fault.message)
            self.faults.append(self._located(replace(fault, message=message), path))

    def _located(self, fault: Fault, path: Path) -> Fault:
        if fault.line is not None and fault.source is not None:
            return fault
        at = self.document.fault(InvalidPolicyError, fault.message, *path)
        where = at.path if fault.path == "$" else fault.path
        return replace(fault, path=where, source=at.source, line=at.line)

    def origin(self, *path: str | int) -> Origin:
        """Where an expression stands, for its errors."""
        at = self.document.fault(InvalidPolicyError, "", *path)
        line, column = self.document.text_at(*path)
        return Origin(source=at.source, path=at.path, line=line, column=column)

    def keys(self, entry: dict[str, object], *path: str | int, known: frozenset[str]) -> None:
        """Note every key of an entry that means nothing there."""
        self.faults += unknown_keys(self.document, entry, known=known, path=path)

    def mapping(self, value: object, *path: str | int) -> dict[str, object]:
        """A mapping, empty where the part is missing."""
        if value is None:
            return {}
        if isinstance(value, dict):
            return cast("dict[str, object]", value)
        self.fault("expected a mapping of names", *path)
        return {}

    def items(self, value: object, *path: str | int) -> list[object]:
        """A list, empty where the part is missing."""
        if value is None:
            return []
        if isinstance(value, list):
            return value
        self.fault("expected a list", *path)
        return []

    def bilingual(self, value: object, *path: str | int) -> Bilingual | None:
        """A text in both languages, or None where the part is missing."""
        if value is None:
            return None
        if isinstance(value, dict) and set(value) == {"zh", "en"} and all(value.values()):
            return Bilingual(zh=str(value["zh"]), en=str(value["en"]))
        self.fault("expected a text in both languages: {zh: ..., en: ...}", *path)
        return None


def is_number(value: object) -> bool:
    """Whether a value of a document is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)
