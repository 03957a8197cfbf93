"""Proposals: what one operator wants done and another must approve."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Proposal(models.Model):
    """One proposed act; `kind` says which, `content` with what."""

    class State(models.TextChoices):
        """Where a proposal stands."""

        OPEN = "open", _("waits for approval")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        WITHDRAWN = "withdrawn", _("withdrawn")
        EXPIRED = "expired", _("expired")

    kind = models.CharField(max_length=40)
    target = models.CharField(max_length=200)
    content = models.JSONField(default=dict)
    reason = models.TextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="proposals"
    )
    proposed_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="decided"
    )
    decided_at = models.DateTimeField(null=True)
    remark = models.TextField(blank=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("state", "kind")),
            models.Index(fields=("proposed_by", "-id"), name="proposals_of_one"),
            models.Index(fields=("state", "expires_at"), name="proposals_to_expire"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.target} ({self.state})"
