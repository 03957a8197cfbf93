"""Issues and revokes tokens, and finds who bears one."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from fengkong.console.accounts.factors import has_second_factor
from fengkong.console.api.models import ApiToken, Bearer, TokenMinute
from fengkong.console.audit.recording import record
from fengkong.core.errors import RiskError

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

PREFIX: Final = "fkc_"
DAYS_MAX: Final = 365
USES_A_MINUTE: Final = 600
_HINT: Final = 10


class InvalidTokenTermsError(RiskError):
    """A token is asked for without scopes, for what its owner may not, or for too long."""

    code = "api.invalid_token_terms"
    hint = "Choose among your own permissions, and an end within 365 days."


class TooManyRequestsError(RiskError):
    """A token is used more often than is allowed within a minute."""

    code = "api.too_many_requests"
    hint = "Wait for the next minute; 600 requests are allowed in one."


@transaction.atomic
def issue(owner: Operator, *, name: str, scopes: Sequence[str], days: int) -> tuple[ApiToken, str]:
    """A new token of an operator and its text, which is shown once.

    Raises InvalidTokenTermsError.
    """
    chosen = sorted(set(scopes))
    if not chosen or not all(owner.may(scope) for scope in chosen) or not 1 <= days <= DAYS_MAX:
        raise InvalidTokenTermsError("the scopes or the end of a token are not allowed")
    text = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        owner_id=owner.pk,
        name=name,
        hint=text[:_HINT],
        secret_hash=_hash(text),
        scopes=chosen,
        expires_at=timezone.now() + timedelta(days=days),
    )
    detail = {"name": name, "scopes": chosen, "days": days}
    record(owner, "issue_token", target_kind="token", target=token.hint, detail=detail)
    return token, text


@transaction.atomic
def revoke(by: Operator, token_id: int) -> ApiToken:
    """Make a token useless: one's own, or anybody's with system.edit. Raises PermissionDenied."""
    token = ApiToken.objects.select_for_update().get(pk=token_id)
    if token.owner_id != by.pk and not by.may("system.edit"):
        raise PermissionDenied("system.edit")
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        owner = token.owner.username
        record(by, "revoke_token", target_kind="token", target=token.hint, detail={"owner": owner})
    return token


def bearer_of(text: str) -> Bearer | None:
    """Who bears a token now; None where it opens nothing. Raises TooManyRequestsError."""
    token = ApiToken.objects.filter(secret_hash=_hash(text), revoked_at=None).first()
    if token is None or not token.is_usable:
        return None
    bearer = cast("Bearer", Bearer.objects.get(pk=token.owner_id))
    if not bearer.is_active or not has_second_factor(bearer):
        return None
    _count(token)
    bearer.scopes = frozenset(token.scopes)
    bearer.token_id = token.pk
    return bearer


def _count(token: ApiToken) -> None:
    minute = timezone.now().replace(second=0, microsecond=0)
    with transaction.atomic():
        use, _made = TokenMinute.objects.select_for_update().get_or_create(
            token=token, defaults={"minute": minute}
        )
        use.count = use.count + 1 if use.minute == minute else 1
        use.minute = minute
        use.save()
    if use.count > USES_A_MINUTE:
        raise TooManyRequestsError(f"{token.hint} was used {use.count} times in this minute")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
