"""Has everything computed again because somebody asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction

from fengkong.console.audit.recording import record
from fengkong.console.outbox.jobs import put
from fengkong.console.outbox.models import Job
from fengkong.console.warnings import computing
from fengkong.console.warnings.thresholds import EDIT

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

RECOMPUTE: Final = "recompute_indicators"
"""The job that computes every indicator from the sources as they are."""


@transaction.atomic
def ask_recompute(operator: Operator) -> Job:
    """Ask for it; the worker does it. Raises PermissionDenied."""
    if not operator.may(EDIT):
        raise PermissionDenied(EDIT)
    record(operator, "recompute_indicators", target_kind="indicator", target="all")
    return put(RECOMPUTE, {}, key="all")


def recompute_asked(_job: Job) -> None:
    """Compute it; a job of the outbox."""
    computing.recompute(everything=True)
