"""The after-action review: causes and actions."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.incidents.models.incident import Incident


class Cause(models.Model):
    """Why it happened, or why it was not stopped earlier."""

    class Kind(models.TextChoices):
        """What sort of cause."""

        ROOT = "root", _("root cause")
        CONTRIBUTING = "contributing", _("contributing cause")
        DETECTION = "detection", _("why it was not seen earlier")
        WENT_WELL = "went_well", _("what went well")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="causes")
    kind = models.CharField(max_length=14, choices=Kind.choices, default=Kind.ROOT)
    text = models.TextField()
    written_by = models.CharField(max_length=150)
    written_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.text[:80]


class FollowUp(models.Model):
    """An action of the after-action review; done only with what it changed named."""

    class Changes(models.TextChoices):
        """What it is to change."""

        THRESHOLD = "threshold", _("threshold")
        RULE = "rule", _("rule or policy")
        PLAYBOOK = "playbook", _("playbook")
        LIST = "list", _("list")
        SYSTEM = "system", _("system or process")
        TRAINING = "training", _("training")

    class State(models.TextChoices):
        """What became of it."""

        OPEN = "open", _("to do")
        DONE = "done", _("done")
        DROPPED = "dropped", _("dropped")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="follow_ups")
    cause = models.ForeignKey(Cause, on_delete=models.SET_NULL, null=True, related_name="actions")
    text = models.TextField()
    changes = models.CharField(max_length=10, choices=Changes.choices)
    target = models.CharField(max_length=200, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="follow_ups"
    )
    due_on = models.DateField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    changed = models.CharField(max_length=200, blank=True)
    note = models.TextField(blank=True)
    done_by = models.CharField(max_length=150, blank=True)
    done_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("pk",)
        indexes = (models.Index(fields=("state", "due_on"), name="follow_ups_due"),)

    def __str__(self) -> str:
        return self.text[:80]
