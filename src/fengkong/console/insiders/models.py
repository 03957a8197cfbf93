"""What operators look at, when they work, and the alerts about them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class LookUp(models.Model):
    """How often an operator looked at something of a kind within an hour."""

    operator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    what = models.CharField(max_length=20)
    hour = models.DateTimeField()
    count = models.IntegerField(default=0)
    last_target = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("operator", "what", "hour"), name="one_count_an_hour"),
        )
        indexes = (models.Index(fields=("hour",), name="look_ups_by_hour"),)

    def __str__(self) -> str:
        return f"{self.operator} {self.what} {self.hour:%F %H}: {self.count}"


class WorkingHours(models.Model):
    """When an operator works; whoever has none works from 8 to 20."""

    operator = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="working_hours"
    )
    starts_at = models.TimeField(_("begins"))
    ends_at = models.TimeField(_("ends"))
    weekends = models.BooleanField(_("works on days off too"), default=False)

    def __str__(self) -> str:
        return f"{self.operator}: {self.starts_at:%R} to {self.ends_at:%R}"


class InsiderAlert(models.Model):
    """Something unusual that an operator did on a day; `operator` None is about the ledger."""

    class State(models.TextChoices):
        """Where an alert stands."""

        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")

    kind = models.CharField(max_length=20)
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="alerts_about",
    )
    day = models.DateField()
    observed = models.IntegerField()
    limit = models.IntegerField()
    usual = models.FloatField(null=True)
    raised_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="closed_alerts"
    )
    closed_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("kind", "operator", "day"), name="one_alert_a_day"),
        )
        indexes = (models.Index(fields=("state", "-id"), name="insider_alerts_open"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.day} ({self.state})"
