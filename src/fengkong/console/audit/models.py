"""Entries of the desk's ledger, the tree over them, its signed checkpoints, and verifications."""

from __future__ import annotations

import json
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AuditEntry(models.Model):
    """One act of an operator or of the system.

    `leaf` is what is proven: compact JSON with sorted keys, which names the hash of the leaf
    before it. The other columns repeat parts of it so that they can be searched. A detail that is
    too long for a leaf is in `payload`; the leaf names the digest of every detail.
    """

    sequence = models.BigIntegerField(primary_key=True)
    recorded_at = models.DateTimeField(db_index=True)
    actor = models.CharField(max_length=64)
    action = models.CharField(max_length=64)
    target_kind = models.CharField(max_length=40)
    target = models.CharField(max_length=200)
    leaf = models.BinaryField()
    leaf_hash = models.BinaryField(max_length=32)
    payload = models.BinaryField(null=True)

    class Meta:
        ordering = ("-sequence",)
        indexes = (
            models.Index(fields=("actor", "sequence"), name="audit_by_actor"),
            models.Index(fields=("action", "sequence"), name="audit_by_action"),
            models.Index(fields=("target_kind", "target", "sequence"), name="audit_by_target"),
        )

    def __str__(self) -> str:
        return f"{self.sequence} {self.actor} {self.action} {self.target_kind}:{self.target}"

    @property
    def detail(self) -> dict[str, Any]:
        """What was before and after; empty where the act has none."""
        found = json.loads(bytes(self.leaf)).get("detail")
        if found is None and self.payload is not None:
            found = json.loads(bytes(self.payload))
        return found if isinstance(found, dict) else {}


class AuditTile(models.Model):
    """A finished tile of the Merkle tree: 256 hashes, one after the other (C2SP tlog-tiles)."""

    level = models.PositiveSmallIntegerField()
    number = models.PositiveBigIntegerField()
    hashes = models.BinaryField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("level", "number"), name="one_tile_of_a_place"),
        )

    def __str__(self) -> str:
        return f"tile {self.level}/{self.number}"


class AuditCheckpoint(models.Model):
    """A signed promise of so many entries under one root (C2SP tlog-checkpoint)."""

    size = models.BigIntegerField(primary_key=True)
    signed_at = models.DateTimeField()
    note = models.BinaryField()

    class Meta:
        ordering = ("-size",)

    def __str__(self) -> str:
        return f"checkpoint of {self.size}"


class Verification(models.Model):
    """One check of the whole ledger; it goes on step by step, and keeps where it is."""

    class State(models.TextChoices):
        """How far a verification came."""

        RUNNING = "running", _("running")
        INTACT = "intact", _("intact")
        BROKEN = "broken", _("broken")

    started_by = models.CharField(max_length=64)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    upto = models.BigIntegerField()
    done = models.BigIntegerField(default=0)
    previous = models.CharField(max_length=64)
    frontier = models.BinaryField()
    root = models.BinaryField(null=True)
    signed_size = models.BigIntegerField(default=0)
    finding = models.CharField(max_length=32, blank=True)
    entry = models.BigIntegerField(null=True)
    facts = models.JSONField(default=dict)

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"verification of {self.upto} entries ({self.state})"

    @property
    def percent(self) -> int:
        """How much is done, 0 to 100."""
        return 100 if not self.upto else int(100 * self.done / self.upto)
