"""What the worker measures for the screens of now."""

from __future__ import annotations

from django.db import models


class Measurement(models.Model):
    """The latest figures of one kind about one thing; `content` is what its screen shows.

    Kinds: `features` and `scores` of a policy (its name), `labels` (maturity), `data` (sizes and
    ages of what lies in the data directory).
    """

    kind = models.CharField(max_length=16)
    about = models.CharField(max_length=120)
    measured_at = models.DateTimeField()
    content = models.JSONField(default=dict)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("kind", "about"), name="one_measurement_of_a_thing"),
        )

    def __str__(self) -> str:
        return f"{self.kind} of {self.about}"


class ServiceSample(models.Model):
    """What the decision service said of itself at one moment; kept for a day."""

    at = models.DateTimeField(db_index=True)
    reachable = models.BooleanField()
    ready = models.BooleanField()
    answer_ms = models.FloatField(null=True)
    content = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.at:%H:%M:%S} {'ready' if self.ready else 'not ready'}"


class ReplayCheck(models.Model):
    """A decision of a sample derived again by the worker: whether the bytes agree."""

    sequence = models.BigIntegerField(primary_key=True)
    checked_at = models.DateTimeField(db_index=True)
    policy = models.CharField(max_length=80)
    equal = models.BooleanField()
    differences = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.sequence}: {'equal' if self.equal else 'not equal'}"
