"""A decision: what was decided, why, and on what."""

from __future__ import annotations

from typing import Any, Final

import msgspec

_CANONICAL: Final = msgspec.json.Encoder(order="deterministic")


class BilingualText(msgspec.Struct, frozen=True):
    """A sentence in both languages."""

    zh: str
    en: str


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """A value that was seen, against its limit; `limit_source` is a parameter or a list."""

    name: str
    value: float | bool | str | None
    operator: str
    limit: Any = None
    limit_source: str | None = None


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A rule whose condition was true."""

    rule: str
    outcome: str | None
    points: float
    reason: BilingualText | None
    observed: tuple[Observed, ...] = ()
    techniques: tuple[str, ...] = ()


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """A rule whose condition could not be known, and the names that were missing."""

    rule: str
    missing: tuple[str, ...]


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy says about one event.

    `points` are the sum over the hits; `outcome` is the strongest of the hits, of the points and
    of what the policy says about unknowns; `features` are the values it saw (money in major
    units, None missing); `late` says that the event came too late to be counted.
    """

    event_id: str
    event_type: str
    occurred_at: int
    outcome: str
    points: float
    hits: tuple[Hit, ...]
    unknowns: tuple[Unknown, ...]
    features: dict[str, float | bool | str | None]
    reasons: BilingualText
    late: bool
    policy: str
    policy_version: int
    policy_hash: str

    def to_json(self) -> bytes:
        """Canonical JSON: the same decision gives the same bytes."""
        return _CANONICAL.encode(self)
