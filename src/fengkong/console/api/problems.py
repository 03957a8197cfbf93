"""Every fault as application/problem+json (RFC 9457), with the code of the product's errors."""

from __future__ import annotations

from typing import Any, Final

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from fengkong.console.api.repeating import InvalidRepeatKeyError, ReusedKeyError
from fengkong.console.api.tokens import TooManyRequestsError
from fengkong.core.errors import FaultsError, RiskError

MEDIA: Final = "application/problem+json"


class PreconditionError(RiskError):
    """A change says nothing, or something old, of the state that it changes."""

    code = "api.precondition"
    hint = "Read the resource, and send its ETag as If-Match."


def problem(status: int, code: str, title: str, **more: Any) -> HttpResponse:
    """A problem; `more` are members beside type, title, status and code."""
    content = {"type": "about:blank", "title": title, "status": status, "code": code, **more}
    return JsonResponse(content, status=status, content_type=MEDIA)


def register_problems(api: NinjaAPI) -> None:
    """Have an API answer every fault as a problem."""
    api.add_exception_handler(AuthenticationError, _unauthenticated)
    api.add_exception_handler(ValidationError, _malformed)
    api.add_exception_handler(HttpError, _unreadable)
    api.add_exception_handler(PermissionDenied, _forbidden)
    for kind in (Http404, ObjectDoesNotExist):
        api.add_exception_handler(kind, _absent)
    api.add_exception_handler(FaultsError, _faulty)
    api.add_exception_handler(RiskError, _refused)
    api.add_exception_handler(OSError, _away)


def _unauthenticated(_request: HttpRequest, _error: Any) -> HttpResponse:
    answer = problem(401, "api.unauthenticated", "Send a valid token as Bearer.")
    answer["WWW-Authenticate"] = "Bearer"
    return answer


def _malformed(_request: HttpRequest, error: Any) -> HttpResponse:
    errors = [
        {"pointer": "/" + "/".join(map(str, one["loc"])), "detail": one["msg"]}
        for one in error.errors
    ]
    return problem(422, "api.malformed", "The request is not what is asked for.", errors=errors)


def _unreadable(_request: HttpRequest, error: Any) -> HttpResponse:
    return problem(error.status_code, "api.malformed", "The request cannot be read.")


def _forbidden(_request: HttpRequest, error: Any) -> HttpResponse:
    title = "The token or its owner lacks a permission."
    return problem(403, "api.forbidden", title, detail=str(error))


def _absent(_request: HttpRequest, _error: Any) -> HttpResponse:
    return problem(404, "api.absent", "There is no such thing.")


def _faulty(_request: HttpRequest, error: Any) -> HttpResponse:
    errors = [
        {"pointer": fault.path, "code": fault.code, "detail": fault.message}
        for fault in error.faults
    ]
    return problem(422, "api.faulty", "The content has faults.", errors=errors)


def _refused(_request: HttpRequest, error: Any) -> HttpResponse:
    status = 429 if isinstance(error, TooManyRequestsError) else 409
    if isinstance(error, PreconditionError):
        status = 412
    if isinstance(error, InvalidRepeatKeyError | ReusedKeyError):
        status = 422
    answer = problem(status, error.code, str(error.message), detail=error.hint)
    if status == 429:
        answer["Retry-After"] = "60"
    return answer


def _away(_request: HttpRequest, error: Any) -> HttpResponse:
    title = "The journal or the decision service cannot be reached."
    return problem(503, "api.away", title, detail=type(error).__name__)
