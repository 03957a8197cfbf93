"""Charts as data: what the browser draws, and the table that says the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from fengkong.console.shell.figures import (
    count_text,
    duration_text,
    money_text,
    share_text,
    short_text,
)

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words

Unit = Literal["count", "share", "money", "seconds", "number"]
KINDS: Final = ("line", "area", "bar", "stacked", "bars_across", "pie")
TONES: Final = ("blue", "green", "amber", "yellow", "orange", "red", "violet", "teal", "grey")
"""Colours by meaning; those of outcomes are in OUTCOME_TONES."""
OUTCOME_TONES: Final = {
    "allow": "green",
    "challenge": "violet",
    "delay": "teal",
    "review": "amber",
    "deny": "red",
}


@dataclass(frozen=True, slots=True)
class Series:
    """One line or set of bars; None is a gap. `tone` is one of TONES, chosen in order if absent."""

    title: Words
    values: Sequence[float | int | None]
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart: `labels` are what stands along it, one for each value of each series.

    `kind` is one of KINDS. `unit` says how values are written: `money` is in minor units of
    `currency`, `share` a share of one, `seconds` a duration. `limit` draws a line with its title.
    `height` is small, medium or large. `label_tones` give the slices of a pie, or the bars of one
    series, a tone each.
    """

    title: Words
    kind: str
    labels: Sequence[Words]
    series: Sequence[Series]
    unit: Unit = "count"
    currency: str = "CNY"
    label_title: Words = ""
    label_tones: Sequence[str] = ()
    limit: float | None = None
    limit_title: Words = ""
    height: str = "medium"
    notes: Words = field(default="")

    def __post_init__(self) -> None:
        assert self.kind in KINDS, self.kind
        assert not self.label_tones or len(self.label_tones) == len(self.labels)
        assert all(len(series.values) == len(self.labels) for series in self.series)

    def written(self, value: float | None, *, language: str) -> str:
        """A value as the table shows it."""
        if self.unit == "money":
            return money_text(None if value is None else round(value), currency=self.currency)
        if self.unit == "share":
            return share_text(value)
        if self.unit == "seconds":
            return duration_text(value, language=language)
        if self.unit == "count":
            return count_text(None if value is None else round(value))
        return short_text(None if value is None else Decimal(str(value)), language=language)

    def drawing(self, *, language: str) -> dict[str, Any]:
        """What the browser draws, as JSON."""
        return {
            "kind": self.kind,
            "unit": self.unit,
            "currency": self.currency,
            "language": language,
            "labels": [str(label) for label in self.labels],
            "label_tones": list(self.label_tones),
            "limit": self.limit,
            "limit_title": str(self.limit_title),
            "series": [
                {
                    "title": str(series.title),
                    "values": list(series.values),
                    "written": [self.written(v, language=language) for v in series.values],
                    "tone": series.tone or TONES[place % len(TONES)],
                }
                for place, series in enumerate(self.series)
            ],
        }

    def table(self, *, language: str) -> list[tuple[Words, list[str]]]:
        """The rows of the chart's table: a label, and a value of each series."""
        return [
            (label, [self.written(s.values[row], language=language) for s in self.series])
            for row, label in enumerate(self.labels)
        ]


def sparkline_points(values: Sequence[float | None], *, width: int, height: int) -> str:
    """Points of an SVG polyline through the values, newest at the right; gaps are bridged."""
    known = [(place, value) for place, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(v for _, v in known), max(v for _, v in known)
    across, up = max(len(values) - 1, 1), (high - low) or 1.0
    room = height - 4
    return " ".join(
        f"{place * width / across:.1f},{2 + room * (1 - (value - low) / up):.1f}"
        for place, value in known
    )
