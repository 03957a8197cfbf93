"""Asks a customer whether an event was theirs: a link, a code on another way, one answer.

The core system gets link and code, signed, and sends them on two ways. The link's secret is kept as
a digest; the code is kept as a scrypt digest salted with that secret, so that who reads the
database can try no codes. The public page knows nobody: it asks for the code and for yes or no.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from fengkong.console.alerts.closing import dispose
from fengkong.console.alerts.models import Alert
from fengkong.console.audit.recording import record
from fengkong.console.cases.labels import promise_label
from fengkong.console.customers.decided import decision_of
from fengkong.console.customers.errors import ClosedConfirmationError, UnfitConfirmationError
from fengkong.console.customers.models import Confirmation
from fengkong.console.outbox.jobs import put
from fengkong.console.personal.sealing import seal_text
from fengkong.core.errors import RiskError

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

PERMISSION: Final = "customers.confirm"
TARGET: Final = "confirmation"
CUSTOMER: Final = "customer"
"""The actor of what a customer did."""
JOB: Final = "deliver_confirmation"
MINUTES: Final = (10, 30, 60, 240, 1_440)
TRIES_MAX: Final = 5
REASON: Final = "confirmed_in_app"
"""The reason code under which the alert of a confirmed event is closed."""
_DIGITS: Final = 6


@transaction.atomic
def ask_customer(
    operator: Operator,
    event_id: str,
    *,
    minutes: int,
    alert_id: str = "",
    case_id: str = "",
) -> Confirmation:
    """Have a customer asked about an event; the core system sends link and code.

    Raises PermissionDenied, UnknownDecisionError, UnfitConfirmationError.
    """
    if not operator.may(PERMISSION):
        raise PermissionDenied(PERMISSION)
    decision = decision_of(event_id)
    if decision.erased or minutes not in MINUTES:
        raise UnfitConfirmationError(f"decision {decision.sequence}, {minutes} minutes")
    now = timezone.now()
    waiting = Confirmation.objects.select_for_update().filter(
        sequence=decision.sequence, state=Confirmation.State.WAITING, expires_at__gt=now
    )
    if waiting.exists():
        raise UnfitConfirmationError(f"a link about decision {decision.sequence} is open")
    secret = secrets.token_urlsafe(24)
    code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}d}"
    digest = secret_hash(secret)
    made = Confirmation.objects.create(
        secret_hash=digest,
        code_hash=code_hash(code, secret=secret),
        sequence=decision.sequence,
        event_id=event_id,
        subject=decision.subject,
        alert_id=alert_id,
        case_id=case_id,
        asked_by=operator.username,
        asked_at=now,
        expires_at=now + timedelta(minutes=minutes),
        delivery_sealed=seal_text(
            json.dumps({"secret": secret, "code": code}), context=delivery_context(digest)
        ),
    )
    detail = {"minutes": minutes, "sequence": decision.sequence, "case": case_id, "alert": alert_id}
    _record(operator, "ask_customer", made, **detail)
    put(JOB, {"confirmation": made.pk}, key=str(made.pk))
    return made


@transaction.atomic
def revoke(operator: Operator, number: int) -> Confirmation:
    """Take an open link back; raises PermissionDenied, ClosedConfirmationError."""
    if not operator.may(PERMISSION):
        raise PermissionDenied(PERMISSION)
    found = Confirmation.objects.select_for_update().get(pk=number)
    if found.state != Confirmation.State.WAITING:
        raise ClosedConfirmationError(f"{found} is not open")
    found.state, found.delivery_sealed = Confirmation.State.REVOKED, b""
    found.save(update_fields=("state", "delivery_sealed"))
    _record(operator, "revoke_confirmation", found)
    return found


def answer_with(secret: str, code: str, *, was_me: bool) -> bool:
    """Take a customer's answer; False where the code is wrong, which counts.

    Raises ClosedConfirmationError where the link is unknown, used, over, locked or taken back: all
    of these look the same from outside.
    """
    with transaction.atomic():
        found = (
            Confirmation.objects.select_for_update().filter(secret_hash=secret_hash(secret)).first()
        )
        if found is None or not is_open(found):
            raise ClosedConfirmationError("this link cannot be used")
        if not hmac.compare_digest(found.code_hash, code_hash(code, secret=secret)):
            _count_wrong(found)
            return False
        found.state = Confirmation.State.CONFIRMED if was_me else Confirmation.State.DENIED
        found.answered_at, found.delivery_sealed = timezone.now(), b""
        found.save()
        _record(CUSTOMER, "answer_confirmation", found, result=found.state)
        if not (was_me and _closed_alert(found)):
            promise_label(
                f"confirmation-{found.pk}",
                sequence=found.sequence,
                event_id=found.event_id,
                is_fraud=not was_me,
                source="customer",
                author=CUSTOMER,
            )
    return True


def is_open(found: Confirmation) -> bool:
    """Whether a link can still be answered."""
    return found.state == Confirmation.State.WAITING and found.expires_at > timezone.now()


def link_is_open(secret: str) -> bool:
    """Whether this link can still be answered."""
    found = Confirmation.objects.filter(secret_hash=secret_hash(secret)).first()
    return found is not None and is_open(found)


def secret_hash(secret: str) -> str:
    """What is kept of a link's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def code_hash(code: str, *, secret: str) -> str:
    """What is kept of a code: it can be tried only by who has the link."""
    salt = hashlib.sha256(b"confirmation\0" + secret.encode()).digest()
    return hashlib.scrypt(code.encode()[:32], salt=salt, n=2**12, r=8, p=1).hex()[:64]


def delivery_context(digest: str) -> str:
    """What the sealed link and code of a confirmation open for."""
    return f"confirmation:{digest}"


def _count_wrong(found: Confirmation) -> None:
    found.tries += 1
    if found.tries >= TRIES_MAX:
        found.state, found.delivery_sealed = Confirmation.State.LOCKED, b""
    found.save()
    _record(CUSTOMER, "fail_confirmation", found, tries=found.tries, state=found.state)


def _closed_alert(found: Confirmation) -> bool:
    """Close the alert that was asked about, in the name of who asked; False where none is open."""
    from fengkong.console.accounts.models import Operator  # noqa: PLC0415 - only its rows

    alert = Alert.objects.filter(pk=found.alert_id).exclude(state=Alert.State.CLOSED).first()
    asker = Operator.objects.filter(username=found.asked_by, is_active=True).first()
    if alert is None or asker is None or alert.decisions != 1:
        return False
    try:
        with transaction.atomic():
            dispose([alert.pk], "customer_confirmed", REASON, asker, remark=f"link {found.pk}")
    except (PermissionDenied, RiskError):
        return False
    return True


def _record(actor: Operator | str, action: str, found: Confirmation, **detail: object) -> None:
    record(actor, action, target_kind=TARGET, target=str(found.pk), detail=detail)
