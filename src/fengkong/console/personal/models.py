"""What was revealed, exported and erased: by whom, why, and what became of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Reason(models.TextChoices):
    """Why personal data are looked at."""

    CALL = "call", _("To call the customer back")
    CASE = "case", _("To examine a case")
    COMPLAINT = "complaint", _("To answer a complaint")
    AUTHORITY = "authority", _("An authority asks")
    MATCH = "match", _("To confirm a match of a list")
    CORRECTION = "correction", _("To correct data")


class Reveal(models.Model):
    """One field of one event that was shown in the clear; the value itself is kept nowhere."""

    operator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    sequence = models.BigIntegerField()
    field = models.CharField(max_length=64)
    reason = models.CharField(max_length=12, choices=Reason.choices)
    text = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("operator", "at"), name="reveals_of_one"),)

    def __str__(self) -> str:
        return f"{self.operator} {self.field} of {self.sequence}"


class Export(models.Model):
    """A file of personal data; sealed, marked, and gone after its time."""

    class State(models.TextChoices):
        """Where an export stands."""

        MAKING = "making", _("is being made")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")
        GONE = "gone", _("no longer kept")

    class Form(models.TextChoices):
        """What kind of file it is."""

        CSV = "csv", "CSV"
        PDF = "pdf", "PDF"

    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="exports"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="approved_exports"
    )
    purpose = models.CharField(max_length=200)
    event_type = models.CharField(max_length=64)
    since = models.DateTimeField()
    until = models.DateTimeField()
    fields = models.JSONField()
    form = models.CharField(max_length=3, choices=Form.choices)
    mark = models.CharField(max_length=16, unique=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.MAKING)
    rows = models.IntegerField(default=0)
    made_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    downloads = models.IntegerField(default=0)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("state", "expires_at"), name="exports_to_expire"),)

    def __str__(self) -> str:
        return f"export {self.pk} of {self.operator} ({self.state})"


class Erasure(models.Model):
    """A person whose data are to be erased; who it is stands sealed here until it is done."""

    class State(models.TextChoices):
        """Where an erasure stands."""

        WAITING = "waiting", _("is being done")
        DONE = "done", _("done")
        UNKNOWN = "unknown", _("nothing was known of them")

    shown = models.CharField(max_length=80)
    sealed = models.BinaryField()
    reason = models.CharField(max_length=200)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="erasures"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="approved_erasures"
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    asked_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"erasure {self.pk} ({self.state})"
