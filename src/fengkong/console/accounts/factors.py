"""Second factors: whether an operator has one, and how their secrets are kept."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import Any, Final

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from fengkong.console.accounts.models import Operator
from fengkong.protection.wrapping import MasterKey, unwrap, wrap

SECOND_FACTORS: Final = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
_PURPOSE: Final = b"fengkong console second factor"


class Factors(DefaultMFAAdapter):  # type: ignore[misc]
    """allauth's second factors, their secrets sealed in the database."""

    def encrypt(self, text: str) -> str:
        """A secret as it is stored: the envelope of `protection.wrapping`, in base64."""
        return base64.b64encode(wrap(text.encode(), master=_master(), purpose=_PURPOSE)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret; raises TamperedKeyError."""
        sealed = base64.b64decode(encrypted_text)
        return unwrap(sealed, master=_master(), purpose=_PURPOSE).decode()

    def get_totp_issuer(self) -> str:
        """What an authenticator app shows above the codes."""
        return "Fengkong"

    def get_totp_label(self, user: Operator) -> str:
        """Whose codes they are."""
        return user.username

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """The last second factor stays: an operator without one can do nothing."""
        others = Authenticator.objects.filter(
            user_id=authenticator.user_id, type__in=SECOND_FACTORS
        ).exclude(pk=authenticator.pk)
        return bool(others.exists())

    def get_public_key_credential_user_entity(self, user: Operator) -> dict[str, Any]:
        """Who a passkey is for, by user name."""
        entity: dict[str, Any] = super().get_public_key_credential_user_entity(user)
        return entity | {"name": user.username, "display_name": str(user)}


def has_second_factor(operator: Operator) -> bool:
    """Whether an operator has an authenticator app or a passkey."""
    found = Authenticator.objects.filter(user=operator, type__in=SECOND_FACTORS)
    return bool(found.exists())


@cache
def _master() -> MasterKey:
    """The key that seals the secrets, derived from the console's own."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE)
    secret = derived.derive(hashlib.sha256(settings.SECRET_KEY.encode()).digest())
    return MasterKey(id="console", algorithm="aes-256-gcm", secret=secret)
