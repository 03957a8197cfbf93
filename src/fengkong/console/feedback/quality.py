"""Closed alerts judged a second time, blind: by whom, and how far two people agree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from fengkong.console.accounts.models import Operator
from fengkong.console.alerts.models import Disposition
from fengkong.console.audit.recording import record
from fengkong.console.feedback.maturity import Days
from fengkong.console.feedback.models import SecondLook
from fengkong.console.shell.sheets import Column, Sheet
from fengkong.core.errors import RiskError
from fengkong.evaluation.agreement import Agreement, agreement

WORK: Final = "sampling.work"


class JudgedTwiceError(RiskError):
    """A second look was taken before."""

    code = "feedback.judged_twice"
    hint = "Take the next one."


class OwnAlertError(RiskError):
    """Who closed an alert would judge it a second time."""

    code = "feedback.own_alert"
    hint = "Leave it to a colleague: a second look is worth something only from somebody else."


def waiting_for(operator: Operator) -> QuerySet[SecondLook]:
    """The second looks that somebody may take, the oldest first: never at their own alerts."""
    return SecondLook.objects.filter(judged_at=None).exclude(first_by=operator).order_by("pk")


@transaction.atomic
def judge(look_id: int, operator: Operator, *, disposition: str, remark: str) -> SecondLook:
    """Say how one would have closed it; changes nothing about the alert.

    Raises PermissionDenied, JudgedTwiceError, OwnAlertError, SecondLook.DoesNotExist.
    """
    if not operator.may(WORK):
        raise PermissionDenied(WORK)
    look = SecondLook.objects.select_for_update().get(pk=look_id)
    if look.first_by_id == operator.pk:
        raise OwnAlertError(f"second look {look.pk}")
    if look.judged_at is not None:
        raise JudgedTwiceError(f"second look {look.pk}")
    assert disposition in Disposition.values, "the form has checked it"
    look.second, look.second_by = disposition, operator
    look.remark, look.judged_at = remark.strip()[:1000], timezone.now()
    look.save()
    record(
        operator,
        "judge_again",
        target_kind="second_look",
        target=str(look.pk),
        detail={"disposition": disposition},
    )
    return look


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Second looks of some days: how many wait, the table of answers, what it says."""

    waiting: int
    sheet: Sheet
    agreement: Agreement
    binary: Agreement


def quality(days: Days) -> Quality:
    """The agreement over the second looks that were taken on some days.

    `binary` asks only whether both saw fraud (confirmed or suspicious) or none.
    """
    judged = judged_on(days)
    pairs = list(judged.values_list("first", "second"))
    names = list(Disposition)
    table = [[pairs.count((one.value, two.value)) for two in names] for one in names]
    fraud = {Disposition.CONFIRMED_FRAUD, Disposition.SUSPICIOUS}
    sides = [(one in fraud, two in fraud) for one, two in pairs]
    binary = [[sides.count((one, two)) for two in (True, False)] for one in (True, False)]
    sheet = Sheet(
        key="agreement",
        title=_("First and second disposition"),
        columns=(
            Column(_("First judgement"), "text"),
            *(Column(_("Second: %(what)s") % {"what": two.label}) for two in names),
        ),
        rows=[(str(one.label), *row) for one, row in zip(names, table, strict=True)],
    )
    return Quality(
        waiting=SecondLook.objects.filter(judged_at=None).count(),
        sheet=sheet,
        agreement=agreement(table),
        binary=agreement(binary),
    )


def judged_on(days: Days) -> QuerySet[SecondLook]:
    """Second looks that were taken on some days."""
    zone = timezone.get_default_timezone()
    first = datetime.combine(days.first, time.min, zone)
    end = datetime.combine(days.last + timedelta(days=1), time.min, zone)
    return SecondLook.objects.filter(judged_at__gte=first, judged_at__lt=end)
