"""Actions on customers and the core system that does them.

Nothing here is personal data: whom an action is about is a blind index, and `sequence` is a place
of the journal from which the core system's own name of them is read when it is told.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

ID_LENGTH: Final = 32


class CoreSystem(models.Model):
    """Where actions are sent: the system that holds the accounts.

    `actions` are those that it takes, empty for all; `secret` signs what is sent and what comes
    back, sealed. Of several that take an action, the oldest active one gets it.
    """

    name = models.CharField(max_length=80, unique=True)
    url = models.CharField(max_length=500)
    actions = models.JSONField(default=list)
    secret = models.BinaryField()
    active = models.BooleanField(default=True)
    created_by = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.name


class Action(models.Model):
    """One thing that was asked for about one subject.

    `content` holds the terms of a limit or a list. `reference` is what the other side calls it,
    `message` what it said last, `tries` how often it was told. `entry_id` is the list's entry of
    a list action.
    """

    class Kind(models.TextChoices):
        """What is asked for."""

        FREEZE = "freeze", _("freeze")
        DELAY = "delay", _("delay payments")
        ASK_VERIFICATION = "ask_verification", _("ask for verification")
        LIFT = "lift", _("lift")
        LIMIT_CHANGE = "limit_change", _("change a limit")
        LIST_ENTRY = "list_entry", _("put on a list")

    class State(models.TextChoices):
        """Where an action stands."""

        PROPOSED = "proposed", _("waits for a second person")
        WAITING = "waiting", _("is to be sent")
        SENT = "sent", _("taken, not confirmed")
        CONFIRMED = "confirmed", _("confirmed")
        REFUSED = "refused", _("refused")
        FAILED = "failed", _("given up")
        WITHDRAWN = "withdrawn", _("withdrawn")

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    subject = models.CharField(max_length=32)
    sequence = models.BigIntegerField()
    why = models.TextField()
    content = models.JSONField(default=dict)
    until = models.DateTimeField(null=True)
    alert_id = models.CharField(max_length=ID_LENGTH, blank=True)
    case_id = models.CharField(max_length=ID_LENGTH, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="actions_asked"
    )
    asked_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    proposal_id = models.BigIntegerField(null=True)
    entry_id = models.BigIntegerField(null=True)
    system = models.ForeignKey(CoreSystem, on_delete=models.PROTECT, null=True)
    tries = models.IntegerField(default=0)
    told_at = models.DateTimeField(null=True)
    reference = models.CharField(max_length=120, blank=True)
    message = models.CharField(max_length=400, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-asked_at", "-id")
        indexes = (
            models.Index(fields=("asked_at", "id"), name="actions_in_time"),
            models.Index(fields=("state", "asked_at", "id"), name="actions_by_state"),
            models.Index(fields=("subject", "asked_at"), name="actions_of_subject"),
            models.Index(fields=("case_id",), name="actions_of_case", condition=~Q(case_id="")),
            models.Index(fields=("alert_id",), name="actions_of_alert", condition=~Q(alert_id="")),
            models.Index(
                fields=("proposal_id",),
                name="actions_of_proposal",
                condition=Q(proposal_id__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.id} {self.kind} ({self.state})"

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something about it."""
        return self.state in OPEN


OPEN: Final = (
    Action.State.PROPOSED,
    Action.State.WAITING,
    Action.State.SENT,
    Action.State.FAILED,
)
"""The states of actions that the other side has not answered for good."""
