"""What members take from entries at once: an erasure takes them out, a label says who is known.

The gang's other figures follow when it is looked at again.
"""

from __future__ import annotations

from fengkong.console.entities.picture import fraudulent
from fengkong.console.entities.taking import key_of
from fengkong.console.gangs.models import Gang, Member
from fengkong.console.journaled.intake import erased_by
from fengkong.console.journaled.models import Decision
from fengkong.console.journaled.seen import SeenEntries


def forget_members(seen: SeenEntries) -> None:
    """Take out who was erased by some entries."""
    keys = [key_of(bytes.fromhex(subject)) for subject in erased_by(seen)]
    if keys:
        Member.objects.filter(key__in=keys).delete()


def follow_labels(seen: SeenEntries) -> None:
    """Members about whose events some entries have a label: whether fraud is confirmed of them."""
    events = {one.event_id for one in seen.labels}
    if not events:
        return
    subjects = Decision.objects.filter(event_id__in=events).order_by().values("subject")
    members = Member.objects.filter(entity__in=set(subjects.values_list("subject", flat=True)))
    told = {one.entity: one for one in members.exclude(entity="")}
    known = fraudulent(set(told))
    changed = [one for one in told.values() if one.is_fraud != (one.entity in known)]
    for one in changed:
        one.is_fraud = one.entity in known
    Member.objects.bulk_update(changed, ("is_fraud",))
    for number in {one.gang_id for one in changed}:
        frauds = Member.objects.filter(gang=number, is_fraud=True).count()
        Gang.objects.filter(pk=number).update(frauds=frauds)
