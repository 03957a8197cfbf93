"""Erasing a person: proposed, approved, done by the decision service, which destroys the key."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.client.errors import BusyError, NotFoundError, RefusedError
from fengkong.console.approvals.four_eyes import Act, Fact, propose
from fengkong.console.audit.recording import SYSTEM, record
from fengkong.console.journaled.service_access import service_client
from fengkong.console.outbox.jobs import GiveUpError, put
from fengkong.console.personal import sealing
from fengkong.console.personal.exporting import forget_old
from fengkong.console.personal.masking import masked_subject
from fengkong.console.personal.models import Erasure

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator
    from fengkong.console.approvals.models import Proposal
    from fengkong.console.outbox.models import Job

KIND: Final = "erase_person"
JOB: Final = "erase_person"
_CONTEXT: Final = "erasure"


def propose_erasure(operator: Operator, *, entity: str, value: str, reason: str) -> Proposal:
    """Propose to erase who an entity's value names; the value is sealed in the proposal.

    Raises PermissionDenied.
    """
    subject = f"{entity}:{value.strip()}"
    sealed = base64.b64encode(sealing.seal_text(subject, context=_CONTEXT)).decode()
    content = {"shown": masked_subject(subject), "sealed": sealed}
    return propose(operator, KIND, target=content["shown"], reason=reason, content=content)


def describe(proposal: Proposal) -> list[Fact]:
    """Who would be erased, masked, and what that means."""
    return [
        (_("Person"), proposal.content["shown"]),
        (
            _("What happens"),
            _("The key of their data is destroyed: nobody reads them again, proofs still hold."),
        ),
        (_("What goes too"), _("Every export that is still kept.")),
    ]


def perform(proposal: Proposal, approver: Operator) -> None:
    """The erasure is promised; the worker has the service do it."""
    erasure = Erasure.objects.create(
        shown=proposal.content["shown"],
        sealed=base64.b64decode(proposal.content["sealed"]),
        reason=proposal.reason[:200],
        proposed_by=proposal.proposed_by,
        approved_by=approver,
    )
    proposal.content = {"shown": proposal.content["shown"]}
    proposal.save(update_fields=("content",))
    put(JOB, {"erasure": erasure.pk}, key=str(erasure.pk))


ACT: Final = Act(
    _("Erasure of a person's data"), "personal.erase", "personal.approve", perform, describe
)


def erase(job: Job) -> None:
    """Have the service erase; asking twice is harmless. What the service refuses is given up."""
    erasure = Erasure.objects.get(pk=job.content["erasure"])
    if erasure.state != Erasure.State.WAITING:
        return
    subject = sealing.open_text(bytes(erasure.sealed), context=_CONTEXT)
    state = Erasure.State.DONE
    try:
        with service_client() as service:
            service.erase(subject)
    except NotFoundError:
        state = Erasure.State.UNKNOWN
    except BusyError:
        raise  # it is tried again
    except RefusedError as error:
        raise GiveUpError(f"the service refuses: {error.code}") from error
    forget_old(all_of_them="erasure")
    with transaction.atomic():
        erasure.state, erasure.done_at, erasure.sealed = state, timezone.now(), b""
        erasure.save()
        detail = {"of": erasure.shown, "result": state.value}
        record(SYSTEM, "erase_person", target_kind="erasure", target=str(erasure.pk), detail=detail)
