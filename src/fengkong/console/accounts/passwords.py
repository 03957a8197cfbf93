"""What a password must be (PCI DSS 4.0.1, 8.3.5 to 8.3.9)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from fengkong.console.accounts.models import FormerPassword, Operator

FORMER_MAX: Final = 4
"""So many passwords, the present one included, are not taken again (8.3.7)."""
ALONE_MAX: Final = timedelta(days=90)
"""How old a password may be that is the only factor (8.3.9)."""


class LettersAndDigits:
    """Asks for at least one letter and one digit (8.3.6)."""

    def validate(self, password: str, user: Operator | None = None) -> None:
        """Raises ValidationError."""
        del user
        if not any(one.isalpha() for one in password) or not any(one.isdigit() for one in password):
            raise ValidationError(self.get_help_text(), code="password_no_letters_and_digits")

    def get_help_text(self) -> str:
        """The rule in words."""
        return _("Your password must contain letters and digits.")


class NoFormerPassword:
    """Refuses the last four passwords, and remembers each new one (8.3.7)."""

    def validate(self, password: str, user: Operator | None = None) -> None:
        """Raises ValidationError."""
        if user is None or user._state.adding:  # noqa: SLF001 - Django says so there
            return
        former = user.former_passwords.all()[:FORMER_MAX]
        if any(check_password(password, one.hash) for one in former):
            raise ValidationError(self.get_help_text(), code="password_used_before")

    def password_changed(self, password: str, user: Operator | None = None) -> None:
        """Django tells of a password that was stored."""
        del password
        if user is None or not user.has_usable_password():
            return
        FormerPassword.objects.create(operator=user, hash=user.password)
        kept = user.former_passwords.values_list("pk", flat=True)[:FORMER_MAX]
        user.former_passwords.exclude(pk__in=list(kept)).delete()
        now = timezone.now()
        Operator.objects.filter(pk=user.pk).update(password_set_at=now)
        user.password_set_at = now

    def get_help_text(self) -> str:
        """The rule in words."""
        return _("Your password must not be one of your last four.")


def is_due(operator: Operator, *, has_second_factor: bool) -> bool:
    """Whether an operator must change the password before anything else.

    Always where it was set by somebody else (8.3.5); by age only where it is the only factor.
    """
    if operator.must_change_password:
        return True
    set_at = operator.password_set_at
    old = set_at is not None and timezone.now() - set_at > ALONE_MAX
    return old and not has_second_factor
