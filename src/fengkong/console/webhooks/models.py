"""Endpoints, their secrets, what is sent to them, and every attempt."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

EXCERPT_LENGTH = 2_048


class Endpoint(models.Model):
    """Where messages go: `types` are names of occurrences, `outcomes` narrow decisions (none: all).

    `personal` is set where a colleague approved that messages may hold personal data; changing the
    address takes it back.
    """

    class State(models.TextChoices):
        """Whether messages are sent."""

        ACTIVE = "active", _("in use")
        DISABLED = "disabled", _("disabled")

    name = models.CharField(max_length=80)
    url = models.CharField(max_length=500)
    types = models.JSONField(default=list)
    outcomes = models.JSONField(default=list)
    personal = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    disabled_because = models.CharField(max_length=200, blank=True)
    created_by = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("name", "pk")

    def __str__(self) -> str:
        return self.name

    @property
    def secret_context(self) -> str:
        """What its secrets are sealed for."""
        return f"webhook:{self.pk}"

    @property
    def is_active(self) -> bool:
        """Whether messages are sent."""
        return self.state == self.State.ACTIVE


class EndpointSecret(models.Model):
    """A secret, sealed; it signs until `expires_at`, the newest one without an end."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="secrets")
    sealed = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"secret {self.pk} of {self.endpoint_id}"


class EndpointHealth(models.Model):
    """How an endpoint does: nothing is sent before `rest_until`; `failing_since` None is well."""

    endpoint = models.OneToOneField(
        Endpoint, on_delete=models.CASCADE, primary_key=True, related_name="health"
    )
    failing_since = models.DateTimeField(null=True)
    failures = models.IntegerField(default=0)
    rest_until = models.DateTimeField(null=True)
    succeeded_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"health of {self.endpoint_id}"


class Message(models.Model):
    """Something that happened, as it is told: `content` is JSON without personal data.

    `sequence` is that of the journal's entry where there is one.
    """

    id = models.CharField(max_length=40, primary_key=True)
    type = models.CharField(max_length=64)
    occurred_at = models.DateTimeField()
    content = models.JSONField()
    sequence = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = (models.Index(fields=("created_at",), name="messages_to_forget"),)

    def __str__(self) -> str:
        return f"{self.id} {self.type}"


class Delivery(models.Model):
    """A message on its way to an endpoint; `due_at` is when it is tried next."""

    class State(models.TextChoices):
        """Where a delivery stands."""

        WAITING = "waiting", _("waits")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("given up")

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="deliveries")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.IntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    last_status = models.IntegerField(null=True)
    is_replay = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("endpoint", "-id"), name="deliveries_of_one"),
            models.Index(
                fields=("endpoint", "due_at", "id"),
                name="deliveries_due",
                condition=models.Q(state="waiting"),
            ),
        )

    def __str__(self) -> str:
        return f"{self.message_id} to {self.endpoint_id} ({self.state})"


class Attempt(models.Model):
    """One try: `status` is the answer's, 0 where there was none and `failure` says why."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    at = models.DateTimeField(default=timezone.now)
    url = models.CharField(max_length=500)
    timestamp = models.BigIntegerField()
    size = models.IntegerField(default=0)
    status = models.IntegerField()
    failure = models.CharField(max_length=200, blank=True)
    excerpt = models.TextField(blank=True)
    elapsed_ms = models.IntegerField(default=0)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.delivery_id} at {self.at}: {self.status}"


class Told(models.Model):
    """How far what happens was told: up to a `sequence` of the journal, or to an instant."""

    name = models.CharField(max_length=20, primary_key=True)
    sequence = models.BigIntegerField(default=0)
    at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} told up to {self.sequence} {self.at}"
