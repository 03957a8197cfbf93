"""What a gang's page says of all members, put together by the database: a ring has thousands.

It is what `judging.dry_run` says, of the histories that are kept with the members: as of when the
gang was last looked at. Alerts, freezes and accounts are those of now.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from fengkong.console.actions.models import Action
from fengkong.console.actions.port import in_effect
from fengkong.console.alerts.models import Alert
from fengkong.console.entities.kinds import FIELD_NUMBERS
from fengkong.console.entities.models import Link
from fengkong.console.entities.panels import alerted
from fengkong.console.gangs.finding import newest_instant
from fengkong.console.gangs.judging import OLD, Affected
from fengkong.console.gangs.models import Gang, Member

_ACCOUNT: Final = FIELD_NUMBERS["account"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What freezing all members would do: the counts and sums of a `judging.DryRun`."""

    members: int
    new: int
    good: int
    accounts: int
    shared_accounts: int
    amount_minor: int
    currency: str


def summary_of(gang: Gang) -> Summary:
    """What freezing all members would do now."""
    new = Q(under_way=False)
    told = _members(gang).aggregate(
        members=Count("key"),
        new=Count("key", filter=new),
        good=Count("key", filter=new & _good()),
        amount_minor=Sum("moved_minor", filter=new),
    )
    own = Link.objects.filter(subject__in=gang.people.values("key"), field=_ACCOUNT)
    others = Link.objects.filter(entity=OuterRef("entity"), field=_ACCOUNT)
    outside = Exists(others.exclude(subject__in=gang.people.values("key")))
    return Summary(
        **(told | {"amount_minor": told["amount_minor"] or 0}),
        accounts=own.values("entity").distinct().count(),
        shared_accounts=own.filter(outside).values("entity").distinct().count(),
        currency=gang.currency,
    )


def members_of(gang: Gang, *, start: int, count: int) -> list[tuple[Affected, int]]:
    """So many members from a place on, those with the most money first, and when they joined."""
    rows = list(_members(gang).order_by("-moved_minor", "entity")[start : start + count])
    alerts = alerted({one.entity for one in rows})
    newest = newest_instant() or timezone.now()
    return [(_affected(one, alerts.get(one.entity, 0), newest), one.joined_h) for one in rows]


def _members(gang: Gang) -> QuerySet[Any]:
    """Members who were not erased, with what is of now."""
    freezes = in_effect(Action.Kind.FREEZE).filter(subject=OuterRef("entity"))
    alerts = Alert.objects.filter(~Q(state=Alert.State.CLOSED), subject=OuterRef("entity"))
    known = Member.objects.filter(gang=gang).exclude(entity="")
    return known.annotate(under_way=Exists(freezes), alerted=Exists(alerts))


def _good() -> Q:
    newest = newest_instant() or timezone.now()
    return Q(since__lte=newest - OLD, is_fraud=False, alerted=False)


def _affected(member: Any, alerts: int, newest: datetime) -> Affected:
    is_old = member.since is not None and newest - member.since >= OLD
    return Affected(
        key=member.key,
        entity=member.entity,
        decisions=member.decisions,
        amount_minor=member.moved_minor,
        stopped_minor=member.stopped_minor,
        since=member.since,
        is_fraud=member.is_fraud,
        alerts=alerts,
        is_under_way=member.under_way,
        is_good=is_old and not member.is_fraud and not alerts,
    )
