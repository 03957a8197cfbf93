"""What other apps know of an entity: each gives a part of its page, and says who has open alerts.

The index of entities knows nothing of alerts, cases and gangs; they know it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words
    from fengkong.console.accounts.models import Operator

SHOWN_MAX: Final = 20
Rows = Sequence[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A part of a page about some subjects (blind indexes in hexadecimal).

    `template` shows the `rows` that `found` gives, at most `SHOWN_MAX`; `none` is said where there
    are none, and without it the part is left out. A panel of a smaller `order` stands higher.
    """

    name: str
    title: Words
    permission: str
    template: str
    found: Callable[[Sequence[str]], Rows]
    none: Words = ""
    order: int = 50


@dataclass(frozen=True, slots=True)
class Shown:
    """A panel with what it shows."""

    panel: Panel
    rows: Rows


AlertCount = Callable[[set[str]], Mapping[str, int]]
_PANELS: Final[dict[str, Panel]] = {}
_COUNTS: Final[list[AlertCount]] = []


def register_panel(panel: Panel) -> None:
    """Add a part to the pages of entities; once, when Django starts."""
    assert panel.name not in _PANELS, f"the panel {panel.name} is there already"
    _PANELS[panel.name] = panel


def register_alert_count(count: AlertCount) -> None:
    """Say how many open alerts subjects have; once, when Django starts."""
    _COUNTS.append(count)


def panels_about(
    subjects: Sequence[str], reader: Operator, *, without: Sequence[str] = ()
) -> list[Shown]:
    """The parts that somebody may see about some subjects, those without anything left out."""
    wanted = [one for one in subjects if one]
    shown = [
        Shown(panel, panel.found(wanted))
        for panel in sorted(_PANELS.values(), key=lambda one: one.order)
        if panel.name not in without and reader.may(panel.permission)
    ]
    return [one for one in shown if one.rows or one.panel.none]


def alerted(subjects: set[str]) -> dict[str, int]:
    """The open alerts of those of some subjects who have any."""
    found: dict[str, int] = {}
    for count in _COUNTS:
        for subject, number in count(subjects).items():
            found[subject] = found.get(subject, 0) + number
    return found
