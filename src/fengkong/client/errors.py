"""What a caller of the service can meet, as exceptions that carry the service's problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fengkong.core.errors import RiskError


class ClientError(RiskError):
    """A request to the service did not succeed."""

    code = "client.failed"
    hint = "See the kind of the error and its message."


class InvalidAddressError(ClientError):
    """The address or the key of the service cannot be used."""

    code = "client.invalid_address"
    hint = "Give an address such as http://127.0.0.1:8700 and the whole text of an API key."


class UnreachableError(ClientError):
    """No answer came, however often it was tried; the event may have been recorded."""

    code = "client.unreachable"
    hint = "Send the same event again: it has the same answer, recorded once."


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceProblem:
    """What the service said: status, code and text, and each fault with code and pointer."""

    status: int
    code: str
    title: str
    detail: str
    errors: tuple[Mapping[str, Any], ...] = ()


class RefusedError(ClientError):
    """The service refused the request; `problem` says why."""

    code = "client.refused"
    hint = "Correct what the problem names."

    def __init__(self, problem: ServiceProblem) -> None:
        super().__init__(f"{problem.status} {problem.code}: {problem.detail}")
        self.problem = problem


class InvalidRequestError(RefusedError):
    """The event or the request is not what the service accepts (400, 413, 415)."""

    code = "client.invalid_request"
    hint = "Correct the faults that the problem lists."


class NotAdmittedError(RefusedError):
    """The key is not known, or may not do this (401, 403)."""

    code = "client.not_admitted"
    hint = "Use a valid key with the scope that the problem names."


class NotFoundError(RefusedError):
    """There is no such event here, or its data were erased (404, 410)."""

    code = "client.not_found"
    hint = "Check the id."


class ConflictError(RefusedError):
    """Another event was recorded under this id (409)."""

    code = "client.conflict"
    hint = "Give every event its own id."


class BusyError(RefusedError):
    """The service has no room or cannot make anything durable, however often it was tried."""

    code = "client.busy"
    hint = "Send the same event again later."


_KINDS: Final[dict[int, type[RefusedError]]] = {
    **dict.fromkeys((400, 408, 413, 414, 415, 431), InvalidRequestError),
    **dict.fromkeys((401, 403), NotAdmittedError),
    **dict.fromkeys((404, 410), NotFoundError),
    **dict.fromkeys((429, 502, 503, 504), BusyError),
    409: ConflictError,
}


def refusal(status: int, body: object) -> RefusedError:
    """The exception for a status that is no success, with whatever the body tells."""
    said: Mapping[str, Any] = body if isinstance(body, dict) else {}
    problem = ServiceProblem(
        status=status,
        code=str(said.get("code", "")),
        title=str(said.get("title", "")),
        detail=str(said.get("detail", "no problem was told")),
        errors=tuple(said.get("errors", ())),
    )
    return _KINDS.get(status, RefusedError)(problem)
