"""Starts the process that attacks a sandbox: a decision service of its own that ends by itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from fengkong.console.drills.models import DrillRun
from fengkong.console.drills.process import is_alive

if TYPE_CHECKING:
    from fengkong.console.outbox.models import Job


def start_attack(job: Job) -> None:
    """Start the attack of a run, unless one is at it already: its process is noted at once.

    The process outlives a worker that ends; it ends with its drill or with the drill's time.
    """
    run = DrillRun.objects.get(pk=job.content["drill"])
    if run.state != DrillRun.State.RUNNING or is_alive(run):
        return
    data: Path = settings.CONSOLE.directory
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "fengkong.worker.drilling", str(data), str(run.pk)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=dict(os.environ),
    )
    DrillRun.objects.filter(pk=run.pk).update(
        sandbox={"pid": process.pid, "asked": timezone.now().isoformat()}
    )
