"""Values of indicators by day with their levels, the state of sources, warnings, thresholds."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.indicators.level import Level

ID_LENGTH = 80
LEVELS = [(level.value, level.value) for level in Level]


class Reading(models.Model):
    """The value of an indicator on a day and what it was held against.

    `level` is what the lamp shows, `plain` the level of the value alone; `impact_minor` is money at
    stake. Computed again it is written over: what was computed is in the sources.
    """

    pk = models.CompositePrimaryKey("indicator", "day")
    indicator = models.CharField(max_length=ID_LENGTH)
    day = models.DateField()
    value = models.FloatField(null=True)
    impact_minor = models.FloatField(null=True)
    level = models.CharField(max_length=8, choices=LEVELS)
    plain = models.CharField(max_length=8, choices=LEVELS)
    statistic = models.FloatField(null=True)
    yellow = models.FloatField(null=True)
    orange = models.FloatField(null=True)
    red = models.FloatField(null=True)
    computed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = (models.Index(fields=("day",), name="readings_of_a_day"),)

    def __str__(self) -> str:
        return f"{self.indicator} {self.day}: {self.value} ({self.level})"


class CompositeReading(models.Model):
    """The level of a kind of risk on a day (`group` firm: of the whole), with what made it."""

    pk = models.CompositePrimaryKey("group", "day")
    group = models.CharField(max_length=20)
    day = models.DateField()
    points = models.FloatField()
    level = models.CharField(max_length=8, choices=LEVELS)
    parts = models.JSONField(default=list)
    unknown = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.group} {self.day}: {self.points:.0f}"


class SourceStatus(models.Model):
    """What was found when a source was looked at last; `faults` are pairs of texts (zh, en)."""

    source = models.CharField(max_length=ID_LENGTH, primary_key=True)
    state = models.CharField(max_length=8)
    newest = models.DateField(null=True)
    rows = models.BigIntegerField(default=0)
    faults = models.JSONField(default=list)
    stamp = models.CharField(max_length=64, blank=True)
    checked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("source",)

    def __str__(self) -> str:
        return f"{self.source} is {self.state}"


class SourcePull(models.Model):
    """From where the worker gets a source by itself, and how often."""

    source = models.CharField(max_length=ID_LENGTH, primary_key=True)
    address = models.CharField(max_length=500)
    every_minutes = models.IntegerField(default=60)
    by = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("source",)

    def __str__(self) -> str:
        return f"{self.source} every {self.every_minutes} minutes"


class PullResult(models.Model):
    """What came of the newest pull of a source; `failures` is how many failed in a row."""

    source = models.CharField(max_length=ID_LENGTH, primary_key=True)
    at = models.DateTimeField()
    succeeded_at = models.DateTimeField(null=True)
    failures = models.IntegerField(default=0)
    said_zh = models.CharField(max_length=300, blank=True)
    said_en = models.CharField(max_length=300, blank=True)
    bytes = models.IntegerField(default=0)
    elapsed_ms = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.source}: {self.failures} failures"


class RaisedWarning(models.Model):
    """An indicator (or a source) beyond its bounds, until it is back; one open at a time each.

    `level` is the worst so far; the sentences are as they were said last; `movers` are the parts
    that moved the value. `notice` is what went to people.
    """

    class State(models.TextChoices):
        """Where a warning stands."""

        OPEN = "open", _("open")
        CLOSED = "closed", _("back within bounds")

    indicator = models.CharField(max_length=ID_LENGTH)
    group = models.CharField(max_length=20)
    level = models.CharField(max_length=8, choices=LEVELS)
    owner = models.CharField(max_length=40)
    playbook = models.CharField(max_length=60, blank=True)
    sentence_zh = models.CharField(max_length=400)
    sentence_en = models.CharField(max_length=400)
    likelihood = models.FloatField(null=True)
    impact_minor = models.BigIntegerField(null=True)
    movers = models.JSONField(default=list)
    day = models.DateField()
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    raised_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True)
    notice = models.BigIntegerField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("state", "-id"), name="warnings_by_state"),)
        constraints = (
            models.UniqueConstraint(
                fields=("indicator",), condition=models.Q(state="open"), name="one_open_warning"
            ),
        )

    def __str__(self) -> str:
        return f"{self.indicator} {self.level} ({self.state})"

    def sentence(self, language: str) -> str:
        """What it says, in zh or en."""
        return self.sentence_zh if language == "zh" else self.sentence_en


class ThresholdChange(models.Model):
    """A threshold approved by a second person; it holds for days from `effective_from` on."""

    indicator = models.CharField(max_length=ID_LENGTH)
    effective_from = models.DateField()
    yellow = models.FloatField(null=True)
    orange = models.FloatField(null=True)
    red = models.FloatField(null=True)
    reference = models.CharField(max_length=200)
    by = models.CharField(max_length=64)
    approved_by = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("indicator", "effective_from")
        constraints = (
            models.UniqueConstraint(fields=("indicator", "effective_from"), name="one_threshold"),
        )

    def __str__(self) -> str:
        return f"{self.indicator} from {self.effective_from}"


class Annotation(models.Model):
    """What somebody notes on a day of an indicator."""

    indicator = models.CharField(max_length=ID_LENGTH)
    day = models.DateField()
    text = models.CharField(max_length=300)
    by = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("day", "pk")

    def __str__(self) -> str:
        return f"{self.indicator} {self.day}: {self.text[:40]}"
