"""Drills that are repeated: when the next one is due, who sees to it, and who is told.

A run that was scored counts from the day it ended; its owner is reminded before the day, and it is
told once more, graver, when the day is over. What is told is over once the drill was run.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from fengkong.console.audit.recording import SYSTEM, record
from fengkong.console.drills.models import DrillRun, DrillSchedule
from fengkong.console.drills.running import RefusedDrillError
from fengkong.console.notices.raising import Raised, raise_notice, resolve_notice
from fengkong.response.drill import shipped_scripts

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator
    from fengkong.console.outbox.models import Job

LOOK_S: Final = 300
BEFORE: Final = timedelta(days=14)
"""How long before its day a drill is reminded of."""
MONTHS: Final = (1, 3, 6, 12)
_TOLD: Final = DrillSchedule.Told


@transaction.atomic
def schedule_drill(
    operator: Operator, drill: str, *, months: int, next_on: date, owner: Operator
) -> DrillSchedule:
    """Have a drill repeated; said again it is changed. Raises PermissionDenied, RefusedDrillError.

    What was run before it was scheduled does not count.
    """
    _allow(operator)
    if drill not in shipped_scripts() or months not in MONTHS:
        raise RefusedDrillError(f"drill {drill[:40]!r} every {months} months")
    if not owner.is_active or not owner.may("drills.run"):
        raise RefusedDrillError(f"{owner} may not run drills")
    newest = DrillRun.objects.order_by("-pk").values_list("pk", flat=True).first()
    terms = {"months": months, "next_on": next_on, "owner": owner, "told": _TOLD.NOTHING}
    made, _ = DrillSchedule.objects.update_or_create(
        drill=drill, defaults=terms, create_defaults=terms | {"counted": newest or 0}
    )
    resolve_notice(_key(made))
    _record(
        operator, "schedule_drill", made, months=months, next_on=next_on.isoformat(),
        owner=owner.username,
    )  # fmt: skip
    return made


@transaction.atomic
def unschedule_drill(operator: Operator, schedule_id: int) -> None:
    """Have a drill repeated no more."""
    _allow(operator)
    schedule = DrillSchedule.objects.select_for_update().get(pk=schedule_id)
    resolve_notice(_key(schedule))
    _record(operator, "unschedule_drill", schedule)
    schedule.delete()


def tend_schedules(_job: Job | None = None) -> None:
    """Count what was run, and tell what is due; however often it is called, each once."""
    today = timezone.localdate()
    for pk in DrillSchedule.objects.values_list("pk", flat=True):
        tend(pk, today)


@transaction.atomic
def tend(schedule_id: int, today: date) -> None:
    """One schedule, on a day."""
    schedule = DrillSchedule.objects.select_for_update().get(pk=schedule_id)
    _count_runs(schedule)
    due = _due(schedule, today)
    if due not in (schedule.told, _TOLD.NOTHING):
        schedule.told = due
        schedule.save(update_fields=("told",))
        _record(SYSTEM, "remind_drill", schedule, told=due, next_on=schedule.next_on.isoformat())
        _tell(schedule, overdue=due == _TOLD.OVERDUE)


def months_after(day: date, months: int) -> date:
    """The same day so many months later, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def is_overdue(schedule: DrillSchedule, today: date) -> bool:
    """Whether the day of a drill is over."""
    return schedule.next_on < today


def _count_runs(schedule: DrillSchedule) -> None:
    """The newest scored run that was not counted sets the next day."""
    done = DrillRun.objects.filter(
        name=schedule.drill,
        state=DrillRun.State.ENDED,
        score__isnull=False,
        pk__gt=schedule.counted,
    )
    newest = done.order_by("-ended_at").first()
    if newest is None or newest.ended_at is None:
        return
    schedule.counted = max(done.values_list("pk", flat=True))
    day = timezone.localdate(newest.ended_at)
    schedule.next_on, schedule.told = months_after(day, schedule.months), _TOLD.NOTHING
    schedule.save()
    resolve_notice(_key(schedule))
    _record(SYSTEM, "count_drill", schedule, next_on=schedule.next_on.isoformat(), run=newest.pk)


def _due(schedule: DrillSchedule, today: date) -> DrillSchedule.Told:
    if is_overdue(schedule, today):
        return _TOLD.OVERDUE
    return _TOLD.SOON if schedule.next_on - BEFORE <= today else _TOLD.NOTHING


def _tell(schedule: DrillSchedule, *, overdue: bool) -> None:
    script = shipped_scripts().get(schedule.drill)  # a newer version may have none of this name
    zh, en = (script.title.zh, script.title.en) if script else (schedule.drill,) * 2
    words = ("演练逾期", "A drill is overdue") if overdue else ("演练将至", "A drill is due soon")
    day = schedule.next_on.isoformat()
    raise_notice(
        Raised(
            key=_key(schedule),
            group="operational",
            level="orange" if overdue else "yellow",
            title=(f"{words[0]}：{zh}", f"{words[1]}: {en}"),
            text=(
                f"应于 {day} 前完成，负责人 {schedule.owner}",
                f"To be run by {day}; {schedule.owner} sees to it",
            ),
            path="/drills/",
        )
    )


def _key(schedule: DrillSchedule) -> str:
    return f"drill-due:{schedule.drill}"


def _allow(operator: Operator) -> None:
    if not operator.may("drills.run"):
        raise PermissionDenied("drills.run")


def _record(
    actor: Operator | str, action: str, schedule: DrillSchedule, **detail: str | int
) -> None:
    record(actor, action, target_kind="drill", target=schedule.drill, detail=detail)
