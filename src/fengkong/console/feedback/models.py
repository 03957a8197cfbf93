"""Decisions counted with the truth that came later, and closed alerts with what became of them.

Decisions are counted by the tail, in the transaction of the read model, so that every figure is
read from a few thousand rows however many decisions there are. `day` is the day when an event
occurred, in the setting TIME_ZONE. Nothing here is personal data.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.alerts.models import NAME_LENGTH, Alert, Closing, Disposition

MODEL_STEPS: Final = 20
"""A model's probabilities are counted in steps of a twentieth."""


class Segment(models.Model):
    """What decisions are told apart by: how an event came, was paid for and authenticated.

    `authentication` is strong, single or empty; `reach` domestic, cross_border or empty; empty is
    what the event did not say.
    """

    event_type = models.CharField(max_length=64)
    channel = models.CharField(max_length=32, blank=True)
    method = models.CharField(max_length=32, blank=True)
    authentication = models.CharField(max_length=8, blank=True)
    reach = models.CharField(max_length=12, blank=True)
    currency = models.CharField(max_length=3, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=(
                    *("event_type", "channel", "method", "authentication", "reach", "currency"),
                ),
                name="one_segment_of_a_kind",
            ),
        )

    def __str__(self) -> str:
        return f"{self.event_type} {self.channel} {self.method}"


class Placed(models.Model):
    """The segment of a decision, for when its label comes."""

    sequence = models.BigIntegerField(primary_key=True)
    segment = models.ForeignKey(
        Segment, on_delete=models.CASCADE, db_index=False, db_constraint=False
    )

    def __str__(self) -> str:
        return f"{self.sequence} in {self.segment_id}"


class DayTally(models.Model):
    """Decisions of a day, a segment and an outcome, and what their labels say so far.

    Amounts are in minor units of the segment's currency. `loss_minor` is what was lost by fraud
    that went through, `recovered_minor` what came back of it.
    """

    pk = models.CompositePrimaryKey("day", "segment_id", "outcome")
    day = models.DateField()
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, db_constraint=False)
    outcome = models.CharField(max_length=10)
    decisions = models.BigIntegerField(default=0)
    amount_minor = models.BigIntegerField(default=0)
    goods = models.BigIntegerField(default=0)
    frauds = models.BigIntegerField(default=0)
    fraud_minor = models.BigIntegerField(default=0)
    loss_minor = models.BigIntegerField(default=0)
    recovered_minor = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.day} {self.segment_id} {self.outcome}: {self.decisions}"


class FraudTally(models.Model):
    """Frauds of a day and a segment by what kind of fraud their labels name."""

    pk = models.CompositePrimaryKey("day", "segment_id", "outcome", "kind", "scenario")
    day = models.DateField()
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, db_constraint=False)
    outcome = models.CharField(max_length=10)
    kind = models.CharField(max_length=32)
    scenario = models.CharField(max_length=64)
    frauds = models.BigIntegerField(default=0)
    fraud_minor = models.BigIntegerField(default=0)
    loss_minor = models.BigIntegerField(default=0)
    recovered_minor = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.day} {self.kind} {self.scenario}: {self.frauds}"


class RuleDay(models.Model):
    """Hits of a rule on a day and what the labels of their events say so far.

    `fraud_minor` is the amount of the frauds that it hit, in the currencies of the events one to
    one; `stopped_minor` that of those which did not go through.
    """

    pk = models.CompositePrimaryKey("day", "rule")
    day = models.DateField()
    rule = models.CharField(max_length=255)
    hits = models.BigIntegerField(default=0)
    goods = models.BigIntegerField(default=0)
    frauds = models.BigIntegerField(default=0)
    fraud_minor = models.BigIntegerField(default=0)
    stopped_minor = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.day} {self.rule}: {self.frauds} of {self.hits}"


class ModelDay(models.Model):
    """Probabilities that the first model of a policy gave on a day, by `step` of a twentieth."""

    pk = models.CompositePrimaryKey("day", "policy_hash", "step")
    day = models.DateField()
    policy_hash = models.CharField(max_length=64)
    step = models.SmallIntegerField()
    decisions = models.BigIntegerField(default=0)
    goods = models.BigIntegerField(default=0)
    frauds = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.day} {self.policy_hash[:8]} {self.step}: {self.decisions}"


class Labelled(models.Model):
    """A decision whose truth is known, as it was counted: the newest label of its event.

    `waited_s` is how long after the event the label came, `place` that of its entry.
    """

    sequence = models.BigIntegerField(primary_key=True)
    day = models.DateField()
    is_fraud = models.BooleanField()
    kind = models.CharField(max_length=32)
    scenario = models.CharField(max_length=64)
    source = models.CharField(max_length=32)
    loss_minor = models.BigIntegerField(default=0)
    recovered_minor = models.BigIntegerField(default=0)
    waited_s = models.BigIntegerField()
    place = models.BigIntegerField()

    class Meta:
        indexes = (
            models.Index(fields=("is_fraud", "place"), name="labelled_in_order"),
            models.Index(fields=("place",), name="labelled_by_place"),
        )

    def __str__(self) -> str:
        return f"{self.sequence}: {'fraud' if self.is_fraud else 'good'}"


class AlertEnd(models.Model):
    """A closed alert: how it ended, how long that took, and what became of it.

    `waited_s` is from its opening to its closing, `handled_s` from its claim (None where nobody
    had claimed it). `overturned` says that later labels contradict its disposition, `repeated`
    that another alert of its subject and typology followed within thirty days.
    """

    alert = models.OneToOneField(
        Alert, on_delete=models.CASCADE, primary_key=True, related_name="end"
    )
    closing_id = models.BigIntegerField()
    day = models.DateField()
    typology = models.CharField(max_length=NAME_LENGTH)
    team = models.CharField(max_length=NAME_LENGTH)
    analyst = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="alert_ends"
    )
    disposition = models.CharField(max_length=20, choices=Disposition.choices)
    decisions = models.IntegerField()
    waited_s = models.BigIntegerField()
    handled_s = models.IntegerField(null=True)
    in_time = models.BooleanField()
    loss_minor = models.BigIntegerField()
    overturned = models.BooleanField(default=False)
    repeated = models.BooleanField(default=False)

    class Meta:
        indexes = (
            models.Index(fields=("day", "typology"), name="alert_ends_in_time"),
            models.Index(fields=("typology", "day"), name="alert_ends_of_typology"),
        )

    def __str__(self) -> str:
        return f"{self.alert_id} {self.disposition}"


class Arrival(models.Model):
    """How many alerts a team got in an hour."""

    pk = models.CompositePrimaryKey("hour", "team")
    hour = models.DateTimeField()
    team = models.CharField(max_length=NAME_LENGTH)
    alerts = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.hour} {self.team}: {self.alerts}"


class Mark(models.Model):
    """How far the desk's own alerts, closings and labels have been counted."""

    name = models.CharField(max_length=20, primary_key=True)
    place = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} {self.place}"


class LoopSettings(models.Model):
    """What the desk assumes: one row. Amounts in minor units of `currency`."""

    quality_share = models.FloatField(_("share of closed alerts judged twice"), default=0.05)
    hour_cost_minor = models.BigIntegerField(_("cost of an hour of an analyst"), default=12_000)
    currency = models.CharField(max_length=3, default="CNY")
    changed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.quality_share} {self.hour_cost_minor}"


class SecondLook(models.Model):
    """A closed alert that a second person judges without knowing how the first one did."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="second_looks")
    closing = models.ForeignKey(Closing, on_delete=models.CASCADE, related_name="second_looks")
    first_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="looked_at_again"
    )
    first = models.CharField(max_length=20, choices=Disposition.choices)
    typology = models.CharField(max_length=NAME_LENGTH)
    drawn_at = models.DateTimeField(default=timezone.now)
    second_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="second_looks"
    )
    second = models.CharField(max_length=20, choices=Disposition.choices, blank=True)
    remark = models.CharField(max_length=1000, blank=True)
    judged_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("alert", "closing"), name="one_second_look"),
        )
        indexes = (models.Index(fields=("judged_at", "id"), name="second_looks_open"),)

    def __str__(self) -> str:
        return f"{self.alert_id}: {self.first}, {self.second or 'open'}"
