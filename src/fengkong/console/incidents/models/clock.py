"""Duties to report by a time."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from fengkong.console.incidents.models.incident import Incident


class RunningClock(models.Model):
    """A duty to report by a time; `terms` is the clock's id in `packs/regulations`.

    `content` is the clock's terms as they stood when it began. `warned` are the shares of its time
    at which the liaison was told, in percent.
    """

    class State(models.TextChoices):
        """What became of it."""

        RUNNING = "running", _("running")
        MET = "met", _("reported")
        WAIVED = "waived", _("not due")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="clocks")
    terms = models.CharField(max_length=60)
    content = models.JSONField(default=dict)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=150, blank=True)
    reference = models.CharField(max_length=200, blank=True)
    reason = models.TextField(blank=True)
    warned = models.JSONField(default=list)

    class Meta:
        ordering = ("due_at", "pk")
        constraints = (
            models.UniqueConstraint(fields=("incident", "terms"), name="one_clock_of_its_terms"),
        )
        indexes = (models.Index(fields=("state", "due_at"), name="clocks_running"),)

    def __str__(self) -> str:
        return f"{self.terms} until {self.due_at:%F %R}"
