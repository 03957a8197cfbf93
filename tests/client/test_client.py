"""The client against servers that misbehave on purpose."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from fengkong.client.client import Client, Patience
from fengkong.client.errors import (
    BusyError,
    ConflictError,
    InvalidAddressError,
    InvalidRequestError,
    NotAdmittedError,
    NotFoundError,
    RefusedError,
    UnreachableError,
)

KEY = "fk_0123456789abcdef_" + "s" * 43
EVENT = {"type": "payment.initiated", "id": "e-1"}
Scripted = Callable[..., Any]


def answer(status: int, body: object, *headers: str) -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Said", f"content-length: {len(content)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + content


def problem(status: int, code: str, *headers: str) -> bytes:
    said = {"status": status, "code": code, "title": "No", "detail": "because", "errors": []}
    return answer(status, said, *headers)


GOOD = answer(200, {"sequence": 1})


class Naps:
    """Takes the place of sleeping, and remembers how long it would have been."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def client_of(script: Any, **more: Any) -> Client:
    return Client(script.url, KEY, timeout=5, sleep=more.pop("sleep", Naps()), **more)


def bodies(script: Any) -> set[bytes]:
    return {request.partition(b"\r\n\r\n")[2] for request in script.seen}


@pytest.mark.parametrize(
    "trouble",
    [
        [None],
        [None, None, None],
        [b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{"],
        [b"HTTP/1.1 200 OK\r\ncontent-le"],
        [b"nonsense\r\n\r\nconnection: close"],
        [problem(503, "service.not_durable")],
        [problem(429, "service.rate_limited"), None, problem(503, "service.overloaded")],
        [answer(502, b"<html>bad gateway</html>")],
    ],
)
def test_it_goes_on_until_it_has_an_answer(scripted: Scripted, trouble: list[bytes | None]) -> None:
    if trouble == [b"HTTP/1.1 200 OK\r\ncontent-le"]:
        trouble = [b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n"]
    script = scripted(*trouble, GOOD)
    with client_of(script) as client:
        assert client.decide(EVENT) == {"sequence": 1}
    assert len(script.seen) == len(trouble) + 1
    assert len(bodies(script)) == 1


def test_it_keeps_its_connection(scripted: Scripted) -> None:
    script = scripted(GOOD, GOOD, GOOD)
    with client_of(script) as client:
        for _ in range(3):
            client.decide(EVENT)
    assert script.connections == 1


def test_a_connection_that_ended_while_idle_costs_no_wait(scripted: Scripted) -> None:
    naps = Naps()
    script = scripted(GOOD, None, GOOD)
    with client_of(script, sleep=naps, patience=Patience(tries=1)) as client:
        client.decide(EVENT)
        client.decide(EVENT)
    assert naps.taken == []


def test_it_waits_as_long_as_it_is_told(scripted: Scripted) -> None:
    naps = Naps()
    script = scripted(problem(503, "service.overloaded", "retry-after: 7"), GOOD)
    with client_of(script, sleep=naps) as client:
        client.decide(EVENT)
    assert naps.taken == [7.0]


def test_it_waits_longer_each_time_and_gives_up(scripted: Scripted) -> None:
    naps = Naps()
    script = scripted(*[problem(503, "service.overloaded")] * 5)
    patience = Patience(tries=5, first_wait=1.0, longest_wait=4.0)
    with (
        client_of(script, sleep=naps, patience=patience) as client,
        pytest.raises(BusyError) as caught,
    ):
        client.decide(EVENT)
    assert caught.value.problem.code == "service.overloaded"
    assert len(script.seen) == 5
    for nap, longest in zip(naps.taken, [1, 2, 4, 4, 4], strict=True):
        assert 0 <= nap <= longest


def test_it_does_not_wait_longer_than_its_patience(scripted: Scripted) -> None:
    naps = Naps()
    script = scripted(problem(503, "service.overloaded", "retry-after: 3600"))
    with client_of(script, sleep=naps) as client, pytest.raises(BusyError):
        client.decide(EVENT)
    assert naps.taken == []


def test_nobody_there(scripted: Scripted) -> None:
    url = scripted().url
    with (
        Client("http://127.0.0.1:1", KEY, patience=Patience(tries=2, first_wait=0.0)) as client,
        pytest.raises(UnreachableError) as caught,
    ):
        client.decide(EVENT)
    assert url
    assert "127.0.0.1:1" in str(caught.value)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (413, InvalidRequestError),
        (401, NotAdmittedError),
        (403, NotAdmittedError),
        (404, NotFoundError),
        (410, NotFoundError),
        (409, ConflictError),
        (500, RefusedError),
    ],
)
def test_a_refusal_is_told_once_and_typed(
    scripted: Scripted, status: int, kind: type[RefusedError]
) -> None:
    script = scripted(problem(status, "event.wrong_type"))
    with client_of(script) as client, pytest.raises(kind) as caught:
        client.decide(EVENT)
    assert caught.value.problem.status == status
    assert caught.value.problem.code == "event.wrong_type"
    assert len(script.seen) == 1


def test_a_rollback_is_never_repeated(scripted: Scripted) -> None:
    script = scripted(problem(503, "service.not_ready"))
    with client_of(script) as client, pytest.raises(BusyError):
        client.rollback()
    assert len(script.seen) == 1


def test_a_canary_is_asked_for_with_its_share(scripted: Scripted) -> None:
    script = scripted(GOOD, GOOD)
    with client_of(script) as client:
        client.canary("policy: x", share=0.125, by="device")
        client.canary(None)
    assert script.seen[0].startswith(b"PUT /v1/policies/canary?share=0.125000&by=device HTTP/1.1")
    assert script.seen[1].startswith(b"DELETE /v1/policies/canary HTTP/1.1")


def lines(*items: tuple[int, object]) -> bytes:
    content = b"".join(
        json.dumps({"status": status, "body": body}).encode() + b"\n" for status, body in items
    )
    return answer(200, content, "content-type: application/x-ndjson")


def test_of_a_batch_only_what_was_refused_for_the_moment_is_sent_again(scripted: Scripted) -> None:
    busy = {"status": 503, "code": "service.overloaded"}
    bad = {"status": 400, "code": "event.wrong_type", "errors": [{"pointer": "/amount"}]}
    script = scripted(lines((200, {"n": 0}), (503, busy), (400, bad)), lines((200, {"n": 1})))
    with client_of(script) as client:
        first, second, third = client.decide_many([{"id": "0"}, {"id": "1"}, {"id": "2"}])
    assert (first, second) == ({"n": 0}, {"n": 1})
    assert isinstance(third, InvalidRequestError)
    assert third.problem.errors == ({"pointer": "/amount"},)
    assert script.seen[1].endswith(b'\r\n\r\n{"id":"1"}')


def test_a_batch_that_stays_busy_says_so_of_each(scripted: Scripted) -> None:
    script = scripted(*[problem(503, "service.overloaded")] * 4)
    with client_of(script, patience=Patience(tries=2)) as client:
        answers = client.decide_many([EVENT, EVENT])
    assert [type(one) for one in answers] == [BusyError, BusyError]


def test_a_rollback_that_is_lost_is_told(scripted: Scripted) -> None:
    script = scripted(GOOD, None)
    with client_of(script) as client:
        client.decide(EVENT)
        client.close()
        with pytest.raises(UnreachableError):
            client.rollback()
    assert len(script.seen) == 2


def test_a_closed_client_opens_again(scripted: Scripted) -> None:
    script = scripted(GOOD, GOOD)
    with client_of(script) as client:
        client.decide(EVENT)
        client.close()
        thread = threading.Thread(target=client.decide, args=[EVENT])
        thread.start()
        thread.join()
    assert script.connections == 2


def test_the_key_is_not_shown(scripted: Scripted) -> None:
    with client_of(scripted()) as client:
        assert "s" * 43 not in repr(client)


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8700", "ftp://x", "http://", "http://h:x", "http://h?q"]
)
def test_bad_addresses(url: str) -> None:
    with pytest.raises(InvalidAddressError):
        Client(url, KEY)


@pytest.mark.parametrize("key", ["", "fk_x", "ak_0_1", "fk_a_b\r\nX: y", "fk_a_密"])
def test_bad_keys(key: str) -> None:
    with pytest.raises(InvalidAddressError):
        Client("http://localhost", key)


@pytest.mark.parametrize("send", ["bearer", "signature"])
def test_proofs_and_figures_are_asked_for_by_their_addresses(scripted: Scripted, send: Any) -> None:
    note = b"fengkong\n3\nAAAA\n"
    script = scripted(
        *(answer(200, note), answer(200, {"size": 3}), answer(200, b"a 1\n"), GOOD),
        problem(503, "service.not_ready"),
    )
    client = client_of(script, send=send)
    assert client.checkpoint() == note
    assert client.inclusion(sequence=2, size=3) == {"size": 3}
    assert client.metrics() == "a 1\n"
    assert (client.ready(), client.ready()) == (True, False)
    asked = [request.split(b" ")[1] for request in script.seen]
    assert asked == [
        *(b"/v1/ledger/checkpoint", b"/v1/ledger/inclusion?sequence=2&size=3", b"/metrics"),
        *(b"/readyz", b"/readyz"),
    ]
    client.close()


def test_a_text_that_is_refused_is_an_error(scripted: Scripted) -> None:
    client = client_of(scripted(problem(404, "service.unknown_proof")))
    with pytest.raises(NotFoundError):
        client.checkpoint()
    client.close()


def test_readiness_is_asked_once(scripted: Scripted) -> None:
    naps = Naps()
    client = client_of(scripted(None, None, None), sleep=naps)
    with pytest.raises(UnreachableError):
        client.ready()
    assert naps.taken == []
    client.close()
