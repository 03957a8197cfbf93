"""What drills tell the other parts of the console when Django starts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from fengkong.console.audit.actions import register_actions
from fengkong.console.drills.attacking import start_attack
from fengkong.console.drills.models import DrillRun
from fengkong.console.drills.running import ATTACK_JOB, STEP_S, run_drills
from fengkong.console.drills.sandbox_policy import policy_of_drill
from fengkong.console.drills.scheduling import LOOK_S, tend_schedules
from fengkong.console.drills.switches import apply_on_paper
from fengkong.console.incidents.switching import DRILL_JOB
from fengkong.console.incidents.targets import drills_have
from fengkong.console.outbox.jobs import every, register_job
from fengkong.console.shell.menu import MenuEntry, add_to_menu


def register() -> None:
    """Once, when Django starts."""
    register_actions(
        {
            "plan_drill": _("Planned a drill"),
            "cancel_drill": _("Cancelled a drill"),
            "finish_drill": _("A drill was scored"),
            "tell_injects": _("Told injects of a drill"),
            "beat_drill": _("The sandbox of a drill began"),
            "schedule_drill": _("Scheduled a repeated drill"),
            "unschedule_drill": _("Ended the schedule of a drill"),
            "remind_drill": _("Reminded of a drill"),
            "count_drill": _("A scheduled drill was run"),
            "break_off_drill": _("The attack of a drill broke off"),
        },
        targets={"drill": _("drill")},
    )
    register_job(ATTACK_JOB, start_attack)
    register_job(DRILL_JOB, apply_on_paper)
    every(STEP_S, "run_drills", run_drills)
    every(LOOK_S, "tend_drill_schedules", tend_schedules)
    drills_have(policy_of_drill, _pace)
    add_to_menu(MenuEntry("warning", _("Drills"), "drills", "target", "incidents.view", 60))


def _pace(drill: int) -> float:
    return DrillRun.objects.get(pk=drill).pace
