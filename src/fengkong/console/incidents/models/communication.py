"""Texts for those outside."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.incidents.models.incident import Incident


class Communication(models.Model):
    """A text for somebody outside: drafted by one, approved by another, then marked as sent."""

    class Audience(models.TextChoices):
        """For whom it is."""

        CUSTOMERS = "customers", _("customers")
        PARTNERS = "partners", _("partners")
        PRESS = "press", _("press")
        REGULATOR = "regulator", _("regulator")
        STAFF = "staff", _("staff")

    class State(models.TextChoices):
        """Where it stands."""

        DRAFT = "draft", _("draft")
        APPROVED = "approved", _("approved")
        SENT = "sent", _("sent")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="communications")
    audience = models.CharField(max_length=10, choices=Audience.choices)
    template = models.CharField(max_length=60, blank=True)
    language = models.CharField(max_length=2)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.DRAFT)
    edition = models.PositiveIntegerField(default=1)
    written_by = models.CharField(max_length=150)
    written_at = models.DateTimeField(default=timezone.now)
    approved_by = models.CharField(max_length=150, blank=True)
    approved_at = models.DateTimeField(null=True)
    sent_by = models.CharField(max_length=150, blank=True)
    sent_at = models.DateTimeField(null=True)
    sent_how = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.subject
