"""The service described as OpenAPI 3.1, made from the routes, the catalogue and the error tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from fengkong import __version__
from fengkong.core.errors import RiskError
from fengkong.decisions.decision import Decision
from fengkong.events.catalogue import Catalogue
from fengkong.journal.parts import SHARE_MAX
from fengkong.protection.subjects import SUBJECT_ENTITIES
from fengkong.service import problems
from fengkong.service.answers import BYTES, JSON, NDJSON, PROBLEM, TEXT
from fengkong.service.http.event_schemas import (
    Schema,
    both,
    event_schemas,
    example_event,
    reference,
)
from fengkong.service.http.routing import ROUTES, Route, Sends
from fengkong.service.problems import Problem, chinese_texts, status_of

OFF_THE_WIRE: Final = frozenset(
    {
        "cli",
        "client",
        "simulation",
        "mapping",
        "file",
        "calendar",
        "evaluation",
        "reference",
        "signature",
    }
)
"""Rooms whose errors never answer a request."""
_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_PARAMETERS: Final = {
    "id": "The event's id, percent-encoded / 事件编号，须做百分号编码",
    "level": "Level of the tile, 0 for the leaves' hashes / 瓦片层级，0 为叶子哈希",
    "tile": "Index of the tile as C2SP tlog-tiles writes it, with slashes: x001/x234/067, or"
    " 067.p/8 for a partial one / 瓦片序号，按 C2SP tlog-tiles 的写法",
}
_QUERIES: Final = {"inclusion": ("sequence", "size"), "consistency": ("old", "new")}
_DEALT: Final = (
    {
        "name": "share",
        "in": "query",
        "required": True,
        "description": "The share of the subjects that it answers / 由它判定的主体比例",
        "schema": {"type": "number", "exclusiveMinimum": 0, "maximum": SHARE_MAX},
    },
    {
        "name": "by",
        "in": "query",
        "required": False,
        "description": "Whose values are dealt out, if not the events' subjects"
        " / 按哪种实体分配，缺省按事件主体",
        "schema": {"type": "string", "enum": list(SUBJECT_ENTITIES)},
    },
)
_ANSWERS: Final = {
    "decide": "Decided",
    "decide_many": "Batch",
    "record": "Recorded",
    "record_many": "Batch",
    "find": "Answered",
}
_MEDIA: Final = {"checkpoint": TEXT, "metrics": TEXT, "tile": BYTES, "bundle": BYTES}
_EVERYWHERE: Final = (400, 404, 405, 408, 414, 431, 500, 503)
_KEYED: Final = (401, 403, 429)
_WITH_BODY: Final = (413, 415)
_CONFLICTS: Final = frozenset(
    {"decide", "record", "decide_many", "record_many", "rollback", "promote"}
)


def openapi_document(catalogue: Catalogue) -> bytes:
    """The whole description, as JSON."""
    return msgspec.json.encode(describe(catalogue))


def describe(catalogue: Catalogue) -> dict[str, Any]:
    """The whole description, as data."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        operation = _operation(route, catalogue=catalogue)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Fengkong decision service / 风控决策服务",
            "version": __version__,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": "Decides on each event as it happens, and can prove it afterwards."
            " The event's id is the idempotency key: the same event gives the same bytes for ever,"
            " another event under its id gives 409."
            " / 对每个事件即时作出可证明的决策；事件编号即幂等键。",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": event_schemas(catalogue) | _answer_schemas(),
            "responses": {f"Problem{status}": _refusal(status) for status in _statuses()},
            "securitySchemes": _security_schemes(),
        },
    }


def wire_errors() -> list[type[RiskError]]:
    """Every kind of error that may answer a request, by code."""
    found: dict[str, type[RiskError]] = {}
    waiting: list[type[RiskError]] = [RiskError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        ours = kind.__module__.startswith("fengkong.")
        if ours and kind.code.split(".", maxsplit=1)[0] not in OFF_THE_WIRE:
            found[kind.code] = kind
    return [found[code] for code in sorted(found)]


def _operation(route: Route, *, catalogue: Catalogue) -> dict[str, Any]:
    media = _MEDIA.get(route.name, JSON).decode()
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": both(route.title),
        "responses": {
            "200": {"description": both(route.title), "content": {media: _content(route)}}
        },
    }
    if route.sends is Sends.BATCH:
        ndjson = {"schema": {"type": "string", "description": "One item a line / 每行一项"}}
        operation["responses"]["200"]["content"][NDJSON.decode()] = ndjson
    for status in _refusals(route):
        operation["responses"][str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    if parameters := list(_parameters(route)):
        operation["parameters"] = parameters
    if route.sends is not Sends.NOTHING:
        operation["requestBody"] = _request_body(route, catalogue=catalogue)
    if route.scope is None:
        operation["security"] = []
    else:
        operation["security"] = [{"bearer": []}, {"signature": []}]
        operation["x-scope"] = route.scope
        operation["description"] = f"Needs the scope {route.scope} / 需要权限 {route.scope}"
    return operation


def _content(route: Route) -> Schema:
    if route.name in _MEDIA:
        return {"schema": {"type": "string"}}
    if route.name in _ANSWERS:
        return {"schema": reference(_ANSWERS[route.name])}
    return {"schema": {"type": "object"}}


def _refusals(route: Route) -> list[int]:
    statuses = {*_EVERYWHERE}
    if route.scope is not None:
        statuses |= {*_KEYED, 413}
    if route.sends is not Sends.NOTHING:
        statuses |= {*_WITH_BODY}
    if route.name in _CONFLICTS:
        statuses |= {409}
    if "{id}" in route.path or route.sends.submits:
        statuses |= {410}
    return sorted(statuses)


def _parameters(route: Route) -> Iterator[dict[str, Any]]:
    for name in _PARAMETER.findall(route.path):
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": _PARAMETERS[name],
            "schema": {"type": "integer"} if name == "level" else {"type": "string"},
        }
    if route.name == "canary":
        yield from _DEALT
    for name in _QUERIES.get(route.name, ()):
        yield {
            "name": name,
            "in": "query",
            "required": True,
            "schema": {"type": "integer", "minimum": 0},
        }


def _request_body(route: Route, *, catalogue: Catalogue) -> dict[str, Any]:
    schemas: dict[Sends, Schema] = {
        Sends.EVENT: reference("Event"),
        Sends.BATCH: {"type": "array", "minItems": 1, "items": reference("Event")},
        Sends.POLICY: {"type": "string", "description": "A policy file in YAML / YAML 策略文件"},
        Sends.SUBJECT: reference("Subject"),
        Sends.VALUE: reference("Value"),
    }
    content: dict[str, Any] = {}
    for media in route.sends.media:
        content[media.decode()] = {"schema": schemas[route.sends]}
        if media != JSON and route.sends is Sends.BATCH:
            content[media.decode()] = {
                "schema": {"type": "string", "description": "One event a line / 每行一个事件"}
            }
    if route.sends is Sends.EVENT:
        content[JSON.decode()]["examples"] = {
            name: {"value": example_event(event_type, catalogue=catalogue)}
            for name, event_type in catalogue.types.items()
        }
    return {
        "required": True,
        "description": f"At most {route.sends.limit} bytes; plain or gzip once",
        "content": content,
    }


def _answer_schemas() -> dict[str, Schema]:
    _, decision = msgspec.json.schema_components(
        [Decision, Problem], ref_template="#/components/schemas/{name}"
    )
    answered: Schema = {
        "sequence": {"type": "integer", "minimum": 1},
        "recorded_at": {"type": "string", "format": "date-time"},
        "degraded": {
            "type": "boolean",
            "description": "Whether something was missing and the policy's fallback answered"
            " / 是否因缺少依据而采用策略声明的退路",
        },
        "missing": {"type": "array", "items": {"type": "string"}},
    }
    item: Schema = {
        "type": "object",
        "properties": {
            "status": {"type": "integer"},
            "body": {"oneOf": [*map(reference, ("Decided", "Recorded", "Problem"))]},
        },
        "required": ["status", "body"],
    }
    problem = decision["Problem"]
    problem["properties"]["code"] = reference("ProblemCode")
    return decision | {
        "Decided": _object(answered | {"decision": reference("Decision")}, optional=("missing",)),
        "Recorded": _object(answered | {"event_id": {"type": "string"}}, optional=("missing",)),
        "Answered": {"oneOf": [reference("Decided"), reference("Recorded")]},
        "Batch": {
            "type": "array",
            "description": "One item for each event, in the order they were sent / 按发送顺序",
            "items": item,
        },
        "Subject": _object(
            {"subject": {"type": "string", "examples": ["customer:C-1"]}}, optional=()
        ),
        "Value": _object(
            {"value": {"type": "string", "examples": ["phone:13800138000"]}}, optional=()
        ),
        "ProblemCode": _problem_code(),
    }


def _object(properties: Schema, *, optional: tuple[str, ...]) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def _problem_code() -> Schema:
    chinese = chinese_texts()
    kinds = wire_errors()
    meanings = {}
    for kind in kinds:
        title, hint = problems.english_texts(kind)
        meanings[kind.code] = {
            "status": status_of(kind),
            "title": title,
            "hint": hint,
            "title_zh": chinese.get(kind.code, {}).get("title", title),
            "hint_zh": chinese.get(kind.code, {}).get("hint", hint),
        }
    return {
        "type": "string",
        "description": "What is wrong, for programs; x-meanings says it for people",
        "enum": list(meanings),
        "x-meanings": meanings,
    }


def _statuses() -> list[int]:
    return sorted({status for route in ROUTES for status in _refusals(route)})


def _refusal(status: int) -> dict[str, Any]:
    codes = [kind.code for kind in wire_errors() if status_of(kind) == status]
    response: dict[str, Any] = {
        "description": f"Refused; code is one of {', '.join(codes)}",
        "content": {PROBLEM.decode(): {"schema": reference("Problem")}},
    }
    if status in (429, 503):
        response["headers"] = {
            "Retry-After": {
                "description": "Whole seconds to wait / 应等待的整秒数",
                "schema": {"type": "integer", "minimum": 1},
            }
        }
    return response


def _security_schemes() -> dict[str, Any]:
    return {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "fk_<id>_<secret>",
            "description": "An API key, made with `fengkong key create` / API 密钥",
        },
        "signature": {
            "type": "apiKey",
            "in": "header",
            "name": "Signature",
            "description": "RFC 9421 with Ed25519 over @method, @path, @query and content-digest,"
            " with created, keyid and nonce; the key is derived from the API key's secret"
            " / RFC 9421 消息签名，密钥由 API 密钥派生",
        },
    }
