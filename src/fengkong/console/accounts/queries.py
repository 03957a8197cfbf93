"""Reading operators."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.accounts import lockout
from fengkong.console.accounts.factors import SECOND_FACTORS
from fengkong.console.accounts.models import Operator, RoleGrant


class States(models.TextChoices):
    """What an operator's account is."""

    ACTIVE = "active", _("Active")
    INVITED = "invited", _("Invited")
    NO_FACTOR = "no_factor", _("Without second factor")
    OUT = "out", _("Locked out")
    LOCKED = "locked", _("Locked")

    @property
    def tone(self) -> str:
        """The colour of its badge."""
        return _TONES[self.value]


_TONES = {
    "active": "green",
    "invited": "blue",
    "no_factor": "amber",
    "out": "amber",
    "locked": "red",
}


def operators_found(*, name: str = "", role: str = "", state: str = "") -> QuerySet[Operator]:
    """Operators by part of a name, role held now, and state; with what a table shows."""
    now = timezone.now()
    live = Q(grants__until=None) | Q(grants__until__gt=now)
    second = Authenticator.objects.filter(user=OuterRef("pk"), type__in=SECOND_FACTORS)
    found = Operator.objects.annotate(
        second_factor=Exists(second),
        session_count=Count("sessions", filter=Q(sessions__expire_date__gt=now), distinct=True),
    ).prefetch_related(
        models.Prefetch("grants", RoleGrant.objects.filter(Q(until=None) | Q(until__gt=now)))
    )
    if name:
        found = found.filter(Q(username__icontains=name) | Q(name__icontains=name))
    if role:
        found = found.filter(live, grants__role=role)
    return found.filter(_in_state(state)) if state else found


def state_of(operator: Operator, *, locked_out: set[str], has_second_factor: bool) -> States:
    """The state of one operator; the first that applies."""
    if not operator.is_active:
        return States.LOCKED
    if operator.username in locked_out:
        return States.OUT
    if operator.password_set_at is None and not operator.has_usable_password():
        return States.INVITED
    return States.ACTIVE if has_second_factor else States.NO_FACTOR


def _in_state(state: str) -> Q:
    out = Q(username__in=lockout.locked_out_names())
    invited = Q(("password__startswith", UNUSABLE_PASSWORD_PREFIX), password_set_at=None)
    live = Q(is_active=True) & ~out
    return {
        States.LOCKED: Q(is_active=False),
        States.OUT: Q(is_active=True) & out,
        States.INVITED: live & invited,
        States.NO_FACTOR: live & ~invited & Q(second_factor=False),
        States.ACTIVE: live & ~invited & Q(second_factor=True),
    }[States(state)]
