"""Sentences with values in them: the reasons that people read.

A template is text with ``{name}`` placeholders of known names and parameters; nothing else is
possible in it, so a template from outside can read no attribute and run no code.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Any, Final

from fengkong.core.bilingual import Bilingual, Language
from fengkong.core.errors import RiskError
from fengkong.core.money import exponent
from fengkong.rules.errors import InvalidReasonError, UnknownNameError, listed, nearest, raise_all
from fengkong.rules.kinds import Kind
from fengkong.rules.origins import NOWHERE, Origin
from fengkong.rules.parameters import Parameter
from fengkong.rules.scope import Scope
from fengkong.rules.syntax import placed
from fengkong.rules.zones import zone

TEMPLATE_LENGTH_MAX: Final = 1000
VALUE_LENGTH_MAX: Final = 200
NUMBER_TEXTS_MAX: Final = 65_536
"""Texts of numbers that are remembered; when there are more, all are forgotten."""
_PARTS: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*", re.ASCII)
_INVISIBLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
UNKNOWN: Final = Bilingual(zh="未知", en="unknown")
YES: Final = Bilingual(zh="是", en="yes")
NO: Final = Bilingual(zh="否", en="no")
_PLAIN_KINDS: Final = frozenset({Kind.NUMBER, Kind.MONEY, Kind.PROBABILITY})
"""Kinds whose values read the same in every language."""


def format_money(minor: float, *, currency: str) -> str:
    """Minor units as people write them: 500000 is ``5,000.00``; fractions are rounded."""
    digits = int(exponent(currency))
    return f"{round(minor) / 10**digits:,.{digits}f}"


def format_number(number: float) -> str:
    """The shortest sensible text: whole numbers in full, others to four significant places."""
    if number == math.floor(number) and abs(number) < 1e15:
        return f"{int(number):,}"
    if 1e-4 <= abs(number) < 1e15:
        places = max(0, 3 - math.floor(math.log10(abs(number)))) if abs(number) < 1 else 2
        return f"{number:,.{places}f}".rstrip("0").rstrip(".")
    return f"{number:.4g}"


def format_instant_in(instant: float, *, time_zone: str) -> str:
    """Local date and time to the second: ``2026-11-01 20:00:00``."""
    local = (_EPOCH + timedelta(microseconds=int(instant))).astimezone(zone(time_zone))
    return local.strftime("%Y-%m-%d %H:%M:%S")


def format_value(value: object, *, kind: Kind, language: Language, scope: Scope) -> str:
    """A value of a kind as a person reads it; missing is 未知 or unknown."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return UNKNOWN.of(language)
    if kind is Kind.TEXT:
        return _INVISIBLE.sub("\ufffd", str(value)[:VALUE_LENGTH_MAX])
    if kind is Kind.BOOLEAN:
        return (YES if value else NO).of(language)
    number = float(value)  # type: ignore[arg-type]
    match kind:
        case Kind.MONEY:
            return format_money(number, currency=scope.currency)
        case Kind.INSTANT:
            return format_instant_in(number, time_zone=scope.time_zone)
        case _:
            return format_number(number)


@dataclass(frozen=True, slots=True)
class Template:
    """A checked template: texts and the names between them."""

    source: str
    parts: tuple[str | Placeholder, ...]

    @property
    def names(self) -> frozenset[str]:
        """The fields and features it shows."""
        return frozenset(
            part.name
            for part in self.parts
            if isinstance(part, Placeholder) and part.parameter is None
        )

    def render(
        self,
        values: Mapping[str, object],
        *,
        occurred_at: int,
        language: Language,
        scope: Scope,
    ) -> str:
        """The sentence for one event."""
        return "".join(
            part if isinstance(part, str) else part.show(values, occurred_at, language, scope)
            for part in self.parts
        )


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A name in a template."""

    name: str
    kind: Kind
    parameter: Parameter | None = None

    def show(
        self, values: Mapping[str, object], occurred_at: int, language: Language, scope: Scope
    ) -> str:
        """The value as text."""
        if self.parameter is None:
            value = values.get(self.name)
        else:
            dated = self.parameter.at(occurred_at)
            value = None if dated is None else dated.value
            if self.kind is Kind.MONEY and isinstance(value, float):
                value *= scope.scale
        return format_value(value, kind=self.kind, language=language, scope=scope)


def _placeholder(name: str, *, scope: Scope) -> Placeholder:
    if name in scope.names:
        return Placeholder(name, scope.names[name])
    if name in scope.parameters:
        parameter = scope.parameters[name]
        return Placeholder(name, parameter.kind, parameter)
    if _NAME.fullmatch(name) is None:
        raise InvalidReasonError(f"{{{name[:40]}}} is not a name in braces")
    known = [*scope.names, *scope.parameters]
    suggestion = nearest(name, known) or f"; there is {listed(known)}"
    raise UnknownNameError(f"unknown name {name[:80]}{suggestion}")


def parse_template(source: object, *, scope: Scope, origin: Origin = NOWHERE) -> Template:
    """Read and check a template; errors name the line, the column and the nearest name."""
    if not isinstance(source, str) or not 0 < len(source) <= TEMPLATE_LENGTH_MAX:
        message = f"a reason must be a text of 1 to {TEMPLATE_LENGTH_MAX} characters"
        raise placed(InvalidReasonError, message, origin.place)
    parts: list[str | Placeholder] = []
    errors: list[RiskError] = []
    position = 0
    for match in _PARTS.finditer(source):
        parts.append(source[position : match.start()])
        position = match.end()
        before = source[: match.start()]
        place = origin.at(
            line=before.count("\n") + 1, column=match.start() - (before.rfind("\n") + 1)
        )
        if match[0] in ("{{", "}}"):
            parts.append(match[0][0])
        elif match[1] is None:
            errors.append(placed(InvalidReasonError, f"a single {match[0]}", place))
        else:
            try:
                parts.append(_placeholder(match[1].strip(), scope=scope))
            except RiskError as error:
                errors.append(placed(type(error), error.message, place))
    parts.append(source[position:])
    raise_all(errors)
    return Template(source, tuple(part for part in parts if part != ""))


@dataclass(frozen=True, slots=True)
class Reason:
    """The same sentence in both languages."""

    zh: Template
    en: Template

    def render(self, values: Mapping[str, object], *, occurred_at: int, scope: Scope) -> Bilingual:
        """Both sentences for one event."""
        return Bilingual(
            zh=self.zh.render(values, occurred_at=occurred_at, language="zh", scope=scope),
            en=self.en.render(values, occurred_at=occurred_at, language="en", scope=scope),
        )


class NumberTexts(dict[float, str]):
    """Texts of finite numbers of one kind, remembered, since the same few numbers come again."""

    def __init__(self, *, kind: Kind, scope: Scope) -> None:
        super().__init__()
        self._kind = kind
        self._scope = scope

    def __missing__(self, number: float) -> str:
        """The text of a number that is not known yet."""
        if len(self) >= NUMBER_TEXTS_MAX:
            self.clear()
        text = format_value(number, kind=self._kind, language="en", scope=self._scope)
        self[number] = text
        return text


class Writer:
    """Writes the reasons of one policy; the texts are those of `Reason.render`."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.texts = {kind: NumberTexts(kind=kind, scope=scope) for kind in _PLAIN_KINDS}

    def sentences(self, reason: Reason) -> Sentences:
        """A reason made ready to be written many times."""
        return Sentences(reason, writer=self)


class Sentences:
    """A reason made ready to be written many times."""

    def __init__(self, reason: Reason, *, writer: Writer) -> None:
        placeholders = [p for p in (*reason.zh.parts, *reason.en.parts) if not isinstance(p, str)]
        slots = {part.name: part for part in placeholders}.values()
        self._slots = [
            (slot, None if slot.parameter else writer.texts.get(slot.kind)) for slot in slots
        ]
        self.names = reason.zh.names | reason.en.names
        """The fields and features that are shown."""
        self._reason = reason
        self._zh, self._en = _pattern(reason.zh), _pattern(reason.en)
        self._scope = writer.scope

    def write(self, values: Mapping[str, object], *, occurred_at: int) -> tuple[str, str]:
        """The sentence in Chinese and in English."""
        texts: dict[str, str] = {}
        en: dict[str, str] | None = None
        for slot, known in self._slots:
            name = slot.name
            if known is not None:
                value = values.get(name)
                if type(value) is float and math.isfinite(value):
                    texts[name] = known[value]
                    continue
            texts[name] = slot.show(values, occurred_at, "zh", self._scope)
            en = en or {}
            en[name] = slot.show(values, occurred_at, "en", self._scope)
        return self._zh % texts, self._en % ({**texts, **en} if en else texts)

    def write_columns(
        self, columns: Mapping[str, Sequence[object]], *, occurred_at: Sequence[int]
    ) -> tuple[list[str], list[str]]:
        """The sentences of many events, each name with a value per event."""
        zh: dict[str, list[str]] = {}
        en: dict[str, list[str]] = {}
        for slot, known in self._slots:
            name = slot.name
            values: Sequence[Any] = columns.get(name, ())
            if known is not None and None not in values and math.isfinite(sum(values)):
                zh[name] = en[name] = [known[value] for value in values]
            else:
                zh[name] = self._show(slot, values, occurred_at, "zh")
                en[name] = self._show(slot, values, occurred_at, "en")
        count = len(occurred_at)
        return _filled(self._reason.zh, zh, count), _filled(self._reason.en, en, count)

    def _show(
        self,
        slot: Placeholder,
        values: Sequence[object],
        occurred_at: Sequence[int],
        language: Language,
    ) -> list[str]:
        """A slot's texts for many events, each different value written once."""
        if slot.parameter is not None:
            return [slot.show({}, instant, language, self._scope) for instant in occurred_at]
        texts = {
            value: format_value(value, kind=slot.kind, language=language, scope=self._scope)
            for value in set(values)
        }
        return [texts[value] for value in values]


def _filled(template: Template, texts: Mapping[str, list[str]], count: int) -> list[str]:
    """A template filled for many events."""
    parts = [
        repeat(part, count) if isinstance(part, str) else texts[part.name]
        for part in template.parts
    ]
    return ["".join(pieces) for pieces in zip(*parts, strict=True)]


def _pattern(template: Template) -> str:
    """A template as a pattern for the % operator, which is the fastest writer there is."""
    parts = [
        part.replace("%", "%%") if isinstance(part, str) else f"%({part.name})s"
        for part in template.parts
    ]
    return "".join(parts)


def parse_reason(data: object, *, scope: Scope, origin: Origin = NOWHERE) -> Reason:
    """A reason from ``{zh: ..., en: ...}``; both are required."""
    if not isinstance(data, Mapping) or set(data) != {"zh", "en"}:
        raise placed(InvalidReasonError, "expected a reason with zh and en", origin.place)
    templates: dict[str, Template] = {}
    errors: list[RiskError] = []
    for language in ("zh", "en"):
        try:
            inside = origin.inside(f".{language}")
            templates[language] = parse_template(data[language], scope=scope, origin=inside)
        except RiskError as error:
            errors.append(error)
    raise_all(errors)
    return Reason(zh=templates["zh"], en=templates["en"])
