"""Loans and their instalments as the journal has them."""

from __future__ import annotations

import polars as pl
from django.conf import settings

from fengkong.console.warnings.journal.journal_rows import journal_rows
from fengkong.console.warnings.journal.kept_events import LOAN_CHANGES, LOANS, REPAYMENTS
from fengkong.credit.loan_events import instalments_of, loans_of
from fengkong.indicators.columns import DAY


def schedules() -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
    """Loans and their instalments as the journal has them; None without any loan."""
    drawn, repaid = journal_rows().facts(LOANS), journal_rows().facts(REPAYMENTS)
    if drawn is None:
        return None, None
    loans = loans_of(drawn, changes=journal_rows().facts(LOAN_CHANGES))
    return loans, instalments_of(loans, _due(repaid))


def _due(repaid: pl.DataFrame | None) -> pl.DataFrame:
    """Repayments with the day on which they were due, where they say it."""
    if repaid is None:
        whole = dict.fromkeys(("sequence", "due_at", "principal_amount"), pl.Int64)
        named = {"loan": pl.String, DAY: pl.Date, "instalment_number": pl.Float64}
        repaid = pl.DataFrame(schema={**named, **whole})
    due = pl.col("due_at").cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(settings.TIME_ZONE)
    return repaid.with_columns(due.dt.date().alias("due_on"))
