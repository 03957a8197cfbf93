"""Indicator files: YAML read strictly, every formula checked, all faults reported with lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final, TypeVar

import msgspec

from fengkong.core.bilingual import Bilingual
from fengkong.core.errors import Fault, FaultsError, RiskError
from fengkong.events.documents import Document, load_document
from fengkong.indicators.aggregates import parse_aggregate
from fengkong.indicators.errors import InvalidIndicatorError
from fengkong.indicators.indicator import Indicator, IndicatorTest, Library, RiskGroup, Unit
from fengkong.indicators.measures import parse_measure
from fengkong.indicators.references import Basis, Reference
from fengkong.indicators.sources import Calendar, Check, Column, Combine, Source, SourceKind
from fengkong.indicators.thresholds import (
    CusumChart,
    DatedRule,
    Direction,
    EwmaChart,
    Fixed,
    ForecastBand,
    Quantile,
    Rule,
    Thresholds,
)
from fengkong.rules.errors import nearest
from fengkong.rules.expressions import Expression, parse, parse_condition
from fengkong.rules.kinds import Kind
from fengkong.rules.parameters import in_minor_units
from fengkong.rules.scope import Scope

T = TypeVar("T")
_ID: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+", re.ASCII)
_RULES: Final[dict[str, type[Rule]]] = {
    "fixed": Fixed,
    "quantile": Quantile,
    "ewma": EwmaChart,
    "cusum": CusumChart,
    "forecast": ForecastBand,
}


class _Texts(msgspec.Struct, forbid_unknown_fields=True):
    zh: str
    en: str

    def bilingual(self) -> Bilingual:
        return Bilingual(zh=self.zh, en=self.en)


class _ReferenceFile(msgspec.Struct, forbid_unknown_fields=True):
    basis: Basis
    title: _Texts
    read: bool = False


class _CheckFile(msgspec.Struct, forbid_unknown_fields=True):
    condition: str
    title: _Texts


class _SourceFile(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    title: _Texts
    meaning: _Texts
    kind: SourceKind
    owner: str
    columns: dict[str, str]
    segments: dict[str, _Texts] = {}
    rows: dict[str, Kind] = {}
    events: list[str] = []
    calendar: Calendar = Calendar.DAILY
    fresh_within_days: int = 1
    checks: list[_CheckFile] = []
    otherwise: dict[str, str] = {}
    schedule: str = "daily"
    currency: str = "CNY"


class _TestFile(msgspec.Struct, forbid_unknown_fields=True):
    given: list[dict[str, object]]
    expect: float | None
    name: str = ""


class _ThresholdsFile(msgspec.Struct, forbid_unknown_fields=True):
    direction: Direction
    rules: dict[str, dict[str, Any]]
    hysteresis: float = 0.05
    pending: int = 1


class _IndicatorFile(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    id: str
    group: RiskGroup
    title: _Texts
    meaning: _Texts
    unit: Unit
    source: str
    owner: str
    reference: str
    formula: str
    thresholds: _ThresholdsFile
    measures: dict[str, str] = {}
    impact: str | None = None
    playbook: str | None = None
    segments: list[str] = []
    weight: float = 1.0
    critical: bool = False
    streaming: bool = False
    tests: list[_TestFile] = []


def load_library(texts: Mapping[str, str]) -> Library:
    """The library in YAML texts by file name; all faults of all files raise one FaultsError.

    A file holds ``sources:`` (a mapping), ``indicators:`` (a list), ``references:`` (a mapping of
    what definitions and thresholds rest on), or several of these. A reference that is not declared
    is taken as it is written.
    """
    documents: list[Document] = []
    faults: list[Fault] = []
    for name, text in texts.items():
        try:
            documents.append(load_document(text, source=name))
        except FaultsError as error:
            faults += error.faults
        except RiskError as error:
            faults.append(error.fault())
    reader = _Reader(faults)
    for document in documents:
        reader.read_sources(document)
    for document in documents:
        reader.read_indicators(document)
    if faults:
        raise FaultsError(faults)
    return Library(reader.indicators, reader.sources, reader.references)


@cache
def shipped_library() -> Library:
    """The library that comes with Fengkong (``packs/indicators``)."""
    folder = files("fengkong") / "packs" / "indicators"
    paths = sorted(
        (path for path in folder.iterdir() if path.name.endswith(".yaml")),
        key=lambda path: path.name,
    )
    return load_library({path.name: path.read_text(encoding="utf-8") for path in paths})


class _Reader:
    """Reads documents; what is wrong goes into one list of faults."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        self.sources: dict[str, Source] = {}
        self.indicators: dict[str, Indicator] = {}
        self.references: dict[str, Reference] = {}

    def read_sources(self, document: Document) -> None:
        content = document.data if isinstance(document.data, dict) else {}
        for key in content:
            if key not in ("sources", "indicators", "references"):
                self._fault(document, f"unknown key {key!r}", key)
        for name, entry in (content.get("references") or {}).items():
            read = self._attempt(
                document,
                ("references", name),
                lambda: msgspec.convert(entry, _ReferenceFile),  # noqa: B023
            )
            if read is not None:
                self.references[name] = Reference(read.basis, read.title.bilingual(), read.read)
        sources = content.get("sources") or {}
        if not isinstance(sources, dict):
            self._fault(document, "expected a mapping of sources", "sources")
            return
        for name, entry in sources.items():
            path = ("sources", name)
            found = self._attempt(document, path, lambda: _source(name, entry))  # noqa: B023
            if found is not None and name in self.sources:
                self._fault(document, f"the source {name} is declared twice", *path)
            elif found is not None:
                self.sources[name] = found

    def read_indicators(self, document: Document) -> None:
        content = document.data if isinstance(document.data, dict) else {}
        entries = content.get("indicators") or []
        if not isinstance(entries, list):
            self._fault(document, "expected a list of indicators", "indicators")
            return
        for position, entry in enumerate(entries):
            path = ("indicators", position)
            found = self._attempt(
                document,
                path,
                lambda: _indicator(entry, self.sources),  # noqa: B023
            )
            if found is not None and found.id in self.indicators:
                self._fault(document, f"the indicator {found.id} is declared twice", *path)
            elif found is not None:
                self.indicators[found.id] = found

    def _attempt(
        self, document: Document, path: tuple[str | int, ...], make: Callable[[], T]
    ) -> T | None:
        try:
            return make()
        except msgspec.ValidationError as error:
            self._fault(document, str(error), *path)
        except FaultsError as error:
            for fault in error.faults:
                self._fault(document, fault.message, *path)
        except RiskError as error:
            self._fault(document, error.message, *path)
        return None

    def _fault(self, document: Document, message: str, *path: str | int) -> None:
        self.faults.append(document.fault(InvalidIndicatorError, message, *path))


def _source(name: str, entry: object) -> Source:
    read = msgspec.convert(entry, _SourceFile)
    rows = Scope(names=read.rows, currency=read.currency)
    segments = {key: texts.bilingual() for key, texts in read.segments.items()}
    columns = {key: _column(text, rows=rows) for key, text in read.columns.items()}
    source = Source(
        id=name,
        title=read.title.bilingual(),
        meaning=read.meaning.bilingual(),
        kind=read.kind,
        owner=read.owner,
        calendar=read.calendar,
        fresh_within_days=read.fresh_within_days,
        columns=columns,
        segments=segments,
        rows=read.rows,
        events=tuple(read.events),
        schedule=read.schedule,
        currency=read.currency,
    )
    scope = source.scope()
    checks = tuple(
        Check(parse_condition(check.condition, scope=scope), check.title.bilingual())
        for check in read.checks
    )
    otherwise = {
        key: _otherwise(key, text, columns=columns, scope=scope)
        for key, text in read.otherwise.items()
    }
    return replace(source, checks=checks, otherwise=otherwise)


def _otherwise(name: str, text: str, *, columns: Mapping[str, Column], scope: Scope) -> Expression:
    """What a column is where nobody gave it."""
    if name not in columns:
        message = f"{name!r} under `otherwise` is no column{nearest(name, columns)}"
        raise InvalidIndicatorError(message)
    formula = parse(text, scope=scope)
    if formula.kind is not columns[name].kind:
        message = f"{name} is {columns[name].kind}, its formula under `otherwise` {formula.kind}"
        raise InvalidIndicatorError(message)
    return formula


def _column(text: str, *, rows: Scope) -> Column:
    """``money``, ``number max``, or an aggregate of rows such as ``count() where ...``."""
    if "(" in text:
        aggregate = parse_aggregate(text, scope=rows)
        combine = {"max": Combine.MAX, "min": Combine.MIN, "mean": Combine.MEAN}
        other = Combine.MAX if aggregate.function in ("p50", "p95", "p99") else Combine.SUM
        return Column(aggregate.kind, combine.get(aggregate.function, other), aggregate)
    words = text.split()
    try:
        kind = Kind(words[0])
        combine_by = Combine(words[1]) if len(words) > 1 else Combine.SUM
    except ValueError:
        raise InvalidIndicatorError(
            f"{text[:60]!r} is no column; write a kind such as money, and max, min or mean where "
            "rows of a day are not summed"
        ) from None
    return Column(kind, combine_by)


def _indicator(entry: object, sources: Mapping[str, Source]) -> Indicator:
    read = msgspec.convert(entry, _IndicatorFile)
    if _ID.fullmatch(read.id) is None:
        raise InvalidIndicatorError(f"{read.id[:60]!r} is no id; write group.name_of_it")
    source = sources.get(read.source)
    if source is None:
        raise InvalidIndicatorError(f"unknown source {read.source}{nearest(read.source, sources)}")
    for segment in read.segments:
        if segment not in source.segments:
            near = nearest(segment, source.segments)
            raise InvalidIndicatorError(f"{source.id} has no segment {segment}{near}")
    scope = source.scope()
    segments = frozenset(source.segments)
    measures = tuple(
        parse_measure(text, name=name, scope=scope, segments=segments)
        for name, text in read.measures.items()
    )
    kinds = {
        measure.name: Kind.MONEY
        if _is_money(measure.function, source, measure.column)
        else Kind.NUMBER
        for measure in measures
    }
    inner = Scope(
        names={name: kind for name, kind in scope.names.items() if name not in segments} | kinds,
        currency=source.currency,
    )
    impact = None if read.impact is None else parse(read.impact, scope=inner)
    if impact is not None and impact.kind is not Kind.MONEY:
        raise InvalidIndicatorError(f"impact must be money, was {impact.kind}")
    return Indicator(
        id=read.id,
        group=read.group,
        title=read.title.bilingual(),
        meaning=read.meaning.bilingual(),
        unit=read.unit,
        source=source,
        owner=read.owner,
        reference=read.reference,
        measures=measures,
        formula=parse(read.formula, scope=inner),
        thresholds=_thresholds(
            read.thresholds, scale=source.scope().scale if read.unit is Unit.MONEY else 1
        ),
        impact=impact,
        playbook=read.playbook,
        segments=tuple(read.segments),
        weight=read.weight,
        critical=read.critical,
        streaming=read.streaming,
        tests=tuple(IndicatorTest(tuple(one.given), one.expect, one.name) for one in read.tests),
    )


_OF_MONEY: Final = frozenset(
    {"value", "latest", "sum", "mean", "min", "max", "std", "median", "quantile", "ewma"}
    | {"top_sum"}
)


def _is_money(function: str, source: Source, column: str) -> bool:
    return function in _OF_MONEY and source.columns[column].kind is Kind.MONEY


def _thresholds(read: _ThresholdsFile, *, scale: int) -> Thresholds:
    """Thresholds; fixed bounds of money are written in major units."""
    rules = []
    for day, content in sorted(read.rules.items()):
        try:
            start = date.fromisoformat(day)
        except ValueError:
            raise InvalidIndicatorError(f"{day[:40]!r} is not a date such as 2026-01-01") from None
        reference = content.get("reference")
        kinds = [name for name in content if name != "reference"]
        if not isinstance(reference, str) or not reference.strip():
            raise InvalidIndicatorError(f"the thresholds of {day} need a reference that says why")
        if len(kinds) != 1 or kinds[0] not in _RULES:
            known = ", ".join(_RULES)
            raise InvalidIndicatorError(f"the thresholds of {day} are one of {known}")
        rules.append(DatedRule(start, _rule(kinds[0], content[kinds[0]], scale=scale), reference))
    if not 0.0 <= read.hysteresis < 1.0 or read.pending < 1:
        raise InvalidIndicatorError("hysteresis is a share below 1, pending at least 1")
    return Thresholds(
        direction=read.direction,
        rules=tuple(rules),
        hysteresis=read.hysteresis,
        pending=read.pending,
    )


def _rule(kind: str, content: object, *, scale: int) -> Rule:
    values = msgspec.convert(content, dict[str, float])
    known = {one.name for one in fields(_RULES[kind])} - {"lookback"}
    for key in values:
        if key not in known:
            raise InvalidIndicatorError(f"unknown key {key!r} of {kind}{nearest(key, known)}")
    whole = {"last", "least", "baseline", "guard", "weeks", "season"}
    given: dict[str, Any] = {
        key: int(value) if key in whole else value for key, value in values.items()
    }
    if kind == "fixed":
        given = {key: in_minor_units(value, scale=scale) for key, value in given.items()}
    return _RULES[kind](**given)
