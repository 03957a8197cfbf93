"""From a number to what it counted: decisions, events, loans, or the lines of a table by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import polars as pl
from django.utils import timezone
from django.utils.translation import gettext as _

from fengkong.console.journaled.models import Decision
from fengkong.console.shell.spoken import said
from fengkong.console.warnings.books.schedules import schedules
from fengkong.console.warnings.journal.day_rows import SEQUENCE
from fengkong.console.warnings.journal.journal_rows import ROWS_DAYS, journal_rows
from fengkong.console.warnings.tables import delivered, table_and_report
from fengkong.credit.loan_book import loans_behind
from fengkong.indicators.behind import Ingredient, ingredients, lines_behind, rows_behind
from fengkong.indicators.indicator import Indicator
from fengkong.indicators.sources import SourceKind, completed
from fengkong.rules.kinds import Kind

PAGE: Final = 100
_SHOWN: Final = ("event_type", "channel", "outcome", "amount", "points", "label_kind", "fund_kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What stands behind a number: how many in all, the first of them, and what is missing."""

    columns: Sequence[str] = ()
    rows: Sequence[dict[str, Any]] = ()
    total: int = 0
    amount_minor: int | None = None
    why_not: str = ""
    says: str = ""
    """What the rows are, where they are no entries of the journal."""
    ingredient: Ingredient | None = None
    choices: Sequence[Ingredient] = field(default_factory=tuple)


def behind(indicator: Indicator, *, day: date, of: str, segment: str, part: str) -> Behind:
    """The events, loans or lines of a table that an indicator's value of a day counted.

    `of` names what the formula reads (the first of it when empty); with a segment those of one
    part.
    """
    choices = ingredients(indicator, day=day)
    chosen = next((one for one in choices if one.name == of), choices[0] if choices else None)
    if chosen is None:
        return Behind(why_not=_("Its formula reads nothing that comes in rows."))
    source = indicator.source
    place = delivered(source)
    if place is None and source.kind is SourceKind.JOURNAL and source.events:
        return _events(indicator, chosen, choices, segment=segment, part=part)
    if place is None and source.id == "loan_book":
        return _loans(chosen, choices, segment=segment, part=part)
    return _lines(indicator, chosen, choices, day=day, segment=segment, part=part)


def _events(
    indicator: Indicator,
    chosen: Ingredient,
    choices: Sequence[Ingredient],
    *,
    segment: str,
    part: str,
) -> Behind:
    rows = journal_rows().rows_of(indicator.source.id, since=chosen.since, until=chosen.until)
    if rows is None:
        return Behind(
            why_not=_("Rows are kept for %(days)s days; these are gone.") % {"days": ROWS_DAYS},
            ingredient=chosen,
            choices=choices,
        )
    found = rows_behind(indicator.source, rows, chosen, segment=segment, part=part)
    newest = found.sort(SEQUENCE, descending=True).head(PAGE)
    shown = [name for name in _SHOWN if name in newest.columns]
    sequences = newest[SEQUENCE].to_list()
    known = set(Decision.objects.filter(pk__in=sequences).values_list("sequence", flat=True))
    listed = [
        {**row, "is_decision": row[SEQUENCE] in known}
        for row in newest.select(SEQUENCE, "day", *shown).iter_rows(named=True)
    ]
    amount = int(found["amount"].sum()) if "amount" in found.columns else None
    return Behind(
        columns=shown,
        rows=listed,
        total=found.height,
        amount_minor=amount,
        ingredient=chosen,
        choices=choices,
    )


def _loans(chosen: Ingredient, choices: Sequence[Ingredient], *, segment: str, part: str) -> Behind:
    loans, instalments = schedules()
    if loans is None or instalments is None:
        why = _("The journal says nothing of loans.")
        return Behind(why_not=why, ingredient=chosen, choices=choices)
    day = min(chosen.until, timezone.localdate())
    found = loans_behind(loans, instalments, column=chosen.column, day=day)
    if segment:
        found = found.filter(pl.col(segment) == part)
    known = set(
        Decision.objects.filter(pk__in=found[SEQUENCE].head(PAGE).to_list()).values_list(
            "sequence", flat=True
        )
    )
    listed = [
        {**row, "is_decision": row[SEQUENCE] in known}
        for row in found.head(PAGE).iter_rows(named=True)
    ]
    return Behind(
        columns=("drawn_on", "product", "region", "balance", "days_past_due"),
        rows=listed,
        total=found.height,
        amount_minor=int(found["balance"].sum()),
        ingredient=chosen,
        choices=choices,
    )


def _lines(
    indicator: Indicator,
    chosen: Ingredient,
    choices: Sequence[Ingredient],
    *,
    day: date,
    segment: str,
    part: str,
) -> Behind:
    """Lines of the table by day: of the file that was delivered, or that was made here."""
    source, place = indicator.source, delivered(indicator.source)
    table, report = table_and_report(source, today=timezone.localdate())
    if table is None:
        why = " ".join(said(fault) for fault in report.faults)
        return Behind(why_not=why, ingredient=chosen, choices=choices)
    whole = completed(source, table)
    found = lines_behind(source, whole, chosen, day=day, segment=segment, part=part)
    is_money = source.columns[chosen.column].kind is Kind.MONEY
    says = _("Lines by day that the console makes of what it recorded.")
    if place is not None:
        says = _("Lines of %(file)s, as it was delivered.") % {"file": place.name}
    return Behind(
        columns=tuple(found.columns),
        rows=list(found.head(PAGE).iter_rows(named=True)),
        total=found.height,
        amount_minor=int(found[chosen.column].sum()) if is_money else None,
        says=says,
        ingredient=chosen,
        choices=choices,
    )
