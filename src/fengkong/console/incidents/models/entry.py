"""What happened in an incident, and what was decided."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from fengkong.console.incidents.models.incident import Incident


class TimelineEntry(models.Model):
    """Something that happened; never changed. The ledger has its digest.

    `kind` has words (`timeline.KINDS`), `facts` fill them; `text` is what a person wrote. A `key`
    is that of at most one entry of an incident, so that what is told again is there once.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="timeline")
    at = models.DateTimeField(default=timezone.now)
    actor = models.CharField(max_length=150)
    kind = models.CharField(max_length=40)
    facts = models.JSONField(default=dict)
    text = models.TextField(blank=True)
    key = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ("at", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("incident", "key"),
                condition=~models.Q(key=""),
                name="one_entry_of_a_key",
            ),
        )

    def __str__(self) -> str:
        return f"{self.at:%F %T} {self.actor} {self.kind}"


class IncidentDecision(models.Model):
    """What was decided, why, and what else was possible; never changed, only followed."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="decisions")
    decided_at = models.DateTimeField(default=timezone.now)
    decided_by = models.CharField(max_length=150)
    what = models.TextField()
    reason = models.TextField()
    alternatives = models.TextField(blank=True)
    known = models.TextField(blank=True)

    class Meta:
        ordering = ("decided_at", "pk")

    def __str__(self) -> str:
        return self.what[:80]
