"""Starts the process that attacks a sandbox, and clears away what one that was killed left."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from fengkong.console.drills.attack_logs import keep_logs_small, open_log
from fengkong.console.drills.breaking_off import end_stuck
from fengkong.console.drills.folders import folders
from fengkong.console.drills.models import DrillRun
from fengkong.console.drills.process import is_alive

if TYPE_CHECKING:
    from fengkong.console.outbox.models import Job


def start_attack(job: Job) -> None:
    """Start the attack of a run, unless one is at it already; the process claims the run itself.

    The process outlives a worker that ends; it ends with its drill or with the drill's time.
    """
    run = DrillRun.objects.get(pk=job.content["drill"])
    if run.state != DrillRun.State.RUNNING or is_alive(run):
        return
    data: Path = settings.CONSOLE.directory
    with open_log(data, run.pk) as log:
        subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "fengkong.worker.drilling", str(data), str(run.pk)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
            env=dict(os.environ),
        )


def clean_up(data: Path) -> int:
    """Remove what sandboxes of runs that are over left behind; how many.

    One whose process is still ending removes its directory itself, unless it takes too long.
    """
    gone = 0
    keep_logs_small(data)
    for number, folder in folders(data):
        run = DrillRun.objects.filter(pk=number).first()
        if run is not None:
            end_stuck(run, timezone.now())
            if run.state == DrillRun.State.RUNNING or is_alive(run):
                continue
        shutil.rmtree(folder, ignore_errors=True)
        gone += 1
    return gone
