"""Operators, the roles they were given for a time, and what proves who they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from fengkong.console.accounts.duties import ROLES, permissions_of

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase

TIME_ZONES: Final = (
    *("Asia/Shanghai", "Asia/Hong_Kong", "Asia/Urumqi", "Asia/Singapore", "Asia/Tokyo"),
    *("Europe/London", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "UTC"),
)
"""The time zones that an operator may choose from."""


class Operators(BaseUserManager["Operator"]):
    """Makes and finds operators; names are compared without regard to case."""

    def create_user(self, username: str, password: str | None = None, **more: object) -> Operator:
        """A new operator; without a password nobody can sign in until one is set."""
        operator = self.model(username=plain_name(username), **more)
        operator.set_password(password)
        operator.save(using=self._db)
        return operator

    def get_by_natural_key(self, username: str | None) -> Operator:
        """The operator of a name."""
        return self.get(username=plain_name(username or ""))


class Operator(AbstractBaseUser):
    """A member of staff who signs in; not a customer, and not a program."""

    class Theme(models.TextChoices):
        """Light, dark, or as the operator's system has it."""

        SYSTEM = "system", _("As my system")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    username = models.CharField(_("user name"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=80, blank=True)
    email = models.EmailField(_("email"), blank=True)
    is_active = models.BooleanField(_("may sign in"), default=True)
    locked_because = models.CharField(_("reason of the lock"), max_length=200, blank=True)
    language = models.CharField(_("language"), max_length=10, default="zh-hans")
    theme = models.CharField(_("theme"), max_length=6, choices=Theme.choices, default=Theme.SYSTEM)
    time_zone = models.CharField(_("time zone"), max_length=40, default=TIME_ZONES[0])
    must_change_password = models.BooleanField(default=False)
    password_set_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []  # type: ignore[misc]
    objects = Operators()

    class Meta:
        ordering = ("username",)

    def __str__(self) -> str:
        return self.name or self.username

    def roles(self) -> set[str]:
        """The roles held now; asked for once per request."""
        if not hasattr(self, "_roles"):
            now = timezone.now()
            held = self.grants.filter(models.Q(until=None) | models.Q(until__gt=now))
            self._roles = set(held.values_list("role", flat=True))
        return self._roles

    def may(self, permission: str) -> bool:
        """Whether a role held now has this permission."""
        return self.is_active and permission in permissions_of(self.roles())


class RoleGrant(models.Model):
    """A role given to an operator, until a day or for good."""

    operator = models.ForeignKey(Operator, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(
        max_length=32, choices=[(key, role.title) for key, role in ROLES.items()]
    )
    granted_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("operator", "role"), name="one_grant_of_a_role"),
        )

    def __str__(self) -> str:
        return f"{self.operator}: {self.role}"


class FormerPassword(models.Model):
    """The hash of a password that an operator had, so that it is not taken again."""

    operator = models.ForeignKey(
        Operator, on_delete=models.CASCADE, related_name="former_passwords"
    )
    hash = models.CharField(max_length=128)
    set_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-set_at", "-pk")

    def __str__(self) -> str:
        return f"{self.operator}: {self.set_at:%Y-%m-%d}"


class Invitation(models.Model):
    """A link with which an operator sets a first or a new password, once, before it expires.

    Only the hash of the link's secret is stored.
    """

    operator = models.ForeignKey(Operator, on_delete=models.CASCADE, related_name="invitations")
    invited_by = models.ForeignKey(
        Operator, on_delete=models.SET_NULL, null=True, related_name="invitations_made"
    )
    secret_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-made_at",)

    def __str__(self) -> str:
        return f"{self.operator}: until {self.expires_at:%Y-%m-%d %H:%M}"


class SignedIn(AbstractBaseSession):
    """A session and whose it is, so that it can be shown and ended.

    `handle` stands for it where it is shown: the key itself would let the reader take it over.
    """

    operator = models.ForeignKey(
        Operator, on_delete=models.CASCADE, null=True, related_name="sessions"
    )
    handle = models.CharField(max_length=20, unique=True)
    began_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(default=timezone.now)
    address = models.CharField(max_length=45, blank=True)
    agent = models.CharField(max_length=200, blank=True)

    class Meta(AbstractBaseSession.Meta):  # type: ignore[name-defined, misc]
        ordering = ("-seen_at",)

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        """The store that writes such sessions."""
        store = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
        return cast("type[SessionBase]", store)


def plain_name(written: str) -> str:
    """A user name as it is kept: without spaces around it, in small letters."""
    return written.strip().lower()
