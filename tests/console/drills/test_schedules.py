"""Drills that are repeated: the day moves with what was run, and each thing is told once."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from tests.console.operators import browser_of

from fengkong.console.audit.models import AuditEntry
from fengkong.console.drills.models import DrillRun, DrillSchedule
from fengkong.console.drills.running import (
    RefusedDrillError,
    end_drill,
    plan_drill,
    run_drills,
    start,
)
from fengkong.console.drills.scheduling import (
    BEFORE,
    months_after,
    schedule_drill,
    tend,
    tend_schedules,
    unschedule_drill,
    working_day_from,
)
from fengkong.console.notices.models import Notice
from fengkong.console.warnings.own.sources import upkeep

pytestmark = pytest.mark.django_db
DRILL = "ddos_tabletop"


@pytest.mark.parametrize(
    ("day", "months", "after"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2027, 11, 30), 3, date(2028, 2, 29)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2026, 6, 15), 12, date(2027, 6, 15)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
    ],
)
def test_months_end_with_the_last_day_they_have(day: date, months: int, after: date) -> None:
    assert months_after(day, months) == after


@pytest.mark.parametrize(
    ("day", "held_on"),
    [
        (date(2026, 11, 30), date(2026, 11, 30)),  # a Monday
        (date(2026, 12, 5), date(2026, 12, 7)),  # a Saturday
        (date(2026, 10, 1), date(2026, 10, 8)),  # the National Day's week
        (date(2031, 3, 1), date(2031, 3, 3)),  # a year without data: weekends alone
    ],
)
def test_the_next_run_is_on_a_working_day(day: date, held_on: date) -> None:
    assert working_day_from(day) == held_on


def told() -> list[tuple[str, str, str]]:
    return list(Notice.objects.order_by("pk").values_list("key", "level", "state"))


def run_once(trainer: Any) -> DrillRun:
    run = plan_drill(trainer, DRILL)
    start(run.pk, timezone.now())
    return end_drill(trainer, run.pk)


def test_it_is_reminded_of_and_told_when_overdue_and_over_once_it_was_run(
    make_operator: Any,
) -> None:
    trainer = make_operator("incident_commander")
    run_once(trainer)
    day = timezone.localdate() + timedelta(days=40)
    made = schedule_drill(trainer, DRILL, months=6, next_on=day, owner=trainer)
    key = f"drill-due:{DRILL}"
    for today, expected in (
        (day - BEFORE - timedelta(days=1), []),
        (day - BEFORE, [(key, "yellow", "open")]),
        (day, [(key, "yellow", "open")]),
        (day + timedelta(days=1), [(key, "orange", "open")]),
        (day + timedelta(days=90), [(key, "orange", "open")]),
    ):
        for _ in range(2):
            tend(made.pk, today)
        assert told() == expected, today
    assert AuditEntry.objects.filter(action="remind_drill").count() == 2
    run_once(trainer)
    tend_schedules()
    tend_schedules()
    made.refresh_from_db()
    assert (made.next_on, made.told) == (
        working_day_from(months_after(timezone.localdate(), 6)),
        "",
    )
    assert told() == [(key, "orange", "resolved")]
    assert AuditEntry.objects.filter(action="count_drill").count() == 1


def test_a_drill_that_failed_or_never_began_counts_for_nothing(make_operator: Any) -> None:
    trainer = make_operator("incident_commander")
    day = timezone.localdate() + timedelta(days=1)
    made = schedule_drill(trainer, DRILL, months=3, next_on=day, owner=trainer)
    end_drill(trainer, plan_drill(trainer, DRILL).pk)
    DrillRun.objects.filter(pk=run_once(trainer).pk).update(state="failed")
    tend_schedules()
    made.refresh_from_db()
    assert made.next_on == day


def planned_runs() -> list[tuple[str, str]]:
    runs = DrillRun.objects.filter(name=DRILL).order_by("pk")
    return [(f"{timezone.localtime(one.planned_for):%F %R}", one.state) for one in runs]


def test_the_run_is_planned_by_itself_and_begins_on_its_day(make_operator: Any) -> None:
    trainer = make_operator("incident_commander")
    day = timezone.localdate() + timedelta(days=10)
    terms: dict[str, Any] = {"months": 3, "owner": trainer}
    made = schedule_drill(trainer, DRILL, next_on=day, hour=9, **terms)
    for _ in range(2):
        tend_schedules()
    assert planned_runs() == [(f"{day} 09:00", "scheduled")]
    entry = AuditEntry.objects.get(action="plan_drill")
    assert entry.actor == "system", "nobody asked for it"
    made.refresh_from_db()
    run = DrillRun.objects.get(pk=made.planned)
    assert run.planned_by == trainer
    assert f"{day} 09:00" in Notice.objects.get().said.text_en
    later = day + timedelta(days=2)
    schedule_drill(trainer, DRILL, next_on=later, **terms)
    tend_schedules()
    assert planned_runs() == [(f"{day} 09:00", "cancelled"), (f"{later} 10:00", "scheduled")]
    second = DrillRun.objects.get(state="scheduled")
    DrillRun.objects.filter(pk=second.pk).update(planned_for=timezone.now())
    run_drills()
    end_drill(trainer, second.pk)
    tend_schedules()
    made.refresh_from_db()
    assert (made.next_on, made.planned) == (
        working_day_from(months_after(timezone.localdate(), 3)),
        None,
    )


def test_what_was_cancelled_or_planned_by_hand_is_not_planned_again(make_operator: Any) -> None:
    trainer = make_operator("incident_commander")
    day = timezone.localdate() + timedelta(days=10)
    made = schedule_drill(trainer, DRILL, months=3, next_on=day, owner=trainer)
    by_hand = plan_drill(trainer, DRILL, at=timezone.now() + timedelta(days=1))
    tend_schedules()
    assert DrillRun.objects.count() == 1
    end_drill(trainer, by_hand.pk)
    tend_schedules()
    end_drill(trainer, DrillRun.objects.get(state="scheduled").pk)
    tend_schedules()
    assert [state for _, state in planned_runs()] == ["cancelled", "cancelled"]
    schedule_drill(trainer, DRILL, months=3, next_on=day, owner=trainer)
    tend_schedules()
    assert DrillRun.objects.filter(state="scheduled").count() == 1
    unschedule_drill(trainer, made.pk)
    assert not DrillRun.objects.filter(state="scheduled").exists()


def test_an_owner_who_may_run_no_drills_any_more_plans_none(make_operator: Any) -> None:
    trainer = make_operator("incident_commander")
    day = timezone.localdate() + timedelta(days=10)
    made = schedule_drill(trainer, DRILL, months=3, next_on=day, owner=trainer)
    trainer.is_active = False
    trainer.save()
    tend_schedules()
    assert not DrillRun.objects.exists()
    assert told() == [(f"drill-due:{DRILL}", "yellow", "open")]
    made.refresh_from_db()
    assert made.planned is None


def test_the_indicator_knows_the_last_drill(make_operator: Any) -> None:
    trainer = make_operator("incident_commander")
    end_drill(trainer, plan_drill(trainer, DRILL).pk)
    table = upkeep(timezone.localdate())
    assert table is not None
    assert table["days_since_drill"].to_list() == [None], "one that was cancelled is none"
    run_once(trainer)
    table = upkeep(timezone.localdate())
    assert table is not None
    (row,) = table.select("day", "days_since_drill", "backup_age_hours").rows()
    assert row[0] == timezone.localdate()
    assert 0 <= row[1] < 0.01
    assert row[2] is None, "what is not known stays so"


def test_who_may_schedule_and_what(make_operator: Any) -> None:
    trainer, analyst = make_operator("incident_commander"), make_operator("analyst")
    terms: dict[str, Any] = {"months": 3, "next_on": timezone.localdate(), "owner": trainer}
    with pytest.raises(PermissionDenied):
        schedule_drill(analyst, DRILL, **terms)
    for wrong in ({"months": 5}, {"owner": analyst}):
        with pytest.raises(RefusedDrillError):
            schedule_drill(trainer, DRILL, **(terms | wrong))
    with pytest.raises(RefusedDrillError):
        schedule_drill(trainer, "no_such_drill", **terms)


def test_the_screens_of_schedules(make_operator: Any) -> None:
    trainer = make_operator("incident_commander")
    screen = browser_of(trainer)
    day = timezone.localdate() - timedelta(days=2)
    given = {"drill": DRILL, "months": "6", "next_on": day.isoformat(), "owner": str(trainer.pk)}
    given["hour"] = "10"
    assert screen.post("/drills/schedule/", given).status_code == 302
    assert screen.post("/drills/schedule/", given | {"months": "3"}).status_code == 302
    made = DrillSchedule.objects.get()
    assert made.months == 3
    page = screen.get("/drills/").content.decode()
    assert "已逾期" in page
    assert "每 3 个月" in page
    assert day.isoformat() in screen.get(f"/drills/schedule/?drill={DRILL}").content.decode()
    reader = browser_of(make_operator("executive")).get("/drills/").content.decode()
    assert "已逾期" in reader
    assert "/drills/schedule/" not in reader
    assert screen.post(f"/drills/schedule/{made.pk}/end/").status_code == 302
    assert not DrillSchedule.objects.exists()
