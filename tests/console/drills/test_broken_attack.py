"""An attack that breaks off: said on the screen and in the score, begun again, given up."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from tests.console.operators import browser_of

from fengkong.console.drills.attack_logs import (
    BYTES_MAX,
    FILES_MAX,
    keep_logs_small,
    last_lines,
    open_log,
)
from fengkong.console.drills.breaking_off import TRIES_MAX
from fengkong.console.drills.models import DrillRun
from fengkong.console.drills.running import detect, plan_drill, run_drills
from fengkong.console.drills.scoring import last_before
from fengkong.console.outbox.models import Job

HOST = Path(__file__).parent / "drill_host.py"
ATTACK = "start_drill_attack"


def test_what_an_attack_says_is_kept_short(tmp_path: Path) -> None:
    assert last_lines(tmp_path, 1) == []
    with open_log(tmp_path, 1) as log:
        for number in range(20_000):
            log.write(f"line {number}\n".encode())
        log.flush()
        keep_logs_small(tmp_path)
        assert (tmp_path / "drill-logs" / "1.log").stat().st_size <= BYTES_MAX
        log.write(b"the end\n")
    lines = last_lines(tmp_path, 1)
    assert lines[-2:] == ["line 19999", "the end"]
    assert len(lines) == 20
    for run in range(2, FILES_MAX + 2):
        open_log(tmp_path, run).close()
    keep_logs_small(tmp_path)
    assert last_lines(tmp_path, 1) == [], "only those of the newest runs are kept"


def seen(run: DrillRun, **sandbox: Any) -> DrillRun:
    """As if the process of the attack had said this of itself, and the worker looked then."""
    DrillRun.objects.filter(pk=run.pk).update(sandbox=sandbox)
    run_drills()
    run.refresh_from_db()
    return run


@contextmanager
def attacking(run: DrillRun) -> Iterator[int]:
    """A process that is known as the attack of a run while it is there; its number stays."""
    waiting = "print(flush=True); input()"
    command = [sys.executable, "-c", waiting, "fengkong.worker.drilling", str(run.pk)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield process.pid
    finally:
        process.kill()
        process.communicate()


@pytest.mark.django_db
def test_an_attack_that_breaks_off_is_begun_again_some_times_and_the_score_says_so(
    make_operator: Any, tmp_path: Path, settings: Any
) -> None:
    settings.CONSOLE = replace(settings.CONSOLE, directory=tmp_path)
    trainer = make_operator("incident_commander")
    run = plan_drill(trainer, "takeover_live", pace=1)
    run_drills()
    now = timezone.now().isoformat()
    with attacking(run) as process:
        seen(run, pid=process, beat=now)
    assert (run.started_at is not None, run.breaks) == (True, [])
    incident = detect(trainer, run.pk)
    DrillRun.objects.update(started_at=timezone.now() - timedelta(minutes=5))
    Job.objects.all().delete()
    seen(run, pid=process, beat=now)
    assert Job.objects.filter(kind=ATTACK).count() == 1, "a new process is asked for"
    screen = browser_of(trainer)
    assert "攻击中断" in screen.get(f"/drills/{run.pk}/").content.decode()
    run_drills()
    assert len(run.breaks) == 1
    DrillRun.objects.update(started_at=timezone.now() - timedelta(minutes=9))
    with attacking(run) as process:
        seen(run, pid=process, beat=now)
    (first,) = run.breaks
    assert (round(first["minute"]), round(first["back"])) == (5, 9)
    for _ in range(TRIES_MAX):
        seen(run, pid=process, beat=now)
        run_drills()
    run.refresh_from_db()
    assert (run.state, run.remark) == ("failed", "the attack broke off too often")
    assert run.score["without_attack"] == pytest.approx(4.0, abs=0.2)
    told = list(incident.timeline.filter(kind="attack_drill").values_list("text", flat=True))
    expected = [*["攻击中断", "攻击恢复"] * TRIES_MAX, "攻击中断"]
    assert [one.split(" / ")[0] for one in told] == expected
    with open_log(tmp_path, run.pk) as log:
        log.write(b"no port is free\n")
    page = screen.get(f"/drills/{run.pk}/").content.decode()
    assert "no port is free" in page
    assert "no port is free" not in (
        browser_of(make_operator("analyst")).get(f"/drills/{run.pk}/").content.decode()
    )
    assert screen.post(f"/drills/{run.pk}/again/").status_code == 302
    second = DrillRun.objects.exclude(pk=run.pk).get()
    assert (second.name, second.pace, second.state) == ("takeover_live", 1.0, "scheduled")
    assert screen.post(f"/drills/{second.pk}/again/").url == f"/drills/{second.pk}/"
    assert DrillRun.objects.count() == 2, "what is still to come is not planned again"
    assert last_before(second) is None, "nobody is compared with a drill that failed"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("said", "silent", "killed"),
    [
        ("beat", timedelta(seconds=50), False),
        ("beat", timedelta(seconds=70), True),
        ("asked", timedelta(minutes=4), False),
        ("asked", timedelta(minutes=6), True),
    ],
)
def test_an_attack_that_hangs_is_ended_and_begun_again(
    make_operator: Any, tmp_path: Path, settings: Any, said: str, silent: timedelta, killed: bool
) -> None:
    """The process is there and says nothing more, or never said anything."""
    settings.CONSOLE = replace(settings.CONSOLE, directory=tmp_path)
    run = plan_drill(make_operator("incident_commander"), "takeover_live", pace=1)
    run_drills()
    begun = timezone.now() - timedelta(minutes=10)
    DrillRun.objects.update(started_at=begun)
    Job.objects.all().delete()
    with attacking(run) as process:
        os.kill(process, signal.SIGSTOP)
        seen(run, pid=process, **{said: (timezone.now() - silent).isoformat()})
        until(lambda: not killed or is_gone(process), seconds=5)
        run_drills()
        assert is_gone(process) == killed
    run.refresh_from_db()
    assert len(run.breaks) == Job.objects.filter(kind=ATTACK).count() == int(killed)
    if killed and said == "beat":
        assert run.breaks[0]["minute"] == pytest.approx(10 - 70 / 60, abs=0.1), "the last word"


def is_gone(process: int) -> bool:
    """Whether a process has ended; its parent may not have asked for it yet."""
    status = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    return status == "Z"


def until(what: Callable[[], Any], *, seconds: float) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.3)
    raise AssertionError(f"not within {seconds} s")


def with_words(*words: str) -> list[int]:
    """Processes whose command has all these words."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            command = (place / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if all(word in command for word in words):
            found.append(int(place.name))
    return found


SETUP = """
import sys; sys.path.insert(0, {folder!r})
from pathlib import Path
import drill_host
drill_host.start(Path({data!r}))
from fengkong.console.drills.models import DrillRun
from fengkong.console.drills.running import end_drill, plan_drill, run_again
chen = drill_host.operator("chen", "incident_commander")
"""


def said(code: str, data: Path) -> str:
    text = SETUP.format(folder=str(HOST.parent), data=str(data)) + code
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


def field(name: str, run: int, data: Path) -> str:
    import sqlite3

    database = sqlite3.connect(f"file:{data / 'console.db'}?mode=ro", uri=True)
    try:
        query = f"SELECT {name} FROM drills_drillrun WHERE id = ?"
        return str(database.execute(query, (run,)).fetchone()[0])
    finally:
        database.close()


@pytest.mark.nightly
def test_a_killed_attack_goes_on_in_a_new_sandbox_and_nothing_of_it_stays(tmp_path: Path) -> None:
    data = tmp_path / "data"
    said("plan_drill(chen, 'card_testing_live', pace=2)", data)
    worker = subprocess.Popen([sys.executable, str(HOST), "work", str(data)])
    attackers = ("fengkong.worker.drilling", str(data))
    services = ("serve", str(data / "drills"))
    try:
        until(lambda: field("started_at", 1, data) != "None", seconds=180)
        until(lambda: "met" in field("attack", 1, data), seconds=60)
        (attacker,) = with_words(*attackers)
        (service,) = with_words(*services)
        os.kill(attacker, signal.SIGKILL)
        until(lambda: service not in with_words(*services), seconds=20)
        until(lambda: '"back": null' in field("breaks", 1, data), seconds=30)
        until(lambda: '"back": null' not in field("breaks", 1, data), seconds=180)
        (second,) = with_words(*attackers)
        assert second != attacker
        before = field("attack", 1, data)
        until(lambda: field("attack", 1, data) != before, seconds=60)
        assert said("print(end_drill(chen, 1).score['without_attack'] > 0)", data) == "True"
        until(lambda: not with_words(*attackers) + with_words(*services), seconds=60)
        until(lambda: not list((data / "drills").glob("*")), seconds=60)

        assert said("print(run_again(chen, 1).pk)", data) == "2"
        until(lambda: field("started_at", 2, data) != "None", seconds=180)
        said("end_drill(chen, 2)", data)
        said(
            "run = plan_drill(chen, 'card_testing_live')\n"
            "import fengkong.console.drills.running as running\n"
            "from django.utils import timezone\n"
            "running.start(run.pk, timezone.now())\n"
            "DrillRun.objects.filter(pk=run.pk).update(policy_text='policy: [')",
            data,
        )
        until(lambda: field("state", 3, data) == "failed", seconds=240)
        assert "the sandbox" in "\n".join(last_lines(data, 3))
        until(lambda: not with_words(*attackers) + with_words(*services), seconds=60)
        until(lambda: not list((data / "drills").glob("*")), seconds=60)
    finally:
        worker.terminate()
        worker.wait(30)


@pytest.mark.nightly
def test_an_attack_or_a_service_that_hangs_is_noticed_and_the_drill_goes_on(tmp_path: Path) -> None:
    """Stopped, not killed: nothing of it ends by itself."""
    data = tmp_path / "data"
    said("plan_drill(chen, 'card_testing_live', pace=1)", data)
    worker = subprocess.Popen([sys.executable, str(HOST), "work", str(data)])
    attackers = ("fengkong.worker.drilling", str(data))
    services = ("serve", str(data / "drills"))
    try:
        for number, words in enumerate((attackers, services), start=1):
            until(lambda: "met" in field("attack", 1, data), seconds=240)
            goes_on_after_a_stop(words, data)
            assert field("breaks", 1, data).count('"tries": 1') == number
        assert field("state", 1, data) == "running"
        assert said("print(end_drill(chen, 1).score['without_attack'] > 0.5)", data) == "True"
        until(lambda: not with_words(*attackers) + with_words(*services), seconds=60)
        until(lambda: not list((data / "drills").glob("*")), seconds=60)
    finally:
        worker.terminate()
        worker.wait(30)


def goes_on_after_a_stop(words: tuple[str, ...], data: Path) -> None:
    """Stop the process with these words: it is gone soon, and the attack is back."""
    (stopped,) = with_words(*words)
    os.kill(stopped, signal.SIGSTOP)
    until(lambda: '"back": null' in field("breaks", 1, data), seconds=120)
    until(lambda: stopped not in with_words(*words), seconds=30)
    until(lambda: '"back": null' not in field("breaks", 1, data), seconds=240)
    before = field("attack", 1, data)
    until(lambda: field("attack", 1, data) != before, seconds=60)
