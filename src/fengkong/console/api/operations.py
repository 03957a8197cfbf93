"""What an operation of the API is: a permission, a bearer, one transaction, an ETag."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from ninja.operation import Operation as NinjaOperation
from ninja.security import HttpBearer

from fengkong.console.accounts.duties import PERMISSIONS
from fengkong.console.api.models import Bearer
from fengkong.console.api.problems import PreconditionError
from fengkong.console.api.repeating import done_once
from fengkong.console.api.tokens import bearer_of

Operation = Callable[..., Any]
OPERATIONS: Final[dict[str, str | None]] = {}
"""Every operation with the permission that it asks for; None asks for what is at hand."""


class TokenAuth(HttpBearer):
    """A token as Bearer; who bears it must have a permission (None: any who bears one)."""

    def __init__(self, permission: str | None = None) -> None:
        super().__init__()
        self._permission = permission

    def authenticate(self, request: HttpRequest, token: str) -> Bearer | None:
        """Who bears it; raises PermissionDenied, before anything of the request is read."""
        del request
        found = bearer_of(token)
        if found is not None and self._permission is not None and not found.may(self._permission):
            raise PermissionDenied(self._permission)
        return found


LASTING: Final[set[str]] = set()
"""Operations that wait for others, and so hold no transaction open meanwhile."""


def operation(permission: str | None, *, lasting: bool = False) -> Callable[[Operation], Operation]:
    """Declare the permission of an operation; it is done whole or not at all, and once.

    One that is `lasting` makes its own transactions.
    """
    if permission is not None and permission not in PERMISSIONS:
        raise ImproperlyConfigured(f"there is no permission {permission!r}")
    auth = TokenAuth(permission)

    def guard(declared: NinjaOperation) -> None:
        declared.auth_param, declared.auth_callbacks = auth, [auth]

    def declare(view: Operation) -> Operation:
        OPERATIONS[view.__name__] = permission
        if lasting:
            LASTING.add(view.__name__)

        @wraps(view)
        def whole(request: HttpRequest, *args: Any, **named: Any) -> Any:
            def work() -> Any:
                return view(request, *args, **named)

            return done_once(request, bearer(request), work, lasting=lasting)

        whole._ninja_contribute_to_operation = [guard]  # type: ignore[attr-defined]  # noqa: SLF001
        return whole

    return declare


def bearer(request: HttpRequest) -> Bearer:
    """Who asks."""
    found = request.auth  # type: ignore[attr-defined]
    assert isinstance(found, Bearer), "ninja lets nobody else in"
    return found


def etag_of(content: Mapping[str, Any]) -> str:
    """A strong ETag of a representation."""
    text = json.dumps(content, sort_keys=True, cls=DjangoJSONEncoder)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def tagged(request: HttpRequest, content: Mapping[str, Any]) -> HttpResponse:
    """A representation with its ETag, or 304 where the reader has it already."""
    tag = etag_of(content)
    known = [one.strip() for one in request.headers.get("If-None-Match", "").split(",")]
    if tag in known or "*" in known:
        return HttpResponse(status=304, headers={"ETag": tag})
    text = json.dumps(content, ensure_ascii=False, cls=DjangoJSONEncoder)
    return HttpResponse(text, content_type="application/json", headers={"ETag": tag})


def demand_match(request: HttpRequest, content: Mapping[str, Any]) -> None:
    """Raise PreconditionError unless the change is made to what is there now."""
    given = [one.strip() for one in request.headers.get("If-Match", "").split(",")]
    if etag_of(content) not in given:
        raise PreconditionError("If-Match is missing or names another state")
