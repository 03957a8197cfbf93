"""What is to be done in an incident."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.incidents.models.incident import Incident
from fengkong.console.incidents.models.role import IncidentRole


class IncidentTask(models.Model):
    """Something to do in a phase; `due_at` is when it is overdue.

    `step` is the step of the playbook that it comes from. `escalated_at` is when the commander was
    told that it is overdue.
    """

    class State(models.TextChoices):
        """What became of it."""

        OPEN = "open", _("to do")
        DONE = "done", _("done")
        SKIPPED = "skipped", _("skipped")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="tasks")
    step = models.CharField(max_length=60, blank=True)
    phase = models.CharField(max_length=10, choices=Incident.PhaseName.choices)
    title_zh = models.CharField(max_length=300)
    title_en = models.CharField(max_length=300)
    part = models.CharField(max_length=16, choices=IncidentRole.Part.choices, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="incident_tasks"
    )
    required = models.BooleanField(default=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.CharField(max_length=150, blank=True)
    outcome = models.TextField(blank=True)
    escalated_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("pk",)
        indexes = (models.Index(fields=("state", "due_at"), name="tasks_overdue"),)

    def __str__(self) -> str:
        return self.title_en
