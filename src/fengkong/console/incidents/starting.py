"""Which playbooks can be started: whoever keeps the library says so when Django starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

Choices = list[tuple[str, str]]
_LIBRARY: Final[dict[str, Callable[[str], Any]]] = {}


def library_is(*, choices: Callable[[str], Choices], content: Callable[[str], Any]) -> None:
    """Name the library: `choices` for a kind of incident, `content` of one playbook or None."""
    _LIBRARY.update({"choices": choices, "content": content})


def playbook_choices(kind: str) -> Choices:
    """Names and titles, those for the kind first."""
    found: Choices = _LIBRARY["choices"](kind)
    return found


def playbook_content(name: str) -> dict[str, Any] | None:
    """A playbook as data; None where there is none."""
    found: dict[str, Any] | None = _LIBRARY["content"](name)
    return found
