"""Event types as JSON Schema 2020-12, with an example of each: what OpenAPI says of events."""

from __future__ import annotations

import re
from typing import Any, Final

from fengkong.core.bilingual import Bilingual
from fengkong.core.identifiers import IDENTIFIER_LENGTH_MAX
from fengkong.events.catalogue import NUMBER_MAX, Catalogue, EventType, Field, Kind
from fengkong.events.values import LATITUDE_MAX, LONGITUDE_MAX

Schema = dict[str, Any]

_MONEY: Final = r"(0|[1-9][0-9]{0,17})(\.[0-9]{1,8})?"
_EXAMPLE_TEXTS: Final = ("C-1", "CN", "62284800", "watched")
_SHOWN_MAX: Final = 12


def reference(name: str) -> Schema:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def both(text: Bilingual) -> str:
    """English and Chinese in one text, for a place that has only one."""
    return f"{text.en} / {text.zh}"


def event_schemas(catalogue: Catalogue) -> dict[str, Schema]:
    """The schemas of all event types and fields, and of an event of any type."""
    schemas: dict[str, Schema] = {
        "Event": {
            "title": "Event",
            "description": "Something that happened; its type says which fields it has.",
            "oneOf": [reference(name) for name in catalogue.type_names],
            "discriminator": {
                "propertyName": "type",
                "mapping": {name: reference(name)["$ref"] for name in catalogue.type_names},
            },
        }
    }
    for event_type in catalogue.types.values():
        schemas[event_type.name] = _type_schema(event_type, catalogue=catalogue)
    for field in catalogue.fields.values():
        schemas[f"field.{field.name}"] = _field_schema(field)
    return schemas


def example_event(event_type: EventType, *, catalogue: Catalogue) -> dict[str, object]:
    """A correct event of a type with what it must have and some of what it may have."""
    fields = sorted(event_type.required) + sorted(event_type.optional)[:_SHOWN_MAX]
    event: dict[str, object] = {
        "type": event_type.name,
        "id": "e-1",
        "occurred_at": "2026-11-01T12:00:00Z",
    }
    if not _money(event_type, catalogue=catalogue).isdisjoint(fields):
        event["currency"] = "CNY"
    return event | {name: example_value(catalogue.fields[name]) for name in fields}


def example_value(field: Field) -> object:
    """A value that the field accepts."""
    match field.kind:
        case Kind.MONEY:
            return "12.30"
        case Kind.NUMBER:
            return min(max(0.5, field.minimum), field.maximum)
        case Kind.INTEGER:
            return int(min(max(3, field.minimum), field.maximum))
        case Kind.BOOLEAN:
            return True
        case Kind.INSTANT:
            return "2026-10-01T08:00:00+08:00"
        case Kind.PLACE:
            return {"lat": 31.23, "lon": 121.47}
        case Kind.CATEGORY | Kind.TEXT | Kind.ENTITY:
            return _example_text(field)


def _example_text(field: Field) -> str:
    if field.values is not None:
        return min(field.values)
    form = re.compile(field.pattern or r".*", re.ASCII)
    fitting = (text for text in _EXAMPLE_TEXTS if form.fullmatch(text))
    return next(fitting)


def _money(event_type: EventType, *, catalogue: Catalogue) -> frozenset[str]:
    return frozenset(
        name for name in event_type.fields if catalogue.fields[name].kind is Kind.MONEY
    )


def _type_schema(event_type: EventType, *, catalogue: Catalogue) -> Schema:
    money = _money(event_type, catalogue=catalogue)
    required = ["type", "id", "occurred_at"]
    if money & event_type.required:
        required.append("currency")
    schema: Schema = {
        "title": both(event_type.title),
        "description": both(event_type.description),
        "type": "object",
        "properties": {
            "type": {"const": event_type.name},
            "id": _identifier("The event's own id: the idempotency key / 事件编号，即幂等键"),
            "occurred_at": _instant("When it happened / 发生时间"),
            "currency": {
                "type": "string",
                "pattern": "^[A-Z]{3}$",
                "description": "ISO 4217, needed beside money / 货币代码，有金额时必填",
                "examples": ["CNY"],
            },
            **{name: reference(f"field.{name}") for name in sorted(event_type.fields)},
        },
        "required": required + sorted(event_type.required),
        "additionalProperties": False,
        "examples": [example_event(event_type, catalogue=catalogue)],
    }
    if money - event_type.required:
        schema["dependentRequired"] = {
            name: ["currency"] for name in sorted(money - event_type.required)
        }
    return schema


def _field_schema(field: Field) -> Schema:
    schema: Schema = {
        "title": both(field.title),
        "description": both(field.description),
        **_form(field),
        "examples": [example_value(field)],
    }
    if field.entity is not None:
        schema["x-entity"] = field.entity
    if field.personal is not None:
        schema["x-personal-class"] = field.personal
    return schema


def _form(field: Field) -> Schema:
    match field.kind:
        case Kind.MONEY:
            sign = "-?" if field.signed else ""
            return {"type": "string", "format": "decimal", "pattern": f"^{sign}{_MONEY}$"}
        case Kind.NUMBER | Kind.INTEGER:
            return {"type": field.kind.value, **_bounds(field)}
        case Kind.BOOLEAN:
            return {"type": "boolean"}
        case Kind.INSTANT:
            return {"type": "string", "format": "date-time"}
        case Kind.PLACE:
            return {
                "type": "object",
                "properties": {
                    "lat": {"type": "number", "minimum": -LATITUDE_MAX, "maximum": LATITUDE_MAX},
                    "lon": {"type": "number", "minimum": -LONGITUDE_MAX, "maximum": LONGITUDE_MAX},
                },
                "required": ["lat", "lon"],
                "additionalProperties": False,
            }
        case Kind.CATEGORY | Kind.TEXT | Kind.ENTITY:
            return _text_form(field)


def _text_form(field: Field) -> Schema:
    if field.values is not None:
        return {"type": "string", "enum": sorted(field.values)}
    form: Schema = {"type": "string", "minLength": 1, "maxLength": field.length_max}
    if field.pattern is not None:
        form["pattern"] = f"^(?:{field.pattern})$"
    return form


def _bounds(field: Field) -> Schema:
    bounds: Schema = {}
    if field.minimum > -NUMBER_MAX:
        bounds["minimum"] = field.minimum
    if field.maximum < NUMBER_MAX:
        bounds["maximum"] = field.maximum
    return bounds


def _identifier(description: str) -> Schema:
    return {
        "type": "string",
        "minLength": 1,
        "maxLength": IDENTIFIER_LENGTH_MAX,
        "description": description,
        "examples": ["e-1"],
    }


def _instant(description: str) -> Schema:
    return {
        "type": "string",
        "format": "date-time",
        "description": description,
        "examples": ["2026-11-01T12:00:00Z"],
    }
