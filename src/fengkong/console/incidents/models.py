"""An incident with everything that belongs to it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.response.phases import Phase


class Incident(models.Model):
    """An attack or a failure that is answered in phases.

    `severity` is 1 (gravest) to 4. `aware_at` is when the firm knew of it: regulatory clocks begin
    there. `facts` are what the law asks about, by name (`packs/response/facts.yaml`). `playbook` is
    the playbook as it stood when it was started, whole. `drill` is the run of a drill that it
    belongs to; an incident of a drill never touches the live policy.
    """

    class PhaseName(models.TextChoices):
        """The phases, in words."""

        IDENTIFY = Phase.IDENTIFY.value, _("identify")
        ASSESS = Phase.ASSESS.value, _("assess")
        DECIDE = Phase.DECIDE.value, _("decide")
        CONTAIN = Phase.CONTAIN.value, _("contain")
        RECOVER = Phase.RECOVER.value, _("recover")
        REVIEW = Phase.REVIEW.value, _("after-action review")
        CLOSED = Phase.CLOSED.value, _("closed")

    class Source(models.TextChoices):
        """What it was opened from."""

        WARNING = "warning", _("a warning")
        ALERT = "alert", _("an alert")
        CASE = "case", _("a case")
        HAND = "hand", _("by hand")
        DRILL = "drill", _("a drill")

    kind = models.CharField(max_length=40)
    severity = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=200)
    summary = models.TextField(blank=True)
    phase = models.CharField(max_length=10, choices=PhaseName.choices, default=PhaseName.IDENTIFY)
    phase_since = models.DateTimeField(default=timezone.now)
    source = models.CharField(max_length=8, choices=Source.choices, default=Source.HAND)
    opened_by = models.CharField(max_length=150)
    opened_at = models.DateTimeField(default=timezone.now)
    aware_at = models.DateTimeField(default=timezone.now)
    classified_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    facts = models.JSONField(default=dict)
    impact = models.TextField(blank=True)
    customers = models.PositiveIntegerField(null=True)
    loss_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, default="CNY")
    playbook = models.JSONField(null=True)
    playbook_name = models.CharField(max_length=60, blank=True)
    playbook_version = models.PositiveIntegerField(null=True)
    no_playbook = models.TextField(blank=True)
    exits_met = models.JSONField(default=list)
    drill = models.BigIntegerField(null=True)

    class Meta:
        ordering = ("-opened_at", "-pk")
        indexes = (
            models.Index(fields=("phase", "-opened_at")),
            models.Index(fields=("kind", "-opened_at")),
            models.Index(fields=("drill",)),
        )

    def __str__(self) -> str:
        return f"{self.pk} {self.title}"

    @property
    def standing(self) -> Phase:
        """The phase, as the state machine knows it."""
        return Phase(self.phase)

    @property
    def is_open(self) -> bool:
        """Whether it is not closed."""
        return self.phase != Phase.CLOSED


class IncidentLink(models.Model):
    """What an incident is about: an alert, a case, a warning, a policy, by its id."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="links")
    kind = models.CharField(max_length=16)
    reference = models.CharField(max_length=128)
    linked_by = models.CharField(max_length=150)
    linked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("incident", "kind", "reference"), name="one_link_to_a_thing"
            ),
        )
        indexes = (models.Index(fields=("kind", "reference"), name="incidents_of_a_thing"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"


class IncidentRole(models.Model):
    """Who has which part; a part has one holder, and a holder may have several parts."""

    class Part(models.TextChoices):
        """The parts there are."""

        COMMANDER = "commander", _("commander")
        SCRIBE = "scribe", _("scribe")
        TECHNICAL = "technical", _("technical lead")
        FRAUD = "fraud", _("fraud lead")
        FUNDS = "funds", _("funds lead")
        LIAISON = "liaison", _("liaison with authorities and partners")
        COMMUNICATION = "communication", _("communication lead")
        LEGAL = "legal", _("legal and compliance")
        CUSTOMER = "customer", _("customer care lead")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="roles")
    part = models.CharField(max_length=16, choices=Part.choices)
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="incident_roles"
    )
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("incident", "part"), name="one_holder_of_a_part"),
        )

    def __str__(self) -> str:
        return f"{self.part}: {self.operator}"


class IncidentTask(models.Model):
    """Something to do in a phase; `due_at` is when it is overdue.

    `step` is the step of the playbook that it comes from. `escalated_at` is when the commander was
    told that it is overdue.
    """

    class State(models.TextChoices):
        """What became of it."""

        OPEN = "open", _("to do")
        DONE = "done", _("done")
        SKIPPED = "skipped", _("skipped")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="tasks")
    step = models.CharField(max_length=60, blank=True)
    phase = models.CharField(max_length=10, choices=Incident.PhaseName.choices)
    title_zh = models.CharField(max_length=300)
    title_en = models.CharField(max_length=300)
    part = models.CharField(max_length=16, choices=IncidentRole.Part.choices, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="incident_tasks"
    )
    required = models.BooleanField(default=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.CharField(max_length=150, blank=True)
    outcome = models.TextField(blank=True)
    escalated_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("pk",)
        indexes = (models.Index(fields=("state", "due_at"), name="tasks_overdue"),)

    def __str__(self) -> str:
        return self.title_en


class TimelineEntry(models.Model):
    """Something that happened; never changed. The ledger has its digest.

    `kind` has words (`timeline.KINDS`), `facts` fill them; `text` is what a person wrote. A `key`
    is that of at most one entry of an incident, so that what is told again is there once.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="timeline")
    at = models.DateTimeField(default=timezone.now)
    actor = models.CharField(max_length=150)
    kind = models.CharField(max_length=40)
    facts = models.JSONField(default=dict)
    text = models.TextField(blank=True)
    key = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ("at", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("incident", "key"),
                condition=~models.Q(key=""),
                name="one_entry_of_a_key",
            ),
        )

    def __str__(self) -> str:
        return f"{self.at:%F %T} {self.actor} {self.kind}"


class IncidentDecision(models.Model):
    """What was decided, why, and what else was possible; never changed, only followed."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="decisions")
    decided_at = models.DateTimeField(default=timezone.now)
    decided_by = models.CharField(max_length=150)
    what = models.TextField()
    reason = models.TextField()
    alternatives = models.TextField(blank=True)
    known = models.TextField(blank=True)

    class Meta:
        ordering = ("decided_at", "pk")

    def __str__(self) -> str:
        return self.what[:80]


class RunningClock(models.Model):
    """A duty to report by a time; `terms` is the clock's id in `packs/regulations`.

    `content` is the clock's terms as they stood when it began. `warned` are the shares of its time
    at which the liaison was told, in percent.
    """

    class State(models.TextChoices):
        """What became of it."""

        RUNNING = "running", _("running")
        MET = "met", _("reported")
        WAIVED = "waived", _("not due")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="clocks")
    terms = models.CharField(max_length=60)
    content = models.JSONField(default=dict)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=150, blank=True)
    reference = models.CharField(max_length=200, blank=True)
    reason = models.TextField(blank=True)
    warned = models.JSONField(default=list)

    class Meta:
        ordering = ("due_at", "pk")
        constraints = (
            models.UniqueConstraint(fields=("incident", "terms"), name="one_clock_of_its_terms"),
        )
        indexes = (models.Index(fields=("state", "due_at"), name="clocks_running"),)

    def __str__(self) -> str:
        return f"{self.terms} until {self.due_at:%F %R}"


class Evidence(models.Model):
    """A file that was kept; sealed on disk, its digest in the ledger."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="evidence")
    name = models.CharField(max_length=200)
    source = models.CharField(max_length=300)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    collected_by = models.CharField(max_length=150)
    collected_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.name

    @property
    def kept_as(self) -> str:
        """The name under which it is sealed."""
        return f"evidence-{self.pk}"


class Custody(models.Model):
    """Who had a piece of evidence, when, and what for; never changed."""

    class Act(models.TextChoices):
        """What was done with it."""

        COLLECTED = "collected", _("collected")
        VERIFIED = "verified", _("verified: unchanged")
        DAMAGED = "damaged", _("verified: CHANGED")
        TAKEN = "taken", _("downloaded")
        HANDED = "handed", _("handed over")

    evidence = models.ForeignKey(Evidence, on_delete=models.CASCADE, related_name="custody")
    at = models.DateTimeField(default=timezone.now)
    actor = models.CharField(max_length=150)
    act = models.CharField(max_length=10, choices=Act.choices)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.act} by {self.actor}"


class Communication(models.Model):
    """A text for somebody outside: drafted by one, approved by another, then marked as sent."""

    class Audience(models.TextChoices):
        """For whom it is."""

        CUSTOMERS = "customers", _("customers")
        PARTNERS = "partners", _("partners")
        PRESS = "press", _("press")
        REGULATOR = "regulator", _("regulator")
        STAFF = "staff", _("staff")

    class State(models.TextChoices):
        """Where it stands."""

        DRAFT = "draft", _("draft")
        APPROVED = "approved", _("approved")
        SENT = "sent", _("sent")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="communications")
    audience = models.CharField(max_length=10, choices=Audience.choices)
    template = models.CharField(max_length=60, blank=True)
    language = models.CharField(max_length=2)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.DRAFT)
    edition = models.PositiveIntegerField(default=1)
    written_by = models.CharField(max_length=150)
    written_at = models.DateTimeField(default=timezone.now)
    approved_by = models.CharField(max_length=150, blank=True)
    approved_at = models.DateTimeField(null=True)
    sent_by = models.CharField(max_length=150, blank=True)
    sent_at = models.DateTimeField(null=True)
    sent_how = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.subject


class Switch(models.Model):
    """A stop-loss switch: rules that are put before those of the live policy, until `until`.

    `kind` is one of `switching.KINDS`, `terms` what it was given. `policy_sequence` is the entry of
    the journal from which decisions are made under it, `policy_hash` the policy that has it.
    """

    class State(models.TextChoices):
        """Where it stands."""

        PROPOSED = "proposed", _("waits for a second person")
        SETTING = "setting", _("is being set")
        ON = "on", _("on")
        ENDING = "ending", _("is being ended")
        ENDED = "ended", _("ended")
        REFUSED = "refused", _("was not set")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="switches")
    kind = models.CharField(max_length=24)
    terms = models.JSONField(default=dict)
    reason = models.TextField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.PROPOSED)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField(default=timezone.now)
    approved_by = models.CharField(max_length=150, blank=True)
    approved_at = models.DateTimeField(null=True)
    on_at = models.DateTimeField(null=True)
    until = models.DateTimeField()
    end_asked_by = models.CharField(max_length=150, blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=300, blank=True)
    policy_hash = models.CharField(max_length=64, blank=True)
    policy_sequence = models.BigIntegerField(null=True)
    problem = models.TextField(blank=True)

    class Meta:
        ordering = ("pk",)
        indexes = (models.Index(fields=("state", "until"), name="switches_to_end"),)

    def __str__(self) -> str:
        return f"{self.kind} of incident {self.incident_id}"

    @property
    def rule(self) -> str:
        """The id of its rule, as decisions name it."""
        return f"switch.{self.kind}_{self.pk}"


class SwitchedPolicy(models.Model):
    """A version of a policy that was derived for switches, and the version without them.

    Both are ids of versions of governance.
    """

    version = models.BigIntegerField(unique=True)
    base = models.BigIntegerField()
    switches = models.JSONField(default=list)
    made_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.version} of {self.base}"


class Cause(models.Model):
    """Why it happened, or why it was not stopped earlier."""

    class Kind(models.TextChoices):
        """What sort of cause."""

        ROOT = "root", _("root cause")
        CONTRIBUTING = "contributing", _("contributing cause")
        DETECTION = "detection", _("why it was not seen earlier")
        WENT_WELL = "went_well", _("what went well")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="causes")
    kind = models.CharField(max_length=14, choices=Kind.choices, default=Kind.ROOT)
    text = models.TextField()
    written_by = models.CharField(max_length=150)
    written_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.text[:80]


class FollowUp(models.Model):
    """An action of the after-action review; done only with what it changed named."""

    class Changes(models.TextChoices):
        """What it is to change."""

        THRESHOLD = "threshold", _("threshold")
        RULE = "rule", _("rule or policy")
        PLAYBOOK = "playbook", _("playbook")
        LIST = "list", _("list")
        SYSTEM = "system", _("system or process")
        TRAINING = "training", _("training")

    class State(models.TextChoices):
        """What became of it."""

        OPEN = "open", _("to do")
        DONE = "done", _("done")
        DROPPED = "dropped", _("dropped")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="follow_ups")
    cause = models.ForeignKey(Cause, on_delete=models.SET_NULL, null=True, related_name="actions")
    text = models.TextField()
    changes = models.CharField(max_length=10, choices=Changes.choices)
    target = models.CharField(max_length=200, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="follow_ups"
    )
    due_on = models.DateField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    changed = models.CharField(max_length=200, blank=True)
    note = models.TextField(blank=True)
    done_by = models.CharField(max_length=150, blank=True)
    done_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("pk",)
        indexes = (models.Index(fields=("state", "due_on"), name="follow_ups_due"),)

    def __str__(self) -> str:
        return self.text[:80]
