"""How long 200 indicators over three years of a simulated platform take, whole and by day.

The platform is simulated in columns, with a seed: a million customers, each with a few loans over
three years (with late payers whose lateness worsens in one region), purchases and redemptions of
funds, sign-ins, payments, decisions. Rows lie in Parquet by month, as an archive would. Measured
are: the loan book by day, the tables by day out of rows, all indicators of the shipped library
with their levels over all days, and one more day carried on from the day before. Sources that the
simulation has no rows for get random tables of the same length, so that every indicator is
computed.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from fengkong.credit.arrears import UNTOLD, stage_stretches, unpaid_stretches
from fengkong.credit.borrowers import (
    APPLIED,
    balances,
    borrowers_by_day,
    contagion_by_day,
)
from fengkong.credit.loan_book import BookRates, loan_book
from fengkong.credit.migration import vintages
from fengkong.credit.provisions import LossRates
from fengkong.indicators.computing import carried_from, compute
from fengkong.indicators.indicator import Library
from fengkong.indicators.library_file import shipped_library
from fengkong.indicators.readers import table_of_rows
from fengkong.indicators.sources import Calendar, Source
from fengkong.markets.holdings import holdings_by_day
from fengkong.rules.kinds import Kind

START: Final = date(2023, 1, 1)
DAYS: Final = 1096
REGIONS: Final = 31
GUARANTEED: Final = 0.05
WEEK: Final = 8
"""Days of the books of borrowers and investors."""
RATES: Final = BookRates(LossRates(0.03, 0.25, 0.6))
_EPOCH: Final = START.toordinal() - date(1970, 1, 1).toordinal()


def _dates(days: Any) -> pl.Series:
    return pl.Series(np.asarray(days, dtype=np.int32) + _EPOCH).cast(pl.Date)


def loans(rng: np.random.Generator, *, customers: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """1.5 loans a customer with six instalments each: loans, and instalments with their payment."""
    count = customers * 3 // 2
    drawn = rng.integers(0, DAYS - 30, count)
    region = rng.integers(0, REGIONS, count)
    part = rng.integers(10_000, 500_000, count)
    table = pl.DataFrame(
        {
            "loan": np.arange(count),
            "borrower": pl.Series(rng.integers(0, customers, count)).cast(pl.String),
            "guarantor": _guarantors(rng, count, customers=customers),
            "drawn_on": _dates(drawn),
            "region": pl.Series(region).cast(pl.String),
            "product": pl.Series(rng.integers(0, 3, count)).cast(pl.String),
            "industry": pl.Series(["all"]).new_from_index(0, count),
            "principal": part * 6,
            "annual_rate": rng.uniform(0.06, 0.24, count),
            "secured": rng.random(count) < 0.2,
            **dict.fromkeys(
                ("restructured_on", "written_off_on"), pl.Series([None], dtype=pl.Date)
            ),
        }
    )
    number = np.tile(np.arange(1, 7), count)
    due = np.repeat(drawn, 6) + 30 * number
    risk = 0.06 + 0.08 * ((np.repeat(region, 6) == 7) & (due > 700))
    late = rng.random(count * 6) < risk
    lateness = np.where(late, rng.exponential(40.0, count * 6), -rng.integers(0, 3, count * 6))
    never = late & (rng.random(count * 6) < 0.1)
    paid = pl.Series(np.where(never, 0, due + lateness.astype(np.int64)) + _EPOCH, dtype=pl.Int32)
    instalments = pl.DataFrame(
        {
            "loan": np.repeat(np.arange(count), 6),
            "number": number,
            "due_on": _dates(due),
            "paid_on": paid.cast(pl.Date),
            "principal": np.repeat(part, 6),
        }
    ).with_columns(pl.when(~pl.Series(never)).then(pl.col("paid_on")).alias("paid_on"))
    return table, instalments


def _guarantors(rng: np.random.Generator, count: int, *, customers: int) -> pl.Series:
    """Who guarantees each loan: a customer for one of twenty, mostly nobody."""
    who = pl.Series(rng.integers(0, customers, count)).cast(pl.String)
    is_guaranteed = pl.Series(rng.random(count) < GUARANTEED)
    return who.zip_with(is_guaranteed, pl.Series([UNTOLD]).new_from_index(0, count))


def events(rng: np.random.Generator, *, count: int, month: int) -> dict[str, pl.DataFrame]:
    """The rows of one month for the journal sources, by source."""
    first = month * 30
    days = _dates(first + rng.integers(0, min(30, DAYS - first), count))
    customers = pl.Series(rng.integers(0, 1_000_000, count)).cast(pl.String)
    amounts = (rng.lognormal(5.0, 1.2, count) * 100.0).astype(np.int64)
    channel = pl.Series(["app", "web", "mini_program"]).gather(rng.integers(0, 3, count))

    def some(words: list[str], shares: list[float]) -> pl.Series:
        return pl.Series(words).gather(rng.choice(len(words), count, p=shares))

    base = {"day": days, "customer": customers, "channel": channel, "amount": amounts}
    return {
        "fund_flows": pl.DataFrame(
            base
            | {
                "event_type": some(["fund.subscribed", "fund.redeemed"], [0.52, 0.48]),
                "fast_redemption": rng.random(count) < 0.3,
                "fund_kind": some(["money_market", "bond"], [0.9, 0.1]),
            }
        ),
        "sign_ins": pl.DataFrame(
            base
            | {
                "succeeded": rng.random(count) < 0.95,
                "second_factor": some(["none", "one_time_code"], [0.7, 0.3]),
                "device": customers,
                "ip_kind": some(["mobile", "vpn"], [0.98, 0.02]),
                "emulator": rng.random(count) < 0.002,
                "remote_controlled": rng.random(count) < 0.001,
                "screen_shared": rng.random(count) < 0.001,
            }
        ).drop("amount"),
        "payments": pl.DataFrame(
            base
            | {
                "event_type": some(["payment.initiated", "withdrawal.requested"], [0.9, 0.1]),
                "is_fraud": rng.random(count) < 0.002,
                "authorised": rng.random(count) < 0.97,
                "cross_border": rng.random(count) < 0.03,
                "merchant": customers,
            }
        ),
        "decisions": pl.DataFrame(
            base
            | {
                "event_type": some(["payment.initiated", "withdrawal.requested"], [0.9, 0.1]),
                "outcome": some(["allow", "challenge", "review", "deny"], [0.95, 0.03, 0.01, 0.01]),
                "degraded": rng.random(count) < 0.0005,
                "late": rng.random(count) < 0.002,
                "unknown_rules": (rng.random(count) < 0.01).astype(np.float64),
                "device": customers,
                "points": rng.integers(0, 100, count).astype(np.float64),
                "list_hits": (rng.random(count) < 0.003).astype(np.float64),
            }
        ),
    }


def write(folder: Path, rng: np.random.Generator, *, rows: int) -> list[str]:
    """The journal's rows as Parquet by month; the names of the sources."""
    months = -(-DAYS // 30)
    names: list[str] = []
    for month in range(months):
        tables = events(rng, count=rows // months // 4, month=month)
        names = list(tables)
        for name, table in tables.items():
            table.write_parquet(folder / f"{name}-{month:03}.parquet")
    return names


def aggregated(folder: Path, source: Source) -> pl.DataFrame:
    """The table by day of a source, month by month (a day lies in one month)."""
    parts = [
        table_of_rows(source, pl.read_parquet(path), name=path.name)
        for path in sorted(folder.glob(f"{source.id}-*.parquet"))
    ]
    return pl.concat(parts).sort("day")


def _exposures(lent: pl.DataFrame, instalments: pl.DataFrame, last: date) -> int:
    """What each borrower owes on the last days, and the contagion over guarantees."""
    since = last - timedelta(days=WEEK - 1)
    standing = balances(lent, instalments, since=since, until=last)
    nothing = pl.DataFrame(schema=APPLIED)
    return borrowers_by_day(standing, nothing).height + contagion_by_day(standing, nothing).height


def _vintages(lent: pl.DataFrame, instalments: pl.DataFrame, last: date) -> int:
    stages = stage_stretches(unpaid_stretches(lent, instalments, until=last), cuts=(30,))
    return vintages(lent, stages, ages=[3, 6, 12], as_of=last).height


def _holdings(folder: Path, last: date) -> int:
    """What each investor holds on the last days, out of all orders of three years."""
    rows = pl.scan_parquet(folder / "fund_flows-*.parquet").select(
        pl.col("customer").alias("investor"),
        "day",
        pl.when(pl.col("event_type") == "fund.subscribed")
        .then("amount")
        .otherwise(-pl.col("amount"))
        .alias("amount"),
        (pl.col("fund_kind") == "money_market").alias("at_once"),
    )
    since = last - timedelta(days=WEEK - 1)
    return holdings_by_day(rows.collect(), since=since, until=last).height


def _one_day(folder: Path, library: Library, names: list[str], *, day: date) -> None:
    """The rows of the last day out of the newest file of each source, aggregated."""
    for name in names:
        newest = max(folder.glob(f"{name}-*.parquet"))
        rows = pl.scan_parquet(newest).filter(pl.col("day") == day).collect()
        table_of_rows(library.source(name), rows, name=newest.name)


def filled(library: Library, name: str, rng: np.random.Generator) -> pl.DataFrame:
    """A random table of a source that the simulation has no rows for."""
    source = library.source(name)
    days = np.arange(DAYS)
    if source.calendar is Calendar.AS_DELIVERED:
        days = days[days % 7 < 5]
    columns: dict[str, Any] = {"day": _dates(days)}
    columns |= {key: pl.Series(["all"]).new_from_index(0, days.size) for key in source.segments}
    for key, column in source.columns.items():
        values = rng.lognormal(3.0, 0.2, days.size)
        columns[key] = (values * 1e6).astype(np.int64) if column.kind is Kind.MONEY else values
    if name == "market":
        columns["portfolio_return"] = rng.standard_t(4, days.size)
    table = pl.DataFrame(columns)
    if name == "treasury":
        table = table.with_columns(
            (pl.col("forecast_7d") * 1.3).cast(pl.Int64).alias("forecast_7d_upper")
        )
    if name == "rates":
        table = table.with_columns(pl.col("overnight") / 10.0)
    return table


def starting_on(table: pl.DataFrame, day: date) -> pl.DataFrame:
    """A table of the simulated days, moved so that they begin on a day."""
    return table.with_columns(pl.col("day") + pl.duration(days=(day - START).days))


def figures(
    *, customers: int = 1_000_000, rows: int = 40_000_000, tell: Callable[[str], None] = print
) -> dict[str, Any]:
    """Wall and processor seconds of each step."""
    rng = np.random.default_rng(20260101)
    library = shipped_library()
    found: dict[str, Any] = {"customers": customers, "rows": rows, "days": DAYS}
    with tempfile.TemporaryDirectory(prefix="fengkong-scale-") as written:
        folder = Path(written)
        steps = _Steps(found, tell)
        lent, instalments = steps.run("simulate loans", lambda: loans(rng, customers=customers))
        names = steps.run("simulate and write rows", lambda: write(folder, rng, rows=rows))
        last = START + timedelta(days=DAYS - 1)
        arrears = steps.run(
            "loan book by day",
            lambda: loan_book(
                lent,
                instalments,
                segments=["product", "region", "industry"],
                since=START,
                until=last,
                rates=RATES,
            ),
        )
        tables: dict[str, pl.DataFrame | None] = {"loan_book": arrears}
        found["instalments"], found["book_rows"] = instalments.height, arrears.height
        tables |= steps.run(
            "tables by day from rows",
            lambda: {name: aggregated(folder, library.source(name)) for name in names},
        )
        steps.run(
            "book of one day",
            lambda: loan_book(
                lent,
                instalments,
                segments=["product", "region", "industry"],
                since=last,
                until=last,
                rates=RATES,
            ),
        )
        steps.run("borrowers and contagion of a week", lambda: _exposures(lent, instalments, last))
        steps.run("vintages of a day", lambda: _vintages(lent, instalments, last))
        steps.run("holdings of a week", lambda: _holdings(folder, last))
        steps.run("rows of one day", lambda: _one_day(folder, library, names, day=last))
        for name in library.sources:
            if name not in tables:
                tables[name] = filled(library, name, rng)
        standing = steps.run("all indicators", lambda: compute(library, tables, day=last))
        before = compute(library, tables, day=last - timedelta(days=1))
        carried = carried_from(before)
        again = steps.run(
            "one day carried on", lambda: compute(library, tables, day=last, carried=carried)
        )
    found["indicators"] = len(standing.computed)
    found["values"] = sum(len(one.assessments) for one in standing.computed.values())
    found["same_levels"] = all(
        again.level_of(name) is standing.level_of(name) for name in standing.computed
    )
    return found


class _Steps:
    """Times steps and tells of them."""

    def __init__(self, found: dict[str, Any], tell: Callable[[str], None]) -> None:
        self.found = found
        self.tell = tell

    def run(self, name: str, step: Callable[[], Any]) -> Any:
        wall, processor = time.perf_counter(), time.process_time()
        result = step()
        self.found[name] = {
            "seconds": round(time.perf_counter() - wall, 1),
            "processor_seconds": round(time.process_time() - processor, 1),
        }
        self.tell(f"{name}: {self.found[name]}")
        return result
