"""Processes of the tests of drills and kills, on a data directory of their own.

``play DATA PACE NAMES``: plays drills unattended beside the worker's jobs, and prints what came of
them as JSON. ``work DATA``: does jobs until it is killed. ``act DATA START``: writes numbered
notes into the first incident, one line of output for each that was acknowledged.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any


def start(data: Path) -> None:
    from fengkong.console.project.setup import bring_schema_up_to_date, start_django

    data.mkdir(mode=0o700, exist_ok=True)
    (data / "keys").mkdir(mode=0o700, exist_ok=True)
    start_django(data)
    bring_schema_up_to_date()


def operator(name: str, role: str) -> Any:
    from fengkong.console.accounts.models import Operator, RoleGrant

    made = Operator.objects.filter(username=name).first()
    if made is None:
        made = Operator.objects.create_user(name)
        RoleGrant.objects.create(operator=made, role=role)
    return made


def jobs_step(jobs: Any, tended: float) -> float:
    if time.monotonic() - tended >= 0.5:
        jobs.tend()
        tended = time.monotonic()
    while jobs.step():
        pass
    return tended


def play(data: Path, pace: float, names: list[str]) -> None:
    from contextlib import suppress

    from django.db import DatabaseError

    from fengkong.console.drills.models import DrillRun
    from fengkong.console.drills.running import plan_drill
    from fengkong.console.drills.unattended import Player
    from fengkong.console.incidents.timeline import altered_entries
    from fengkong.worker.jobs import Jobs

    commander, second = operator("chen", "incident_commander"), operator("li", "senior_analyst")
    runs = [plan_drill(commander, name, pace=pace) for name in names]
    players = [Player(run.pk, commander, second) for run in runs]
    jobs, tended = Jobs(), 0.0
    longest = max(run.minutes for run in runs) * 60 / pace + 900
    until = time.monotonic() + longest
    while time.monotonic() < until:
        tended = jobs_step(jobs, tended)
        for player in players:
            with suppress(DatabaseError):  # another process held the database: the next time
                player.step()
        open_runs = DrillRun.objects.exclude(state="ended").count()
        if not open_runs:
            break
        time.sleep(0.1)
    print(json.dumps([told(run.pk, altered_entries) for run in runs]))


def told(run_id: int, altered_entries: Any) -> dict[str, Any]:
    from fengkong.console.drills.models import DrillRun
    from fengkong.console.incidents.models import Incident

    run = DrillRun.objects.get(pk=run_id)
    incident = Incident.objects.filter(pk=run.incident).first()
    return {
        "name": run.name,
        "state": run.state,
        "times": run.times,
        "score": run.score,
        "attack": run.attack,
        "policy": run.policy_name,
        "switches": []
        if incident is None
        else list(incident.switches.values("kind", "state", "policy_sequence")),
        "altered": None if incident is None else altered_entries(incident),
    }


def work() -> None:
    from fengkong.worker.jobs import Jobs

    jobs, tended = Jobs(), 0.0
    print("ready", flush=True)
    while True:
        tended = jobs_step(jobs, tended)
        time.sleep(0.02)


def act(first: int) -> None:
    from django.db import DatabaseError

    from fengkong.console.incidents.acting import write_note
    from fengkong.console.incidents.models import Incident

    chen, incident = operator("chen", "incident_commander"), Incident.objects.get()
    for number in range(first, first + 100_000):
        try:
            write_note(chen, incident.pk, text=f"note {number}")
        except DatabaseError:
            continue
        print(number, flush=True)
        time.sleep(0.01)


if __name__ == "__main__":
    what, place = sys.argv[1], Path(sys.argv[2])
    start(place)
    if what == "play":
        play(place, float(sys.argv[3]), sys.argv[4].split(","))
    elif what == "work":
        work()
    else:
        act(int(sys.argv[3]))
