"""Events as a journal of tests has them, and the tables that the worker made."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from django.utils import timezone

from fengkong.console.warnings.books.made_tables import made_folder
from fengkong.core.instants import format_instant

CHINA = ZoneInfo("Asia/Shanghai")


def noon(days_ago: int) -> datetime:
    day = timezone.localdate() - timedelta(days=days_ago)
    at = datetime.combine(day, datetime.min.time(), tzinfo=CHINA)
    return at if days_ago == 0 else at + timedelta(hours=12)


def said(kind: str, number: int, days_ago: int, **fields: Any) -> dict[str, Any]:
    at = format_instant(int(noon(days_ago).timestamp() * 1e6))
    known = {"type": kind, "id": f"{kind}-{number}", "occurred_at": at, "currency": "CNY"}
    return known | {name: value for name, value in fields.items() if value is not None}


def table_of(name: str) -> pl.DataFrame:
    return pl.read_parquet(made_folder() / f"{name}.parquet")
