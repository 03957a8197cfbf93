"""Made events as the tail hands them over, with readable names for blind indexes."""

import hashlib
from collections.abc import Sequence
from typing import Any

from fengkong.console.entities.kinds import KIND_OF_FIELD
from fengkong.console.entities.taking import key_of
from fengkong.console.journaled.seen import (
    SeenCall,
    SeenDecision,
    SeenEntries,
    SeenErasure,
    SeenNames,
)

JOURNAL = "ab" * 16
NOON = 1_793_534_400_000_000  # 2026-11-01T12:00:00Z
HOUR = 3_600_000_000


def blind(kind: str, value: str) -> bytes:
    """A stand-in for the vault's blind index: the kind is in it, the value is not."""
    return hashlib.sha256(f"{kind}:{value}".encode()).digest()[:16]


def key(kind: str, value: str) -> int:
    """The number under which the index has a made entity."""
    return key_of(blind(kind, value))


def hexed(kind: str, value: str) -> str:
    """A made entity as addresses have it."""
    return blind(kind, value).hex()


def event(sequence: int, *, at: int = NOON, **fields: Any) -> tuple[SeenDecision, SeenNames]:
    """A decision whose event names entities: ``event(1, customer="C1", device="D1")``."""
    more = {name: fields.pop(name) for name in list(fields) if name not in KIND_OF_FIELD}
    first = next((name for name in KIND_OF_FIELD if name in fields), None)
    subject = hexed(KIND_OF_FIELD[first], fields[first]) if first else "00" * 16
    decided = {
        "event_id": f"e-{sequence}",
        "event_type": "transfer.initiated",
        "subject": subject,
        "occurred_at": at,
        "recorded_at": at,
        "outcome": "allow",
        "points": 0.0,
        "probability": None,
        "amount_minor": 1_000,
        "currency": "CNY",
        "policy": "small",
        "policy_version": 1,
        "policy_hash": "cd" * 32,
        "rules": (),
        "degraded": False,
        "late": False,
        "erased": False,
        "shadow_outcome": "",
    }
    named = tuple(
        (name, blind(KIND_OF_FIELD[name], fields[name])) for name in KIND_OF_FIELD if name in fields
    )
    return SeenDecision(sequence=sequence, **(decided | more)), SeenNames(sequence, named)


def entries(
    *made: tuple[SeenDecision, SeenNames],
    after: int = 0,
    erased: tuple[str, ...] = (),
    calls: Sequence[SeenCall] = (),
) -> SeenEntries:
    """What the tail has seen: these events, and then erasures of subjects."""
    last = max([after, *(one.sequence for one, _ in made)])
    gone = [SeenErasure(subject, last + n, NOON) for n, subject in enumerate(erased, 1)]
    return SeenEntries(
        journal=JOURNAL,
        after=after,
        upto=max(last + len(gone), after + 1),
        at=NOON,
        decisions=[one for one, _ in made],
        names=[one for _, one in made],
        calls=list(calls),
        erasures=gone,
    )
