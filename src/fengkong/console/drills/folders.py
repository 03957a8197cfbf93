"""The directories of sandboxes: below the data directory, one for each live run, gone after it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from fengkong.console.drills.models import DrillRun
from fengkong.console.drills.process import is_alive

_BELOW: Final = "drills"


def folder_of(data: Path, run: int) -> Path:
    """Where the sandbox of a run lies."""
    return data / _BELOW / str(run)


def clean_up(data: Path) -> int:
    """Remove what sandboxes of runs that are over left behind; how many.

    One whose process is still ending removes its directory itself.
    """
    gone = 0
    for folder in (data / _BELOW).glob("[0-9]*"):
        run = DrillRun.objects.filter(pk=int(folder.name)).first()
        if run is not None and (run.state == DrillRun.State.RUNNING or is_alive(run)):
            continue
        shutil.rmtree(folder, ignore_errors=True)
        gone += 1
    return gone
