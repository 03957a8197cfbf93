"""The index of entities: who was named by which decision's event, and who with whom.

Nothing is in the clear. An entity is a blind index of 16 bytes, the same as that of a subject
(`journaled.models.Decision.subject`): its kind is in it. Rows have its first eight bytes as a
signed number, its `key`: at ten million entities the chance that any two share one is 1 in
180,000. All of it can be made again from the journal, and made twice it is the same.

The tables are clustered by their keys (see `clustering.py`), which halves them.
"""

from __future__ import annotations

from django.db import models


class Entity(models.Model):
    """An entity that some event named; `kind` is its place in `kinds.KINDS`."""

    key = models.BigIntegerField(primary_key=True)
    kind = models.PositiveSmallIntegerField()
    blind = models.BinaryField(max_length=16)

    def __str__(self) -> str:
        return bytes(self.blind).hex()


class Seen(models.Model):
    """An event of a decision named an entity in a field (its place in `kinds.FIELDS`)."""

    pk = models.CompositePrimaryKey("entity", "occurred_s", "sequence", "field")
    entity = models.BigIntegerField()
    occurred_s = models.BigIntegerField()
    sequence = models.BigIntegerField()
    field = models.PositiveSmallIntegerField()

    def __str__(self) -> str:
        return f"{self.entity} in {self.sequence}"


class Link(models.Model):
    """Events of a subject named an entity in a field, from the hour `first_h` to `newest_h`.

    Hours are whole hours since 1970, UTC.
    """

    pk = models.CompositePrimaryKey("subject", "entity", "field")
    subject = models.BigIntegerField()
    entity = models.BigIntegerField()
    field = models.PositiveSmallIntegerField()
    first_h = models.IntegerField()
    newest_h = models.IntegerField()

    class Meta:
        indexes = (models.Index(fields=("entity", "subject", "field"), name="links_by_entity"),)

    def __str__(self) -> str:
        return f"{self.subject} with {self.entity}"


class Called(models.Model):
    """An event of a subject (`told_by`) calls an entity by a name: a person's, or a firm's.

    `name` is the key of the blind index of the name in its one spelling.
    """

    pk = models.CompositePrimaryKey("name", "entity", "told_by")
    name = models.BigIntegerField()
    entity = models.BigIntegerField()
    told_by = models.BigIntegerField()

    class Meta:
        indexes = (
            models.Index(fields=("entity",), name="names_of_entity"),
            models.Index(fields=("told_by",), name="names_told_by"),
        )

    def __str__(self) -> str:
        return f"{self.entity} by {self.told_by}"


class Flow(models.Model):
    """A decision was asked for money from one entity to another, whatever it then said.

    The payer is the account, without one the subject; the payee is the payee_account, without one
    the payee. `amount_minor` is in minor units of `currency`.
    """

    pk = models.CompositePrimaryKey("payer", "occurred_s", "sequence")
    payer = models.BigIntegerField()
    occurred_s = models.BigIntegerField()
    sequence = models.BigIntegerField()
    payee = models.BigIntegerField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)

    class Meta:
        indexes = (models.Index(fields=("payee", "occurred_s", "sequence"), name="flows_by_payee"),)

    def __str__(self) -> str:
        return f"{self.payer} to {self.payee} in {self.sequence}"
