"""How the firm stands today: what the cockpit shows and the page for the board says, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone
from django.utils.translation import gettext as _

from fengkong.console.notices.signs import GROUPS
from fengkong.console.shell.figures import reading_language
from fengkong.console.shell.spoken import said
from fengkong.console.warnings import queries
from fengkong.console.warnings.computing import FIRM
from fengkong.console.warnings.library import library_in_force
from fengkong.console.warnings.models import CompositeReading, RaisedWarning
from fengkong.console.warnings.telling import owner_word
from fengkong.console.warnings.words import LAMP_OF, LEVEL_WORDS

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words

SHOWN: Final = 8
_CELL: Final = 3
_HEATS: Final = ((1, 2, 3), (0, 1, 2), (0, 0, 1))
"""How hot a cell of likelihood (the highest first) and impact (the smallest first) is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of risk."""

    id: str
    title: Words
    found: CompositeReading
    level: Words
    lamp: str
    trend: Sequence[float]
    parts: Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The firm, its kinds of risk, and its worst open warnings."""

    day: date
    whole: CompositeReading | None
    level: Words | None
    lamp: str | None
    kinds: Sequence[Kind]
    trend: Sequence[tuple[date, float]]
    warnings: Sequence[dict[str, Any]]
    open_count: int


def standing_today() -> Standing:
    """How the firm stands."""
    today = timezone.localdate()
    found, trends = queries.composites(today), queries.trends()
    whole = found.get(FIRM)
    open_ones = queries.warnings({"state": "open"})
    return Standing(
        day=today,
        whole=whole,
        level=None if whole is None else LEVEL_WORDS[whole.level],
        lamp=None if whole is None else LAMP_OF[whole.level],
        kinds=[
            Kind(
                id=name,
                title=title,
                found=one,
                level=LEVEL_WORDS[one.level],
                lamp=LAMP_OF[one.level],
                trend=trends.get(name, []),
                parts=_parts(one),
            )
            for name, title in GROUPS.items()
            if (one := found.get(name)) is not None
        ],
        trend=queries.trend(),
        warnings=[told(one) for one in queries.worst_first(open_ones)[:SHOWN]],
        open_count=open_ones.count(),
    )


def told(one: RaisedWarning) -> dict[str, Any]:
    """A warning with its words in the reader's language."""
    return {
        "warning": one,
        "sentence": one.sentence(reading_language()),
        "lamp": LAMP_OF[one.level],
        "level": LEVEL_WORDS[one.level],
        "group": GROUPS.get(one.group, one.group),
        "owner": owner_word(one.owner),
    }


def heat() -> list[dict[str, Any]]:
    """Open warnings by likelihood and impact, each cell with how hot it is."""
    titles = (_("high"), _("middle"), _("low"))
    known = library_in_force().indicators
    rows = []
    for title, row, heats in zip(titles, queries.heat_map(), _HEATS, strict=True):
        cells = []
        for found, hot in zip(row, heats, strict=True):
            worst = queries.worst_first(found)
            shown = [
                told(one) | {"title": said(known[one.indicator].title)}
                if one.indicator in known
                else told(one) | {"title": one.sentence(reading_language())}
                for one in worst[:_CELL]
            ]
            cells.append(
                {"found": shown, "more": max(len(worst) - _CELL, 0), "heat": hot if found else 0}
            )
        rows.append({"title": title, "cells": cells})
    return rows


def _parts(one: CompositeReading) -> list[dict[str, Any]]:
    """The parts that make most of a composite."""
    known = library_in_force().indicators
    return [
        {
            "id": name,
            "title": said(known[name].title) if name in known else name,
            "lamp": LAMP_OF[level],
            "level": LEVEL_WORDS[level],
            "share": share,
        }
        for name, level, share in one.parts[:3]
        if share > 0
    ]
