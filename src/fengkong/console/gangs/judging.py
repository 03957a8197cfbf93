"""Dealing with a gang as one: what freezing all of it would do, freezing it, and one disposition.

A dry run says whom it would hit before anybody asks: those already frozen or under way, those
about whom nothing bad is known (no confirmed fraud, no open alert, and some months of history),
the accounts, and the money that went through them in the last 30 days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from fengkong.console.accounts.models import Operator
from fengkong.console.actions.models import Action
from fengkong.console.actions.port import ask_many, would_ask
from fengkong.console.alerts.closing import dispose
from fengkong.console.alerts.models import Alert, Closing
from fengkong.console.audit.recording import record
from fengkong.console.entities.kinds import FIELD_NUMBERS
from fengkong.console.entities.models import Link
from fengkong.console.entities.panels import alerted
from fengkong.console.entities.picture import fraudulent
from fengkong.console.gangs.figures import History, blinds_of, histories_of
from fengkong.console.gangs.finding import MEMBERS_MAX, WINDOW, newest_instant
from fengkong.console.gangs.models import Gang
from fengkong.core.errors import RiskError

OLD: Final = timedelta(days=90)
"""From this much history on somebody about whom nothing bad is known counts as a good customer."""


class EndedGangError(RiskError):
    """The gang was merged into another or fell apart; there is nobody to act on."""

    code = "gangs.ended"
    hint = "Open the gang that it was merged into, or look for its members."


class NoAlertsError(RiskError):
    """No member of the gang has an open alert, so a disposition would close nothing."""

    code = "gangs.no_alerts"
    hint = "Open a case about the members instead, or wait for alerts."


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """A member and what freezing them would mean; amounts in minor units, of the last 30 days.

    `is_good` says that nothing bad is known and that they have been here for long.
    """

    key: int
    entity: str
    decisions: int
    amount_minor: int
    stopped_minor: int
    since: datetime | None
    is_fraud: bool
    alerts: int
    is_under_way: bool
    is_good: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What freezing all members would do; nothing was asked for.

    `accounts` are the members' own, `shared_accounts` those that somebody outside uses as well.
    """

    members: Sequence[Affected]
    accounts: int
    shared_accounts: int
    currency: str

    @property
    def new(self) -> list[str]:
        """Those who would be frozen and are not yet."""
        return [one.entity for one in self.members if not one.is_under_way]

    @property
    def not_good(self) -> list[str]:
        """Those who would be frozen, without the good customers among them."""
        return [one.entity for one in self.members if not (one.is_under_way or one.is_good)]

    @property
    def good(self) -> int:
        """Good customers that it would hurt."""
        return sum(one.is_good for one in self.members if not one.is_under_way)

    @property
    def amount_minor(self) -> int:
        """Money that went through them, which would not have."""
        return sum(one.amount_minor for one in self.members if not one.is_under_way)


def dry_run(gang: Gang) -> DryRun:
    """What freezing all members would do now."""
    blinds = blinds_of(gang.people.values_list("key", flat=True))
    subjects = sorted(blinds.values())
    under_way = set(would_ask(Action.Kind.FREEZE, subjects)["under_way"])
    fraud, alerts = fraudulent(set(subjects)), alerted(set(subjects))
    newest = newest_instant() or timezone.now()
    history = histories_of(subjects, currency=gang.currency, since=newest - WINDOW)
    members = [
        _affected(
            key,
            entity,
            history.get(entity, History()),
            newest=newest,
            is_fraud=entity in fraud,
            alerts=alerts.get(entity, 0),
            is_under_way=entity in under_way,
        )
        for key, entity in sorted(blinds.items(), key=lambda one: one[1])
    ]
    accounts = set(
        Link.objects.filter(subject__in=blinds, field=FIELD_NUMBERS["account"]).values_list(
            "entity", flat=True
        )
    )
    outside = Link.objects.filter(entity__in=accounts, field=FIELD_NUMBERS["account"])
    shared = outside.exclude(subject__in=blinds).values("entity").distinct().count()
    members.sort(key=lambda one: (-one.amount_minor, one.entity))
    return DryRun(
        members=members,
        accounts=len(accounts),
        shared_accounts=shared,
        currency=gang.currency,
    )


@transaction.atomic
def freeze_all(
    gang: Gang, operator: Operator, why: str, *, only: Sequence[str] | None = None
) -> list[Action]:
    """Ask for a freeze of all members who are not frozen yet, or of some; a second person decides.

    Raises EndedGangError, and what `actions.port.ask_many` raises.
    """
    _check(gang)
    picked = None if only is None else set(only)
    wanted = [one for one in dry_run(gang).new if picked is None or one in picked]
    made = ask_many(Action.Kind.FREEZE, wanted, operator, why)
    record(
        operator,
        "freeze_gang",
        target_kind="gang",
        target=str(gang.pk),
        detail={"count": len(made), "actions": [one.pk for one in made]},
    )
    return made


@transaction.atomic
def judge(
    gang: Gang, operator: Operator, *, disposition: str, reason_code: str, remark: str = ""
) -> Closing:
    """Close every open alert of every member with one disposition.

    Raises EndedGangError, NoAlertsError, and what `alerts.closing.dispose` raises.
    """
    if not operator.may("alerts.work"):
        raise PermissionDenied("alerts.work")
    _check(gang)
    alerts = list(open_alerts_of(gang).values_list("pk", flat=True)[: MEMBERS_MAX + 1])
    if not alerts:
        raise NoAlertsError(f"gang {gang.pk} has no open alert")
    closing = dispose(alerts, disposition, reason_code, operator, remark=remark, most=MEMBERS_MAX)
    gang.state, gang.disposition = Gang.State.DISPOSED, disposition
    gang.disposed_by, gang.disposed_at = operator, timezone.now()
    gang.alerts = 0
    gang.save()
    record(
        operator,
        "judge_gang",
        target_kind="gang",
        target=str(gang.pk),
        detail={"disposition": disposition, "reason_code": reason_code, "count": len(alerts)}
        | {"closing": closing.pk},
    )
    return closing


def open_alerts_of(gang: Gang) -> Any:
    """The alerts of members that are not closed, snoozed ones too."""
    subjects = gang.people.exclude(entity="").values("entity")
    alerts = Alert.objects.filter(subject__in=subjects, made=True)
    return alerts.exclude(state=Alert.State.CLOSED).order_by("pk")


def _check(gang: Gang) -> None:
    if gang.state in (Gang.State.MERGED, Gang.State.DISSOLVED):
        raise EndedGangError(f"gang {gang.pk} is {gang.state}")


def _affected(
    key: int,
    entity: str,
    history: History,
    *,
    newest: datetime,
    is_fraud: bool,
    alerts: int,
    is_under_way: bool,
) -> Affected:
    is_old = history.since is not None and newest - history.since >= OLD
    return Affected(
        key=key,
        entity=entity,
        decisions=history.decisions,
        amount_minor=history.moved_minor,
        stopped_minor=history.stopped_minor,
        since=history.since,
        is_fraud=is_fraud,
        alerts=alerts,
        is_under_way=is_under_way,
        is_good=is_old and not is_fraud and not alerts,
    )
