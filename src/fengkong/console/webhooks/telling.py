"""What happens at the desk and in the journal, as webhooks tell it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from fengkong.console.approvals.models import Proposal
from fengkong.console.journaled.seen import (
    SeenActivation,
    SeenDecision,
    SeenEntries,
    SeenListChange,
)
from fengkong.console.lists.values import masked_value
from fengkong.console.outbox.models import Job
from fengkong.console.webhooks import occurrences
from fengkong.console.webhooks.models import Told
from fengkong.console.webhooks.publishing import Happening, publish

_JOURNAL: Final = "journal"
_JOBS: Final = "jobs"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def tell_entries(seen: SeenEntries) -> None:
    """Tell what entries of the journal hold, once, in the transaction that takes them in.

    A read model that is filled again from the beginning tells nothing twice.
    """
    told, _made = Told.objects.select_for_update().get_or_create(name=_JOURNAL)
    if seen.upto <= told.sequence:
        return
    publish([one for one in _happenings(seen) if (one.sequence or 0) > told.sequence])
    told.sequence = seen.upto
    told.save()


def tell_proposal(sender: type[Proposal], instance: Proposal, **_more: Any) -> None:
    """Tell of a proposal that was opened or decided; Django calls it when one was saved."""
    del sender
    content = {
        "proposal": instance.pk,
        "kind": instance.kind,
        "target": instance.target,
        "proposed_by": instance.proposed_by.username,
    }
    if instance.state == Proposal.State.OPEN:
        publish(
            [Happening(name=occurrences.OPENED, content=content, occurred_at=instance.proposed_at)]
        )
        return
    by = instance.decided_by.username if instance.decided_by is not None else None
    content |= {"state": str(instance.state), "decided_by": by}
    at = instance.decided_at or timezone.now()
    publish([Happening(name=occurrences.DECIDED, content=content, occurred_at=at)])


@transaction.atomic
def tell_failed_jobs() -> None:
    """Tell of the jobs that were given up since it was told last."""
    now = timezone.now()
    told = Told.objects.select_for_update().filter(name=_JOBS).first()
    if told is None:
        Told.objects.create(name=_JOBS, at=now)
        return
    dead = Job.objects.filter(state=Job.State.DEAD, finished_at__gt=told.at, finished_at__lte=now)
    publish(
        [
            Happening(
                name=occurrences.JOB_FAILED,
                content={"job": job.pk, "kind": job.kind, "attempts": job.attempts},
                occurred_at=job.finished_at or now,
            )
            for job in dead
        ]
    )
    told.at = now
    told.save()


def _happenings(seen: SeenEntries) -> Iterator[Happening]:
    for decision in seen.decisions:
        yield _decision(decision)
    for activation in seen.activations:
        yield _activation(activation)
    for change in seen.list_changes:
        yield _list_change(change)


def _decision(one: SeenDecision) -> Happening:
    content = {
        "sequence": one.sequence,
        "event_id": one.event_id,
        "event_type": one.event_type,
        "subject": one.subject,
        "occurred_at": _text(one.occurred_at),
        "outcome": one.outcome,
        "points": one.points,
        "probability": one.probability,
        "amount_minor": one.amount_minor,
        "currency": one.currency,
        "rules": list(one.rules),
        "policy": one.policy,
        "policy_version": one.policy_version,
        "degraded": one.degraded,
        "late": one.late,
        "by_canary": one.by_canary,
    }
    return Happening(
        name=occurrences.DECISION,
        content=content,
        occurred_at=_at(one.recorded_at),
        sequence=one.sequence,
        outcome=one.outcome,
    )


def _activation(one: SeenActivation) -> Happening:
    content = {
        "sequence": one.sequence,
        "role": one.role,
        "cause": one.cause,
        "policy": one.policy,
        "policy_version": one.policy_version,
        "policy_hash": one.policy_hash,
        "share": one.share,
        "by": one.by,
    }
    return Happening(
        name=occurrences.ACTIVATED,
        content=content,
        occurred_at=_at(one.at),
        sequence=one.sequence,
    )


def _list_change(one: SeenListChange) -> Happening:
    content = {
        "sequence": one.sequence,
        "list": one.list_name,
        "entity": one.entity,
        "operation": one.operation,
        "value": masked_value(one.entity, one.value),
        "author": one.author,
        "expires_at": None if one.expires is None else _text(one.expires),
    }
    return Happening(
        name=occurrences.LIST_CHANGED,
        content=content,
        occurred_at=_at(one.at),
        sequence=one.sequence,
    )


def _at(instant: int) -> datetime:
    return _EPOCH + timedelta(microseconds=instant)


def _text(instant: int) -> str:
    return _at(instant).isoformat()
