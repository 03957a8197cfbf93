"""Operators, and the roles they were given for a time."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.accounts.duties import ROLES, permissions_of


class Operators(BaseUserManager["Operator"]):
    """Makes and finds operators; names are compared without regard to case."""

    def create_user(self, username: str, password: str | None = None, **more: object) -> Operator:
        """A new operator; without a password nobody can sign in until one is set."""
        operator = self.model(username=username.strip().lower(), **more)
        operator.set_password(password)
        operator.save(using=self._db)
        return operator

    def get_by_natural_key(self, username: str | None) -> Operator:
        """The operator of a name."""
        return self.get(username=(username or "").strip().lower())


class Operator(AbstractBaseUser):
    """A member of staff who signs in; not a customer, and not a program."""

    username = models.CharField(_("user name"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=80, blank=True)
    email = models.EmailField(_("email"), blank=True)
    is_active = models.BooleanField(_("may sign in"), default=True)
    language = models.CharField(_("language"), max_length=10, default="zh-hans")
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
