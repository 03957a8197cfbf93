"""Entries of lists as the desk keeps them; the lists that count are those of the engine.

An entry is in force in the engine once its change is in the journal (`added_sequence`); the
engine knows its own lists from the same journal, so a restart of either changes nothing.
"""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ListImport(models.Model):
    """Many entries that were added together and can be taken back together.

    `preview` holds what was read from the file, sealed, until it is confirmed or dropped.
    """

    class State(models.TextChoices):
        """Where an import stands."""

        PREVIEWED = "previewed", _("waits for confirmation")
        ADDED = "added", _("added")
        REVERTED = "reverted", _("taken back")

    list_name = models.CharField(max_length=128)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PREVIEWED)
    file_name = models.CharField(max_length=120)
    reason = models.TextField()
    author = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    rows = models.IntegerField(default=0)
    faults = models.JSONField(default=list)
    preview = models.BinaryField(null=True)
    reverted_by = models.CharField(max_length=64, blank=True)
    reverted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.pk} {self.list_name} ({self.state})"


class ListEntry(models.Model):
    """A value on a list for a time.

    `value_digest` finds the value without knowing it, `value_sealed` holds it under the console's
    own key, `masked` is what screens show. `added_event` and `ended_event` are the ids of the
    events that change the engine's list; their sequences are empty until the journal has them.
    `hits` counts decisions in which a rule that asks this list hit while the value was on it.
    """

    list_name = models.CharField(max_length=128)
    entity = models.CharField(max_length=64)
    value_digest = models.CharField(max_length=32)
    value_sealed = models.BinaryField()
    masked = models.CharField(max_length=160)
    reason = models.TextField()
    author = models.CharField(max_length=64)
    added_at = models.DateTimeField(default=timezone.now)
    starts_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    added_event = models.CharField(max_length=128, unique=True)
    added_sequence = models.BigIntegerField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=64, blank=True)
    ended_reason = models.TextField(blank=True)
    ended_event = models.CharField(max_length=128, blank=True)
    ended_sequence = models.BigIntegerField(null=True)
    refused = models.TextField(blank=True)
    imported = models.ForeignKey(ListImport, null=True, on_delete=models.PROTECT)
    hits = models.IntegerField(default=0)
    last_hit_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-added_at", "-id")
        indexes = (
            models.Index(fields=("list_name", "added_at", "id"), name="list_entries_in_time"),
            models.Index(fields=("list_name", "value_digest"), name="list_entries_by_value"),
            models.Index(fields=("value_digest",), name="list_entries_of_value"),
            models.Index(fields=("list_name", "ended_at", "expires_at"), name="list_entries_ends"),
        )

    def __str__(self) -> str:
        return f"{self.list_name}: {self.masked}"

    @property
    def has_expired(self) -> bool:
        """Whether its last day is over."""
        return self.expires_at is not None and self.expires_at <= timezone.now()
