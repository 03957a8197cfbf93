"""Alerts, what became of them, and how the desk is organised.

An alert has two halves. What is made of decisions comes from the journal, by the tail, and may be
made again at any time; what operators did stands in the same row and is kept then. Nothing here
is personal data: whom an alert is about is a blind index.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

ID_LENGTH: Final = 32
NAME_LENGTH: Final = 64


class Disposition(models.TextChoices):
    """How an alert ends."""

    CONFIRMED_FRAUD = "confirmed_fraud", _("confirmed fraud")
    SUSPICIOUS = "suspicious", _("suspicious")
    FALSE_POSITIVE = "false_positive", _("false positive")
    CUSTOMER_CONFIRMED = "customer_confirmed", _("customer confirmed")


class AlertTerms(models.Model):
    """How alerts are made from the decisions behind `from_sequence` on, until the next terms.

    Because they are tied to places of the journal, the journal read again gives the same alerts.
    """

    from_sequence = models.BigIntegerField(primary_key=True)
    content = models.JSONField()
    set_by = models.CharField(max_length=64)
    set_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("from_sequence",)

    def __str__(self) -> str:
        return f"behind {self.from_sequence}"


class Closing(models.Model):
    """Alerts closed together: until `undo_until` it can be undone, then the labels are sent.

    `labelled_at` is when the decision service had all of them; `labels` is how many there were.
    """

    disposition = models.CharField(max_length=20, choices=Disposition.choices)
    reason_code = models.CharField(max_length=NAME_LENGTH)
    remark = models.TextField(blank=True)
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="alert_closings"
    )
    at = models.DateTimeField(default=timezone.now)
    undo_until = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)
    labelled_at = models.DateTimeField(null=True)
    labels = models.IntegerField(default=0)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(
                fields=("undo_until",),
                name="closings_unlabelled",
                condition=Q(undone_at=None, labelled_at=None),
            ),
            models.Index(fields=("operator", "at"), name="closings_by_operator"),
        )

    def __str__(self) -> str:
        return f"{self.pk} {self.disposition}"


class Alert(models.Model):
    """Decisions about one subject of one typology within a window.

    `subject` is a blind index. `expected_loss_minor` is in minor units of `currency`, the desk's
    own; `exposure_minor` is the same without probabilities. `rank_at` orders the queue: the
    instant when it is due, earlier the more there is to lose. `outcome` is the strongest of its
    decisions. `made` is false while the read model is filled again and has not come to it.
    `closed_sequence` is how far the journal was read when it was closed: decisions behind it make
    a new alert. `team` and `skill` say in whose inbox it lies.
    """

    class State(models.TextChoices):
        """Where an alert stands."""

        OPEN = "open", _("open")
        SNOOZED = "snoozed", _("snoozed")
        CLOSED = "closed", _("closed")

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    subject = models.CharField(max_length=32)
    typology = models.CharField(max_length=NAME_LENGTH)
    event_type = models.CharField(max_length=64)
    policy = models.CharField(max_length=255)
    outcome = models.CharField(max_length=10)
    first_sequence = models.BigIntegerField()
    newest_sequence = models.BigIntegerField()
    opened_at = models.DateTimeField()
    newest_at = models.DateTimeField()
    due_at = models.DateTimeField()
    rank_at = models.DateTimeField()
    decisions = models.IntegerField()
    points = models.FloatField()
    probability = models.FloatField(null=True)
    exposure_minor = models.BigIntegerField()
    expected_loss_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    rules = models.JSONField(default=list)
    made = models.BooleanField(default=True)

    team = models.CharField(max_length=NAME_LENGTH)
    skill = models.CharField(max_length=NAME_LENGTH)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    snoozed_until = models.DateTimeField(null=True)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="claimed_alerts"
    )
    claimed_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)
    case_id = models.CharField(max_length=ID_LENGTH, null=True)
    disposition = models.CharField(max_length=20, choices=Disposition.choices, blank=True)
    reason_code = models.CharField(max_length=NAME_LENGTH, blank=True)
    closing = models.ForeignKey(Closing, on_delete=models.PROTECT, null=True, related_name="alerts")
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="alerts_ended",
    )
    closed_at = models.DateTimeField(null=True)
    closed_sequence = models.BigIntegerField(null=True)

    class Meta:
        ordering = ("rank_at", "id")
        indexes = (
            models.Index(fields=("state", "rank_at", "id"), name="alerts_in_rank"),
            models.Index(
                fields=("state", "made", "team", "skill", "outcome"), name="alerts_counted"
            ),
            models.Index(
                fields=("subject", "typology", "first_sequence"), name="alerts_of_subject"
            ),
            models.Index(fields=("state", "newest_at", "id"), name="alerts_in_time"),
            models.Index(fields=("state", "closed_at", "id"), name="alerts_by_end"),
            models.Index(fields=("case_id",), name="alerts_of_case"),
            models.Index(fields=("first_sequence",), name="alerts_as_made"),
            models.Index(
                fields=("claimed_by", "claimed_until"),
                name="alerts_claimed",
                condition=Q(claimed_by__isnull=False),
            ),
            models.Index(
                fields=("snoozed_until",),
                name="alerts_asleep",
                condition=Q(state="snoozed"),
            ),
            models.Index(fields=("id",), name="alerts_unmade", condition=Q(made=False)),
        )

    def __str__(self) -> str:
        return f"{self.id} {self.typology} ({self.state})"

    @property
    def short_id(self) -> str:
        """As it is said on the phone."""
        return self.id[:8]


class AlertDecision(models.Model):
    """A decision of an alert; every decision is of one alert at most.

    `slept` says that it came while the alert was snoozed.
    """

    sequence = models.BigIntegerField(primary_key=True)
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="made_of")
    event_id = models.CharField(max_length=128)
    recorded_at = models.DateTimeField()
    slept = models.BooleanField(default=False)

    class Meta:
        ordering = ("sequence",)
        indexes = (models.Index(fields=("alert", "sequence"), name="decisions_of_alert"),)

    def __str__(self) -> str:
        return f"{self.sequence} of {self.alert_id}"


class Snooze(models.Model):
    """A subject and a typology that rest: decisions join the newest alert and wake nobody.

    It holds for decisions behind `from_sequence` that are recorded before `until`, up to
    `ended_sequence` where somebody ended it before.
    """

    alert_id = models.CharField(max_length=ID_LENGTH)
    subject = models.CharField(max_length=32)
    typology = models.CharField(max_length=NAME_LENGTH)
    from_sequence = models.BigIntegerField()
    until = models.DateTimeField()
    ended_sequence = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=400)
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="alert_snoozes"
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("until",), name="snoozes_by_end"),
            models.Index(fields=("alert_id",), name="snoozes_of_alert"),
        )

    def __str__(self) -> str:
        return f"{self.alert_id} until {self.until}"


class DeskMember(models.Model):
    """How somebody works at the desk: teams, what they are skilled in, and how screens behave.

    Empty `teams` or `skills` are all of them.
    """

    operator = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="desk",
    )
    teams = models.JSONField(default=list)
    skills = models.JSONField(default=list)
    hotkeys = models.BooleanField(_("hotkeys"), default=True)
    auto_advance = models.BooleanField(_("open the next alert by itself"), default=True)

    def __str__(self) -> str:
        return f"{self.operator_id}: {', '.join(self.teams)}"


class SavedView(models.Model):
    """A query of the queue under a name; a shared one is there for everybody."""

    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="alert_views"
    )
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500)
    shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(fields=("operator", "name"), name="one_view_of_a_name"),
        )

    def __str__(self) -> str:
        return self.name


class Presence(models.Model):
    """Who has an alert on screen; `at` is when their screen said so last."""

    pk = models.CompositePrimaryKey("alert_id", "operator_id")
    alert_id = models.CharField(max_length=ID_LENGTH)
    operator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.operator_id} at {self.alert_id}"


class Handover(models.Model):
    """A shift handed over: what the next one must know, and how many claims went with it."""

    giver = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="shifts_given"
    )
    taker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="shifts_taken"
    )
    note = models.TextField()
    alerts = models.IntegerField(default=0)
    at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.giver_id} to {self.taker_id} at {self.at}"
