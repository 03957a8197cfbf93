"""An attack that breaks off: noticed, told, begun again some times, and then given up.

Each break stands in the run: `minute` of the script when it was noticed, `back` when the attack
went on (None until then), `tries` how often its process was started for it.
"""

from __future__ import annotations

import os
import signal
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from fengkong.console.drills.process import is_alive

if TYPE_CHECKING:
    from fengkong.console.drills.models import DrillRun

TRIES_MAX: Final = 3
"""How often the process of an attack is started again in one drill."""
SILENT: Final = timedelta(seconds=30)
"""A process that was asked for, and did not come within this time, is asked for again."""
HUNG: Final = timedelta(seconds=60)
"""A process that is there but has said nothing for so long is killed: it hangs."""
PREPARING: Final = timedelta(minutes=5)
"""What a process may take to make its sandbox ready before it says anything."""
ENDING: Final = timedelta(seconds=90)
"""What a process may take to clear its sandbox away after the end of its drill."""


def is_lost(run: DrillRun, now: datetime) -> bool:
    """Whether nothing attacks a run that should be attacked."""
    if is_alive(run):
        return False
    if run.sandbox.get("pid"):
        return True
    return _longer_ago(run.sandbox.get("asked"), SILENT, now)


def note_break(run: DrillRun, now: datetime) -> bool:
    """Write down that the attack is gone; whether it may be started once more."""
    if not run.breaks or run.breaks[-1]["back"] is not None:
        minute = round(run.minute(_last_heard(run, now)), 2)
        run.breaks = [*run.breaks, {"minute": minute, "back": None, "tries": 0}]
    again: bool = sum(one["tries"] for one in run.breaks) < TRIES_MAX
    if again:
        run.breaks[-1]["tries"] += 1
        run.sandbox = {"asked": now.isoformat()}
    return again


def note_return(run: DrillRun, now: datetime) -> bool:
    """Write down that the attack goes on, where it had broken off; whether it had."""
    if not run.breaks or run.breaks[-1]["back"] is not None or not run.sandbox.get("beat"):
        return False
    run.breaks[-1]["back"] = round(run.minute(now), 2)
    return True


def minutes_without(run: DrillRun, now: datetime) -> float:
    """For how many minutes of the script nothing attacked after the clock had begun."""
    end = min(run.minute(now), run.minutes)
    gone = (max(0.0, _or(one["back"], end) - float(one["minute"])) for one in run.breaks)
    return round(sum(gone), 2)


def end_stuck(run: DrillRun, now: datetime) -> bool:
    """Kill the process of a run that hangs, or outlives its drill; whether there was one.

    The service of its sandbox ends with it, whether that hangs too or not.
    """
    ended = run.ended_at is not None and now - run.ended_at > ENDING
    if not (ended or _hangs(run, now)) or not is_alive(run):
        return False
    os.kill(int(run.sandbox["pid"]), signal.SIGKILL)
    return True


def _hangs(run: DrillRun, now: datetime) -> bool:
    if run.ended_at is not None:
        return False
    if beat := run.sandbox.get("beat"):
        return _longer_ago(beat, HUNG, now)
    return _longer_ago(run.sandbox.get("asked"), PREPARING, now)


def _last_heard(run: DrillRun, now: datetime) -> datetime:
    """When the attack said something last, not before the run's clock began."""
    beat = run.sandbox.get("beat")
    heard = now if not beat else min(now, datetime.fromisoformat(str(beat)))
    return heard if run.started_at is None else max(heard, run.started_at)


def _longer_ago(said: Any, limit: timedelta, now: datetime) -> bool:
    return bool(said) and now - datetime.fromisoformat(str(said)) > limit


def _or(value: float | None, other: float) -> float:
    return other if value is None else value
