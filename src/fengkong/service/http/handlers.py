"""What each address does: from a request that is whole and admitted to the desk's answer."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from fengkong.core.identifiers import InvalidIdentifierError, check_identifier
from fengkong.events.json_text import parse_json
from fengkong.service.answers import JSON, TEXT, Answer
from fengkong.service.http.bodies import join_answers, split_batch
from fengkong.service.metrics import Metrics
from fengkong.service.port import Desk
from fengkong.service.refusals import (
    InvalidParameterError,
    UnknownAddressError,
    UnknownDecisionError,
)

LEVELS_MAX: Final = 63
TILE_WIDTH: Final = 256
SIZE_MAX: Final = 2**53
_PARTIAL: Final = re.compile(r"((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([0-9]{1,3}))?")
_SHARE: Final = re.compile(r"[01](?:\.[0-9]{1,6})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What an address is given: parameters of its path, the query, the body and its media type.

    `charge` counts the events of a batch against the sender's rate.
    """

    parameters: tuple[str, ...] = ()
    query: bytes = b""
    body: bytes = b""
    media: bytes = JSON
    charge: Callable[[int], None] = lambda _events: None


Handler = Callable[[Request], Awaitable[Answer]]


class Handlers:
    """The handler of every route but the two hot ones, which the app calls by itself."""

    def __init__(self, *, desk: Desk, metrics: Metrics, openapi: bytes) -> None:
        self._desk = desk
        self._metrics = metrics
        self._openapi = Answer(200, openapi)

    def handler(self, name: str) -> Handler:
        """The handler of a route's name."""
        found: Handler = getattr(self, name)
        return found

    async def decide(self, request: Request) -> Answer:
        """One decision."""
        return await self._desk.submit(request.body, decided=True)

    async def record(self, request: Request) -> Answer:
        """One event recorded."""
        return await self._desk.submit(request.body, decided=False)

    async def decide_many(self, request: Request) -> Answer:
        """Decisions in order."""
        bodies = split_batch(request.body, media=request.media)
        request.charge(len(bodies))
        answers = await self._desk.submit_many(bodies, decided=True)
        return join_answers(answers, media=request.media)

    async def record_many(self, request: Request) -> Answer:
        """Events recorded in order."""
        bodies = split_batch(request.body, media=request.media)
        request.charge(len(bodies))
        answers = await self._desk.submit_many(bodies, decided=False)
        return join_answers(answers, media=request.media)

    async def find(self, request: Request) -> Answer:
        """What was answered to an event."""
        return await self._desk.find(_event_id(request))

    async def explain(self, request: Request) -> Answer:
        """A decision derived again."""
        return await self._desk.explain(_event_id(request))

    async def policies(self, request: Request) -> Answer:  # noqa: ARG002
        """The policies."""
        return await self._desk.policies()

    async def publish(self, request: Request) -> Answer:
        """A policy put in force."""
        return await self._desk.publish(_text(request.body))

    async def rollback(self, request: Request) -> Answer:  # noqa: ARG002
        """The last change undone."""
        return await self._desk.rollback()

    async def promote(self, request: Request) -> Answer:  # noqa: ARG002
        """The policy beside put in force."""
        return await self._desk.promote()

    async def shadow(self, request: Request) -> Answer:
        """A policy beside the live one."""
        return await self._desk.shadow(_text(request.body))

    async def end_shadow(self, request: Request) -> Answer:  # noqa: ARG002
        """No policy beside the live one."""
        return await self._desk.shadow(None)

    async def canary(self, request: Request) -> Answer:
        """A policy that answers for a share."""
        share, by = _dealt(request.query)
        return await self._desk.canary(_text(request.body), share=share, by=by)

    async def end_canary(self, request: Request) -> Answer:  # noqa: ARG002
        """No policy that answers for a share."""
        return await self._desk.canary(None)

    async def erase(self, request: Request) -> Answer:
        """A subject's personal data erased."""
        document = parse_json(request.body)
        match document:
            case [("subject", str(subject))]:
                return await self._desk.erase(subject)
        raise InvalidParameterError('send {"subject": "customer:C-1"} and nothing else')

    async def look_up(self, request: Request) -> Answer:
        """Entries that hold a value; it comes in the body, as addresses are logged everywhere."""
        match parse_json(request.body):
            case [("value", str(value))]:
                return await self._desk.look_up(value)
        raise InvalidParameterError('send {"value": "phone:13800138000"} and nothing else')

    async def checkpoint(self, request: Request) -> Answer:  # noqa: ARG002
        """The latest checkpoint."""
        return await self._desk.ledger.checkpoint()

    async def bundle(self, request: Request) -> Answer:
        """Leaves of a tile."""
        index, width = tile_place(request.parameters[0])
        return await self._desk.ledger.bundle(index=index, width=width)

    async def tile(self, request: Request) -> Answer:
        """Hashes of a tile."""
        level = request.parameters[0]
        if int(level) > LEVELS_MAX or (level[0] == "0" and level != "0"):
            raise UnknownAddressError("nothing is at this address")
        index, width = tile_place(request.parameters[1])
        return await self._desk.ledger.tile(level=int(level), index=index, width=width)

    async def inclusion(self, request: Request) -> Answer:
        """The proof of an entry."""
        sequence, size = numbers(request.query, names=("sequence", "size"))
        if not 1 <= sequence <= size:
            raise InvalidParameterError("sequence is 1 to size")
        return await self._desk.ledger.inclusion(sequence=sequence, size=size)

    async def consistency(self, request: Request) -> Answer:
        """The proof of growth."""
        old, new = numbers(request.query, names=("old", "new"))
        if old > new:
            raise InvalidParameterError("old is at most new")
        return await self._desk.ledger.consistency(old=old, new=new)

    async def health(self, request: Request) -> Answer:  # noqa: ARG002
        """Alive."""
        return self._desk.health()

    async def ready(self, request: Request) -> Answer:  # noqa: ARG002
        """Ready."""
        return self._desk.ready()

    async def metrics(self, request: Request) -> Answer:  # noqa: ARG002
        """Counts and times."""
        return Answer(200, self._metrics.render(), media=TEXT)

    async def openapi(self, request: Request) -> Answer:  # noqa: ARG002
        """The description."""
        return self._openapi


def tile_place(text: str) -> tuple[int, int]:
    """Index and width of a tile's path (C2SP tlog-tiles): ``x001/x234/067.p/8`` is (1234067, 8)."""
    match = _PARTIAL.fullmatch(text)
    if match is None:
        raise UnknownAddressError("nothing is at this address")
    groups = match[1].replace("x", "").split("/")
    width = TILE_WIDTH if match[2] is None else int(match[2])
    padded = match[2] is not None and match[2][0] == "0"
    if (len(groups) > 1 and groups[0] == "000") or len(groups) > 5:
        raise UnknownAddressError("nothing is at this address")
    if padded or not (1 <= width < TILE_WIDTH or match[2] is None):
        raise UnknownAddressError("nothing is at this address")
    return int("".join(groups)), width


def _dealt(query: bytes) -> tuple[float, str | None]:
    """The share of a canary, and by which entity it is dealt out."""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        pairs = []
    values = dict(pairs)
    if len(pairs) != len(values) or not {"share"} <= values.keys() <= {"share", "by"}:
        raise InvalidParameterError("give share, and by if it is not the subject, each once")
    if not _SHARE.fullmatch(values["share"]):
        raise InvalidParameterError("share is a decimal number such as 0.1")
    return float(values["share"]), values.get("by")


def numbers(query: bytes, *, names: tuple[str, ...]) -> list[int]:
    """The whole numbers of a query that has exactly these names, each once."""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        pairs = []
    values = dict(pairs)
    if len(pairs) != len(names) or values.keys() != set(names):
        raise InvalidParameterError(f"give {' and '.join(names)}, each once, and nothing else")
    for name, value in values.items():
        if not (value.isascii() and value.isdigit() and len(value) <= 16 and int(value) < SIZE_MAX):
            raise InvalidParameterError(f"{name} is a whole number")
    return [int(values[name]) for name in names]


def _event_id(request: Request) -> str:
    """The id in the path; one that no event can have is as unknown as any other."""
    event_id = request.parameters[0]
    try:
        check_identifier(event_id)
    except InvalidIdentifierError:
        raise UnknownDecisionError("no event of this id was recorded here") from None
    return event_id


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise InvalidParameterError(f"the policy is not UTF-8 at byte {error.start}") from None
