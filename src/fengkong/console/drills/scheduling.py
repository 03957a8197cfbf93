"""Drills that are repeated: when the next one is due, who sees to it, and who is told.

The run is planned two weeks before its day, in the name of its owner, who is reminded then; it is
told once more, graver, when the day is over without a run. What is told is over once the drill was
run: a run that was scored counts from the day it ended, and the next one is on a working day. A day
that somebody picks stays as it was picked.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from fengkong.console.audit.recording import SYSTEM, record
from fengkong.console.drills.models import DrillRun, DrillSchedule
from fengkong.console.drills.running import RefusedDrillError, end_drill, plan_by_schedule
from fengkong.console.notices.raising import Raised, raise_notice, resolve_notice
from fengkong.response.drill import shipped_scripts
from fengkong.rules.calendars import shipped_calendar

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator
    from fengkong.console.outbox.models import Job

LOOK_S: Final = 300
BEFORE: Final = timedelta(days=14)
"""How long before its day a drill is reminded of."""
MONTHS: Final = (1, 3, 6, 12)
HOURS: Final = range(24)
HOUR: Final = 10
"""When a drill begins on its day, unless another hour is said."""
_TOLD: Final = DrillSchedule.Told


@transaction.atomic
def schedule_drill(
    operator: Operator,
    drill: str,
    *,
    months: int,
    next_on: date,
    owner: Operator,
    hour: int = HOUR,
) -> DrillSchedule:
    """Have a drill repeated; said again it is changed. Raises PermissionDenied, RefusedDrillError.

    What was run before it was scheduled does not count.
    """
    _allow(operator)
    if drill not in shipped_scripts() or months not in MONTHS or hour not in HOURS:
        raise RefusedDrillError(f"drill {drill[:40]!r} every {months} months at {hour}")
    if not owner.is_active or not owner.may("drills.run"):
        raise RefusedDrillError(f"{owner} may not run drills")
    newest = DrillRun.objects.order_by("-pk").values_list("pk", flat=True).first()
    held = DrillSchedule.objects.select_for_update().filter(drill=drill).first()
    if held is not None:
        _cancel_planned(held)
    terms = {"months": months, "next_on": next_on, "hour": hour, "owner": owner, "planned": None}
    terms |= {"told": _TOLD.NOTHING}
    made, _ = DrillSchedule.objects.update_or_create(
        drill=drill, defaults=terms, create_defaults=terms | {"counted": newest or 0}
    )
    resolve_notice(_key(made))
    _record(
        operator, "schedule_drill", made, months=months, next_on=next_on.isoformat(), hour=hour,
        owner=owner.username,
    )  # fmt: skip
    return made


@transaction.atomic
def unschedule_drill(operator: Operator, schedule_id: int) -> None:
    """Have a drill repeated no more."""
    _allow(operator)
    schedule = DrillSchedule.objects.select_for_update().get(pk=schedule_id)
    _cancel_planned(schedule)
    resolve_notice(_key(schedule))
    _record(operator, "unschedule_drill", schedule)
    schedule.delete()


def tend_schedules(_job: Job | None = None) -> None:
    """Count what was run, plan what comes, tell what is due; however often called, each once."""
    today = timezone.localdate()
    for pk in DrillSchedule.objects.values_list("pk", flat=True):
        tend(pk, today)


@transaction.atomic
def tend(schedule_id: int, today: date) -> None:
    """One schedule, on a day."""
    schedule = DrillSchedule.objects.select_for_update().get(pk=schedule_id)
    _count_runs(schedule)
    _plan_run(schedule, today)
    due = _due(schedule, today)
    if due not in (schedule.told, _TOLD.NOTHING):
        schedule.told = due
        schedule.save(update_fields=("told",))
        _record(SYSTEM, "remind_drill", schedule, told=due, next_on=schedule.next_on.isoformat())
        _tell(schedule, overdue=due == _TOLD.OVERDUE)


def working_day_from(day: date) -> date:
    """The day, or the first working day after it: people are needed for a drill.

    By the calendar of mainland China; of a year without data only weekends are known.
    """
    calendar = shipped_calendar()
    while not calendar.is_working_day(day):
        day += timedelta(days=1)
    return day


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
    _cancel_planned(schedule)
    schedule.next_on = working_day_from(months_after(day, schedule.months))
    schedule.told = _TOLD.NOTHING
    schedule.planned = None
    schedule.save()
    resolve_notice(_key(schedule))
    _record(SYSTEM, "count_drill", schedule, next_on=schedule.next_on.isoformat(), run=newest.pk)


def begins_at(schedule: DrillSchedule) -> datetime:
    """When the next run begins, in the house's time zone."""
    return timezone.make_aware(datetime.combine(schedule.next_on, time(schedule.hour)))


def planned_run(schedule: DrillSchedule) -> DrillRun | None:
    """The run that was planned by itself, as long as it waits for its day."""
    if schedule.planned is None:
        return None
    waiting = DrillRun.objects.filter(state=DrillRun.State.SCHEDULED)
    return waiting.filter(pk=schedule.planned).first()


def _plan_run(schedule: DrillSchedule, today: date) -> None:
    """Plan the run of the next day, once: one that its owner cancels is not planned again.

    Where somebody has planned one before that, none is added; where it is refused, because its
    owner may run no drills any more or too many wait, it is tried again the next time.
    """
    begins = begins_at(schedule)
    comes = schedule.next_on - BEFORE <= today and begins > timezone.now()
    waiting = DrillRun.objects.filter(
        name=schedule.drill, state=DrillRun.State.SCHEDULED, planned_for__lte=begins
    )
    if not comes or schedule.planned is not None or waiting.exists():
        return
    if not schedule.owner.is_active or not schedule.owner.may("drills.run"):
        return
    try:
        schedule.planned = plan_by_schedule(schedule.owner, schedule.drill, at=begins).pk
    except RefusedDrillError:
        return
    schedule.save(update_fields=("planned",))


def _cancel_planned(schedule: DrillSchedule) -> None:
    """Cancel the run that was planned for the next day, if it has not begun."""
    planned = planned_run(schedule)
    if planned is not None:
        end_drill(SYSTEM, planned.pk)


def _due(schedule: DrillSchedule, today: date) -> DrillSchedule.Told:
    if is_overdue(schedule, today):
        return _TOLD.OVERDUE
    return _TOLD.SOON if schedule.next_on - BEFORE <= today else _TOLD.NOTHING


def _tell(schedule: DrillSchedule, *, overdue: bool) -> None:
    script = shipped_scripts().get(schedule.drill)  # a newer version may have none of this name
    zh, en = (script.title.zh, script.title.en) if script else (schedule.drill,) * 2
    words = ("演练逾期", "A drill is overdue") if overdue else ("演练将至", "A drill is due soon")
    day = schedule.next_on.isoformat()
    planned = planned_run(schedule)
    begins = "" if planned is None else f"{timezone.localtime(planned.planned_for):%F %R}"
    raise_notice(
        Raised(
            key=_key(schedule),
            group="operational",
            level="orange" if overdue else "yellow",
            title=(f"{words[0]}：{zh}", f"{words[1]}: {en}"),
            text=(
                f"应于 {day} 前完成，负责人 {schedule.owner}"
                + (f"；{begins} 自动开始" if begins else ""),
                f"To be run by {day}; {schedule.owner} sees to it"
                + (f"; it begins by itself at {begins}" if begins else ""),
            ),
            path="/drills/" if planned is None else f"/drills/{planned.pk}/",
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
