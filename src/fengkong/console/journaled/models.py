"""The journal as screens read it: what may be searched and counted, and nothing in the clear.

Everything here can be made again from the journal. Whom an event is about is a blind index; what
it said in the clear is read from the journal on demand (`reading.py`). Rows are ordered by
`occurred_at` and then `sequence`: that is what lists page by.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

EVENT_ID_LENGTH = 128
NAME_LENGTH = 255
_IN_TIME = ("occurred_at", "sequence")


class Outcome(models.TextChoices):
    """What a decision may say, the mildest first."""

    ALLOW = "allow", _("allow")
    CHALLENGE = "challenge", _("challenge")
    REVIEW = "review", _("review")
    DELAY = "delay", _("delay")
    DENY = "deny", _("deny")


class Decision(models.Model):
    """One decision; `sequence` is its place in the journal.

    `subject` is the blind index of whom it is about, in hexadecimal, and empty once they were
    `erased`; an erasure also takes the amount and the probability. `event_type` is empty where the
    subject was erased before the tail had read the event. `rules` are the ids of the rules that
    hit, `probability` is what the policy's first model said, `amount_minor` is in minor units of
    `currency`. `shadow_outcome` is the other policy's outcome where it differs.
    `by_canary` is true of the answers of a policy that had a share of the traffic.
    """

    sequence = models.BigIntegerField(primary_key=True)
    event_id = models.CharField(max_length=EVENT_ID_LENGTH, unique=True)
    event_type = models.CharField(max_length=64)
    subject = models.CharField(max_length=32)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    points = models.FloatField()
    probability = models.FloatField(null=True)
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)
    policy = models.CharField(max_length=NAME_LENGTH)
    policy_version = models.IntegerField()
    policy_hash = models.CharField(max_length=64)
    rules = models.JSONField(default=list)
    degraded = models.BooleanField()
    late = models.BooleanField()
    erased = models.BooleanField(default=False)
    shadow_outcome = models.CharField(max_length=10, blank=True)
    by_canary = models.BooleanField(default=False)

    class Meta:
        ordering = ("-occurred_at", "-sequence")
        indexes = (
            models.Index(fields=_IN_TIME, name="decisions_in_time"),
            models.Index(
                fields=("outcome", "occurred_at", "sequence"), name="decisions_by_outcome"
            ),
            models.Index(
                fields=("event_type", "occurred_at", "sequence"), name="decisions_by_type"
            ),
            models.Index(
                fields=("subject", "occurred_at", "sequence"), name="decisions_by_subject"
            ),
            models.Index(
                fields=_IN_TIME,
                name="decisions_degraded",
                condition=models.Q(degraded=True),
            ),
            models.Index(
                fields=_IN_TIME,
                name="decisions_late",
                condition=models.Q(late=True),
            ),
            models.Index(
                fields=_IN_TIME,
                name="decisions_shadow_differs",
                condition=~models.Q(shadow_outcome=""),
            ),
            models.Index(
                fields=_IN_TIME,
                name="decisions_by_canary",
                condition=models.Q(by_canary=True),
            ),
        )

    def __str__(self) -> str:
        return f"{self.sequence} {self.event_type} {self.outcome}"


class RuleHit(models.Model):
    """A rule that hit in a decision, so that a rule's newest decisions are found by an index."""

    pk = models.CompositePrimaryKey("rule", "occurred_at", "sequence")
    rule = models.CharField(max_length=NAME_LENGTH)
    occurred_at = models.DateTimeField()
    sequence = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.rule} in {self.sequence}"


class Grain(models.TextChoices):
    """How long a bucket of a tally is; a day begins at midnight of the setting TIME_ZONE."""

    MINUTE = "minute", _("minute")
    HOUR = "hour", _("hour")
    DAY = "day", _("day")


class OutcomeTally(models.Model):
    """Decisions counted by the time when their events occurred; `bucket` is when one begins.

    Every grain holds everything, so pick one and never add two; minutes are forgotten after a
    week. `amount_minor` is the sum in `currency`, which is empty for events without an amount.
    """

    pk = models.CompositePrimaryKey(
        "grain", "bucket", "event_type", "policy", "policy_version", "outcome", "currency"
    )
    grain = models.CharField(max_length=6, choices=Grain.choices)
    bucket = models.DateTimeField()
    event_type = models.CharField(max_length=64)
    policy = models.CharField(max_length=NAME_LENGTH)
    policy_version = models.IntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    currency = models.CharField(max_length=3)
    count = models.BigIntegerField()
    amount_minor = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.bucket} {self.event_type} {self.outcome}: {self.count}"


class RuleTally(models.Model):
    """Hits of a rule, counted likewise; `outcome` is what the decision said in the end."""

    pk = models.CompositePrimaryKey(
        *(
            "grain",
            "rule",
            "bucket",
            "event_type",
            "policy",
            "policy_version",
            "outcome",
            "currency",
        )
    )
    grain = models.CharField(max_length=6, choices=Grain.choices)
    bucket = models.DateTimeField()
    rule = models.CharField(max_length=NAME_LENGTH)
    event_type = models.CharField(max_length=64)
    policy = models.CharField(max_length=NAME_LENGTH)
    policy_version = models.IntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    currency = models.CharField(max_length=3)
    count = models.BigIntegerField()
    amount_minor = models.BigIntegerField()

    class Meta:
        indexes = (models.Index(fields=("grain", "bucket"), name="rule_tallies_in_time"),)

    def __str__(self) -> str:
        return f"{self.bucket} {self.rule}: {self.count}"


class Label(models.Model):
    """The truth about an event as last confirmed; `sequence` is that of the label's entry."""

    event_id = models.CharField(max_length=EVENT_ID_LENGTH, primary_key=True)
    is_fraud = models.BooleanField()
    kind = models.CharField(max_length=64)
    at = models.DateTimeField(db_index=True)
    sequence = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.event_id}: {'fraud' if self.is_fraud else 'good'}"


class Activation(models.Model):
    """A policy that got its part: `role` is live, shadow or canary, an empty `policy` ended it.

    `cause` is started, published, promoted, rolled_back, ended or no_room. A canary has a `share`
    of the subjects (above 0, at most a half), or of the values of the entity `by`. The text is in
    the journal (`reading.py`).
    """

    sequence = models.BigIntegerField(primary_key=True)
    role = models.CharField(max_length=10)
    cause = models.CharField(max_length=20)
    policy = models.CharField(max_length=NAME_LENGTH)
    policy_version = models.IntegerField(null=True)
    policy_hash = models.CharField(max_length=64, db_index=True)
    at = models.DateTimeField()
    share = models.FloatField(null=True)
    by = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ("-sequence",)

    def __str__(self) -> str:
        return f"{self.sequence} {self.role}: {self.policy} {self.policy_version}"


class Erasure(models.Model):
    """A subject whose erasure the journal records; `subject` is its blind index."""

    subject = models.CharField(max_length=32, primary_key=True)
    sequence = models.BigIntegerField()
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.subject} erased by {self.sequence}"


class Cursor(models.Model):
    """How far a reader of the journal has come; `journal` is the journal's identity.

    `at` is when the entry at `sequence` was recorded, `moved_at` when the cursor got there.
    """

    name = models.CharField(max_length=40, primary_key=True)
    journal = models.CharField(max_length=32)
    sequence = models.BigIntegerField()
    at = models.DateTimeField(null=True)
    moved_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.sequence}"
