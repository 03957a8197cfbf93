"""Versions that are derived from the live one in an emergency and put in force at once.

Whoever derives one has had it approved by a second person before (`incidents.switching`). It is a
version like others: its text is kept, its steps and the ledger say who asked and why, and it is
left by putting its base in force again.
"""

from __future__ import annotations

from django.db import connection
from django.db.models import Max

from fengkong.console.audit.recording import record
from fengkong.console.governance.actions import _ask_service, _note_step, canary_version
from fengkong.console.governance.models import PolicyVersion, ServiceChange
from fengkong.console.governance.policy_texts import read_policy, with_number


def derive_version(base: PolicyVersion, text: str, *, actor: str, note: str) -> PolicyVersion:
    """A new approved version beside its base; raises FaultsError where the text has faults."""
    assert connection.in_atomic_block, "it stands with what asked for it"
    highest = PolicyVersion.objects.filter(name=base.name).aggregate(Max("number"))["number__max"]
    number = (highest or base.number) + 1
    numbered = with_number(text, number)
    policy = read_policy(numbered)
    version = PolicyVersion.objects.create(
        name=base.name,
        number=number,
        title_zh=base.title_zh,
        title_en=base.title_en,
        text=numbered,
        hash=policy.hash,
        state=PolicyVersion.State.APPROVED,
        base=base,
        note=note,
    )
    _note_step(version, "derive", actor, before="", reason=note)
    record(
        actor,
        "derive_policy",
        target_kind="policy",
        target=str(version),
        detail={"base": str(base), "hash": version.hash},
    )
    return version


def end_canary(*, asked_by: str, approved_by: str, reason: str) -> ServiceChange | None:
    """Have no other policy answer for a share of the subjects; None where none does."""
    canary = canary_version()
    if canary is None:
        return None
    return _ask_service(
        ServiceChange.Kind.END_CANARY.value,
        canary,
        asked_by=asked_by,
        approved_by=approved_by,
        reason=reason,
    )


def put_live(
    version: PolicyVersion, *, asked_by: str, approved_by: str, reason: str
) -> ServiceChange:
    """Ask the service to put a version in force; the worker does it at once."""
    return _ask_service(
        ServiceChange.Kind.LIVE.value,
        version,
        asked_by=asked_by,
        approved_by=approved_by,
        reason=reason,
    )
