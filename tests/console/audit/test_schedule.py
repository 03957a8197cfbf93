"""The worker signs and verifies the ledger by its schedule."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from fengkong.console.audit.models import AuditCheckpoint, AuditEntry, Verification
from fengkong.console.outbox.jobs import kinds
from fengkong.console.outbox.leases import put_what_is_due
from fengkong.console.outbox.models import Job
from fengkong.journal.second_place import DirectoryPlace

KINDS = ("sign_audit_checkpoint", "verify_audit_ledger")


@pytest.mark.django_db(transaction=True)
def test_the_schedule_signs_and_verifies(grow: Callable[[int], None], data: Path) -> None:
    grow(3)
    put_what_is_due(now=timezone.now())
    put_what_is_due(now=timezone.now() + timedelta(days=1, seconds=1))
    for kind in KINDS:
        kinds()[kind].handler(Job.objects.get(kind=kind))
    signed = AuditCheckpoint.objects.get()
    assert DirectoryPlace(data.parent / "second" / "console").newest() == bytes(signed.note)
    verified = Verification.objects.get()
    assert (verified.state, verified.started_by, signed.size) == ("intact", "system", 3)
    assert AuditEntry.objects.filter(action="finish_verification").exists()
