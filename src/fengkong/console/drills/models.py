"""Runs of drills."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class DrillSchedule(models.Model):
    """A drill that is repeated: every so many months, by whom, and when the next one is due.

    `hour` is when it begins on its day. `planned` is the run that was planned for it; `counted`
    the newest run that was taken into account; `told` what of the next day was told already.
    """

    class Told(models.TextChoices):
        """What was told of the next day."""

        NOTHING = "", _("nothing")
        SOON = "soon", _("due soon")
        OVERDUE = "overdue", _("past its day")

    drill = models.CharField(max_length=60, unique=True)
    months = models.PositiveSmallIntegerField()
    next_on = models.DateField()
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="drill_schedules"
    )
    hour = models.PositiveSmallIntegerField(default=10)
    planned = models.BigIntegerField(null=True)
    counted = models.BigIntegerField(default=0)
    told = models.CharField(max_length=8, choices=Told.choices, default=Told.NOTHING, blank=True)

    class Meta:
        ordering = ("next_on", "drill")

    def __str__(self) -> str:
        return self.drill


class DrillRun(models.Model):
    """One run of a script; `script` is the script as it stood when the run was planned.

    `pace` is how many minutes of the script pass in a minute. `incident` is the incident that the
    people opened. `injected` is how many injects were told. `sandbox` is what the attack's process
    says of itself: address, process, beat; `attack` counts what it sent and what came of it;
    `breaks` are the times when it broke off (`breaking_off`).
    """

    class State(models.TextChoices):
        """Where a run stands."""

        SCHEDULED = "scheduled", _("scheduled")
        RUNNING = "running", _("running")
        ENDED = "ended", _("ended")
        CANCELLED = "cancelled", _("cancelled")
        FAILED = "failed", _("attack failed")

    name = models.CharField(max_length=60)
    script = models.JSONField()
    mode = models.CharField(max_length=8)
    pace = models.FloatField(default=1.0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.SCHEDULED)
    planned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="drills"
    )
    planned_for = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    incident = models.BigIntegerField(null=True)
    injected = models.PositiveIntegerField(default=0)
    policy_name = models.CharField(max_length=80, blank=True)
    policy_text = models.TextField(blank=True)
    sandbox = models.JSONField(default=dict)
    attack = models.JSONField(default=dict)
    breaks = models.JSONField(default=list)
    score = models.JSONField(null=True)
    times = models.JSONField(null=True)
    remark = models.TextField(blank=True)

    class Meta:
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("state", "planned_for")),
            models.Index(fields=("name", "-ended_at")),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.pk}"

    def minute(self, now: datetime) -> float:
        """How many minutes of the script have passed."""
        if self.started_at is None:
            return 0.0
        return (now - self.started_at).total_seconds() / 60 * self.pace

    @property
    def minutes(self) -> int:
        """How long the script lasts."""
        return int(self.script["minutes"])

    @property
    def injects(self) -> list[dict[str, Any]]:
        """The script's injects."""
        return list(self.script["injects"])
