"""The declarations of link features: ``degree() over customer by device, card last 30d``.

Who shares something with whom:

    measure(field) [of event-types] over entity by entity [, entity...] last duration
        [default number] [where condition]

and how money flows:

    measure(field) [of event-types] over entity from payer to payee last duration
        [default number] [where condition]

in that order. What each measure means is in the docstring of `fengkong.links`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from fengkong.core.errors import RiskError
from fengkong.core.instants import InvalidDurationError, parse_duration


class Measure(StrEnum):
    """What a link feature says of an entity."""

    COMPONENT_SIZE = "component_size"
    DEGREE = "degree"
    HOPS_TO_FRAUD = "hops_to_fraud"
    FAN_IN = "fan_in"
    FAN_OUT = "fan_out"
    CYCLE_HOPS = "cycle_hops"
    PASS_THROUGH_SECONDS = "pass_through_seconds"  # noqa: S105 - money that passes
    PASSED_SHARE = "passed_share"


SHARING: Final = frozenset({Measure.COMPONENT_SIZE, Measure.DEGREE, Measure.HOPS_TO_FRAUD})
"""Measures of who shares something with whom; the others are of money that flows."""

_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*"
_TYPE: Final = rf"{_NAME}(?:\.{_NAME})*"
_DECLARATION: Final = re.compile(
    rf"""\s*(?P<measure>{_NAME}) \s* \(\s*(?P<argument>{_NAME})?\s*\)
    (?:\s+of\s+(?P<types>{_TYPE}(?:\s*,\s*{_TYPE})*))?
    \s+over\s+(?P<over>{_NAME})
    (?:\s+by\s+(?P<by>{_NAME}(?:\s*,\s*{_NAME})*))?
    (?:\s+from\s+(?P<payer>{_NAME})\s+to\s+(?P<payee>{_NAME}))?
    \s+last\s+(?P<last>\S+)
    (?:\s+default\s+(?P<default>-?[0-9]+(?:\.[0-9]+)?))?
    (?:\s+where\s+(?P<where>\S.*?))?\s*""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_MEASURE: Final = re.compile(rf"\s*({_NAME})\s*\([^()]*\)\s+(?:of|over)\b", re.ASCII)
_LENGTH_MAX: Final = 2000


class InvalidLinkFeatureError(RiskError):
    """A link feature cannot be read or asks for something that does not exist."""

    code = "links.invalid_declaration"
    hint = (
        "Write degree() [of event] over customer by device, card last 30d [default 0] "
        "[where condition], or fan_in() [of event] over account from account to payee_account "
        "last 24h."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFeature:
    """One declared link feature; `last` is in microseconds.

    `by` are the fields of what is shared; a flow has `payer` and `payee` instead. `text` is the
    declaration as it was written; two that say the same are equal.
    """

    name: str
    measure: Measure
    argument: str | None
    over: str
    last: int
    by: tuple[str, ...] = ()
    payer: str | None = None
    payee: str | None = None
    event_types: tuple[str, ...] | None = None
    default: float | None = None
    where: str | None = None
    text: str = field(default="", compare=False, repr=False)

    @property
    def entities(self) -> tuple[str, ...]:
        """The fields whose entities are linked."""
        if self.payer is not None and self.payee is not None:
            return (self.payer, self.payee)
        return (self.over, *self.by)

    @property
    def mark(self) -> str | None:
        """The field of a label whose entity is known for fraud; None for other measures."""
        if self.measure is not Measure.HOPS_TO_FRAUD:
            return None
        return self.argument or self.over


def is_link_declaration(text: str) -> bool:
    """Whether a text declares a link feature: it begins with one of the measures."""
    match = _MEASURE.match(text)
    return match is not None and match[1] in set(Measure)


def parse_link_feature(text: str, *, name: str) -> LinkFeature:
    """The feature that a declaration describes; raises `InvalidLinkFeatureError`."""
    match = _DECLARATION.fullmatch(text) if len(text) <= _LENGTH_MAX else None
    path = f"$.features.{name}"
    if match is None:
        raise InvalidLinkFeatureError(_what_is_off(text), path=path)
    try:
        last = parse_duration(match["last"])
    except InvalidDurationError as error:
        message = f"last {match['last'][:40]}: {error.message}; {error.hint}"
        raise InvalidLinkFeatureError(message, path=path) from None
    feature = LinkFeature(
        name=name,
        measure=Measure(match["measure"]),
        argument=match["argument"],
        over=match["over"],
        last=last,
        by=_names(match["by"]),
        payer=match["payer"],
        payee=match["payee"],
        event_types=_names(match["types"]) or None,
        default=float(match["default"]) if match["default"] else None,
        where=match["where"],
        text=text,
    )
    _check(feature)
    return feature


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",")) if text else ()


def _check(feature: LinkFeature) -> None:
    measure, path = feature.measure, f"$.features.{feature.name}"
    flow = feature.payer is not None
    if measure in SHARING and (flow or not feature.by):
        message = f"{measure}() needs what is shared: `over customer by device, card`"
        raise InvalidLinkFeatureError(message, path=path)
    if measure not in SHARING and (feature.by or not flow):
        message = f"{measure}() needs a flow: `over account from account to payee_account`"
        raise InvalidLinkFeatureError(message, path=path)
    if flow and feature.over not in (feature.payer, feature.payee):
        message = f"over {feature.over}: a flow is looked at over its payer or its payee"
        raise InvalidLinkFeatureError(message, path=path)
    if flow and feature.payer == feature.payee:
        raise InvalidLinkFeatureError("payer and payee are the same field", path=path)
    if len({feature.over, *feature.by}) <= len(feature.by):
        raise InvalidLinkFeatureError("the same entity stands twice", path=path)
    if measure is Measure.PASSED_SHARE and feature.argument is None:
        raise InvalidLinkFeatureError("passed_share(amount) needs a field of money", path=path)
    takes_field = measure in (Measure.HOPS_TO_FRAUD, Measure.PASSED_SHARE)
    if feature.argument is not None and not takes_field:
        raise InvalidLinkFeatureError(f"{measure}() takes no field", path=path)


def _what_is_off(text: str) -> str:
    if len(text) > _LENGTH_MAX:
        return f"the declaration is longer than {_LENGTH_MAX} characters"
    if re.search(r"\blast\s+\S", text) is None:
        return f"{text[:200]!r} has no window: links grow old, add `last 30d`"
    for clause in ("delayed", "excluding"):
        if re.search(rf"\b{clause}\b", text):
            return f"`{clause}` is no part of a link feature"
    return f"cannot read {text[:200]!r}"
