"""Sources: what delivers numbers by day, how fresh it must be, and what must hold of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

import polars as pl

from fengkong.core.bilingual import Bilingual
from fengkong.indicators.aggregates import Aggregate
from fengkong.indicators.columns import DAY, column_of
from fengkong.rules.expressions import Expression
from fengkong.rules.kinds import Kind
from fengkong.rules.scope import Scope

RECORDED_ON: Final = "recorded_on"
"""The column that says on which day a row became known, where a source corrects itself."""


class SourceKind(StrEnum):
    """Where the rows of a source come from."""

    JOURNAL = "journal"
    """Events of the journal or its archive, aggregated by day."""
    BOOK = "book"
    """Tables that a room of Fengkong makes by day out of the books (credit, custody)."""
    FILE = "file"
    """A CSV or Parquet file that somebody delivers."""
    PULL = "pull"
    """A CSV or JSON document behind an address."""


class Calendar(StrEnum):
    """Which days a source has."""

    DAILY = "daily"
    """Every day; a day without rows is missing."""
    AS_DELIVERED = "as_delivered"
    """The days that were delivered, such as trading days; windows count these."""


class Combine(StrEnum):
    """How a column of several rows of a day becomes one number."""

    SUM = "sum"
    MAX = "max"
    MIN = "min"
    MEAN = "mean"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a source's table by day; money is in minor units."""

    kind: Kind
    combine: Combine = Combine.SUM
    aggregate: Aggregate | None = None
    """How it is made out of rows (events), where the source has any."""


@dataclass(frozen=True, slots=True)
class Check:
    """Something that must hold of every row of a source's table."""

    condition: Expression
    title: Bilingual


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One declared source."""

    id: str
    title: Bilingual
    meaning: Bilingual
    kind: SourceKind
    owner: str
    calendar: Calendar
    fresh_within_days: int
    """How many days old the newest row may be before the source counts as stale."""
    columns: Mapping[str, Column]
    segments: Mapping[str, Bilingual] = field(default_factory=dict)
    rows: Mapping[str, Kind] = field(default_factory=dict)
    """The fields of a row (an event, a line of a file) that aggregates read."""
    events: tuple[str, ...] = ()
    """The event types that a journal source reads."""
    checks: tuple[Check, ...] = ()
    otherwise: Mapping[str, Expression] = field(default_factory=dict)
    """What a cell of a column is, where nobody gave it, out of other columns of its row."""
    schedule: str = "daily"
    currency: str = "CNY"

    def scope(self) -> Scope:
        """What formulas over the table by day may name."""
        names = {name: column.kind for name, column in self.columns.items()}
        texts = dict.fromkeys(self.segments, Kind.TEXT)
        return Scope(names={**names, **texts}, currency=self.currency)


class SourceState(StrEnum):
    """Whether what a source delivered may be used."""

    GOOD = "good"
    PARTIAL = "partial"
    """Columns are missing: the indicators that need them have no data, the others are computed."""
    STALE = "stale"
    """The newest day is older than the source promises."""
    BROKEN = "broken"
    """Not there, not readable, or a check does not hold."""

    @property
    def usable(self) -> bool:
        """Whether indicators may be computed from it."""
        return self in (SourceState.GOOD, SourceState.PARTIAL)

    @property
    def word(self) -> Bilingual:
        """The state in both languages."""
        return _STATES[self]


_STATES: Final = {
    SourceState.GOOD: Bilingual(zh="正常", en="good"),
    SourceState.PARTIAL: Bilingual(zh="缺列", en="partial"),
    SourceState.STALE: Bilingual(zh="迟到", en="stale"),
    SourceState.BROKEN: Bilingual(zh="损坏", en="broken"),
}


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What was found when a source was looked at on a day."""

    source: str
    state: SourceState
    newest: date | None
    rows: int
    faults: tuple[Bilingual, ...] = ()


def examine(source: Source, table: pl.DataFrame | None, *, today: date) -> SourceReport:
    """The state of a source's table on a day: freshness, columns, checks.

    Anything but `GOOD` means that its indicators show `NO_DATA` for the days concerned, and that
    its owner is warned.
    """
    if table is None or table.is_empty():
        empty = Bilingual(zh="没有任何数据", en="there is no row at all")
        return SourceReport(source.id, SourceState.BROKEN, None, 0, (empty,))
    missing = sorted(_missing(source, set(table.columns)))
    names = ", ".join(missing)
    lacking = Bilingual(zh=f"缺少列：{names}", en=f"columns are missing: {names}")
    if DAY not in table.columns or len(missing) == len(source.columns):
        return SourceReport(source.id, SourceState.BROKEN, None, table.height, (lacking,))
    newest = table[DAY].max()
    assert isinstance(newest, date)
    faults = [*_failed_checks(source, table), *_from_the_future(newest, today=today)]
    if faults:
        return SourceReport(source.id, SourceState.BROKEN, newest, table.height, tuple(faults))
    if newest < today - timedelta(days=source.fresh_within_days):
        late = (today - newest).days
        old = Bilingual(
            zh=f"最新数据为 {newest}，已过 {late} 天（允许 {source.fresh_within_days} 天）",
            en=f"the newest day is {newest}, {late} days ago ({source.fresh_within_days} allowed)",
        )
        return SourceReport(source.id, SourceState.STALE, newest, table.height, (old,))
    if missing:
        return SourceReport(source.id, SourceState.PARTIAL, newest, table.height, (lacking,))
    return SourceReport(source.id, SourceState.GOOD, newest, table.height)


def completed(source: Source, table: pl.DataFrame) -> pl.DataFrame:
    """A table with the columns that it lacks, and segments that are ``all``.

    Cells that nobody gave are what the source says of them, or else missing.
    """
    added = [
        pl.lit(None, pl.Int64 if column.kind is Kind.MONEY else pl.Float64).alias(name)
        for name, column in source.columns.items()
        if name not in table.columns
    ]
    added += [pl.lit("all").alias(name) for name in source.segments if name not in table.columns]
    whole = table.with_columns(added) if added else table
    filled = [
        pl.coalesce(name, column_of(formula.node)).alias(name)
        for name, formula in source.otherwise.items()
    ]
    return whole.with_columns(filled) if filled else whole


def _missing(source: Source, given: set[str]) -> set[str]:
    """Columns that are neither given nor made of those that are."""
    missing = set(source.columns) - given
    return {
        name
        for name in missing
        if name not in source.otherwise or not source.otherwise[name].names <= given
    }


def _failed_checks(source: Source, table: pl.DataFrame) -> list[Bilingual]:
    """One fault for every check with rows for which it is false."""
    faults = []
    known = set(table.columns)
    for check in source.checks:
        if not check.condition.names <= known:
            continue
        broken = table.select((~column_of(check.condition.node)).sum()).item()
        if broken:
            text = check.condition.render()
            faults.append(
                Bilingual(
                    zh=f"{check.title.zh}：{broken} 行不满足 {text}",
                    en=f"{check.title.en}: {broken} rows break {text}",
                )
            )
    return faults


def _from_the_future(newest: date, *, today: date) -> list[Bilingual]:
    if newest <= today:
        return []
    return [Bilingual(zh=f"含有未来日期 {newest}", en=f"has a day of the future, {newest}")]
