"""Plain data of a model, read strictly: every part is asked for by name and kind."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from fengkong.core.bilingual import Bilingual
from fengkong.scoring.errors import InvalidModelError

TEXT_MAX = 10_000


def bilingual_content(text: Bilingual | None) -> dict[str, str] | None:
    """A text in both languages as plain data."""
    return None if text is None else {"zh": text.zh, "en": text.en}


class Content:
    """A mapping of a model's file; what nobody asked for is a fault, too."""

    def __init__(self, data: object, *, path: str = "$") -> None:
        self.path = path
        if not isinstance(data, dict):
            raise InvalidModelError("expected a mapping", path=path)
        self._data = cast("dict[str, Any]", data)
        self._asked: set[str] = set()

    def fault(self, message: str, *, key: str = "") -> InvalidModelError:
        """An error at this place."""
        return InvalidModelError(message, path=f"{self.path}.{key}" if key else self.path)

    def nothing_else(self) -> None:
        """Raises an error for a part that means nothing here."""
        unknown = self._data.keys() - self._asked
        if unknown:
            raise self.fault(f"unknown part {min(unknown)[:80]!r}")

    def part(self, key: str) -> object:
        """A part as it is; one that is missing raises an error."""
        self._asked.add(key)
        if key not in self._data:
            raise self.fault(f"{key} is missing")
        return self._data[key]

    def word(self, key: str) -> str:
        """A text."""
        value = self.part(key)
        if not isinstance(value, str) or len(value) > TEXT_MAX:
            raise self.fault("expected a text", key=key)
        return value

    def number(self, key: str) -> float:
        """A finite number."""
        value = self.part(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fault("expected a number", key=key)
        if not math.isfinite(value):
            raise self.fault("expected a finite number", key=key)
        return float(value)

    def whole(self, key: str) -> int:
        """A whole number."""
        value = self.part(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.fault("expected a whole number", key=key)
        return value

    def truth(self, key: str) -> bool:
        """True or false."""
        value = self.part(key)
        if not isinstance(value, bool):
            raise self.fault("expected true or false", key=key)
        return value

    def words(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self.part(key)
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.fault("expected a list of texts", key=key)
        return tuple(value)

    def words_by_name(self, key: str) -> dict[str, str]:
        """Texts by name."""
        value = self.part(key)
        if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
            raise self.fault("expected texts by name", key=key)
        return value

    def mapping(self, key: str) -> Mapping[str, Any]:
        """A mapping that is kept as it is."""
        value = self.part(key)
        if not isinstance(value, dict):
            raise self.fault("expected a mapping", key=key)
        return value

    def bilingual(self, key: str) -> Bilingual | None:
        """A text in both languages, or none."""
        value = self.part(key)
        if value is None:
            return None
        if not isinstance(value, dict) or set(value) != {"zh", "en"}:
            raise self.fault("expected a text in both languages: {zh, en}", key=key)
        return Bilingual(zh=str(value["zh"]), en=str(value["en"]))

    def inner(self, key: str) -> Content:
        """A mapping inside."""
        return Content(self.part(key), path=f"{self.path}.{key}")

    def maybe(self, key: str) -> Content | None:
        """A mapping inside, or none."""
        return None if self.part(key) is None else self.inner(key)

    def each(self, key: str) -> Iterator[Content]:
        """The mappings of a list."""
        value = self.part(key)
        if not isinstance(value, list):
            raise self.fault("expected a list", key=key)
        for index, one in enumerate(value):
            yield Content(one, path=f"{self.path}.{key}[{index}]")

    def numbers(self, key: str) -> NDArray[np.float64]:
        """A list of finite numbers, float64[n]."""
        value = self.part(key)
        if not isinstance(value, list) or not all(type(one) in (int, float) for one in value):
            raise self.fault("expected a list of numbers", key=key)
        array = np.array(value, dtype=np.float64)
        if not np.isfinite(array).all():
            raise self.fault("expected finite numbers", key=key)
        return array

    def wholes(self, key: str) -> NDArray[np.int64]:
        """A list of whole numbers, int64[n]."""
        value = self.part(key)
        if not isinstance(value, list) or not all(type(one) is int for one in value):
            raise self.fault("expected a list of whole numbers", key=key)
        if any(abs(one) >= 2**62 for one in value):
            raise self.fault("a whole number is too large", key=key)
        return np.array(value, dtype=np.int64)
