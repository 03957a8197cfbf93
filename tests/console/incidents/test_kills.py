"""kill -9 of whoever works on an incident: no entry is lost, nothing is told or sent twice."""

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

HOST = Path(__file__).parents[1] / "drills" / "drill_host.py"
SETUP = """
import sys; sys.path.insert(0, {folder!r})
from pathlib import Path
import drill_host
drill_host.start(Path({data!r}))
from datetime import timedelta
from django.utils import timezone
from fengkong.console.incidents.acting import add_task, assign, classify
from fengkong.console.incidents.opening import open_incident
chen = drill_host.operator("chen", "incident_commander")
now = timezone.now()
incident = open_incident("data_leak", 2, "Kills", "hand", chen, aware_at=now - timedelta(days=4))
assign(chen, incident.pk, "commander", chen)
for number in range(40):
    due = now + timedelta(seconds=number / 4)
    add_task(chen, incident.pk, title=f"task {{number}}", due_at=due)
classify(chen, incident.pk, kind="data_leak", severity=2,
         facts={{"personal_data": True, "network_security": True}})
"""
CHECK = """
import sys; sys.path.insert(0, {folder!r})
from pathlib import Path
import drill_host
drill_host.start(Path({data!r}))
from fengkong.console.incidents.models import Incident
from fengkong.console.incidents.timeline import altered_entries
from fengkong.console.incidents.watching import watch
watch()
assert altered_entries(Incident.objects.get()) == []
"""


def script(text: str, data: Path) -> None:
    code = text.format(folder=str(HOST.parent), data=str(data))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def started(*words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, str(HOST), *words], stdout=subprocess.PIPE, text=True)


def killed_again_and_again(data: Path, *, kills: int) -> None:
    script(SETUP, data)
    dice = random.Random(7)
    acknowledged: list[int] = []
    for number in range(kills):
        worker = started("work", str(data))
        actor = started("act", str(data), str(number * 1_000_000))
        assert worker.stdout is not None
        assert actor.stdout is not None
        assert worker.stdout.readline().strip() == "ready"
        first = actor.stdout.readline()
        time.sleep(0.5 + dice.random() * 2)
        for process in (worker, actor):
            process.send_signal(signal.SIGKILL)
            process.wait()
        lines = [first, *actor.stdout.read().splitlines()]
        acknowledged += [int(line) for line in lines if line.strip().isdigit()]
        worker.stdout.close()
        actor.stdout.close()
    script(CHECK, data)
    assert len(acknowledged) > kills
    database = sqlite3.connect(data / "console.db")
    rows = database.execute("SELECT kind, text, key FROM incidents_timelineentry").fetchall()
    notes = Counter(text for kind, text, _ in rows if kind == "note_incident")
    assert set(notes) >= {f"note {number}" for number in acknowledged}
    assert set(notes.values()) == {1}
    keys = Counter(key for _, _, key in rows if key)
    assert set(keys.values()) == {1}
    told = Counter(kind for kind, _, _ in rows)
    assert told["escalate_incident_task"] == 40, "every overdue task, once"
    assert told["miss_incident_clock"] == 3, "every clock that ran out, once"
    notices = Counter(key for (key,) in database.execute("SELECT key FROM notices_notice"))
    assert sum(key.startswith("incident-task:") for key in notices) == 40
    assert set(notices.values()) == {1}, "nobody is told of a thing twice"
    (audited,) = database.execute(
        "SELECT COUNT(*) FROM audit_auditentry WHERE action = 'note_incident'"
    ).fetchone()
    assert audited == len(notes), "the ledger and the timeline stand or fall together"


@pytest.mark.nightly
def test_many_kills_lose_no_entry_and_tell_nothing_twice(tmp_path: Path) -> None:
    killed_again_and_again(tmp_path / "data", kills=12)
