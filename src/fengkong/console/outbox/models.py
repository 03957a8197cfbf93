"""Jobs: what is to be done, who is at it, and what became of it; and when repeated ones are due."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Job(models.Model):
    """One thing to be done; `kind` says by which handler, `content` with what (no personal data).

    `holder` has it until `leased_until`; whoever dies with it loses it then. `key`, where there
    is one, is that of at most one job that is not finished. `due_at` is when it may be taken.
    """

    class State(models.TextChoices):
        """Where a job stands."""

        WAITING = "waiting", _("waits")
        RUNNING = "running", _("is being done")
        DONE = "done", _("done")
        DEAD = "dead", _("given up")

    kind = models.CharField(max_length=64)
    content = models.JSONField(default=dict)
    key = models.CharField(max_length=128, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.IntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    holder = models.CharField(max_length=80, blank=True)
    leased_until = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("state", "due_at"), name="jobs_to_take"),
            models.Index(fields=("kind", "state"), name="jobs_by_kind"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "key"),
                name="one_open_job_of_a_key",
                condition=models.Q(state__in=("waiting", "running")) & ~models.Q(key=""),
            ),
        )

    def __str__(self) -> str:
        return f"{self.pk} {self.kind} ({self.state})"


class Schedule(models.Model):
    """When a repeated job is due next."""

    kind = models.CharField(max_length=64, primary_key=True)
    next_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} at {self.next_at}"
