"""Stop-loss switches, and the policies that were derived for them."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.incidents.models.incident import Incident


class Switch(models.Model):
    """A stop-loss switch: rules that are put before those of the live policy, until `until`.

    `kind` is one of `switching.KINDS`, `terms` what it was given. `policy_sequence` is the entry of
    the journal from which decisions are made under it, `policy_hash` the policy that has it.
    """

    class State(models.TextChoices):
        """Where it stands."""

        PROPOSED = "proposed", _("waits for a second person")
        SETTING = "setting", _("is being set")
        ON = "on", _("on")
        ENDING = "ending", _("is being ended")
        ENDED = "ended", _("ended")
        REFUSED = "refused", _("was not set")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="switches")
    kind = models.CharField(max_length=24)
    terms = models.JSONField(default=dict)
    reason = models.TextField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.PROPOSED)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField(default=timezone.now)
    approved_by = models.CharField(max_length=150, blank=True)
    approved_at = models.DateTimeField(null=True)
    on_at = models.DateTimeField(null=True)
    until = models.DateTimeField()
    end_asked_by = models.CharField(max_length=150, blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=300, blank=True)
    policy_hash = models.CharField(max_length=64, blank=True)
    policy_sequence = models.BigIntegerField(null=True)
    problem = models.TextField(blank=True)

    class Meta:
        ordering = ("pk",)
        indexes = (models.Index(fields=("state", "until"), name="switches_to_end"),)

    def __str__(self) -> str:
        return f"{self.kind} of incident {self.incident_id}"

    @property
    def rule(self) -> str:
        """The id of its rule, as decisions name it."""
        return f"switch.{self.kind}_{self.pk}"


class SwitchedPolicy(models.Model):
    """A version of a policy that was derived for switches, and the version without them.

    Both are ids of versions of governance.
    """

    version = models.BigIntegerField(unique=True)
    base = models.BigIntegerField()
    switches = models.JSONField(default=list)
    made_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.version} of {self.base}"
