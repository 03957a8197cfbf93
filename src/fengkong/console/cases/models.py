"""Cases and what belongs to them: decisions, notes, files, ticks of the checklist, prints.

No personal data stands in the clear here: whom a case is about is a blind index, notes and files
are sealed, and all of them go when the subject is erased. What was done to a case, and by whom, is
the desk's ledger (`audit`): its entries whose target is the case are the case's history.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

TARGET = "case"
"""The kind of target under which the ledger has what was done to a case."""


class Disposition(models.TextChoices):
    """How a case ends; its open alerts end likewise."""

    CONFIRMED_FRAUD = "confirmed_fraud", _("confirmed fraud")
    SUSPICIOUS = "suspicious", _("suspicious")
    FALSE_POSITIVE = "false_positive", _("false positive")
    CUSTOMER_CONFIRMED = "customer_confirmed", _("customer confirmed")


class Case(models.Model):
    """What is gathered about one subject.

    `subject` is a blind index in hexadecimal and `subject_kind` what it is one of (customer, card);
    both are empty once they were erased. `exposure_minor` is the sum of the amounts of its
    decisions in minor units of `currency`, `points` and `probability` are the highest of theirs,
    `rules` are those that hit in any of them, `channel` is what the newest event names (app, web),
    or the event type seen most.
    """

    class State(models.TextChoices):
        """Where a case stands."""

        OPEN = "open", _("being worked")
        CLOSED = "closed", _("case ended")
        MERGED = "merged", _("merged into another")

    subject = models.CharField(max_length=32, blank=True)
    subject_kind = models.CharField(max_length=32, default="customer")
    typology = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    team = models.CharField(max_length=64, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="cases"
    )
    opened_at = models.DateTimeField(default=timezone.now)
    opened_by = models.CharField(max_length=64)
    due_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=64, blank=True)
    outcome = models.CharField(max_length=20, choices=Disposition.choices, blank=True)
    reason_code = models.CharField(max_length=64, blank=True)
    merged_into = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="merged"
    )
    split_from = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="parts"
    )
    incident_id = models.CharField(max_length=64, blank=True)
    exposure_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    points = models.FloatField(default=0.0)
    probability = models.FloatField(null=True)
    channel = models.CharField(max_length=64, blank=True)
    rules = models.JSONField(default=list)
    decisions = models.IntegerField(default=0)

    class Meta:
        ordering = ("-opened_at", "-id")
        indexes = (
            models.Index(fields=("state", "due_at", "id"), name="cases_due"),
            models.Index(fields=("opened_at", "id"), name="cases_in_time"),
            models.Index(fields=("owner", "state", "due_at"), name="cases_of_owner"),
            models.Index(fields=("subject", "opened_at"), name="cases_of_subject"),
            models.Index(fields=("typology", "state", "closed_at"), name="cases_by_typology"),
        )

    def __str__(self) -> str:
        return f"{self.pk} {self.typology} ({self.state})"

    @property
    def is_open(self) -> bool:
        """Whether it can be worked."""
        return self.state == Case.State.OPEN

    @property
    def is_overdue(self) -> bool:
        """Whether it is open beyond its time."""
        return self.is_open and self.due_at <= timezone.now()


class CaseDecision(models.Model):
    """A decision that a case is about; `added_by` is who put it there."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="gathered")
    sequence = models.BigIntegerField(db_index=True)
    added_by = models.CharField(max_length=64)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("case", "sequence"), name="a_decision_once_a_case"),
        )

    def __str__(self) -> str:
        return f"decision {self.sequence} of case {self.case_id}"


class Note(models.Model):
    """What somebody wrote about a case; the text is sealed, and empty once it was forgotten.

    `came_from` is the case for which it was written, where that was merged into this one.
    """

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="notes")
    author = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)
    sealed = models.BinaryField()
    came_from = models.BigIntegerField(null=True, db_index=True)

    class Meta:
        ordering = ("-at", "-id")
        indexes = (models.Index(fields=("case", "at"), name="notes_of_case"),)

    def __str__(self) -> str:
        return f"note {self.pk} of case {self.case_id}"


class NoteWord(models.Model):
    """A note has a word: a keyed hash of it (see `words.py`)."""

    pk = models.CompositePrimaryKey("word", "note")
    word = models.BigIntegerField()
    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="words")

    def __str__(self) -> str:
        return f"a word of note {self.note_id}"


class CaseFile(models.Model):
    """A file of a case; `media_type` is what its content is, whatever its name says.

    The content is sealed under `stored_as` in the console's folder, and gone once `removed_at`.
    `came_from` is the case to which it was added, where that was merged into this one.
    """

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="files")
    author = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)
    name_sealed = models.BinaryField()
    media_type = models.CharField(max_length=64)
    size = models.IntegerField()
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=64, unique=True)
    removed_at = models.DateTimeField(null=True)
    removed_by = models.CharField(max_length=64, blank=True)
    came_from = models.BigIntegerField(null=True, db_index=True)

    class Meta:
        ordering = ("-at", "-id")
        indexes = (models.Index(fields=("case", "at"), name="files_of_case"),)

    def __str__(self) -> str:
        return f"file {self.pk} of case {self.case_id}"


class ChecklistTick(models.Model):
    """A step of the checklist that somebody did, or found not to apply."""

    class State(models.TextChoices):
        """What became of a step."""

        DONE = "done", _("done")
        NOT_APPLICABLE = "not_applicable", _("does not apply")

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="ticks")
    item = models.CharField(max_length=64)
    state = models.CharField(max_length=14, choices=State.choices)
    by = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("case", "item"), name="an_item_once_a_case"),
        )

    def __str__(self) -> str:
        return f"{self.item} of case {self.case_id}: {self.state}"


class CasePrint(models.Model):
    """A case file that somebody took away; `mark` is what its pages carry."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="prints")
    operator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    at = models.DateTimeField(default=timezone.now)
    purpose = models.CharField(max_length=200)
    mark = models.CharField(max_length=16, unique=True)
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"print {self.mark} of case {self.case_id}"
