"""Jobs that were given up, tried again because an operator said so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from fengkong.console.audit.recording import record
from fengkong.console.outbox.leases import retry
from fengkong.console.outbox.models import Job

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

PERMISSION: Final = "system.edit"
PICKED_MAX: Final = 200


@transaction.atomic
def retry_jobs(operator: Operator, picked: Iterable[int]) -> list[Job]:
    """Have jobs tried again from the start, and record each; those not given up are left alone.

    Raises PermissionDenied.
    """
    if not operator.may(PERMISSION):
        raise PermissionDenied(PERMISSION)
    now = timezone.now()
    found = [job for one in sorted(set(picked)) if (job := retry(one, now=now)) is not None]
    for job in found:
        detail = {"kind": job.kind}
        record(operator, "retry_job", target_kind="job", target=str(job.pk), detail=detail)
    return found
