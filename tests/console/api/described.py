"""Whether an answer is one that the API's description names, of the shape that it names."""

import json
import re
from functools import cache
from typing import Any

import jsonschema_rs

from fengkong.console.api.urls import api


@cache
def document() -> dict[str, Any]:
    return dict(json.loads(json.dumps(api.get_openapi_schema(path_prefix=""))))


@cache
def patterns() -> list[tuple[re.Pattern[str], str]]:
    """Addresses as patterns; those with the fewest places first, as they are the closest."""
    paths = sorted(document()["paths"], key=lambda path: path.count("{"))
    return [(re.compile(re.sub(r"{\w+}", "[^/]+", path)), path) for path in paths]


def check_described(method: str, path: str, answer: Any) -> None:
    """Raise AssertionError, or the fault of the schema, unless the answer is as described."""
    bare = path.split("?", maxsplit=1)[0]
    found = next((known for form, known in patterns() if form.fullmatch(bare)), None)
    if found is None or method.lower() not in document()["paths"][found]:
        assert answer.status_code in (404, 405), (method, path, answer.status_code)
        return
    responses = document()["paths"][found][method.lower()]["responses"]
    assert str(answer.status_code) in responses, (method, path, answer.status_code)
    content = responses[str(answer.status_code)].get("content", {})
    media = answer.get("Content-Type", "").split(";")[0]
    if not content:
        assert not answer.content, (method, path, answer.content[:200])
        return
    validator(json.dumps(content[media]["schema"])).validate(answer.json())


@cache
def validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    """Of a schema as text; each is prepared once."""
    whole = {**json.loads(schema), "components": document()["components"]}
    return jsonschema_rs.Draft202012Validator(whole)
