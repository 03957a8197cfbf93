"""The incident itself, and what it is about."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.response.phases import Phase


class Incident(models.Model):
    """An attack or a failure that is answered in phases.

    `severity` is 1 (gravest) to 4. `aware_at` is when the firm knew of it: regulatory clocks begin
    there. `facts` are what the law asks about, by name (`packs/response/facts.yaml`). `playbook` is
    the playbook as it stood when it was started, whole. `drill` is the run of a drill that it
    belongs to; an incident of a drill never touches the live policy.
    """

    class PhaseName(models.TextChoices):
        """The phases, in words."""

        IDENTIFY = Phase.IDENTIFY.value, _("identify")
        ASSESS = Phase.ASSESS.value, _("assess")
        DECIDE = Phase.DECIDE.value, _("decide")
        CONTAIN = Phase.CONTAIN.value, _("contain")
        RECOVER = Phase.RECOVER.value, _("recover")
        REVIEW = Phase.REVIEW.value, _("after-action review")
        CLOSED = Phase.CLOSED.value, _("closed")

    class Source(models.TextChoices):
        """What it was opened from."""

        WARNING = "warning", _("a warning")
        ALERT = "alert", _("an alert")
        CASE = "case", _("a case")
        HAND = "hand", _("by hand")
        DRILL = "drill", _("a drill")

    kind = models.CharField(max_length=40)
    severity = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=200)
    summary = models.TextField(blank=True)
    phase = models.CharField(max_length=10, choices=PhaseName.choices, default=PhaseName.IDENTIFY)
    phase_since = models.DateTimeField(default=timezone.now)
    source = models.CharField(max_length=8, choices=Source.choices, default=Source.HAND)
    opened_by = models.CharField(max_length=150)
    opened_at = models.DateTimeField(default=timezone.now)
    aware_at = models.DateTimeField(default=timezone.now)
    classified_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    facts = models.JSONField(default=dict)
    impact = models.TextField(blank=True)
    customers = models.PositiveIntegerField(null=True)
    loss_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, default="CNY")
    playbook = models.JSONField(null=True)
    playbook_name = models.CharField(max_length=60, blank=True)
    playbook_version = models.PositiveIntegerField(null=True)
    no_playbook = models.TextField(blank=True)
    exits_met = models.JSONField(default=list)
    drill = models.BigIntegerField(null=True)

    class Meta:
        ordering = ("-opened_at", "-pk")
        indexes = (
            models.Index(fields=("phase", "-opened_at")),
            models.Index(fields=("kind", "-opened_at")),
            models.Index(fields=("drill",)),
        )

    def __str__(self) -> str:
        return f"{self.pk} {self.title}"

    @property
    def standing(self) -> Phase:
        """The phase, as the state machine knows it."""
        return Phase(self.phase)

    @property
    def is_open(self) -> bool:
        """Whether it is not closed."""
        return self.phase != Phase.CLOSED


class IncidentLink(models.Model):
    """What an incident is about: an alert, a case, a warning, a policy, by its id."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="links")
    kind = models.CharField(max_length=16)
    reference = models.CharField(max_length=128)
    linked_by = models.CharField(max_length=150)
    linked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("incident", "kind", "reference"), name="one_link_to_a_thing"
            ),
        )
        indexes = (models.Index(fields=("kind", "reference"), name="incidents_of_a_thing"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"
