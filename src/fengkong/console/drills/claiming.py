"""One process attacks a run: the one that claimed it, until it is gone."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from fengkong.console.drills.models import DrillRun
from fengkong.console.drills.process import is_alive


@transaction.atomic
def claim(run_id: int, *, pid: int) -> DrillRun | None:
    """The run, which is this process's from now on; None where another is at it or it is over.

    A worker may start a process and lose the note of it; the second one ends here, before it
    touches the directory of the first.
    """
    run = DrillRun.objects.select_for_update().get(pk=run_id)
    held = int(run.sandbox.get("pid") or 0)
    if run.state != DrillRun.State.RUNNING or (held not in (0, pid) and is_alive(run)):
        return None
    run.sandbox = run.sandbox | {"pid": pid, "asked": timezone.now().isoformat()}
    run.save(update_fields=("sandbox",))
    return run
