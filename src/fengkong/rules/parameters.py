"""Parameters: named values that change by date, each with the reference that justifies it.

Before its first date a parameter is missing, so a rule that needs it is unknown.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from fengkong.core.bilingual import Bilingual
from fengkong.core.errors import RiskError
from fengkong.rules.errors import InvalidParameterError, raise_all
from fengkong.rules.kinds import Kind
from fengkong.rules.origins import NOWHERE, Origin

PARAMETER_MAX: Final = 1e15
DATES_MAX: Final = 1000
Value = float | bool | str


@dataclass(frozen=True, slots=True)
class DatedValue:
    """A value, the instant (us) from which it holds, and why it is what it is."""

    effective_from: int
    value: Value
    reference: Bilingual


@dataclass(frozen=True, slots=True)
class Parameter:
    """A dated value; amounts of money are in major units, as they were written."""

    name: str
    kind: Kind
    values: tuple[DatedValue, ...]

    def __post_init__(self) -> None:
        starts = [dated.effective_from for dated in self.values]
        assert starts == sorted(set(starts)), "the dates of a parameter are ordered"

    def at(self, instant: int) -> DatedValue | None:
        """The value that holds at an instant; None before the first date."""
        position = bisect_right(self.values, instant, key=lambda dated: dated.effective_from)
        return self.values[position - 1] if position else None


@lru_cache(maxsize=4096)
def in_minor_units(value: float, *, scale: int) -> float:
    """Major units times `scale`, by decimal arithmetic: 0.29 becomes 29, not 28.999."""
    return float(Decimal(repr(float(value))) * scale)


def _midnight(day: object, *, time_zone: str) -> int:
    """The first instant (us) of a day in a time zone."""
    try:
        parsed = day if isinstance(day, date) else date.fromisoformat(str(day))
    except ValueError:
        raise InvalidParameterError(f"{str(day)[:40]!r} is not a date such as 2026-01-01") from None
    if not 2000 <= parsed.year < 2100:
        raise InvalidParameterError(f"{parsed} is outside the years 2000 to 2099")
    start = datetime(parsed.year, parsed.month, parsed.day, tzinfo=ZoneInfo(time_zone))
    return round(start.timestamp()) * 1_000_000


def _kind_of(value: object, *, declared: Kind | None) -> Kind:
    """The kind of a plain value, which must fit the declared one."""
    if isinstance(value, bool):
        found = Kind.BOOLEAN
    elif isinstance(value, int | float):
        found = Kind.NUMBER
        if not abs(value) <= PARAMETER_MAX:
            raise InvalidParameterError(f"expected at most {PARAMETER_MAX:g}, was {value!r:.40}")
    elif isinstance(value, str):
        found = Kind.TEXT
    else:
        raise InvalidParameterError(f"expected a number, a text or true/false, was {value!r:.40}")
    if declared is Kind.MONEY and found is Kind.NUMBER:
        return Kind.MONEY
    if declared is not None and declared is not found:
        raise InvalidParameterError(f"expected {declared.value}, was {value!r:.40}")
    return found


def _reference(content: object) -> Bilingual:
    """Why a value is what it is: one text, or one in each language."""
    if isinstance(content, str) and content.strip():
        return Bilingual(zh=content, en=content)
    if not isinstance(content, Mapping):
        raise InvalidParameterError("every value needs a reference that says why")
    texts = {str(key): text for key, text in content.items()}
    told = [text for text in texts.values() if isinstance(text, str) and text.strip()]
    if texts.keys() != {"zh", "en"} or len(told) < len(texts):
        raise InvalidParameterError("a reference is one text, or {zh, en} with a text in each")
    return Bilingual(zh=str(texts["zh"]), en=str(texts["en"]))


def _dated_value(
    day: object, content: object, *, time_zone: str, declared: Kind | None
) -> tuple[Kind, DatedValue]:
    """One ``date: {value, reference}`` pair."""
    start = _midnight(day, time_zone=time_zone)
    if not isinstance(content, Mapping):
        raise InvalidParameterError("expected {value, reference}")
    unknown = sorted(str(key) for key in content if key not in ("value", "reference"))
    if unknown:
        raise InvalidParameterError(f"unknown key {unknown[0][:40]!r}; expected value, reference")
    reference = _reference(content.get("reference"))
    kind = _kind_of(content.get("value"), declared=declared)
    value = content["value"]
    plain = value if isinstance(value, bool | str) else float(value)
    return kind, DatedValue(start, plain, reference)


def parse_parameter(
    name: str, data: object, *, time_zone: str, origin: Origin = NOWHERE
) -> Parameter:
    """A parameter from ``{2026-01-01: {value: 3, reference: FRAUD-12}}``.

    A key ``kind: money`` makes it an amount in major units; a reference may be ``{zh, en}``.
    """
    place = origin.inside(f".{name}")
    errors: list[RiskError] = []
    values: list[DatedValue] = []
    kinds: set[Kind] = set()
    declared: Kind | None = None
    if not isinstance(data, Mapping) or not 0 < len(data) <= DATES_MAX:
        raise _placed(InvalidParameterError(f"{name}: expected dates with values"), place)
    dates = dict(data)
    try:
        if "kind" in dates:
            declared = Kind(str(dates.pop("kind")))
    except ValueError:
        message = f"{name}: kind must be one of {', '.join(Kind)}"
        errors.append(_placed(InvalidParameterError(message), place))
    for day, content in dates.items():
        try:
            kind, dated = _dated_value(day, content, time_zone=time_zone, declared=declared)
        except InvalidParameterError as error:
            message = f"{name} at {str(day)[:40]}: {error.message}"
            errors.append(_placed(InvalidParameterError(message), place))
        else:
            kinds.add(kind)
            values.append(dated)
    values.sort(key=lambda dated: dated.effective_from)
    if len(kinds) > 1:
        message = f"{name}: all values must be of one kind, were {', '.join(sorted(kinds))}"
        errors.append(_placed(InvalidParameterError(message), place))
    if len({dated.effective_from for dated in values}) < len(values):
        errors.append(_placed(InvalidParameterError(f"{name}: a date is given twice"), place))
    if not dates:
        errors.append(_placed(InvalidParameterError(f"{name}: no date with a value"), place))
    raise_all(errors)
    return Parameter(name, kinds.pop(), tuple(values))


def _placed(error: InvalidParameterError, origin: Origin) -> InvalidParameterError:
    """The same error with the place of the parameter."""
    return InvalidParameterError(
        error.message,
        path=origin.path,
        source=origin.source,
        line=origin.line if origin.source else None,
    )
