"""Whether the process that attacks a sandbox is there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fengkong.console.drills.models import DrillRun


def is_alive(run: DrillRun) -> bool:
    """Whether the process that a run names is there, and is an attack."""
    pid = int(run.sandbox.get("pid") or 0)
    if pid <= 0:
        return False
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return b"fengkong.worker.drilling" in command and str(run.pk).encode() in command
