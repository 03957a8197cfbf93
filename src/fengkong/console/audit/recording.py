"""Records an act in the ledger, in the transaction that does it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from django.db import connection, transaction
from django.utils import timezone

from fengkong.console.audit.models import AuditEntry
from fengkong.ledger.hashes import SHA256

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

SYSTEM: Final = "system"
"""The actor of what no person did."""
FIRST_PREVIOUS: Final = "0" * 64
DETAIL_BYTES_MAX: Final = 16_384
"""A longer detail is kept beside the leaf, which names its digest."""
_LOCK: Final = 0x66_6B_61_75
"""The advisory lock under which PostgreSQL numbers entries."""


def record(
    actor: Operator | str,
    action: str,
    *,
    target_kind: str,
    target: str,
    detail: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Add an entry; it becomes durable with the change that it tells of, or not at all.

    `action` is verb_object (`approve_policy`) and has words in its app's registry of actions.
    `detail` holds what was before and after (keys `before` and `after` where both are known), and
    no personal data: the ledger cannot forget. Raises RuntimeError outside of a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"{action} is recorded outside of the transaction that does it")
    payload = canonical(detail or {})
    is_long = len(payload) > DETAIL_BYTES_MAX
    with transaction.atomic():
        take_turn()
        last = AuditEntry.objects.order_by("-sequence").only("sequence", "leaf_hash").first()
        sequence = 1 if last is None else last.sequence + 1
        at = timezone.now()
        columns = {
            "action": action,
            "actor": actor if isinstance(actor, str) else actor.username,
            "target": target[:200],
            "target_kind": target_kind,
        }
        leaf = canonical(
            {
                **columns,
                "at": at.isoformat(),
                "detail": None if is_long else detail or {},
                "payload": hashlib.sha256(payload).hexdigest(),
                "previous": FIRST_PREVIOUS if last is None else bytes(last.leaf_hash).hex(),
                "sequence": sequence,
            }
        )
        return AuditEntry.objects.create(
            sequence=sequence,
            recorded_at=at,
            leaf=leaf,
            leaf_hash=leaf_hash(leaf),
            payload=payload if is_long else None,
            **columns,
        )


def canonical(content: Mapping[str, Any]) -> bytes:
    """Compact JSON with sorted keys: the same content has the same bytes."""
    return json.dumps(
        content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str
    ).encode()


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf (RFC 6962, 2.1)."""
    return SHA256.leaf_hash(leaf)


def take_turn() -> None:
    """One writer numbers entries at a time; SQLite has one write transaction anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
