"""The description of the service: well-formed, complete, and true."""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
import yaml

import fengkong
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.decoding import Decoder
from fengkong.service.http.openapi import OFF_THE_WIRE, describe
from fengkong.service.http.routing import ROUTES

CATALOGUE = shipped_catalogue()


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    for module in pkgutil.walk_packages(fengkong.__path__, "fengkong."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return json.loads(json.dumps(describe(CATALOGUE)))


def nodes(value: object, path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of a document with its place."""
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from nodes(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from nodes(inner, f"{path}/{index}")


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for path, node in nodes(document):
        if "$ref" not in node or "/examples" in path:
            continue
        place: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            assert step in place, f"{path}: {node['$ref']}"
            place = place[step]


def test_every_schema_is_used(document: dict[str, Any]) -> None:
    used = {node["$ref"] for _, node in nodes(document) if "$ref" in node}
    for section in ("schemas", "responses"):
        for name in document["components"][section]:
            assert f"#/components/{section}/{name}" in used, name


def test_the_frame_is_that_of_openapi(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert {"title", "version"} <= document["info"].keys()
    assert all(path.startswith("/") for path in document["paths"])
    names = [*document["components"]["schemas"], *document["components"]["responses"]]
    assert all(re.fullmatch(r"[a-zA-Z0-9._-]+", name) for name in names)
    identifiers = [op["operationId"] for path in document["paths"].values() for op in path.values()]
    assert len(set(identifiers)) == len(identifiers)


def test_every_route_is_described_with_its_scope(document: dict[str, Any]) -> None:
    described = {
        (method.upper(), path): operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert described.keys() == {(route.method, route.path) for route in ROUTES}
    for route in ROUTES:
        operation = described[route.method, route.path]
        assert operation.get("x-scope") == route.scope
        assert bool(operation["security"]) is (route.scope is not None)
        assert route.title.zh in operation["summary"]
        assert route.title.en in operation["summary"]
        expected = {"200", "400", "500", "503"} | ({"401", "403", "429"} if route.scope else set())
        assert expected <= operation["responses"].keys()
        parameters = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"}
        assert parameters == set(re.findall(r"\{(\w+)\}", route.path))


def test_every_problem_code_of_the_product_is_there(document: dict[str, Any]) -> None:
    text = (files("fengkong") / "packs" / "messages" / "errors.yaml").read_text(encoding="utf-8")
    known = {code for code in yaml.safe_load(text) if code.split(".")[0] not in OFF_THE_WIRE}
    described = document["components"]["schemas"]["ProblemCode"]
    assert known <= set(described["enum"])
    for code, meaning in described["x-meanings"].items():
        assert 400 <= meaning["status"] < 600, code
        assert meaning["title"], code
        assert re.search(r"[\u4e00-\u9fff]", meaning["title_zh"]), code
        response = document["components"]["responses"].get(f"Problem{meaning['status']}")
        assert response is not None, code
        assert code in response["description"]


@pytest.mark.parametrize("name", CATALOGUE.type_names)
def test_examples_are_events_and_fit_their_schema(document: dict[str, Any], name: str) -> None:
    schema = document["components"]["schemas"][name]
    (example,) = schema["examples"]
    event = Decoder(CATALOGUE).decode(json.dumps(example).encode())
    assert event.type == name
    assert set(schema["required"]) <= example.keys() <= schema["properties"].keys()
    title = CATALOGUE.types[name].title
    assert title.zh in schema["title"]
    assert title.en in schema["title"]
    for field, value in example.items():
        form = schema["properties"][field]
        if "$ref" in form:
            form = document["components"]["schemas"][form["$ref"].split("/")[-1]]
        assert fits(value, form), (field, value, form)


@pytest.mark.parametrize("name", sorted(CATALOGUE.fields))
def test_an_example_of_each_field_is_accepted(document: dict[str, Any], name: str) -> None:
    holder = next(kind for kind in CATALOGUE.types.values() if name in kind.fields)
    schemas = document["components"]["schemas"]
    event = schemas[holder.name]["examples"][0] | {"currency": "CNY"}
    (value,) = schemas[f"field.{name}"]["examples"]
    assert fits(value, schemas[f"field.{name}"])
    decoded = Decoder(CATALOGUE).decode(json.dumps(event | {name: value}).encode())
    assert name in decoded.values


def fits(value: object, form: dict[str, Any]) -> bool:
    """Whether a value is what a schema says, for the words of JSON Schema that are used here."""
    if "const" in form:
        return value == form["const"]
    if "enum" in form:
        return value in form["enum"]
    match form["type"]:
        case "string":
            assert isinstance(value, str)
            long_enough = form.get("minLength", 0) <= len(value) <= form.get("maxLength", 10**6)
            return long_enough and re.search(form.get("pattern", ""), value) is not None
        case "number" | "integer":
            assert isinstance(value, int | float)
            return form.get("minimum", value) <= value <= form.get("maximum", value)
        case "boolean":
            return isinstance(value, bool)
        case "object":
            assert isinstance(value, dict)
            return all(fits(inner, form["properties"][key]) for key, inner in value.items())
    return False


def test_it_is_served_to_anyone(service: Any) -> None:
    reply = service.call("GET", "/openapi.json")
    assert reply.headers["content-type"] == "application/json"
    assert json.loads(reply.body)["openapi"] == "3.1.0"
