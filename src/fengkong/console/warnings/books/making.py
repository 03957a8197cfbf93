"""Books that the worker makes by itself, by day; those of treasury and custody are made here.

What the journal says (loans drawn and repaid, money that moved) and what was delivered beside it
(positions, the custodian's statement) become tables by day in ``sources/made``. A table that
somebody delivered under the same name goes before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import polars as pl
from django.conf import settings
from django.utils import timezone

from fengkong.console.outbox.models import Job
from fengkong.console.warnings.books.complaints import complaints
from fengkong.console.warnings.books.desk import review_desk
from fengkong.console.warnings.books.investors import investors
from fengkong.console.warnings.books.lending import lending
from fengkong.console.warnings.books.made_tables import made_folder, with_older
from fengkong.console.warnings.books.pools import pool_columns
from fengkong.console.warnings.journal.journal_rows import journal_rows
from fengkong.console.warnings.journal.kept_events import MOVEMENTS, that_moved
from fengkong.console.warnings.table_files import write_whole
from fengkong.credit.custody import Movement, custody_row, reconcile
from fengkong.indicators.columns import DAY
from fengkong.indicators.errors import UnreadableSourceError
from fengkong.indicators.library_file import shipped_library
from fengkong.indicators.readers import read_file
from fengkong.journal.errors import MissingJournalError
from fengkong.markets.redemptions import Forecaster
from fengkong.markets.treasury import treasury_by_day
from fengkong.rules.calendars import shipped_calendar

MAKE_BOOKS: Final = "make_books"
"""The job that makes them."""
TREASURY_DAYS: Final = 30
CUSTODY_DAYS: Final = 7
"""So many days of each book are made again each time; older ones stay as they were made."""
MATCHED_DAYS: Final = 60
"""Movements older than that are in the opening balances."""
OPENING: Final = "OPENING"
"""The reference of the line of a statement that is its opening balance."""
_SIGNS: Final = {
    **dict.fromkeys(("deposit.received", "fund.subscribed", "loan.repaid"), 1),
    **dict.fromkeys(("fund.redeemed", "withdrawal.requested", "loan.drawn"), -1),
}


def make_books(_job: Job) -> None:
    """Make every book whose rows there are; a job of the outbox.

    A delivered file that cannot be read holds up no other book; it is raised when all are made.
    """
    today = timezone.localdate()
    try:
        journal_rows().follow()
    except MissingJournalError:
        return
    for name, table in lending(today).items():
        _keep(name, table)
    faults = []
    for name, make in BOOKS.items():
        try:
            _keep(name, make(today))
        except UnreadableSourceError as error:
            faults.append(error)
    if faults:
        raise faults[0]


def _keep(name: str, table: pl.DataFrame | None) -> None:
    if table is not None and not table.is_empty():
        write_whole(made_folder() / f"{name}.parquet", table)


def treasury(today: date) -> pl.DataFrame | None:
    """Positions as delivered, with forecasts of redemptions and runs of stress."""
    library = shipped_library()
    place = settings.CONSOLE.directory / "sources" / "positions.csv"
    flows = journal_rows().table(library.source("fund_flows"))
    if flows is None or not place.is_file():
        return None
    positions = read_file(library.source("treasury"), place, time_zone=settings.TIME_ZONE)
    since = today - timedelta(days=TREASURY_DAYS)
    made = treasury_by_day(
        positions.filter(pl.col(DAY) <= today),
        _unbroken(flows, until=today),
        forecaster=_forecaster(),
        since=since,
    )
    return with_older("treasury", made, since=since)


def _unbroken(flows: pl.DataFrame, *, until: date) -> pl.DataFrame:
    """Redemptions of every day that is over, from the newest day without any on."""
    by_day = flows.group_by(DAY).agg(pl.col("redeemed").sum()).filter(pl.col(DAY) < until)
    if by_day.is_empty():
        return by_day
    first, last = by_day[DAY].min(), by_day[DAY].max()
    assert isinstance(first, date), "there are days"
    assert isinstance(last, date), "there are days"
    days = pl.date_range(first, last, "1d", eager=True)
    every = pl.DataFrame({DAY: days}).join(by_day, on=DAY, how="left").sort(DAY)
    empty = every.filter(pl.col("redeemed").fill_null(0) <= 0)[DAY].max()
    return every if empty is None else every.filter(pl.col(DAY) > empty)


def _forecaster() -> Forecaster:
    calendar = shipped_calendar("cn")
    return Forecaster(holidays=calendar.holidays, make_up_days=calendar.working_days)


def custody(today: date) -> pl.DataFrame | None:
    """The ledger held against the custodian's statement, for each of the last days."""
    folder = settings.CONSOLE.directory / "sources"
    statement = _movements(folder / "custody_statement.csv")
    if statement is None:
        return None
    ledger = _movements(folder / "custody_ledger.csv") or _journal_movements()
    claims = _claims(folder / "custody_positions.csv")
    newest = max(one.day for one in statement)
    days = [newest - timedelta(days=back) for back in range(CUSTODY_DAYS - 1, -1, -1)]
    rows = [
        {
            DAY: day,
            **_reconciled(ledger, statement, on=day),
            **pool_columns(day),
            **claims.get(day, {}),
        }
        for day in days
        if day <= today
    ]
    return with_older("custody", pl.DataFrame(rows), since=days[0])


def _reconciled(ledger: list[Movement], statement: list[Movement], *, on: date) -> dict[str, float]:
    begin = on - timedelta(days=MATCHED_DAYS)
    openings, inside = [], []
    for book in (ledger, statement):
        known = [one for one in book if one.day <= on]
        old = [one for one in known if one.day < begin or one.reference == OPENING]
        openings.append(sum(one.amount for one in old))
        inside.append([one for one in known if one.day >= begin and one.reference != OPENING])
    found = reconcile(*inside, on=on, opening_ledger=openings[0], opening_bank=openings[1])
    row = custody_row(found, signs=(), customer_claims=0, reserve=0, reserve_needed=0)
    keep = (
        *("ledger_balance", "bank_balance", "in_transit", "explained", "unexplained"),
        *("unmatched_items", "oldest_unmatched_days"),
    )
    return {name: row[name] for name in keep}


def _movements(place: Path) -> list[Movement] | None:
    """The lines of a delivered ledger or statement; amounts in major units. None without one."""
    if not place.is_file():
        return None
    try:
        table = pl.read_csv(place, infer_schema_length=0)
        minor = (pl.col("amount").cast(pl.Decimal(38, 6)) * 100).round().cast(pl.Int64)
        account = pl.col("account") if "account" in table.columns else pl.lit("")
        rows = table.select("reference", pl.col(DAY).str.to_date(), minor, account.alias("account"))
    except (pl.exceptions.PolarsError, OSError) as error:
        said = str(error).splitlines()[0][:150]
        raise UnreadableSourceError(f"{place.name}: {said}") from None
    return [Movement(*row) for row in rows.iter_rows()]


def _journal_movements() -> list[Movement]:
    """What the journal says moved: the order it belongs to, or the event, is the reference."""
    facts = journal_rows().facts(MOVEMENTS)
    if facts is None:
        return []
    moved = that_moved(facts)
    reference = pl.coalesce("order", "event_id").alias("reference")
    signed = (pl.col("amount") * pl.col("event_type").replace_strict(_SIGNS)).cast(pl.Int64)
    rows = moved.drop_nulls("amount").select(reference, DAY, signed)
    return [Movement(*row) for row in rows.iter_rows()]


def _claims(place: Path) -> dict[date, dict[str, int]]:
    """What customers are owed and the reserve, by day, as far as it was delivered."""
    if not place.is_file():
        return {}
    table = read_file(shipped_library().source("custody"), place, time_zone=settings.TIME_ZONE)
    return {
        row.pop(DAY): {name: value for name, value in row.items() if value is not None}
        for row in table.iter_rows(named=True)
    }


BOOKS: Final[Mapping[str, Callable[[date], pl.DataFrame | None]]] = {
    "investors": investors,
    "treasury": treasury,
    "custody": custody,
    "complaints": complaints,
    "review_desk": review_desk,
}
"""What is made one by one; those of lending come together, out of the same schedules."""
