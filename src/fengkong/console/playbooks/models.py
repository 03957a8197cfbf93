"""Versions of playbooks that a firm wrote; what was shipped stands in `packs/playbooks`."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class PlaybookVersion(models.Model):
    """One version of a playbook; its text is fixed once it is proposed.

    `edition` goes up with every save. `hash` is that of its content, empty while it has faults.
    """

    class State(models.TextChoices):
        """Where a version stands."""

        DRAFT = "draft", _("draft")
        PROPOSED = "proposed", _("proposed")
        IN_USE = "in_use", _("in use")
        RETIRED = "retired", _("retired")
        DROPPED = "dropped", _("given up")

    name = models.CharField(max_length=60)
    number = models.PositiveIntegerField()
    text = models.TextField()
    hash = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.DRAFT)
    edition = models.PositiveIntegerField(default=1)
    reason = models.TextField(blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="playbooks"
    )
    changed_at = models.DateTimeField(default=timezone.now)
    approved_by = models.CharField(max_length=150, blank=True)
    in_use_since = models.DateTimeField(null=True)

    class Meta:
        ordering = ("name", "-number")
        constraints = (
            models.UniqueConstraint(fields=("name", "number"), name="one_playbook_a_version"),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.number}"
