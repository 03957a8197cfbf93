"""Where two JSON documents differ, and two decisions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

SHOWN_MAX: Final = 50
_ABSENT: Final = "—"


@dataclass(frozen=True, slots=True)
class Difference:
    """A place, what stands there on one side and on the other."""

    path: str
    one: Any
    other: Any


def differences(one: Any, other: Any) -> list[Difference]:
    """The first places where two documents differ, as paths like ``$.hits[0].points``."""
    return [found for found, _ in zip(_walk("$", one, other), range(SHOWN_MAX), strict=False)]


def _walk(path: str, one: Any, other: Any) -> Iterator[Difference]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in sorted({*one, *other}):
            yield from _walk(f"{path}.{key}", one.get(key, _ABSENT), other.get(key, _ABSENT))
    elif isinstance(one, list) and isinstance(other, list):
        for place in range(max(len(one), len(other))):
            pair = [side[place] if place < len(side) else _ABSENT for side in (one, other)]
            yield from _walk(f"{path}[{place}]", *pair)
    elif type(one) is not type(other) or one != other:
        yield Difference(path, one, other)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bytes:
    """Bytes as they are compared by people: how many, and their SHA-256."""

    length: int
    sha256: str


def bytes_shown(content: bytes) -> Bytes:
    """Length and digest of some bytes."""
    return Bytes(length=len(content), sha256=hashlib.sha256(content).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Two decisions of one event side by side: outcomes, points, and the rules only one has."""

    outcome: str
    other_outcome: str
    points: float
    other_points: float
    only_here: tuple[str, ...]
    only_there: tuple[str, ...]
    policy: str


def beside(live: Mapping[str, Any], shadow: Mapping[str, Any]) -> Beside:
    """What the shadow policy's decision has that the live one has not, and the other way round."""
    here, there = ({hit["rule"] for hit in one["hits"]} for one in (live, shadow))
    return Beside(
        outcome=live["outcome"],
        other_outcome=shadow["outcome"],
        points=live["points"],
        other_points=shadow["points"],
        only_here=tuple(sorted(here - there)),
        only_there=tuple(sorted(there - here)),
        policy=f"{shadow['policy']} {shadow['policy_version']}",
    )
