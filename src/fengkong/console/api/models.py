"""Tokens of the management API, how often they are used, and who acts by one."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from fengkong.console.accounts.models import Operator


class ApiToken(models.Model):
    """A token: only its hash is kept; `scopes` are permissions of duties, `hint` is its begin."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens"
    )
    name = models.CharField(max_length=80)
    hint = models.CharField(max_length=12)
    secret_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.hint} {self.name}"

    @property
    def is_usable(self) -> bool:
        """Whether it opens anything now."""
        return self.revoked_at is None and self.expires_at > timezone.now()


class TokenMinute(models.Model):
    """How often a token was used within the minute of its last use."""

    token = models.OneToOneField(
        ApiToken, on_delete=models.CASCADE, primary_key=True, related_name="use"
    )
    minute = models.DateTimeField()
    count = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.token_id}: {self.count}"


class KeptAnswer(models.Model):
    """What was answered to the request of an Idempotency-Key: sealed; `status` 0 while it is done.

    `repeats` counts how often it was asked for again.
    """

    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="answers")
    key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=64)
    status = models.IntegerField(default=0)
    sealed = models.BinaryField(default=b"")
    repeats = models.IntegerField(default=0)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("token", "key"), name="api_one_answer_a_key"),
        )

    def __str__(self) -> str:
        return f"{self.token_id} {self.key}"

    @property
    def context(self) -> str:
        """What the answer is sealed for."""
        return f"api answer {self.token_id} {self.key}"


class Bearer(Operator):
    """An operator as far as a token lets them: what the owner may now, and the token says."""

    scopes: frozenset[str] = frozenset()
    token_id: int = 0

    class Meta:
        proxy = True

    def may(self, permission: str) -> bool:
        """Whether both the owner, now, and the token have this permission."""
        return permission in self.scopes and super().may(permission)
