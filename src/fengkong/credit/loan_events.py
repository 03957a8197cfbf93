"""Loans and instalments, as the loan book wants them, out of what the journal says of loans.

Events name what was drawn and what was repaid, not the schedule between. It is taken to be equal
parts of principal each month; where a repayment says when it was due or how much of it was
principal, that stands.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from fengkong.credit.arrears import LOAN, RESTRUCTURED, UNTOLD, WRITTEN_OFF

MONTHS: Final = 12
"""The term of a loan that does not say its own."""
RATE: Final = 0.0
CHANGED: Final = {"loan.restructured": RESTRUCTURED, "loan.written_off": WRITTEN_OFF}
"""What befalls a loan, and the column with the day on which it did."""
_NAMED: Final = ("product", "region", "industry", "borrower", "guarantor")
_KEYS: Final = [LOAN, "number"]


def loans_of(drawn: pl.DataFrame, *, changes: pl.DataFrame | None = None) -> pl.DataFrame:
    """loan, borrower, guarantor, drawn_on, principal, months, annual_rate, secured, product,
    region, industry, sequence, restructured_on, written_off_on.

    `drawn`: loan, customer, guarantor, day, sequence, amount (minor units), loan_term_months,
    annual_rate, loan_product, region, industry, secured; nulls where unknown. Of a loan that is
    drawn more than once the first day stands, with the sum. What is not told (a region, who
    guarantees) is ``-``; `secured` is null where no event says so.

    `changes`: loan, day, event_type (``loan.restructured`` or ``loan.written_off``); the first day
    of each kind stands, null for loans that it did not befall.
    """
    loans = (
        drawn.sort("day", "sequence")
        .group_by(LOAN, maintain_order=True)
        .agg(
            pl.col("day").first().alias("drawn_on"),
            pl.col("amount").sum().alias("principal"),
            pl.col("loan_term_months").drop_nulls().first().alias("months"),
            pl.col("annual_rate").drop_nulls().first(),
            pl.col("loan_product").drop_nulls().first().alias("product"),
            pl.col("region").drop_nulls().first(),
            pl.col("customer").drop_nulls().first().alias("borrower"),
            pl.col("guarantor").drop_nulls().first(),
            pl.col("industry").drop_nulls().first(),
            pl.col("secured").drop_nulls().first(),
            pl.col("sequence").first(),
        )
        .with_columns(
            pl.col("months").fill_null(MONTHS).clip(1, 480).cast(pl.Int64),
            pl.col("annual_rate").fill_null(RATE),
            *(pl.col(name).fill_null(UNTOLD) for name in _NAMED),
        )
    )
    for kind, column in CHANGED.items():
        loans = loans.join(_first_days(changes, kind, column), on=LOAN, how="left")
    return loans


def _first_days(changes: pl.DataFrame | None, kind: str, column: str) -> pl.DataFrame:
    """The first day of a kind of change by loan."""
    if changes is None:
        return pl.DataFrame(schema={LOAN: pl.String, column: pl.Date})
    days = changes.filter(pl.col("event_type") == kind).group_by(LOAN)
    return days.agg(pl.col("day").min().alias(column))


def instalments_of(loans: pl.DataFrame, repaid: pl.DataFrame) -> pl.DataFrame:
    """loan, number (from 1), due_on, paid_on (null while unpaid), principal (Int64, minor units).

    `repaid`: loan, day, sequence, instalment_number (null: the next one), due_on (Date or null),
    principal_amount (null: the equal part). Repayments of loans that are not known are left out.
    The last instalment has what is left, so principals sum to the loan to the cent.
    """
    numbered = _numbered(repaid).select(
        *_KEYS, pl.col("day").alias("paid_on"), pl.col("due_on").alias("said_due"), "said_part"
    )
    schedule = (
        loans.with_columns(pl.int_ranges(1, pl.col("months") + 1).alias("number"))
        .explode("number")
        .with_columns(
            pl.col("drawn_on")
            .dt.offset_by(pl.concat_str(pl.col("number").cast(pl.String), pl.lit("mo")))
            .alias("usual_due"),
            (pl.col("principal") // pl.col("months")).alias("equal"),
        )
        .join(numbered, on=_KEYS, how="left")
    )
    wanted = pl.col("said_part").fill_null(pl.col("equal")).clip(0, pl.col("principal"))
    before = wanted.cum_sum().over(LOAN, order_by="number")
    left = pl.col("principal") - (before - wanted)
    is_last = pl.col("number") == pl.col("months")
    part = pl.when(is_last).then(left).otherwise(pl.min_horizontal(wanted, left)).clip(0)
    return schedule.select(
        *_KEYS,
        pl.col("said_due").fill_null(pl.col("usual_due")).alias("due_on"),
        "paid_on",
        part.cast(pl.Int64).alias("principal"),
    ).sort(_KEYS)


def _numbered(repaid: pl.DataFrame) -> pl.DataFrame:
    """Repayments with the number of their instalment, the first payment of each."""
    ordered = repaid.sort(LOAN, "day", "sequence").with_columns(
        pl.int_range(1, pl.len() + 1).over(LOAN).alias("turn")
    )
    return (
        ordered.with_columns(
            pl.coalesce(pl.col("instalment_number").cast(pl.Int64), pl.col("turn")).alias("number"),
            pl.col("principal_amount").alias("said_part"),
        )
        .unique(_KEYS, keep="first", maintain_order=True)
        .drop("turn")
    )
