"""What a model was trained on: its inputs, in order, with the meaning of each."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from fengkong.core.bilingual import Bilingual
from fengkong.scoring.content import Content, bilingual_content
from fengkong.scoring.errors import InvalidModelError, ModelTooLargeError

INPUTS_MAX: Final = 2_000
CATEGORIES_MAX: Final = 100_000
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,79}", re.ASCII)


class InputKind(StrEnum):
    """What the number that a model sees stands for; NaN is missing for every kind."""

    NUMBER = "number"
    MONEY = "money"
    """Major units of the input's `unit`, a currency."""
    BOOLEAN = "boolean"
    """1 or 0."""
    CATEGORY = "category"
    """The position of a word in the input's `categories`; other words are missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One input.

    `declaration` is the exact text that the policy declares it with (``field`` for a field of the
    event). `meaning` is what the declaration comes to, layout and order taken out, with all that
    it builds on by name: two inputs mean the same if and only if their meanings are equal.
    """

    name: str
    kind: InputKind
    declaration: str
    meaning: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    categories: tuple[str, ...] = ()
    title: Bilingual | None = None

    def content(self) -> dict[str, Any]:
        """The input as plain data."""
        return {
            "name": self.name,
            "kind": str(self.kind),
            "declaration": self.declaration,
            "meaning": dict(self.meaning),
            "unit": self.unit,
            "categories": list(self.categories),
            "title": bilingual_content(self.title),
        }

    def code(self, word: object) -> float:
        """What a model sees of a category's word: its position, NaN if it is none of them."""
        try:
            return float(self.categories.index(str(word)))
        except ValueError:
            return math.nan


def check_inputs(inputs: Sequence[Input]) -> None:
    """Raises `InvalidModelError` for a bad or double name, or for categories that do not fit."""
    if not 0 < len(inputs) <= INPUTS_MAX:
        raise ModelTooLargeError(f"expected 1 to {INPUTS_MAX} inputs, were {len(inputs)}")
    seen: set[str] = set()
    for one in inputs:
        path = f"$.inputs.{one.name[:80]}"
        if not _NAME.fullmatch(one.name) or one.name in seen:
            raise InvalidModelError(
                f"{one.name[:80]!r} is not a name in small letters, or stands twice", path=path
            )
        seen.add(one.name)
        if (one.kind is InputKind.CATEGORY) != bool(one.categories):
            raise InvalidModelError("a category has categories, nothing else has", path=path)
        if len(one.categories) > CATEGORIES_MAX:
            raise ModelTooLargeError(f"more than {CATEGORIES_MAX} categories", path=path)
        if len(set(one.categories)) != len(one.categories):
            raise InvalidModelError("a category stands twice", path=path)
        if (one.kind is InputKind.MONEY) != bool(one.unit):
            raise InvalidModelError("money has a currency as its unit, nothing else has", path=path)


def read_input(content: Content) -> Input:
    """An input from plain data."""
    kind = content.word("kind")
    if kind not in set(InputKind):
        raise content.fault(f"unknown kind of input {kind[:40]!r}")
    read = Input(
        name=content.word("name"),
        kind=InputKind(kind),
        declaration=content.word("declaration"),
        meaning=content.words_by_name("meaning"),
        unit=content.word("unit"),
        categories=content.words("categories"),
        title=content.bilingual("title"),
    )
    content.nothing_else()
    return read
