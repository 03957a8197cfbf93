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


class Contribution(msgspec.Struct, frozen=True, kw_only=True):
    """What one input of a model did to its result.

    `value` is what the model saw (money in major units, a category's word); `amount` is what it
    added to the log odds (of an anomaly: to the exponent), against the average of the training;
    `code` is ``model.input.raises`` or ``.lowers``.
    """

    input: str
    value: float | bool | str | None
    amount: float
    code: str
    reason: BilingualText


class OtherScored(msgspec.Struct, frozen=True, kw_only=True):
    """What the one of champion and challenger said that did not decide."""

    model: str
    version: str
    hash: str
    probability: float


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """What a model said, under the name that the policy gives it.

    `contributions` are the largest ones, the first the largest; they are there where a rule that
    uses the model hit, or when somebody asked. Where a challenger stands beside the model,
    `challenged` says whether the challenger decided, and `other` what the other one said.
    """

    name: str
    model: str
    version: str
    hash: str
    probability: float
    contributions: tuple[Contribution, ...] | msgspec.UnsetType = msgspec.UNSET
    challenged: bool | msgspec.UnsetType = msgspec.UNSET
    other: OtherScored | msgspec.UnsetType = msgspec.UNSET


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy says about one event.

    `points` are the sum over the hits; `outcome` is the strongest of the hits, of the points and
    of what the policy says about unknowns; `features` are the values it saw (money in major
    units, None missing); `late` says that the event came too late to be counted; `models` are there
    if the policy has some.
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
    models: tuple[Scored, ...] | msgspec.UnsetType = msgspec.UNSET

    def to_json(self) -> bytes:
        """Canonical JSON: the same decision gives the same bytes."""
        return _CANONICAL.encode(self)
