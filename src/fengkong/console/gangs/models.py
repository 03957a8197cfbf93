"""Gangs and who is in them.

What is found comes from the index of entities and can be found again; what operators did of it
(the disposition, the actions asked for) is kept with it. Members are named by their `key` of that
index, which leads nowhere once they were erased.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from fengkong.console.alerts.models import Disposition


class Gang(models.Model):
    """Members held together by what they share or by money they pass on.

    `members` counts them, `grown` those who joined in the week before `newest_at`. Amounts are in
    minor units of `currency`, of decisions of the last 30 days: `exposure_minor` was let through or
    held, `stopped_minor` was denied. `ties` counts what holds it together, by field. `cut` says
    that there are more members than are kept. `rank` orders the list: exposure, times one and the
    share of members who are new.
    """

    class State(models.TextChoices):
        """Where a gang stands."""

        OPEN = "open", pgettext_lazy("gang", "open")
        DISPOSED = "disposed", _("judged")
        MERGED = "merged", _("merged into another gang")
        DISSOLVED = "dissolved", _("fallen apart")

    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    members = models.IntegerField()
    grown = models.IntegerField()
    frauds = models.IntegerField()
    alerts = models.IntegerField()
    exposure_minor = models.BigIntegerField()
    stopped_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    rank = models.FloatField()
    ties = models.JSONField(default=dict)
    cut = models.BooleanField(default=False)
    first_at = models.DateTimeField()
    newest_at = models.DateTimeField()
    found_at = models.DateTimeField()
    checked_at = models.DateTimeField(db_index=True)
    merged_into = models.ForeignKey("self", null=True, on_delete=models.SET_NULL)
    disposition = models.CharField(max_length=20, blank=True)
    disposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT)
    disposed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=("state", "rank", "id"), name="gangs_by_rank"),
            models.Index(fields=("state", "grown", "id"), name="gangs_by_growth"),
            models.Index(fields=("state", "newest_at", "id"), name="gangs_in_time"),
        )

    def __str__(self) -> str:
        return f"{self.pk}: {self.members}"

    @property
    def disposition_title(self) -> str:
        """How it was judged, in words."""
        return str(Disposition(self.disposition).label) if self.disposition else ""


class Member(models.Model):
    """A member of one gang, since `joined_h`: the hour of the first tie to another.

    The rest is kept for the gang's page, as of when the gang was last looked at: the blind index,
    how many decisions there are and since when, and what of the gang's last 30 days is theirs.
    `is_fraud` follows each label at once.
    """

    key = models.BigIntegerField(primary_key=True)
    gang = models.ForeignKey(Gang, on_delete=models.CASCADE, related_name="people")
    joined_h = models.IntegerField()
    entity = models.CharField(max_length=32, default="", db_index=True)
    decisions = models.IntegerField(default=0)
    since = models.DateTimeField(null=True)
    moved_minor = models.BigIntegerField(default=0)
    stopped_minor = models.BigIntegerField(default=0)
    is_fraud = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.key} in {self.gang_id}"


class Search(models.Model):
    """How far decisions were looked through for gangs: one row."""

    sequence = models.BigIntegerField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"up to {self.sequence}"
