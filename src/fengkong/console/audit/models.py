"""Entries of the desk's ledger."""

from __future__ import annotations

from django.db import models


class AuditEntry(models.Model):
    """One act of an operator or of the system.

    `leaf` is what is proven: compact JSON with sorted keys, which names the hash of the leaf
    before it. The other columns repeat parts of it so that they can be searched.
    """

    sequence = models.BigIntegerField(primary_key=True)
    recorded_at = models.DateTimeField(db_index=True)
    actor = models.CharField(max_length=64, db_index=True)
    action = models.CharField(max_length=64, db_index=True)
    target_kind = models.CharField(max_length=40)
    target = models.CharField(max_length=200)
    leaf = models.BinaryField()
    leaf_hash = models.BinaryField(max_length=32)

    class Meta:
        ordering = ("-sequence",)
        indexes = (models.Index(fields=("target_kind", "target")),)

    def __str__(self) -> str:
        return f"{self.sequence} {self.actor} {self.action} {self.target_kind}:{self.target}"
