"""The source ``review_desk``: how alerts, cases and appeals were worked, by day and typology."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl
from django.conf import settings
from django.utils import timezone

from fengkong.console.alerts.models import Alert, Disposition
from fengkong.console.cases.models import Case
from fengkong.console.customers.models import Appeal
from fengkong.indicators.columns import DAY

DAYS: Final = 60
_TYPOLOGY: Final = "typology"
_UNFOUNDED: Final = (Disposition.FALSE_POSITIVE, Disposition.CUSTOMER_CONFIRMED)
_APPEALS: Final = "-"
"""The typology of appeals: they are about decisions of any."""


def review_desk(today: date) -> pl.DataFrame | None:
    """The last days by typology; None before there was any alert, case or appeal."""
    zone = ZoneInfo(settings.TIME_ZONE)
    begin = datetime.combine(today - timedelta(days=DAYS - 1), datetime.min.time(), tzinfo=zone)
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    alerts = _alerts(begin)
    cases, appeals = _cases(begin), _appeals(begin)
    if alerts.is_empty() and cases.is_empty() and appeals.is_empty():
        return None
    typologies = pl.concat([one[_TYPOLOGY] for one in (alerts, cases, appeals)]).unique()
    every = pl.DataFrame({DAY: days}).join(typologies.to_frame(), how="cross")
    parts = [_of_day(alerts, day=day, zone=zone) for day in days]
    parts += [_cases_of_day(cases, day=day, zone=zone) for day in days]
    parts.append(_appeals_by_day(appeals))
    table = every
    for part in (pl.concat(parts[: len(days)]), pl.concat(parts[len(days) : -1]), parts[-1]):
        table = table.join(part, on=[DAY, _TYPOLOGY], how="left")
    first = min(one for one in (_first(alerts), _first(cases), _first(appeals)) if one is not None)
    return table.filter(pl.col(DAY) >= first).with_columns(
        pl.exclude(DAY, _TYPOLOGY).fill_null(0.0)
    )


def _alerts(begin: datetime) -> pl.DataFrame:
    rows = (
        Alert.objects.exclude(closed_at__lt=begin)
        .filter(made=True)
        .values_list("typology", "opened_at", "due_at", "closed_at", "disposition")
    )
    return _table(rows, "opened_at", "due_at", "closed_at", "disposition")


def _cases(begin: datetime) -> pl.DataFrame:
    rows = Case.objects.exclude(closed_at__lt=begin).exclude(state=Case.State.MERGED)
    return _table(rows.values_list("typology", "opened_at", "closed_at"), "opened_at", "closed_at")


def _appeals(begin: datetime) -> pl.DataFrame:
    rows = Appeal.objects.filter(received_at__gte=begin)
    told = rows.values_list("received_at", "answered_at", "outcome")
    return _table(((_APPEALS, *row) for row in told), "opened_at", "closed_at", "outcome")


def _table(rows: object, *names: str) -> pl.DataFrame:
    schema = {
        name: pl.Datetime("us", "UTC") if name.endswith("_at") else pl.String for name in names
    }
    return pl.DataFrame(
        list(rows),  # type: ignore[call-overload]
        schema={_TYPOLOGY: pl.String, **schema},
        orient="row",
    ).with_columns(
        pl.col(name).dt.convert_time_zone(settings.TIME_ZONE).dt.date().alias(f"{name[:-3]}_on")
        for name in names
        if name.endswith("_at")
    )


def _first(table: pl.DataFrame) -> date | None:
    first = table["opened_on"].min()
    assert first is None or isinstance(first, date)
    return first


def _of_day(alerts: pl.DataFrame, *, day: date, zone: ZoneInfo) -> pl.DataFrame:
    end = min(_end_of(day, zone), timezone.now())
    closed_on = pl.col("closed_on") == day
    is_open = (pl.col("opened_at") < end) & (
        pl.col("closed_at").is_null() | (pl.col("closed_on") > day)
    )
    hours = (pl.lit(end) - pl.col("opened_at")).dt.total_seconds() / 3600
    counted = {
        "alerts": pl.col("opened_on") == day,
        "alerts_open": is_open,
        "alerts_overdue": is_open & (pl.col("due_at") < end),
        "false_positives": closed_on & pl.col("disposition").is_in(list(_UNFOUNDED)),
        "disposed": closed_on,
    }
    return (
        alerts.group_by(_TYPOLOGY)
        .agg(
            *(kept.sum().cast(pl.Float64).alias(name) for name, kept in counted.items()),
            hours.filter(is_open).max().alias("oldest_alert_hours"),
        )
        .with_columns(pl.lit(day).alias(DAY))
    )


def _end_of(day: date, zone: ZoneInfo) -> datetime:
    midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=zone)
    return midnight.astimezone(UTC)


def _cases_of_day(cases: pl.DataFrame, *, day: date, zone: ZoneInfo) -> pl.DataFrame:
    end = _end_of(day, zone)
    is_open = (pl.col("opened_at") < end) & (
        pl.col("closed_at").is_null() | (pl.col("closed_on") > day)
    )
    counted = cases.group_by(_TYPOLOGY).agg(is_open.sum().cast(pl.Float64).alias("cases_open"))
    return counted.with_columns(pl.lit(day).alias(DAY))


def _appeals_by_day(appeals: pl.DataFrame) -> pl.DataFrame:
    """Appeals by the day they came; upheld means that the customer was right."""
    came = appeals.group_by(pl.col("opened_on").alias(DAY), _TYPOLOGY).agg(
        pl.len().cast(pl.Float64).alias("appeals")
    )
    right = appeals.filter(pl.col("outcome") == Appeal.Outcome.CHANGED)
    upheld = right.group_by(pl.col("closed_on").alias(DAY), _TYPOLOGY).agg(
        pl.len().cast(pl.Float64).alias("appeals_upheld")
    )
    return came.join(upheld, on=[DAY, _TYPOLOGY], how="full", coalesce=True)
