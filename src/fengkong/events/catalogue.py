"""The catalogue: which event types there are and what each of their fields means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, cached_property
from importlib.resources import files
from types import MappingProxyType
from typing import Final, Literal, cast

from fengkong.core.bilingual import LANGUAGES, Bilingual
from fengkong.core.errors import Fault, FaultsError, RiskError
from fengkong.core.identifiers import IDENTIFIER_LENGTH_MAX
from fengkong.events.documents import Document, Path, load_document, unknown_keys
from fengkong.events.spelling import did_you_mean

ENVELOPE: Final = ("type", "id", "occurred_at", "currency")
"""What every event has beside its fields; no field may have one of these names."""

NUMBER_MAX: Final = 2.0**53
"""Beyond it a float64 no longer holds every whole number."""

PersonalClass = Literal["C1", "C2"]


class Kind(StrEnum):
    """What a field's value is."""

    MONEY = "money"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CATEGORY = "category"
    TEXT = "text"
    INSTANT = "instant"
    PLACE = "place"
    ENTITY = "entity"


TEXT_LIKE: Final = frozenset({Kind.CATEGORY, Kind.TEXT, Kind.ENTITY})
_LENGTHS: Final = {Kind.CATEGORY: 64, Kind.TEXT: 256, Kind.ENTITY: IDENTIFIER_LENGTH_MAX}
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*", re.ASCII)
_TYPE_NAME: Final = re.compile(r"[a-z]+(?:_[a-z]+)*\.[a-z]+(?:_[a-z]+)*", re.ASCII)
_FIELD_KEYS: Final = frozenset(
    {"kind", "entity", "personal", "label", "signed", "values", "minimum", "maximum"}
    | {"length_max", "pattern", "title", "description"}
)
_TYPE_KEYS: Final = frozenset({"title", "description", "required", "optional"})


class InvalidCatalogueError(RiskError):
    """A declaration of fields or event types cannot be used."""

    code = "catalogue.invalid"
    hint = "Correct the declaration at the line named."


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What one field means, whatever event it stands in.

    `minimum` and `maximum` bound numbers and integers; `values` are the only words a category may
    be (None: any); `pattern` is a regular expression the whole text must match; `signed` money may
    be negative; `label` marks truth that only history carries.
    """

    name: str
    kind: Kind
    title: Bilingual
    description: Bilingual
    entity: str | None = None
    personal: PersonalClass | None = None
    label: bool = False
    signed: bool = False
    values: frozenset[str] | None = None
    minimum: float = -NUMBER_MAX
    maximum: float = NUMBER_MAX
    length_max: int = 0
    pattern: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """One kind of event and the fields it must and may have."""

    name: str
    title: Bilingual
    description: Bilingual
    required: frozenset[str]
    optional: frozenset[str]

    @property
    def fields(self) -> frozenset[str]:
        """Required and optional fields together."""
        return self.required | self.optional


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """All event types and all fields; `type_names` fixes the number of each type."""

    types: Mapping[str, EventType]
    fields: Mapping[str, Field]

    @cached_property
    def type_names(self) -> tuple[str, ...]:
        """The types in declared order: an event's type in columns is an index into this."""
        return tuple(self.types)

    @cached_property
    def entities(self) -> frozenset[str]:
        """Every entity that some field refers to."""
        return frozenset(field.entity for field in self.fields.values() if field.entity)

    def event_type(self, name: str) -> EventType:
        """The type of a name; an unknown name raises with the nearest known one."""
        try:
            return self.types[name]
        except KeyError:
            raise UnknownTypeError(
                f"unknown event type {name[:64]!r}{did_you_mean(name, self.types)}", path="$.type"
            ) from None


class UnknownTypeError(RiskError):
    """An event has a type that the catalogue does not declare."""

    code = "event.unknown_type"
    hint = "Give one of the event types of the catalogue, such as payment.initiated."


@cache
def shipped_catalogue() -> Catalogue:
    """The catalogue that comes with Fengkong."""
    folder = files("fengkong") / "packs" / "events"
    return load_catalogue(
        fields=(folder / "fields.yaml").read_text(encoding="utf-8"),
        types=(folder / "types.yaml").read_text(encoding="utf-8"),
    )


def load_catalogue(*, fields: str, types: str) -> Catalogue:
    """A catalogue from the two YAML texts; all faults of both raise one FaultsError."""
    field_reader = _DeclarationReader(load_document(fields, source="fields.yaml"))
    declared = {name: field_reader.field(name) for name in field_reader.names(())}
    type_reader = _DeclarationReader(load_document(types, source="types.yaml"))
    type_reader.keys((), known=frozenset({"groups", "types"}))
    groups = {
        name: type_reader.members(("groups", name), known=declared, groups={})
        for name in type_reader.names(("groups",))
    }
    event_types = {
        name: type_reader.event_type(name, known=declared, groups=groups)
        for name in type_reader.names(("types",))
    }
    if faults := field_reader.faults + type_reader.faults:
        raise FaultsError(faults)
    return Catalogue(
        types=MappingProxyType(event_types),
        fields=MappingProxyType(cast("dict[str, Field]", declared)),
    )


@dataclass(slots=True)
class _DeclarationReader:
    document: Document
    faults: list[Fault] = field(default_factory=list)

    def fault(self, message: str, *path: str | int) -> None:
        self.faults.append(self.document.fault(InvalidCatalogueError, message, *path))

    def entry(self, path: Path) -> dict[str, object]:
        """The mapping at a place; a fault and an empty one when something else stands there."""
        node: object = self.document.data
        for part in path:
            node = node.get(str(part)) if isinstance(node, dict) else None
        if isinstance(node, dict):
            return node
        self.fault("expected a mapping of names", *path)
        return {}

    def names(self, path: Path) -> tuple[str, ...]:
        return tuple(self.entry(path))

    def keys(self, path: Path, *, known: frozenset[str]) -> None:
        self.faults += unknown_keys(self.document, self.entry(path), known=known, path=path)

    def bilingual(self, path: Path) -> Bilingual:
        entry = self.entry(path[:-1]).get(str(path[-1]))
        if (
            isinstance(entry, dict)
            and set(entry) == set(LANGUAGES)
            and all(isinstance(text, str) and text for text in entry.values())
        ):
            return Bilingual(zh=entry["zh"], en=entry["en"])
        self.fault("expected a text in zh and in en", *path)
        return Bilingual(zh="", en="")

    def field(self, name: str) -> Field | None:
        """The field of a name, None after reporting why it is not one."""
        before = len(self.faults)
        entry = self.entry((name,))
        if len(self.faults) > before:
            return None
        self.keys((name,), known=_FIELD_KEYS)
        if not _NAME.fullmatch(name) or name in ENVELOPE:
            self.fault("a field's name is lower_case words and none of the envelope's", name)
        kind = entry.get("kind")
        if kind not in list(Kind):
            hint = did_you_mean(str(kind), [known.value for known in Kind])
            self.fault(f"unknown kind {kind!r}{hint}", name, "kind")
            return None
        read = _FieldReader(reader=self, name=name, kind=Kind(str(kind)), entry=entry).read()
        return read if len(self.faults) == before else None

    def event_type(
        self,
        name: str,
        *,
        known: Mapping[str, Field | None],
        groups: Mapping[str, tuple[str, ...]],
    ) -> EventType:
        path = ("types", name)
        self.keys(path, known=_TYPE_KEYS)
        if not _TYPE_NAME.fullmatch(name):
            self.fault("an event type is named like payment.initiated", *path)
        required = frozenset(self.members((*path, "required"), known=known, groups={}))
        optional = frozenset(self.members((*path, "optional"), known=known, groups=groups))
        return EventType(
            name=name,
            title=self.bilingual((*path, "title")),
            description=self.bilingual((*path, "description")),
            required=required,
            optional=optional - required,
        )

    def members(
        self,
        path: Path,
        *,
        known: Mapping[str, Field | None],
        groups: Mapping[str, tuple[str, ...]],
    ) -> tuple[str, ...]:
        """The field names a list holds, `@group` spelt out."""
        listed = self.entry(path[:-1]).get(str(path[-1]))
        if not isinstance(listed, list):
            self.fault("expected a list of field names", *path)
            return ()
        names: list[str] = []
        for index, item in enumerate(listed):
            text = str(item)
            if text.startswith("@") and text[1:] in groups:
                names += groups[text[1:]]
            elif text in known and text not in names:
                names.append(text)
            else:
                problem = "listed twice" if text in names else "not a declared field"
                hint = did_you_mean(text, [*known, *(f"@{group}" for group in groups)])
                self.fault(f"{text!r} is {problem}{hint}", *path, index)
        return tuple(names)


@dataclass(frozen=True, slots=True, kw_only=True)
class _FieldReader:
    reader: _DeclarationReader
    name: str
    kind: Kind
    entry: dict[str, object]

    def read(self) -> Field:
        if (self.kind is Kind.ENTITY) != ("entity" in self.entry):
            self._fault("an entity field, and only that, names its entity", "kind")
        return Field(
            name=self.name,
            kind=self.kind,
            entity=self._word("entity"),
            personal=self._personal(),
            label=self._flag("label"),
            signed=self._flag("signed", only=Kind.MONEY),
            values=self._values(),
            minimum=self._bound("minimum", default=-NUMBER_MAX),
            maximum=self._bound("maximum", default=NUMBER_MAX),
            length_max=self._length(),
            pattern=self._pattern(),
            title=self.reader.bilingual((self.name, "title")),
            description=self.reader.bilingual((self.name, "description")),
        )

    def _fault(self, message: str, key: str) -> None:
        self.reader.fault(message, self.name, key)

    def _personal(self) -> PersonalClass | None:
        personal = self.entry.get("personal")
        if personal not in (None, "C1", "C2"):
            self._fault("personal is C1 or C2; data of class C3 must never be a field", "personal")
        return cast("PersonalClass | None", personal)

    def _word(self, key: str) -> str | None:
        word = self.entry.get(key)
        if word is None or (isinstance(word, str) and _NAME.fullmatch(word)):
            return word
        self._fault(f"{key} is a lower_case name", key)
        return None

    def _flag(self, key: str, *, only: Kind | None = None) -> bool:
        flag = self.entry.get(key, False)
        if not isinstance(flag, bool) or (flag and only is not None and self.kind is not only):
            self._fault(f"{key} is true or absent{f', and for {only} only' if only else ''}", key)
        return flag is True

    def _values(self) -> frozenset[str] | None:
        values = self.entry.get("values")
        if values is None:
            return None
        if self.kind is Kind.CATEGORY and isinstance(values, list) and values:
            words = [value for value in values if isinstance(value, str)]
            if len(set(words)) == len(values):
                return frozenset(words)
        self._fault("values is a list of different words, for a category", "values")
        return None

    def _bound(self, key: str, *, default: float) -> float:
        bound = self.entry.get(key, default)
        allowed = key not in self.entry or self.kind in (Kind.NUMBER, Kind.INTEGER)
        if allowed and isinstance(bound, (int, float)) and not isinstance(bound, bool):
            return float(bound)
        self._fault(f"{key} is a number, for a number or an integer", key)
        return default

    def _length(self) -> int:
        default = _LENGTHS.get(self.kind, 0)
        length = self.entry.get("length_max", default)
        if type(length) is int and (length == default or (default and 1 <= length <= 4096)):
            return length
        self._fault("length_max is 1 to 4096 characters, for text", "length_max")
        return default

    def _pattern(self) -> str | None:
        pattern = self.entry.get("pattern")
        if pattern is None:
            return None
        try:
            if isinstance(pattern, str) and self.kind in TEXT_LIKE:
                return re.compile(pattern, re.ASCII).pattern
        except re.error:
            pass
        self._fault("pattern is a regular expression, for text", "pattern")
        return None
