"""Tables of figures, said once: what screens show is what spreadsheets and printed pages hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from fengkong.console.shell.figures import (
    NOTHING,
    count_text,
    duration_text,
    money_text,
    reading_language,
    share_text,
)
from fengkong.core.money import exponent
from fengkong.evaluation.intervals import Proportion

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words

Unit = Literal["text", "count", "share", "interval", "bps", "money", "seconds", "number"]
BASIS_POINTS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `share` and `bps` hold shares of one, `money` minor units, `interval` a pair."""

    title: Words
    unit: Unit = "count"

    @property
    def numeric(self) -> bool:
        """Whether it is aligned as numbers are."""
        return self.unit != "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table; `key` names it in files, money is in minor units of `currency`.

    `links` are the addresses that the first cells of the rows lead to on a screen.
    """

    key: str
    title: Words
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    currency: str = "CNY"
    notes: Words = ""
    links: Sequence[str] = field(default=())

    def __post_init__(self) -> None:
        assert all(len(row) == len(self.columns) for row in self.rows), self.key
        assert not self.links or len(self.links) == len(self.rows), self.key

    def cells(self) -> list[list[str]]:
        """What every cell says, as people read it."""
        return [
            [
                written(value, column.unit, currency=self.currency)
                for value, column in zip(row, self.columns, strict=True)
            ]
            for row in self.rows
        ]

    def values(self) -> list[list[str | int | float | Decimal | None]]:
        """What every cell holds, as programs read it: money in major units, shares of one."""
        return [
            [
                plain(value, column.unit, currency=self.currency)
                for value, column in zip(row, self.columns, strict=True)
            ]
            for row in self.rows
        ]


def written(value: Any, unit: Unit, *, currency: str) -> str:
    """A value as a cell of a screen or of a printed page shows it."""
    if value is None:
        return NOTHING
    if unit == "interval":
        low, high = value
        return NOTHING if low is None else f"{share_text(low)} – {share_text(high)}"
    if unit == "count":
        return count_text(round(value))
    if unit == "share":
        return share_text(value)
    if unit == "bps":
        return f"{BASIS_POINTS * value:,.2f}"
    if unit == "money":
        return money_text(round(value), currency=currency)
    if unit == "seconds":
        return duration_text(value, language=reading_language())
    return f"{value:,.2f}" if unit == "number" else str(value)


def plain(value: Any, unit: Unit, *, currency: str) -> str | int | float | Decimal | None:
    """A value as a cell of a spreadsheet holds it; intervals as text."""
    if value is None:
        return None
    if unit in ("text", "interval"):
        return written(value, unit, currency=currency)
    if unit == "count":
        whole: int = round(value)
        return whole
    if unit == "money":
        return Decimal(round(value)).scaleb(-exponent(currency))
    return float(value) * (BASIS_POINTS if unit == "bps" else 1)


def interval_of(one: Proportion) -> tuple[float | None, float | None]:
    """The interval of a proportion as a cell of the unit `interval`."""
    return one.low, one.high
