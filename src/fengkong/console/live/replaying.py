"""A decision derived again by the service, compared with what the journal holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from fengkong.client.client import Client
from fengkong.console.live.differences import Bytes, Difference, bytes_shown, differences
from fengkong.console.shell.spoken import operator_word, said

_CANONICAL: Final = msgspec.json.Encoder(order="deterministic")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What was recorded and what was derived; `equal` is the service's word on the bytes.

    `same_record`: what the service calls recorded is what was read from the journal here.
    `explanation` is everything the decision saw, personal texts masked; None of a degraded one.
    """

    equal: bool
    same_record: bool
    recorded: Bytes
    derived: Bytes
    differences: Sequence[Difference]
    explanation: Mapping[str, Any] | None


def replay_of(client: Client, *, event_id: str, recorded: Mapping[str, Any]) -> Replay:
    """Have a decision derived again; raises the client's errors."""
    answer = client.explanation(event_id)
    said = answer["recorded"]
    derived = said if answer["derived"] is None else answer["derived"]
    here, there, again = (_CANONICAL.encode(one) for one in (recorded, said, derived))
    return Replay(
        equal=bool(answer["equal"]) and again == there,
        same_record=here == there,
        recorded=bytes_shown(here),
        derived=bytes_shown(again),
        differences=differences(recorded, derived),
        explanation=answer["explanation"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Retold:
    """A rule as the replay saw it; `seen` are sentences of what was looked at."""

    rule: str
    title: str
    verdict: str
    seen: Sequence[str]


def retold(explanation: Mapping[str, Any] | None) -> list[Retold]:
    """Every rule of an explanation in the reader's language, those that hit first."""
    if explanation is None:
        return []
    order = ("hit", "unknown", "no")
    found = [
        Retold(
            rule=rule["rule"],
            title=said(rule["title"]),
            verdict=rule["verdict"],
            seen=[*map(_sentence, rule["observed"]), *rule["missing"]],
        )
        for rule in explanation["rules"]
    ]
    return sorted(found, key=lambda one: order.index(one.verdict))


def _sentence(seen: Mapping[str, Any]) -> str:
    limit = "" if seen["limit_text"] is None else said(seen["limit_text"])
    parts = [seen["name"], said(seen["text"]), operator_word(seen["operator"]), limit]
    reference = f"({seen['limit_source']})" if seen["limit_source"] else ""
    return " ".join(part for part in (*parts, reference) if part)
