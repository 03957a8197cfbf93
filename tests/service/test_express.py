"""A request under a head that came before is answered as the first one was, in every case."""

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.service.answers import Answer
from fengkong.service.http import express
from fengkong.service.http.exchange import Exchange
from fengkong.service.http.express import KnownHead, KnownHeads

from .conftest import Reply, read_reply

Example = Callable[..., bytes]
DECISIONS = "/v1/decisions"
LATER = 0.25
"""A key found good is asked for again after a fifth of a second."""


def whole(body: bytes, *more: str, token: str, path: str = DECISIONS) -> bytes:
    """One request in one piece."""
    lines = (
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Authorization: Bearer {token}",
        f"Content-Length: {len(body)}",
        *more,
        "\r\n",
    )
    return "\r\n".join(lines).encode() + body


def known(running: Any) -> dict[bytes, KnownHead]:
    """The heads that a running server has learnt."""
    heads: KnownHeads = running.server.config.http_protocol_class.heads
    return heads.known


def asked(connection: socket.socket, request: bytes) -> Reply:
    connection.sendall(request)
    return read_reply(connection)


def test_the_second_of_a_head_is_answered_as_the_first(serve: Any, example: Example) -> None:
    running = serve()
    token = running.token("decide", "record")
    with running.connect() as connection:
        for path in (DECISIONS, "/v1/events"):
            body = example(id=f"same{path.replace('/', '.')}")
            first = asked(connection, whole(body, token=token, path=path))
            assert len(known(running)) == (1 if path == DECISIONS else 2)
            second = asked(connection, whole(body, token=token, path=path))
            first.headers.pop("date")
            second.headers.pop("date")
            assert (first.status, second) == (200, first)
    text = running.metrics.render().decode()
    assert 'fengkong_http_requests_total{route="/v1/decisions",status="200"} 2.0' in text


def test_what_most_clients_say_of_themselves_is_no_hindrance(serve: Any, example: Example) -> None:
    running = serve()
    more = ("Connection: Keep-Alive", "User-Agent: tested", "Accept: */*", "Accept-Encoding: gzip")
    with running.connect() as connection:
        for _ in range(2):
            request = whole(example(), *more, token=running.token("decide"))
            assert asked(connection, request).status == 200
    assert len(known(running)) == 1


def test_a_head_with_a_query_is_read_anew_each_time(serve: Any, example: Example) -> None:
    running = serve()
    request = whole(example(), token=running.token("decide"), path=DECISIONS + "?a=1")
    with running.connect() as connection:
        replies = [asked(connection, request) for _ in range(2)]
    assert [reply.status for reply in replies] == [200, 200]
    assert replies[0].body == replies[1].body
    assert not known(running)


def test_refusals_of_the_desk_look_the_same(serve: Any) -> None:
    running = serve()
    request = whole(b'{"x":1}', token=running.token("decide"))
    with running.connect() as connection:
        replies = [asked(connection, request) for _ in range(3)]
    assert [reply.status for reply in replies] == [400] * 3
    assert len({reply.body for reply in replies}) == 1
    assert len({tuple(sorted(reply.headers)) for reply in replies}) == 1


def test_a_key_is_asked_for_every_time(serve: Any, example: Example) -> None:
    running = serve()
    token = running.token("decide", rate_per_second=1e6, burst=1_000_000)
    with running.connect() as connection:
        assert [asked(connection, whole(example(), token=token)).status for _ in range(3)] == [
            200
        ] * 3
        running.access.revoke(token.split("_")[1], now=time.time_ns() // 1000)
        time.sleep(LATER + 0.3)
        reply = asked(connection, whole(example(), token=token))
        assert (reply.status, reply.codes()) == (401, {"service.unauthenticated"})
        assert reply.headers["www-authenticate"] == "Bearer"


def test_scope_and_rate_hold_under_a_known_head(serve: Any, example: Example) -> None:
    running = serve()
    may_not = running.token("read")
    often = running.token("decide", rate_per_second=0.5, burst=3)
    with running.connect() as connection:
        statuses = [asked(connection, whole(example(), token=may_not)).status for _ in range(2)]
        assert statuses == [403, 403]
        replies = [asked(connection, whole(example(), token=often)) for _ in range(5)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429, 429]
    assert 1 <= int(replies[-1].headers["retry-after"]) <= 2


def test_overload_and_errors_under_a_known_head(
    serve: Any, example: Example, caplog: pytest.LogCaptureFixture
) -> None:
    running = serve()
    token = running.token("decide")
    with running.connect() as connection:
        assert asked(connection, whole(example(), token=token)).status == 200
        running.desk.overloaded = True
        reply = asked(connection, whole(example(), token=token))
        assert (reply.status, reply.codes()) == (503, {"service.overloaded"})
        assert int(reply.headers["retry-after"]) >= 1
        running.desk.overloaded = False
        running.desk.fails_with = ZeroDivisionError("card 6222020000000000 of 张三")
        reply = asked(connection, whole(example(), token=token))
    assert (reply.status, reply.codes()) == (500, {"service.internal"})
    assert b"6222" not in reply.body
    assert "6222" not in caplog.text


@pytest.mark.parametrize("at", [1, 40, -60, -1])
def test_pieces_and_pipelines_go_the_usual_way(serve: Any, example: Example, at: int) -> None:
    running = serve()
    token = running.token("decide")
    bodies = [example(id=f"piece-{at}-{number}") for number in range(6)]
    with running.connect() as connection:
        asked(connection, whole(bodies[0], token=token))
        request = whole(bodies[1], token=token)
        connection.sendall(request[:at])
        time.sleep(0.05)
        connection.sendall(request[at:])
        assert read_reply(connection).status == 200
        running.desk.pause = 0.1
        connection.sendall(whole(bodies[2], token=token))  # express, and not answered yet
        time.sleep(0.03)
        connection.sendall(b"".join(whole(body, token=token) for body in bodies[3:]))
        received = b""
        while received.count(b'"outcome"') < 4:
            received += connection.recv(65_536)
    order = [received.find(f"piece-{at}-{number}".encode()) for number in range(2, 6)]
    assert order == sorted(order)
    assert -1 not in order
    assert set(running.desk.entries) >= {f"piece-{at}-{number}" for number in range(6)}


def test_a_client_that_goes_away_and_one_that_has_said_all(serve: Any, example: Example) -> None:
    running = serve()
    token = running.token("decide")
    with running.connect() as connection:
        asked(connection, whole(example(id="gone-0"), token=token))
        running.desk.pause = 0.2
        connection.sendall(whole(example(id="gone-1"), token=token))
        time.sleep(0.05)
    with running.connect() as connection:
        connection.sendall(whole(example(id="said-1"), token=token))
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while piece := connection.recv(65_536):
            received += piece
    assert received.startswith(b"HTTP/1.1 200 ")
    assert {"gone-1", "said-1"} <= set(running.desk.entries)


UNUSUAL = (
    *("Connection: close", "Connection: keep-alive, te", "Content-Encoding: identity"),
    *("Expect: 100-continue", "Upgrade: h2c", "Signature: a=:b:", "X-Twice: 1\r\nX-Twice: 2"),
    "X-Long: " + "x" * express.HEAD_BYTES_MAX,
)


@pytest.mark.parametrize("header", UNUSUAL)
def test_unusual_heads_are_not_learnt(serve: Any, example: Example, header: str) -> None:
    running = serve()
    with running.connect() as connection:
        connection.sendall(whole(example(), header, token=running.token("decide")))
        received = connection.recv(65_536)
    assert b" 200 OK\r\n" in received or b" 100 Continue\r\n" in received
    assert known(running) == {}


def test_only_events_that_were_sent_in_one_piece_are_learnt(serve: Any, example: Example) -> None:
    running = serve()
    token = running.token("decide", "read")
    body = example(id="learnt-1")
    found = f"GET {DECISIONS}/learnt-1 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with running.connect() as connection:
        two = whole(body, token=token)
        connection.sendall(two[:-3])
        time.sleep(0.05)
        connection.sendall(two[-3:])
        read_reply(connection)
        connection.sendall(found + two)
        received = b""
        while b'"outcome"' not in received:
            received += connection.recv(65_536)
        connection.sendall(whole(body, token=token, path="/v1/decisions/batch"))
        read_reply(connection)
    assert known(running) == {}


def exchange_of(data: bytes, *, head: bytes) -> Exchange:
    """What a parser would have made of a good request with this head, and these bytes."""

    class Edge:
        expect_100_continue = False

    headers = [
        (name.lower(), value)
        for name, _, value in (line.partition(b": ") for line in head.split(b"\r\n")[1:-2])
    ]
    scope = {"method": "POST", "raw_path": DECISIONS.encode(), "headers": headers}
    exchange = Exchange(edge=Edge(), scope=scope, keep_alive=True)  # type: ignore[arg-type]
    exchange.body = data[len(head) :]
    return exchange


@given(st.binary(min_size=1, max_size=64), st.binary(max_size=8), st.integers(-3, 3))
def test_a_head_is_learnt_exactly_when_the_bytes_are_head_and_body(
    body: bytes, before: bytes, off: int
) -> None:
    head = whole(b"x" * max(0, len(body) + off), token="t")[: -max(0, len(body) + off) or None]
    heads = KnownHeads()
    heads.learn(before + head + body, exchange_of(head + body, head=head))
    learnt = list(heads.known.items())
    whole_again = off == 0 and (before + head).find(express.END) + 4 == len(before + head)
    assert learnt == (
        [(before + head, KnownHead(len(body), express._ADDRESSES[DECISIONS.encode()], b"Bearer t"))]
        if whole_again
        else []
    )


def test_what_is_remembered_has_a_limit() -> None:
    heads = KnownHeads()
    for number in range(express.HEADS_MAX + 10):
        data = whole(b"{}", f"X-Request: {number}", token="t")
        heads.learn(data, exchange_of(data, head=data[:-2]))
    assert len(heads.known) == 10


def test_the_first_answer_stands() -> None:
    written: list[bytes] = []

    class Transport:
        def is_closing(self) -> bool:
            return False

        def write(self, data: bytes) -> None:
            written.append(data)

    class State:
        default_headers: tuple[()] = ()

    class Lines:
        def of(self, _headers: object) -> bytes:
            return b""

    class Edge:
        transport, server_state, lines = Transport(), State(), Lines()

        def answered(self, exchange: express.ExpressExchange) -> None:
            assert exchange.complete

    class App:
        def lines(self, _answer: Answer, *, raw_path: bytes) -> bytes:
            return b"route: %b\r\n" % raw_path

        def note(self, **_what: object) -> None:
            """Not looked at."""

    head = KnownHead(2, express._ADDRESSES[DECISIONS.encode()], b"")
    one = express.ExpressExchange(head, edge=Edge(), app=App())  # type: ignore[arg-type]
    one.reply(Answer(503, b"later"))
    one.reply(Answer(200, b"now"))
    gone = express.ExpressExchange(head, edge=Edge(), app=App())  # type: ignore[arg-type]
    gone.disconnected = True
    gone.reply(Answer(200, b"now"))
    assert written == [
        b"HTTP/1.1 503 Service Unavailable\r\nroute: /v1/decisions\r\n"
        b"content-length: 5\r\n\r\nlater"
    ]
