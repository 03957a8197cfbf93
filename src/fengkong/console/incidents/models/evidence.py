"""Files that were kept, and who had them."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.incidents.models.incident import Incident


class Evidence(models.Model):
    """A file that was kept; sealed on disk, its digest in the ledger."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="evidence")
    name = models.CharField(max_length=200)
    source = models.CharField(max_length=300)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    collected_by = models.CharField(max_length=150)
    collected_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.name

    @property
    def kept_as(self) -> str:
        """The name under which it is sealed."""
        return f"evidence-{self.pk}"


class Custody(models.Model):
    """Who had a piece of evidence, when, and what for; never changed."""

    class Act(models.TextChoices):
        """What was done with it."""

        COLLECTED = "collected", _("collected")
        VERIFIED = "verified", _("verified: unchanged")
        DAMAGED = "damaged", _("verified: CHANGED")
        TAKEN = "taken", _("downloaded")
        HANDED = "handed", _("handed over")

    evidence = models.ForeignKey(Evidence, on_delete=models.CASCADE, related_name="custody")
    at = models.DateTimeField(default=timezone.now)
    actor = models.CharField(max_length=150)
    act = models.CharField(max_length=10, choices=Act.choices)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.act} by {self.actor}"
