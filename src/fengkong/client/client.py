"""A client of the decision service: sends events until they are answered, the same bytes each time.

The event's id makes repeating safe: however often an event arrives, it is recorded once and has
one answer. So the client repeats after lost connections, timeouts, 429 and 503, and stops when its
patience ends.
"""

from __future__ import annotations

import http.client
import json
import random
import secrets
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Self
from urllib.parse import quote

from fengkong.client.connections import Connections, Raw, StaleConnectionError, parse_address
from fengkong.client.errors import (
    ClientError,
    InvalidAddressError,
    RefusedError,
    UnreachableError,
    refusal,
)
from fengkong.client.signatures import Message, content_digest, sign, signing_key

Event = Mapping[str, Any] | bytes
Answered = dict[str, Any]

_BATCH_EVENTS: Final = 2_000
_BATCH_BYTES: Final = 8 * 1024 * 1024
_AGAIN: Final = frozenset({429, 502, 503, 504})
_JSON: Final = "application/json"
_YAML: Final = "application/yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to go on; times in seconds.

    Between two tries the client waits a random part of `first_wait`, doubled each time up to
    `longest_wait`, or what Retry-After says if that is longer; `whole` bounds all tries together.
    """

    tries: int = 6
    first_wait: float = 0.05
    longest_wait: float = 5.0
    whole: float = 30.0


class Client:
    """The service at one address, for one API key. Safe to use from many threads."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        send: Literal["bearer", "signature"] = "bearer",
        timeout: float = 10.0,
        patience: Patience | None = None,
        context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`send` the key itself, or `signature`s made with it; `timeout` of one try in seconds."""
        parts = key.split("_", 2)
        if len(parts) != 3 or parts[0] != "fk" or not key.isascii() or not key.isprintable():
            raise InvalidAddressError("the key is not written fk_<id>_<secret>")
        self._key_text = key
        self._key_id = parts[1]
        self._signing = signing_key(parts[2]) if send == "signature" else None
        self._address = parse_address(url)
        self._connections = Connections(self._address, timeout=timeout, context=context)
        self._patience = patience or Patience()
        self._clock = clock
        self._sleep = sleep
        # Only spreads the tries of many clients; nothing secret depends on it.
        self._dice = random.Random(secrets.randbits(64))  # noqa: S311

    def __enter__(self) -> Self:
        """Itself, closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self._address.authority!r}, key {self._key_id!r})"

    def close(self) -> None:
        """Close all connections."""
        self._connections.close()

    def decide(self, event: Event) -> Answered:
        """The decision about one event, as the service recorded it."""
        return self._answered("POST", "/v1/decisions", body=_bytes(event))

    def record(self, event: Event) -> Answered:
        """One event recorded without a decision."""
        return self._answered("POST", "/v1/events", body=_bytes(event))

    def decide_many(self, events: Sequence[Event]) -> list[Answered | RefusedError]:
        """For each event, in order: the decision, or why there is none (not raised)."""
        return self._many("/v1/decisions/batch", events)

    def record_many(self, events: Sequence[Event]) -> list[Answered | RefusedError]:
        """For each event, in order: that it was recorded, or why not (not raised)."""
        return self._many("/v1/events/batch", events)

    def decision(self, event_id: str) -> Answered:
        """What was answered to the event of this id."""
        return self._answered("GET", f"/v1/decisions/{quote(event_id, safe='')}")

    def explanation(self, event_id: str) -> Answered:
        """The decision derived again, and whether it equals what was recorded."""
        return self._answered("GET", f"/v1/decisions/{quote(event_id, safe='')}/explanation")

    def policies(self) -> Answered:
        """The live policy, the shadow or canary, and those before."""
        return self._answered("GET", "/v1/policies")

    def publish(self, policy_text: str) -> Answered:
        """Put a policy (YAML) in force."""
        return self._answered("POST", "/v1/policies", body=policy_text.encode(), media=_YAML)

    def shadow(self, policy_text: str | None) -> Answered:
        """Run a policy beside the live one; None ends that."""
        if policy_text is None:
            return self._answered("DELETE", "/v1/policies/shadow")
        return self._answered("PUT", "/v1/policies/shadow", body=policy_text.encode(), media=_YAML)

    def canary(
        self, policy_text: str | None, *, share: float = 0.0, by: str | None = None
    ) -> Answered:
        """Have a policy answer for a share of the subjects, or of the values of an entity `by`.

        `share` is above 0 and at most 0.5. None for the policy ends that.
        """
        if policy_text is None:
            return self._answered("DELETE", "/v1/policies/canary")
        dealt = f"share={share:.6f}" + ("" if by is None else f"&by={quote(by, safe='')}")
        body = policy_text.encode()
        return self._answered("PUT", f"/v1/policies/canary?{dealt}", body=body, media=_YAML)

    def promote(self) -> Answered:
        """Put the policy that runs beside the live one in force; tried once."""
        return self._tried_once("/v1/policies/promote")

    def rollback(self) -> Answered:
        """End the canary, else put the policy before the live one in force.

        Tried once, as twice would go further.
        """
        return self._tried_once("/v1/policies/rollback")

    def _tried_once(self, path: str) -> Answered:
        target = self._address.prefix + path
        headers = self._headers("POST", target, body=b"", media=_JSON)
        try:
            raw = self._connections.ask_afresh("POST", target, body=b"", headers=headers)
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error
        return _success(raw)

    def erase(self, subject: str) -> Answered:
        """Erase the personal data of a subject such as ``customer:C-1``."""
        return self._answered("POST", "/v1/erasures", body=_bytes({"subject": subject}))

    def look_up(self, value: str) -> Answered:
        """The entries that hold a value such as ``phone:13800138000``."""
        return self._answered("POST", "/v1/lookups", body=_bytes({"value": value}))

    def checkpoint(self) -> bytes:
        """The latest signed checkpoint of the ledger, a C2SP signed note."""
        return self._text("/v1/ledger/checkpoint")

    def inclusion(self, *, sequence: int, size: int) -> Answered:
        """The proof that an entry is in the ledger's tree of a size; hashes in hexadecimal."""
        return self._answered("GET", f"/v1/ledger/inclusion?sequence={sequence}&size={size}")

    def metrics(self) -> str:
        """What the service counts and measures, as Prometheus reads it."""
        return self._text("/metrics").decode()

    def ready(self) -> bool:
        """Whether requests are taken just now; asked once, raises UnreachableError."""
        try:
            return self._once("GET", "/readyz", body=b"", media=_JSON).status == 200
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error

    def _text(self, path: str) -> bytes:
        raw = self._ask("GET", path, body=b"", media=_JSON)
        if raw.status != 200:
            raise refusal(raw.status, _parsed(raw.body))
        return raw.body

    def _answered(
        self, method: str, path: str, *, body: bytes = b"", media: str = _JSON
    ) -> Answered:
        return _success(self._ask(method, path, body=body, media=media))

    def _many(self, path: str, events: Sequence[Event]) -> list[Answered | RefusedError]:
        bodies = [_line(event) for event in events]
        answers: dict[int, Answered | RefusedError] = {}
        waiting = list(range(len(bodies)))
        for wait in self._waits():
            for batch in _batches(waiting, bodies=bodies):
                body = b"\n".join(bodies[place] for place in batch)
                raw = self._ask("POST", path, body=body, media="application/x-ndjson")
                answers |= zip(batch, _items(raw, expected=len(batch)), strict=True)
            waiting = [place for place in waiting if _is_busy(answers[place])]
            if not waiting:
                break
            self._sleep(wait)
        return [answers[place] for place in range(len(bodies))]

    def _ask(self, method: str, path: str, *, body: bytes, media: str) -> Raw:
        """The first answer that is not a plea to come again, or the last one; tries until then."""
        end = time.monotonic() + self._patience.whole
        failure: Exception | None = None
        raw: Raw | None = None
        for wait in self._waits():
            try:
                raw = self._once(method, path, body=body, media=media)
            except (OSError, http.client.HTTPException) as error:
                failure, raw = error, None
            if raw is not None and raw.status not in _AGAIN:
                return raw
            pause = max(wait, 0.0 if raw is None else raw.retry_after)
            if time.monotonic() + pause > end:
                break
            self._sleep(pause)
        if raw is not None:
            return raw
        assert failure is not None, "neither an answer nor a failure"
        raise self._unreachable(failure) from failure

    def _unreachable(self, error: Exception) -> UnreachableError:
        why = type(error).__name__
        return UnreachableError(f"{self._address.authority} does not answer: {why}")

    def _once(self, method: str, path: str, *, body: bytes, media: str) -> Raw:
        """One try; a kept connection that had ended while it lay idle is none, and signed anew."""
        target = self._address.prefix + path
        try:
            headers = self._headers(method, target, body=body, media=media)
            return self._connections.ask(method, target, body=body, headers=headers)
        except StaleConnectionError:
            headers = self._headers(method, target, body=body, media=media)
            return self._connections.ask_afresh(method, target, body=body, headers=headers)

    def _headers(self, method: str, target: str, *, body: bytes, media: str) -> dict[str, str]:
        headers = {"Accept": "*/*"} | self._credentials(method, target, body=body)
        if method != "GET":
            headers["Content-Type"] = media
        return headers

    def _credentials(self, method: str, target: str, *, body: bytes) -> dict[str, str]:
        if self._signing is None:
            return {"Authorization": f"Bearer {self._key_text}"}
        digest = content_digest(body)
        path, _, query = target.partition("?")
        message = Message(
            method=method,
            authority=self._address.authority,
            path=path,
            query=f"?{query}",
            headers={"content-digest": digest},
        )
        signed = sign(
            message,
            key=self._signing,
            key_id=self._key_id,
            nonce=secrets.token_urlsafe(16),
            created=int(self._clock()),
        )
        return {"Content-Digest": digest} | signed

    def _waits(self) -> Iterator[float]:
        """Seconds to wait after each try."""
        longest = self._patience.first_wait
        for _ in range(self._patience.tries):
            yield self._dice.uniform(0, longest)
            longest = min(2 * longest, self._patience.longest_wait)


def _bytes(event: Event) -> bytes:
    if isinstance(event, bytes):
        return event
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _line(event: Event) -> bytes:
    """An event as one line of NDJSON; nothing at all is sent as something that is refused."""
    return _bytes(event).replace(b"\n", b" ").strip() or b"null"


def _batches(places: Sequence[int], *, bodies: Sequence[bytes]) -> Iterator[list[int]]:
    """Places in batches of at most so many events and bytes."""
    batch: list[int] = []
    size = 0
    for place in places:
        if batch and (len(batch) == _BATCH_EVENTS or size + len(bodies[place]) > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(place)
        size += len(bodies[place]) + 1
    if batch:
        yield batch


def _items(raw: Raw, *, expected: int) -> list[Answered | RefusedError]:
    """What a batch's answer says of each event; a refusal of the whole is one of each."""
    if raw.status != 200:
        return [refusal(raw.status, _parsed(raw.body)) for _ in range(expected)]
    items = [json.loads(line) for line in raw.body.splitlines()]
    if len(items) != expected:
        raise ClientError(f"{expected} events were answered with {len(items)} items")
    return [
        item["body"] if item["status"] == 200 else refusal(item["status"], item["body"])
        for item in items
    ]


def _is_busy(answer: Answered | RefusedError) -> bool:
    return isinstance(answer, RefusedError) and answer.problem.status in _AGAIN


def _success(raw: Raw) -> Answered:
    said = _parsed(raw.body)
    if raw.status != 200:
        raise refusal(raw.status, said)
    if not isinstance(said, dict):
        raise ClientError("the answer is not a JSON object")
    return said


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return None
