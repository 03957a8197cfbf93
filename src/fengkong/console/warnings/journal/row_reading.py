"""Rows as they are kept, out of events and what was decided of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from fengkong.console.lists.declared import lists_of_policy
from fengkong.console.warnings.journal.day_rows import SEQUENCE
from fengkong.console.warnings.journal.kept_events import Kept
from fengkong.journal.entries import Leaf
from fengkong.journal.history import Sealed


class _Hit(msgspec.Struct):
    rule: str


class _Decided(msgspec.Struct):
    outcome: str
    points: float
    hits: tuple[_Hit, ...]
    unknowns: tuple[msgspec.Raw, ...]


_decode: Final = msgspec.json.Decoder(_Decided).decode


class RowReader:
    """Rows of kinds out of events and what was decided; lives as long as a batch is read."""

    def __init__(self, salt: bytes, *, activated: Mapping[str, int]) -> None:
        self._salt = salt[:32]
        self._activated = activated
        self._asks: dict[str | None, Mapping[str, object]] = {}
        self._names: dict[str, str] = {}

    def facts(self, leaf: Leaf, sealed: Sealed) -> dict[str, Any]:
        """Everything that a row can hold: the event, and what is known of the decision."""
        event = sealed.understood
        known = event.values | {
            "event_type": event.type,
            "event_id": event.id,
            "degraded": leaf.degraded,
            "late": leaf.late,
            SEQUENCE: leaf.sequence,
        }
        if sealed.decision is None:
            return known
        decided = _decode(sealed.decision)
        known["outcome"] = decided.outcome
        known["points"] = decided.points
        known["unknown_rules"] = float(len(decided.unknowns))
        asks = self._asks_of(leaf.policy) if decided.hits else {}
        known["list_hits"] = float(sum(hit.rule in asks for hit in decided.hits))
        return known

    def row(self, kind: Kept, facts: Mapping[str, Any]) -> tuple[Any, ...]:
        """The fields of a kind in their order, and the place in the journal."""
        named = [self._name(facts[one]) if one in facts else None for one in kind.named]
        return (*map(facts.get, kind.plain), *named, facts[SEQUENCE])

    def _asks_of(self, policy: str | None) -> Mapping[str, object]:
        """The rules of a policy that ask lists."""
        found = self._asks.get(policy)
        if found is None:
            found = lists_of_policy(policy or "", activated=self._activated).by_rule
            self._asks[policy] = found
        return found

    def _name(self, value: Any) -> str | None:
        """Who is meant, hashed under the key of the house."""
        if value is None:
            return None
        found = self._names.get(value)
        if found is None:
            text = str(value).encode()
            found = hashlib.blake2b(text, key=self._salt, digest_size=8).hexdigest()
            self._names[value] = found
        return found
