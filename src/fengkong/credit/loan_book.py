"""The loan book as indicators read it: stages, flows, classes and losses by day and segment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from fengkong.credit.arrears import (
    LOAN,
    RESTRUCTURED,
    STAGE_DAYS,
    STAGES,
    WRITTEN_OFF,
    alive,
    daily_sums,
    on_the_book,
    stage_stretches,
    unpaid_stretches,
)
from fengkong.credit.migration import first_payment_defaults
from fengkong.credit.provisions import (
    CLASS_RATES,
    LossRates,
    RiskClass,
    expected_loss,
    ifrs_stage,
    risk_class,
)

CUTS: Final = (30, 60, 90, 120, 150, 180, 270, 360)
"""Days past due at which a stage of this book ends: M1 to M6, then those of the classes."""
_LAST_SHOWN: Final = len(STAGES)
_UNIT: Final = 1_000_000_000
_RECORDED: Final = {
    "secured": ("unsecured",),
    RESTRUCTURED: ("restructured",),
    WRITTEN_OFF: ("written_off", "recovered"),
}
"""What no schedule has, by the column of loans that says it."""


@dataclass(frozen=True, slots=True)
class BookRates:
    """What turns balances into losses: rates of IFRS 9 and the months that balances run on for."""

    loss: LossRates
    months_left: int = 12


def loan_book(
    loans: pl.DataFrame,
    instalments: pl.DataFrame,
    *,
    segments: list[str],
    since: date,
    until: date,
    rates: BookRates,
) -> pl.DataFrame:
    """The source ``loan_book`` by day and segments, money in minor units.

    `loans`: loan, drawn_on, principal, annual_rate (a share), secured (Boolean, null where
    unknown), the segments, restructured_on and written_off_on (Date or null). `instalments`: loan,
    number, due_on, paid_on (null while unpaid), principal. Flows (drawn, repaid, due, entered_m1,
    cured, written_off, recovered, ...) are of the day itself; what is repaid of a loan that was
    written off is recovered. `provision` is what the five classes ask for. What no loan says
    (collateral, restructuring, write-offs) is null: nobody may record it.
    """
    schedule = alive(instalments, since=since)
    stretches = unpaid_stretches(loans, schedule, until=until)
    stages = stage_stretches(on_the_book(stretches, loans), cuts=CUTS)
    of_loans = loans.select(LOAN, *segments, "annual_rate", "secured")
    stages = stages.join(of_loans, on=LOAN)
    standing = _standing(stages, segments, since=since, until=until, rates=rates)
    flows = [
        _entered(stages, segments),
        _cured(stages, segments),
        _drawn(loans, segments),
        _repaid(loans, schedule, segments),
        *_written_off(loans, stretches, schedule, segments),
        _restructured(loans, stages, segments, since=since, until=until),
        _first_payments(loans, schedule, segments, since=since, until=until),
    ]
    table = standing
    for flow in flows:
        inside = flow.filter(pl.col("day").is_between(since, until))
        table = table.join(inside, on=["day", *segments], how="left")
    unknown = [
        name
        for said, names in _RECORDED.items()
        if loans[said].null_count() == loans.height
        for name in names
    ]
    numbers = pl.exclude("day", *segments)
    return (
        table.with_columns(numbers.fill_null(0))
        .with_columns(pl.lit(None, pl.Int64).alias(name) for name in unknown)
        .sort("day", *segments)
    )


def loans_behind(
    loans: pl.DataFrame, instalments: pl.DataFrame, *, column: str, day: date
) -> pl.DataFrame:
    """The loans that a column of the book counted on a day, the largest balance first.

    Columns as `loans` with balance and days_past_due; balances (outstanding, overdue_m1, stage_2,
    doubtful, ...) alone can be told apart, other columns give every loan that is not repaid.
    """
    standing = on_the_book(unpaid_stretches(loans, alive(instalments, since=day), until=day), loans)
    standing = standing.filter((pl.col("from_day") <= day) & (pl.col("to_day") >= day))
    late = (pl.lit(day) - pl.col("due_on")).dt.total_days().clip(0)
    found = standing.with_columns(late.alias("days_past_due")).filter(_counted(column))
    return (
        found.select(LOAN, "balance", "days_past_due")
        .join(loans, on=LOAN)
        .sort("balance", LOAN, descending=[True, False])
    )


def _counted(column: str) -> pl.Expr:
    """Which days past due a column of the book counts."""
    days = pl.col("days_past_due")
    late = {f"overdue_{name}": at for at, name in enumerate(STAGES)}
    if column in late:
        at = late[column]
        above = days > STAGE_DAYS * at
        return above if at == len(STAGES) - 1 else above & (days <= STAGE_DAYS * (at + 1))
    if column == "overdue_loans":
        return days > 0
    if column in list(RiskClass):
        kinds = days.map_elements(lambda one: str(risk_class(one)), return_dtype=pl.String)
        return kinds == column
    if column in ("stage_1", "stage_2", "stage_3"):
        stages = days.map_elements(ifrs_stage, return_dtype=pl.Int64)
        return stages == int(column[-1])
    return pl.lit(value=True)


def _standing(
    stages: pl.DataFrame, segments: list[str], *, since: date, until: date, rates: BookRates
) -> pl.DataFrame:
    """Balances and counts by day, out of intervals."""
    weighted = stages.with_columns(
        pl.lit(1, pl.Int64).alias("one"),
        (pl.col("balance") * pl.col("annual_rate")).round().cast(pl.Int64).alias("rated"),
        pl.when(~pl.col("secured").fill_null(value=False))
        .then(pl.col("balance"))
        .otherwise(0)
        .alias("unsecured"),
    )
    keys = [*segments, "stage"]
    sums = None
    for amount in ("balance", "one", "rated", "unsecured"):
        found = daily_sums(weighted, amount=amount, keys=keys, since=since, until=until)
        sums = found if sums is None else sums.join(found, on=[*keys, "day"])
    assert sums is not None, "there are amounts"
    return sums.group_by("day", *segments).agg(_figures(rates))


def _figures(rates: BookRates) -> list[pl.Expr]:
    """What is made of the balances of the stages of a day."""
    stage, balance = pl.col("stage"), pl.col("balance")

    def of(chosen: Sequence[int], amount: str = "balance") -> pl.Expr:
        return pl.col(amount).filter(stage.is_in(list(chosen))).sum()

    every = range(len(CUTS) + 2)
    days = {at: 0 if at == 0 else (1 if at == 1 else CUTS[at - 2] + 1) for at in every}
    classes = {kind: [at for at in every if risk_class(days[at]) is kind] for kind in RiskClass}
    thirds = {three: [at for at in every if ifrs_stage(days[at]) == three] for three in (1, 2, 3)}
    lost = {
        three: expected_loss(_UNIT, stage=three, months_left=rates.months_left, rates=rates.loss)
        / _UNIT
        for three in thirds
    }
    year = expected_loss(_UNIT, stage=1, months_left=rates.months_left, rates=rates.loss) / _UNIT
    asked = [of(at).cast(pl.Float64) * CLASS_RATES[kind] for kind, at in classes.items()]
    losses = [of(at).cast(pl.Float64) * lost[three] for three, at in thirds.items()]
    overdue = [
        of([at] if at < _LAST_SHOWN else [one for one in every if one >= at]).alias(
            f"overdue_{name}"
        )
        for at, name in enumerate(STAGES, 1)
    ]
    return [
        balance.sum().alias("outstanding"),
        *overdue,
        pl.col("one").sum().alias("loans"),
        pl.col("one").filter(stage > 0).sum().alias("overdue_loans"),
        *(of(at).alias(str(kind)) for kind, at in classes.items()),
        *(of(at).alias(f"stage_{three}") for three, at in thirds.items()),
        pl.sum_horizontal(asked).round().cast(pl.Int64).alias("provision"),
        pl.sum_horizontal(losses).round().cast(pl.Int64).alias("expected_loss"),
        (balance.sum() * year).round().cast(pl.Int64).alias("expected_loss_12m"),
        pl.col("unsecured").sum(),
        pl.col("rated").sum().alias("rate_weighted"),
    ]


def _entered(stages: pl.DataFrame, segments: list[str]) -> pl.DataFrame:
    """What went into M1 to M4 on a day by growing older."""
    shown = stages.filter(pl.col("stage").is_between(1, 4))
    days = STAGE_DAYS * (pl.col("stage").cast(pl.Int64) - 1) + 1
    aged = pl.col("due_on") + pl.duration(days=days)
    entering = shown.filter(pl.col("from_day") == aged)
    sums = [
        pl.col("balance").filter(pl.col("stage") == at).sum().alias(f"entered_m{at}")
        for at in range(1, 5)
    ]
    return entering.group_by(pl.col("from_day").alias("day"), *segments).agg(sums)


def _cured(stages: pl.DataFrame, segments: list[str]) -> pl.DataFrame:
    """What was in M1 the day before and is current."""
    ordered = stages.sort(LOAN, "from_day").with_columns(
        pl.col("stage").shift(1).over(LOAN).alias("stage_before")
    )
    cured = ordered.filter((pl.col("stage") == 0) & (pl.col("stage_before") == 1))
    return cured.group_by(pl.col("from_day").alias("day"), *segments).agg(
        pl.col("balance").sum().alias("cured")
    )


def _drawn(loans: pl.DataFrame, segments: list[str]) -> pl.DataFrame:
    return loans.group_by(pl.col("drawn_on").alias("day"), *segments).agg(
        pl.col("principal").sum().alias("drawn"), pl.len().cast(pl.Int64).alias("drawn_loans")
    )


def _repaid(loans: pl.DataFrame, instalments: pl.DataFrame, segments: list[str]) -> pl.DataFrame:
    """Repaid, due, and repaid more than a month early, by day."""
    both = instalments.join(loans.select(LOAN, *segments, WRITTEN_OFF), on=LOAN).with_columns(
        pl.when((pl.col(name) < pl.col(WRITTEN_OFF)).fill_null(value=True)).then(name)
        for name in ("paid_on", "due_on")
    )
    early = pl.col("paid_on") < pl.col("due_on") - pl.duration(days=STAGE_DAYS)
    paid = (
        both.filter(pl.col("paid_on").is_not_null())
        .group_by(pl.col("paid_on").alias("day"), *segments)
        .agg(
            pl.col("principal").sum().alias("repaid"),
            pl.col("principal").filter(early).sum().alias("early_repaid"),
        )
    )
    due = (
        both.drop_nulls("due_on")
        .group_by(pl.col("due_on").alias("day"), *segments)
        .agg(pl.col("principal").sum().alias("due"))
    )
    return paid.join(due, on=["day", *segments], how="full", coalesce=True)


def _written_off(
    loans: pl.DataFrame, stretches: pl.DataFrame, schedule: pl.DataFrame, segments: list[str]
) -> Iterator[pl.DataFrame]:
    """What was written off on a day; what of such loans was repaid from then on."""
    off = loans.drop_nulls(WRITTEN_OFF).select(LOAN, *segments, WRITTEN_OFF)
    standing = stretches.join(off, on=LOAN).filter(
        pl.col(WRITTEN_OFF).is_between(pl.col("from_day"), pl.col("to_day"))
    )
    yield standing.group_by(pl.col(WRITTEN_OFF).alias("day"), *segments).agg(
        pl.col("balance").sum().alias("written_off")
    )
    back = schedule.join(off, on=LOAN).filter(pl.col("paid_on") >= pl.col(WRITTEN_OFF))
    yield back.group_by(pl.col("paid_on").alias("day"), *segments).agg(
        pl.col("principal").sum().alias("recovered")
    )


def _restructured(
    loans: pl.DataFrame, stages: pl.DataFrame, segments: list[str], *, since: date, until: date
) -> pl.DataFrame:
    """The balance by day of loans that were restructured on the day or before."""
    eased = stages.join(loans.drop_nulls(RESTRUCTURED).select(LOAN, RESTRUCTURED), on=LOAN)
    begin = pl.max_horizontal("from_day", RESTRUCTURED).alias("from_day")
    inside = eased.with_columns(begin).filter(pl.col("from_day") <= pl.col("to_day"))
    sums = daily_sums(inside, amount="balance", keys=segments, since=since, until=until)
    return sums.rename({"balance": "restructured"})


def _first_payments(
    loans: pl.DataFrame, instalments: pl.DataFrame, segments: list[str], *, since: date, until: date
) -> pl.DataFrame:
    """First payments by day, for each combination of segments."""
    firsts = instalments.filter(pl.col("number") == 1).join(loans.select(LOAN, *segments), on=LOAN)
    if not segments:
        return first_payment_defaults(firsts, since=since, until=until)
    parts = [
        first_payment_defaults(part, since=since, until=until).with_columns(
            pl.lit(value).alias(name) for name, value in zip(segments, values, strict=True)
        )
        for values, part in firsts.partition_by(segments, as_dict=True).items()
    ]
    empty = first_payment_defaults(firsts.clear(), since=since, until=until).with_columns(
        pl.lit(None, firsts.schema[name]).alias(name) for name in segments
    )
    return pl.concat([empty, *parts], how="diagonal_relaxed")
