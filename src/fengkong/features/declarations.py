"""The declaration language of features: ``sum(amount) over card last 24h where channel == "app"``.

A declaration reads

    aggregate(argument) [of event-types] over entity [, entity...] [last duration]
        [delayed duration] [excluding current] [default number] [where condition]

in that order. Without ``last`` the window is everything seen so far. With ``delayed d`` an event
counts from d after it happened, as long as the window is. The current event counts unless the
declaration says ``excluding current`` or delays; ``since_previous``, ``seen_before``,
``distance`` and ``speed`` always compare with what came before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from fengkong.core.errors import RiskError
from fengkong.core.instants import InvalidDurationError, parse_duration


class Aggregate(StrEnum):
    """What a feature computes of the events in its window."""

    COUNT = "count"
    SUM = "sum"
    MEAN = "mean"
    STD = "std"
    MIN = "min"
    MAX = "max"
    DISTINCT = "distinct"
    FIRST = "first"
    LAST = "last"
    SINCE_FIRST = "since_first"
    SINCE_PREVIOUS = "since_previous"
    SEEN_BEFORE = "seen_before"
    SHARE = "share"
    DISTANCE = "distance"
    SPEED = "speed"


_WITHOUT_ARGUMENT: Final = frozenset({Aggregate.SINCE_FIRST, Aggregate.SINCE_PREVIOUS})
_ARGUMENT_OPTIONAL: Final = frozenset({Aggregate.COUNT, Aggregate.SEEN_BEFORE})
ALWAYS_BEFORE: Final = frozenset(
    {Aggregate.SINCE_PREVIOUS, Aggregate.SEEN_BEFORE, Aggregate.DISTANCE, Aggregate.SPEED}
)
"""Aggregates that compare the current event with what came before it."""

_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*"
_TYPE: Final = rf"{_NAME}(?:\.{_NAME})*"
_DECLARATION: Final = re.compile(
    rf"""\s*(?P<aggregate>{_NAME}) \s* \(\s*(?P<argument>{_NAME})?\s*\)
    (?:\s+of\s+(?P<types>{_TYPE}(?:\s*,\s*{_TYPE})*))?
    \s+over\s+(?P<open>\(\s*)?(?P<over>{_NAME}(?:\s*,\s*{_NAME})*)(?(open)\s*\))
    (?:\s+last\s+(?P<last>\S+))?
    (?:\s+delayed\s+(?P<delayed>\S+))?
    (?P<excluding>\s+excluding\s+current)?
    (?:\s+default\s+(?P<default>-?[0-9]+(?:\.[0-9]+)?))?
    (?:\s+where\s+(?P<where>\S.*?))?\s*""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_LENGTH_MAX: Final = 2000
_WINDOWED: Final = re.compile(rf"\s*{_NAME}\s*\([^()]*\)\s+(?:of|over)\b", re.ASCII)


class InvalidFeatureError(RiskError):
    """A feature declaration cannot be read or asks for something that does not exist."""

    code = "features.invalid_declaration"
    hint = (
        "Write aggregate(field) [of event] over entity [last 7d] [delayed 7d] "
        "[excluding current] [default 0] [where condition]."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFeature:
    """One declared feature. Durations are microseconds; `last` None means everything so far.

    `text` is the declaration as it was written; two that say the same are equal.
    """

    name: str
    aggregate: Aggregate
    argument: str | None
    over: tuple[str, ...]
    event_types: tuple[str, ...] | None = None
    last: int | None = None
    delayed: int = 0
    current_excluded: bool = False
    default: float | None = None
    where: str | None = None
    text: str = field(default="", compare=False, repr=False)


def is_window_declaration(text: str) -> bool:
    """Whether a text declares a window (``...) over ...``) rather than arithmetic on features."""
    return _WINDOWED.match(text) is not None


def parse_feature(text: str, *, name: str) -> WindowFeature:
    """The feature that a declaration describes; raises `InvalidFeatureError` naming what is off."""
    match = _DECLARATION.fullmatch(text) if len(text) <= _LENGTH_MAX else None
    if match is None:
        raise InvalidFeatureError(_what_is_off(text), path=f"$.features.{name}")
    aggregate = _aggregate(match["aggregate"], name=name)
    feature = WindowFeature(
        name=name,
        aggregate=aggregate,
        argument=match["argument"],
        over=_names(match["over"]),
        event_types=_names(match["types"]) or None,
        last=_duration(match, "last", name=name),
        delayed=_duration(match, "delayed", name=name) or 0,
        current_excluded=bool(match["excluding"]) or aggregate in ALWAYS_BEFORE,
        default=float(match["default"]) if match["default"] else None,
        where=match["where"],
        text=text,
    )
    _check(feature)
    return feature


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",")) if text else ()


def _duration(match: re.Match[str], clause: str, *, name: str) -> int | None:
    if match[clause] is None:
        return None
    try:
        return parse_duration(match[clause])
    except InvalidDurationError as error:
        raise InvalidFeatureError(
            f"{clause} {match[clause][:40]}: {error.message}; {error.hint}",
            path=f"$.features.{name}",
        ) from None


def _aggregate(text: str, *, name: str) -> Aggregate:
    try:
        return Aggregate(text)
    except ValueError:
        near = get_close_matches(text, list(Aggregate), n=1)
        suggestion = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(Aggregate)}"
        raise InvalidFeatureError(
            f"unknown aggregate {text[:40]!r}{suggestion}", path=f"$.features.{name}"
        ) from None


def _check(feature: WindowFeature) -> None:
    aggregate, path = feature.aggregate, f"$.features.{feature.name}"
    if feature.argument is None and aggregate not in _WITHOUT_ARGUMENT | _ARGUMENT_OPTIONAL:
        raise InvalidFeatureError(f"{aggregate}() needs a field in its brackets", path=path)
    if feature.argument is not None and aggregate in _WITHOUT_ARGUMENT:
        raise InvalidFeatureError(f"{aggregate}() takes no field", path=path)
    if aggregate is Aggregate.DISTINCT and feature.last is None:
        raise InvalidFeatureError(
            "distinct() needs a window: it must remember every value of it; add `last 30d`",
            path=path,
        )
    if len(set(feature.over)) != len(feature.over):
        raise InvalidFeatureError("the same entity stands twice after `over`", path=path)
    if aggregate in (Aggregate.SHARE, Aggregate.SEEN_BEFORE) and feature.argument in feature.over:
        raise InvalidFeatureError(f"{aggregate}({feature.argument}) over itself", path=path)


def _what_is_off(text: str) -> str:
    if len(text) > _LENGTH_MAX:
        return f"the declaration is longer than {_LENGTH_MAX} characters"
    if re.search(r"\bover\b", text) is None:
        return f"{text[:200]!r} names no entity (`over card`)"
    for clause in ("last", "delayed"):
        found = re.search(rf"\b{clause}\b\s*$", text)
        if found:
            return f"`{clause}` needs a duration such as 7d"
    return f"cannot read {text[:200]!r}"
