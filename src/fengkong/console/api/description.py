"""The description of the API (OpenAPI 3.1), with the refusals and headers that ninja leaves out."""

from __future__ import annotations

from typing import Any, Final

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from fengkong.console.api.answers import Problem
from fengkong.console.api.problems import MEDIA
from fengkong.console.api.repeating import HEADER

REFUSALS: Final = {
    400: "The request cannot be read",
    401: "No valid token",
    403: "The token or its owner lacks a permission",
    404: "There is no such thing",
    405: "The resource does not know this method",
    409: "It is not allowed as things stand",
    412: "If-Match is missing or names another state",
    422: "The request or its content has faults",
    429: "The token is used too often",
    503: "The journal or the decision service cannot be reached",
}
_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}
_KEY: Final = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "The request is done once: sent again within a day it has the same answer",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}
_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the state that is changed",
    "schema": {"type": "string", "pattern": "^[ -~]*$"},
}


class DescribedAPI(NinjaAPI):
    """ninja's API, whose description also says how a request is refused and repeated."""

    def get_openapi_schema(self, **asked: Any) -> OpenAPISchema:
        """The whole description."""
        described = super().get_openapi_schema(**asked)
        schemas = described["components"]["schemas"]
        schemas["Problem"] = Problem.model_json_schema()
        for methods in described["paths"].values():
            for method, one in methods.items():
                _describe(one, method=method)
        return described


def _describe(operation: dict[str, Any], *, method: str) -> None:
    responses = operation["responses"]
    if 200 in responses:  # an operation that says nothing of its answer answers with an object
        responses[200].setdefault("content", {"application/json": {"schema": {"type": "object"}}})
    for status, title in REFUSALS.items():
        content = {MEDIA: {"schema": _PROBLEM}}
        responses.setdefault(status, {"description": title, "content": content})
    parameters = operation.setdefault("parameters", [])
    if method == "post":
        parameters.append(_KEY)
    if method in ("put", "delete"):
        parameters.append(_MATCH)
    if method == "get" and 200 in responses:
        responses.setdefault(304, {"description": "The reader has it already (If-None-Match)"})
