"""What the customer's side forgets of a person who was erased: what they wrote, and links."""

from __future__ import annotations

from fengkong.console.audit.recording import SYSTEM, record
from fengkong.console.customers.models import Appeal, Confirmation
from fengkong.console.journaled.seen import SeenEntries


def forget_erased(seen: SeenEntries) -> None:
    """Forget the subjects that these entries erase, in the transaction that takes them in."""
    for subject in {one.subject for one in seen.erasures if one.subject}:
        appeals = Appeal.objects.filter(subject=subject)
        links = Confirmation.objects.filter(subject=subject)
        named = list(appeals.values_list("pk", flat=True))
        count = links.exclude(state=Confirmation.State.REVOKED).count()
        if not named and not count:
            continue
        appeals.update(subject="", grounds_sealed=b"", findings_sealed=b"")
        links.filter(state=Confirmation.State.WAITING).update(state=Confirmation.State.REVOKED)
        links.update(subject="", delivery_sealed=b"")
        detail = {"appeals": named, "links": count}
        record(SYSTEM, "forget_customer_side", target_kind="appeal", target="", detail=detail)
