"""The source ``staff``: what operators did, by day and roles, out of what the console recorded.

Acts, failed sign-ins and attempts to be both pairs of eyes stand in the ledger; refused requests
are counted by the insider watch, whose alerts and working hours are taken as they are. Days that
are over are kept in a file: the ledger is append-only, so they stay as they were counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final

import polars as pl
from django.db.models import Count, Min, Sum
from django.db.models.functions import TruncHour
from django.utils import timezone

from fengkong.console.accounts.models import Operator, RoleGrant
from fengkong.console.approvals.own_hands import REFUSED as OWN_HANDS
from fengkong.console.audit.models import AuditEntry
from fengkong.console.insiders.counting import REFUSED
from fengkong.console.insiders.measuring import Hours, working_hours
from fengkong.console.insiders.models import InsiderAlert, LookUp
from fengkong.console.warnings.own.kept_days import KeptDays
from fengkong.indicators.columns import DAY, UNTOLD

KEPT_DAYS: Final = 400
ROLE: Final = "role"
NOBODY: Final = UNTOLD
"""The role of what nobody known did, and of alerts about staff: few people hold a role."""
SIGN_IN_FAILURES: Final = ("refuse_sign_in", "lock_out")
_KINDS: Final = {
    "reveal_personal_data": "reveals",
    "approve_export_personal_data": "exports",
    "export_ledger": "exports",
    "approve_change_role": "privilege_changes",
    "reset_factors": "privilege_changes",
    "restore_access": "privilege_changes",
    "go_live_policy": "policy_changes",
    "roll_back_policy": "emergency_changes",
    "approve_release_listed": "overrides",
    "approve_dangerous_actions": "overrides",
}
"""Recorded actions, and as what the indicators count them."""
_NO_ACTS: Final = frozenset({"sign_out", OWN_HANDS})
COLUMNS: Final = (
    *("actions", "operators", "reveals", "exports", "privilege_changes", "policy_changes"),
    *("emergency_changes", "overrides", "out_of_hours", "refused", "four_eyes_refused"),
    *("sign_in_failures", "insider_alerts"),
)
Cells = dict[tuple[date, str], dict[str, float]]


def staff(today: date) -> pl.DataFrame | None:
    """By day and roles, every day since the first entry; None before there was any."""
    kept = KeptDays("staff", columns=COLUMNS)
    since = kept.open_since(today)
    if since is None:
        first = AuditEntry.objects.aggregate(at=Min("recorded_at"))["at"]
        if first is None:
            return None
        since = timezone.localdate(first)
    since = max(since, today - timedelta(days=KEPT_DAYS - 1))
    table = _counted(since, today)
    return kept.with_older(table, today=today, keep=KEPT_DAYS)


def staff_sign() -> str:
    """What changes when something was refused; for those who look every few seconds."""
    newest = AuditEntry.objects.filter(action__in=(OWN_HANDS, *SIGN_IN_FAILURES))
    last = newest.order_by("-sequence").values_list("sequence", flat=True).first()
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    refused = LookUp.objects.filter(what=REFUSED, hour__gte=today).aggregate(count=Sum("count"))
    return f"{last}-{refused['count']}"


def _counted(since: date, until: date) -> pl.DataFrame:
    cells: Cells = defaultdict(lambda: dict.fromkeys(COLUMNS, 0.0))
    for back in range((until - since).days + 1):
        _ = cells[until - timedelta(days=back), NOBODY]
    begin = timezone.make_aware(datetime.combine(since, time.min))
    roles = _roles()
    _count_acts(cells, begin, roles)
    _count_refusals(cells, begin, roles)
    for alert in InsiderAlert.objects.filter(raised_at__gte=begin):
        cells[timezone.localdate(alert.raised_at), NOBODY]["insider_alerts"] += 1
    rows = [{DAY: day, ROLE: role, **found} for (day, role), found in sorted(cells.items())]
    schema = {DAY: pl.Date, ROLE: pl.String} | dict.fromkeys(COLUMNS, pl.Float64)
    return pl.DataFrame(rows, schema=schema)


def _count_acts(cells: Cells, begin: datetime, roles: dict[str, tuple[int, str]]) -> None:
    hours = working_hours()
    acted: dict[tuple[date, str], set[str]] = defaultdict(set)
    for at, actor, action, count in _acts(begin):
        day = at.date()
        if action in SIGN_IN_FAILURES:
            cells[day, NOBODY]["sign_in_failures"] += count * (action == "refuse_sign_in")
            continue
        if actor not in roles:
            continue
        number, role = roles[actor]
        cell = cells[day, role]
        if action == OWN_HANDS:
            cell["four_eyes_refused"] += count
            cell["refused"] += count
        if action in _NO_ACTS:
            continue
        cell["actions"] += count
        acted[day, role].add(actor)
        if action in _KINDS:
            cell[_KINDS[action]] += count
        if not hours.get(number, Hours()).contain(at):
            cell["out_of_hours"] += count
    for key, names in acted.items():
        cells[key]["operators"] = float(len(names))


def _acts(begin: datetime) -> Iterator[tuple[datetime, str, str, int]]:
    """Entries of the ledger by local hour, actor and action."""
    entries = AuditEntry.objects.filter(recorded_at__gte=begin).order_by()
    found = entries.annotate(hour=TruncHour("recorded_at")).values("hour", "actor", "action")
    counted = found.annotate(count=Count("sequence"))
    for hour, actor, action, count in counted.values_list("hour", "actor", "action", "count"):
        yield timezone.localtime(hour), actor, action, count


def _count_refusals(cells: Cells, begin: datetime, roles: dict[str, tuple[int, str]]) -> None:
    role_of = dict(roles.values())
    refused = LookUp.objects.filter(what=REFUSED, hour__gte=begin)
    for operator, hour, count in refused.values_list("operator", "hour", "count"):
        day = timezone.localdate(hour)
        cells[day, role_of.get(operator, NOBODY)]["refused"] += count


def _roles() -> dict[str, tuple[int, str]]:
    """The number and the roles of every operator by name, the roles in one word."""
    held: dict[int, list[str]] = defaultdict(list)
    for operator, role in RoleGrant.objects.values_list("operator", "role"):
        held[operator].append(role)
    return {
        name: (number, "+".join(sorted(held[number])) or NOBODY)
        for number, name in Operator.objects.values_list("pk", "username")
    }
