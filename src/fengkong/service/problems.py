"""Errors on the wire: problem details of RFC 9457, one shape for every refusal."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final, cast

import msgspec

from fengkong.core.errors import Fault, FaultsError, RiskError
from fengkong.events.documents import load_document
from fengkong.service.answers import PROBLEM, Answer
from fengkong.service.refusals import InternalError, ServiceError

TYPE_PREFIX: Final = "urn:fengkong:problem:"
RETRY_SECONDS: Final = 1
_STATUSES: Final = {"event.duplicate_id": 409}
_STATUS_OF_ROOM: Final = {"journal": 503, "protection": 503, "ledger": 503}
_STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+)\]")


class ProblemFault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing wrong with the request; `pointer` is a JSON pointer (RFC 6901) into its body.

    `line` and `column` count from 1 and say where in a policy's text it stands.
    """

    code: str
    detail: str
    pointer: str
    hint: str = ""
    line: int | None = None
    column: int | None = None


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a request was refused (RFC 9457), in both languages."""

    type: str
    title: str
    title_zh: str
    status: int
    detail: str
    code: str
    hint: str
    hint_zh: str
    errors: tuple[ProblemFault, ...] = ()


def status_of(kind: type[RiskError]) -> int:
    """The HTTP status of a kind of error: what the sender can correct is 4xx, what we must 5xx."""
    if issubclass(kind, ServiceError):
        return kind.status
    room = kind.code.split(".", maxsplit=1)[0]
    return _STATUSES.get(kind.code) or _STATUS_OF_ROOM.get(room, 400)


def problem_of(error: RiskError) -> Problem:
    """The problem that tells the sender what an error means."""
    status = status_of(type(error))
    title, hint = english_texts(type(error))
    chinese = chinese_texts().get(error.code, {})
    # What went wrong on our side may name files or hosts, which are none of the sender's business.
    ours = status >= 500
    return Problem(
        type=TYPE_PREFIX + error.code,
        title=title,
        title_zh=chinese.get("title", title),
        status=status,
        detail=title if ours else error.message,
        code=error.code,
        hint=hint,
        hint_zh=chinese.get("hint", hint),
        errors=() if ours or isinstance(error, ServiceError) else _faults(error),
    )


def of_error(error: RiskError, *, retry_after: int = 0) -> Answer:
    """The answer to a request that an error stopped; 429 and 503 always say when to come again."""
    problem = problem_of(error)
    if isinstance(error, ServiceError):
        retry_after = retry_after or error.retry_after
    if problem.status in (429, 503):
        retry_after = retry_after or RETRY_SECONDS
    body = msgspec.json.encode(problem)
    return Answer(problem.status, body, media=PROBLEM, retry_after=retry_after)


def internal() -> Answer:
    """The answer when something failed that nobody foresaw; says nothing of what it was."""
    return of_error(InternalError("the request could not be completed"))


def pointer(path: str) -> str:
    """The JSON pointer of a path: ``$.gps[0].lat`` is ``/gps/0/lat``, ``$`` is the whole."""
    steps = (match[1] or match[2] for match in _STEP.finditer(path))
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)


@cache
def chinese_texts() -> dict[str, dict[str, str]]:
    """Title and hint of every error code in Chinese; English stands in the class."""
    path = files("fengkong") / "packs" / "messages" / "errors.yaml"
    document = load_document(path.read_text(encoding="utf-8"), source=path.name)
    return cast("dict[str, dict[str, str]]", document.data)


def english_texts(kind: type[RiskError]) -> tuple[str, str]:
    """Title and hint of a kind of error in English."""
    summary = (kind.__doc__ or kind.code).strip().split("\n\n", maxsplit=1)[0]
    return " ".join(summary.split()), kind.hint


def _faults(error: RiskError) -> tuple[ProblemFault, ...]:
    faults = error.faults if isinstance(error, FaultsError) else (error.fault(),)
    return tuple(map(_fault, faults))


def _fault(fault: Fault) -> ProblemFault:
    return ProblemFault(
        code=fault.code,
        detail=fault.message,
        pointer=pointer(fault.path),
        hint=fault.hint,
        line=fault.line,
        column=fault.column,
    )
