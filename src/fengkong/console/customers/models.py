"""Appeals against automated decisions, and links with which customers say whether it was them.

What a customer wrote is sealed; codes and the secrets of links are kept as digests only.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Appeal(models.Model):
    """A customer asks for an explanation and for a person to look at a decision again.

    `sequence` is the decision's. `first_deciders` are the operators who acted on it before: none of
    them may work the appeal. `deadline` names the entry of the pack that gave `due_at`. `outcome`
    is what the review came to and `answer` the wording's key that was sent.
    """

    class State(models.TextChoices):
        """Where an appeal stands."""

        OPEN = "open", _("to be answered")
        ANSWERED = "answered", _("answered")
        WITHDRAWN = "withdrawn", _("taken back by the customer")

    class Came(models.TextChoices):
        """How it reached the firm."""

        API = "api", _("core system")
        OPERATOR = "operator", _("an operator wrote it down")

    class Outcome(models.TextChoices):
        """What a person found."""

        UPHELD = "upheld", _("the decision stands")
        CHANGED = "changed", _("the decision was changed")
        EXPLAINED = "explained", _("explained")

    reference = models.CharField(max_length=64, unique=True)
    sequence = models.BigIntegerField(db_index=True)
    event_id = models.CharField(max_length=128)
    subject = models.CharField(max_length=32, blank=True, db_index=True)
    language = models.CharField(max_length=2, default="zh")
    came_by = models.CharField(max_length=8, choices=Came.choices)
    received_at = models.DateTimeField(default=timezone.now)
    received_by = models.CharField(max_length=64)
    due_at = models.DateTimeField()
    deadline = models.CharField(max_length=64)
    grounds_sealed = models.BinaryField()
    first_deciders = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="appeals"
    )
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    findings_sealed = models.BinaryField(default=b"")
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("due_at", "id")
        indexes = (
            models.Index(fields=("state", "due_at", "id"), name="appeals_due"),
            models.Index(fields=("received_at", "id"), name="appeals_in_time"),
        )

    def __str__(self) -> str:
        return f"{self.reference} ({self.state})"

    @property
    def is_open(self) -> bool:
        """Whether it waits for its answer."""
        return self.state == Appeal.State.OPEN

    @property
    def is_overdue(self) -> bool:
        """Whether it waits beyond its time."""
        return self.is_open and self.due_at <= timezone.now()


class Confirmation(models.Model):
    """A link with which a customer says whether an event was theirs.

    `secret_hash` is the digest of what stands in the link, `code_hash` that of the code that
    reaches the customer on another way. Either works once, for a time, and for a few tries. Both
    are in `delivery_sealed` until the core system has taken them over to send them.
    """

    class State(models.TextChoices):
        """What became of it."""

        WAITING = "waiting", _("waits for the customer")
        CONFIRMED = "confirmed", _("it was the customer")
        DENIED = "denied", _("it was not the customer")
        LOCKED = "locked", _("locked after wrong codes")
        REVOKED = "revoked", _("taken back")

    secret_hash = models.CharField(max_length=64, unique=True)
    code_hash = models.CharField(max_length=64)
    sequence = models.BigIntegerField(db_index=True)
    event_id = models.CharField(max_length=128)
    subject = models.CharField(max_length=32, blank=True)
    alert_id = models.CharField(max_length=64, blank=True)
    case_id = models.CharField(max_length=64, blank=True, db_index=True)
    asked_by = models.CharField(max_length=64)
    asked_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    delivery_sealed = models.BinaryField(default=b"")
    sent_at = models.DateTimeField(null=True)
    tries = models.IntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("state", "expires_at"), name="confirmations_waiting"),)

    def __str__(self) -> str:
        return f"confirmation {self.pk} ({self.state})"


class PublicTry(models.Model):
    """Requests to the public page, counted per origin and minute; `origin` is a keyed digest."""

    pk = models.CompositePrimaryKey("origin", "minute")
    origin = models.CharField(max_length=32)
    minute = models.DateTimeField()
    count = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.count} in {self.minute}"
