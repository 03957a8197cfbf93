"""Versions of policies, every step that was taken with them, and what was asked of the service."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.governance import states


class PolicyVersion(models.Model):
    """One version of a policy with its text; the text is fixed once it is proposed.

    `edition` goes up with every save, so that two who edit at once are told. `hash` is that of the
    policy's content, empty while the text has faults. `origin` says where it was written; `base`
    is the version it was drafted from. `backtest` is the last comparison with the live policy.
    `part` says whether it changes a whole policy, or one parameter or model of its base (`parts`);
    `change` is that one change.
    """

    class State(models.TextChoices):
        """Where a version stands; the words of `states.State`."""

        DRAFT = states.State.DRAFT.value, _("draft")
        CHECKED = states.State.CHECKED.value, _("checked")
        BACKTESTED = states.State.BACKTESTED.value, _("back-tested")
        PROPOSED = states.State.PROPOSED.value, _("proposed")
        APPROVED = states.State.APPROVED.value, _("approved")
        SHADOW = states.State.SHADOW.value, _("in shadow")
        CANARY = states.State.CANARY.value, _("for a share of the traffic")
        LIVE = states.State.LIVE.value, _("live")
        RETIRED = states.State.RETIRED.value, _("retired")

    class Origin(models.TextChoices):
        """Where a version was written."""

        CONSOLE = "console", _("written here")
        SERVICE = "service", _("published by the command line")

    class Part(models.TextChoices):
        """What a version is of."""

        POLICY = "policy", _("whole policy")
        PARAMETER = "parameter", _("parameter")
        MODEL = "model", _("model")

    name = models.CharField(max_length=80)
    number = models.PositiveIntegerField()
    title_zh = models.CharField(max_length=200, blank=True)
    title_en = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    hash = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.DRAFT)
    edition = models.PositiveIntegerField(default=1)
    note = models.TextField(blank=True)
    origin = models.CharField(max_length=8, choices=Origin.choices, default=Origin.CONSOLE)
    base = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="drafts")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="policies"
    )
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    backtest = models.JSONField(null=True)
    part = models.CharField(max_length=10, choices=Part.choices, default=Part.POLICY)
    change = models.JSONField(null=True)
    was_live_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-changed_at",)
        indexes = (
            models.Index(fields=("name", "-number")),
            models.Index(fields=("hash",)),
            models.Index(fields=("state", "-changed_at")),
        )
        constraints = (
            models.UniqueConstraint(fields=("name", "number"), name="one_text_a_version"),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.number}"

    @property
    def standing(self) -> states.State:
        """The state, as the state machine knows it."""
        return states.State(self.state)

    @property
    def editable(self) -> bool:
        """Whether the text may still change."""
        return self.standing in states.EDITABLE


class VersionStep(models.Model):
    """A step that was taken with a version; never changed.

    One that began a canary, or gave it another share, says the `share` of the subjects, or of the
    values of the entity `by`.
    """

    version = models.ForeignKey(PolicyVersion, on_delete=models.CASCADE, related_name="steps")
    at = models.DateTimeField(default=timezone.now)
    actor = models.CharField(max_length=150)
    step = models.CharField(max_length=16)
    before = models.CharField(max_length=12, choices=PolicyVersion.State.choices, blank=True)
    after = models.CharField(max_length=12, choices=PolicyVersion.State.choices)
    reason = models.TextField(blank=True)
    share = models.FloatField(null=True)
    by = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ("at", "pk")

    def __str__(self) -> str:
        return f"{self.version}: {self.step} by {self.actor}"


class ServiceChange(models.Model):
    """Something that the service is to do, and what became of it.

    `version` is what is to run (of a roll-back: what was live when it was asked for). `expected`
    is the hash of the policy that was live then. A canary has a `share` of the subjects, or of the
    values of the entity `by`.
    """

    class Kind(models.TextChoices):
        """What is asked of the service."""

        LIVE = "live", _("put in force")
        SHADOW = "shadow", _("run in shadow")
        CANARY = "canary", _("run for a share of the traffic")
        END_SHADOW = "end_shadow", _("end the shadow")
        END_CANARY = "end_canary", _("end the canary")
        ROLL_BACK = "roll_back", _("roll back")

    class State(models.TextChoices):
        """What became of it."""

        WAITING = "waiting", _("is being done")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    kind = models.CharField(max_length=12, choices=Kind.choices)
    version = models.ForeignKey(
        PolicyVersion, on_delete=models.PROTECT, null=True, related_name="changes"
    )
    share = models.FloatField(null=True)
    by = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    expected = models.CharField(max_length=64, blank=True)
    asked_by = models.CharField(max_length=150)
    approved_by = models.CharField(max_length=150, blank=True)
    reason = models.TextField(blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True)
    message = models.TextField(blank=True)

    class Meta:
        ordering = ("-asked_at",)
        indexes = (models.Index(fields=("state",)),)

    def __str__(self) -> str:
        return f"{self.kind} {self.version or ''} ({self.state})"


class ServiceView(models.Model):
    """What the service was last seen to run; there is one row.

    `live`, `shadow` and `canary` are `{policy, version, hash}`, a canary with `share` and `by`;
    `problem` says why it could not be asked.
    """

    live = models.JSONField(null=True)
    shadow = models.JSONField(null=True)
    canary = models.JSONField(null=True)
    activations = models.JSONField(default=list)
    seen_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"seen {self.seen_at}"
