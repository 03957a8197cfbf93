"""How much allowed traffic goes to review at random: proposed by one, approved by another.

Whoever could change it alone could have what they let through looked at by nobody.
"""

from __future__ import annotations

from typing import Final

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.accounts.models import Operator
from fengkong.console.alerts.closing import locked_position
from fengkong.console.alerts.models import AlertTerms
from fengkong.console.alerts.organising import ORGANISE, current_terms
from fengkong.console.alerts.sampling import SHARE_MAX
from fengkong.console.alerts.taking import keep_first_terms
from fengkong.console.alerts.terms import RANDOM_SAMPLE, shipped_content
from fengkong.console.approvals.four_eyes import Act, Fact, propose
from fengkong.console.approvals.models import Proposal
from fengkong.console.audit.recording import record

SHARE_ACT: Final = "random_share"
APPROVE: Final = "policies.approve"


def random_share() -> float:
    """The share that holds for the next decision."""
    return current_terms().random_share


def propose_random_share(operator: Operator, share: float, *, reason: str) -> Proposal:
    """Propose another share; it holds from its approval on. Raises PermissionDenied."""
    assert 0 <= share <= SHARE_MAX, "the form has checked it"
    content = {"before": random_share(), "share": share}
    return propose(operator, SHARE_ACT, target="random_share", reason=reason, content=content)


def waiting_share() -> Proposal | None:
    """The newest proposal of another share that waits for its approval."""
    waiting = Proposal.objects.filter(
        kind=SHARE_ACT, state=Proposal.State.OPEN, expires_at__gt=timezone.now()
    )
    return waiting.order_by("-pk").first()


def perform_random_share(proposal: Proposal, approver: Operator) -> None:
    """Change it from here on: what was read before keeps the share it was read under."""
    share = float(proposal.content["share"])
    keep_first_terms()
    before = AlertTerms.objects.latest("from_sequence")
    content = before.content | {"random_share": share}
    shipped = shipped_content()["typologies"][RANDOM_SAMPLE]
    content["typologies"] = {RANDOM_SAMPLE: shipped} | content["typologies"]
    AlertTerms.objects.update_or_create(
        from_sequence=max(locked_position(), before.from_sequence),
        defaults={
            "content": content,
            "set_by": proposal.proposed_by.username,
            "set_at": timezone.now(),
        },
    )
    record(
        approver,
        "set_random_share",
        target_kind="loop_settings",
        target="random_share",
        detail={
            "before": before.content.get("random_share", 0),
            "after": share,
            "proposal": proposal.pk,
        },
    )


def _facts(proposal: Proposal) -> list[Fact]:
    shares = (proposal.content["before"], proposal.content["share"])
    before, after = (f"{share:.4%}" for share in shares)
    return [(_("Share reviewed now"), before), (_("Share reviewed afterwards"), after)]


ACT: Final = Act(
    _("Share of allowed traffic that is reviewed at random"),
    propose=ORGANISE,
    approve=APPROVE,
    perform=perform_random_share,
    describe=_facts,
    loosens="less of what is let through may be looked at",
)
