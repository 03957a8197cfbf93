"""What HTTP itself promises: routes, keys, limits, headers, slow clients."""

import gzip
import http.client
import ipaddress
import json
import socket
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from fengkong.client.client import Client
from fengkong.service.http.app import AppSettings
from fengkong.service.http.routing import ROUTES, Route, Sends
from fengkong.service.http.sweep import EdgeLimits

Example = Callable[..., bytes]


def test_a_decision_and_the_same_again(service: Any, example: Example) -> None:
    body = example()
    first, again = service.post(body), service.post(body)
    assert first.status == 200
    assert json.loads(first.body)["decision"]["outcome"] == "allow"
    assert first.body == again.body


def test_every_answer_is_kept_out_of_caches(service: Any, example: Example) -> None:
    for reply in (
        service.post(example()),
        service.post(b"{}"),
        service.call("GET", "/healthz"),
        service.call("GET", "/nothing"),
    ):
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["date"]
        assert "server" not in reply.headers


def test_an_event_is_recorded_without_a_decision(service: Any, example: Example) -> None:
    reply = service.post(example(id="recorded-1"), "/v1/events")
    assert reply.status == 200
    assert json.loads(reply.body)["event_id"] == "recorded-1"


@pytest.mark.parametrize("event_id", ["plain", "with/slash", "名称", "a%2fb", "a b", "batch", "."])
def test_what_was_recorded_is_found_by_its_id(
    service: Any, example: Example, event_id: str
) -> None:
    from urllib.parse import quote

    sent = service.post(example(id=event_id))
    found = service.call(
        "GET", f"/v1/decisions/{quote(event_id, safe='')}", token=service.token("read")
    )
    assert (found.status, found.body) == (200, sent.body)


@pytest.mark.parametrize("path", ["nobody", "%ff", "%00", "a%0ab", "x" * 200, "%20"])
def test_an_id_nobody_sent_is_not_found(service: Any, path: str) -> None:
    reply = service.call("GET", f"/v1/decisions/{path}", token=service.token("read"))
    assert reply.status == 404
    assert reply.codes() & {"service.unknown_decision", "service.not_found"}


def test_unknown_addresses_and_methods(service: Any) -> None:
    assert service.call("GET", "/v2/decisions").codes() == {"service.not_found"}
    reply = service.call("DELETE", "/v1/policies")
    assert reply.codes() == {"service.method_not_allowed"}
    assert reply.headers["allow"] == "GET, HEAD, POST"
    assert service.call("PATCH", "/v1/decisions/e-1").headers["allow"] == "GET, HEAD"


def test_head_is_get_without_a_body(service: Any) -> None:
    reply = service.call("HEAD", "/healthz")
    assert (reply.status, reply.body) == (200, b"")
    assert int(reply.headers["content-length"]) > 0


def test_a_batch_is_answered_in_order(service: Any, example: Example) -> None:
    events = [example(id=f"batch-{number}") for number in range(20)]
    events[7] = b'{"type": "payment.initiated"}'
    as_array = service.post(b"[" + b",".join(events) + b"]", "/v1/decisions/batch")
    lines = service.post(
        b"\n".join([*events, b"", b"  "]),
        "/v1/decisions/batch",
        headers={"Content-Type": "application/x-ndjson"},
    )
    items = json.loads(as_array.body)
    assert [item["status"] for item in items] == [200] * 7 + [400] + [200] * 12
    assert [item["body"]["decision"]["event_id"] for item in items if item["status"] == 200] == [
        f"batch-{number}" for number in range(20) if number != 7
    ]
    assert lines.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in lines.body.splitlines()] == items


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{}", "service.invalid_batch"),
        (b"[]", "service.invalid_batch"),
        (b"[1", "event.invalid_json"),
        (b"[" * 100_000, "event.invalid_json"),
        (b"\xff\xfe[", "event.invalid_json"),
        (b"", "event.invalid_json"),
    ],
)
def test_what_is_no_batch_is_refused_whole(service: Any, body: bytes, code: str) -> None:
    reply = service.post(body, "/v1/decisions/batch")
    assert reply.status == 400
    assert reply.codes() >= {code}


def test_an_element_is_judged_by_the_same_decoder(service: Any) -> None:
    reply = service.post(b'[NaN, {"a":1,"a":2}, "\\ud800", 1e400]', "/v1/decisions/batch")
    if reply.status == 200:
        assert {item["status"] for item in json.loads(reply.body)} == {400}
    else:
        assert reply.status == 400


def test_too_many_events_at_once(service: Any) -> None:
    reply = service.post(b"[" + b"1," * 10_000 + b"1]", "/v1/events/batch")
    assert reply.codes() == {"service.too_large"}


def test_gzip_is_read_once_and_whole(service: Any, example: Example) -> None:
    def send(body: bytes) -> Any:
        return service.post(body, headers={"Content-Encoding": "gzip"})

    packed = gzip.compress(example())
    assert send(packed).status == 200
    assert send(packed[:-5]).codes() == {"service.invalid_encoding"}
    assert send(packed + b"x").codes() == {"service.invalid_encoding"}
    assert send(b"plain").codes() == {"service.invalid_encoding"}
    assert send(b"").codes() == {"service.invalid_encoding"}


@pytest.mark.parametrize("media", ["application/json", 'Application/JSON; charset="UTF-8"'])
def test_media_types_that_are_read(service: Any, example: Example, media: str) -> None:
    assert service.post(example(), headers={"Content-Type": media}).status == 200


@pytest.mark.parametrize("media", ["", "text/json", "application/json; charset=gbk"])
def test_media_types_that_are_not(service: Any, example: Example, media: str) -> None:
    reply = service.post(example(), headers={"Content-Type": media})
    assert reply.codes() == {"service.unsupported_media_type"}


SCOPES = ["decide", "record", "read", "explain", "policy", "audit", "metrics", "admin"]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_a_route_opens_to_exactly_its_scope(service: Any, route: Route) -> None:
    path = route.path.replace("{id}", "e-1").replace("{level}", "0").replace("{tile}", "000")
    body = None if route.sends is Sends.NOTHING else b"x"
    media = route.sends.media[0].decode() if route.sends.media else "application/json"

    def ask(*scopes: str) -> Any:
        token = service.token(*scopes) if scopes else None
        return service.call(route.method, path, body, token=token, headers={"Content-Type": media})

    if route.scope is None:
        assert ask().status == 200
        return
    assert ask().codes() == {"service.unauthenticated"}
    others = [scope for scope in SCOPES if scope != route.scope]
    refused = ask(*others)
    assert (refused.status, refused.codes()) == (403, {"service.forbidden"})
    assert route.scope in refused.problem["detail"]
    assert ask(route.scope).status not in (401, 403)


def test_metrics_can_be_open_and_count(serve: Any, example: Example) -> None:
    running = serve(settings=AppSettings(metrics_open=True))
    running.post(example())
    running.post(b"{")
    text = running.call("GET", "/metrics").body.decode()
    assert 'fengkong_http_requests_total{route="/v1/decisions",status="200"} 1.0' in text
    assert 'fengkong_http_request_seconds_bucket{le="+Inf",route="/v1/decisions"} 2.0' in text


def test_what_is_refused_is_counted_by_kind(serve: Any) -> None:
    running = serve(settings=AppSettings(metrics_open=True))
    for at in range(6):
        assert running.call("GET", f"/admin/{at}.php").status == 404
    assert running.call("GET", "/v1/decisions/1'%20or%20'1'='1").status == 401
    assert running.raw(b"nonsense\r\n\r\n").status == 400
    text = running.call("GET", "/metrics").body.decode()
    assert 'fengkong_probes_total{kind="scanner"} 1.0' in text
    assert 'fengkong_probes_total{kind="injection"} 1.0' in text
    assert 'fengkong_refused_total{code="service.malformed_request"} 1.0' in text
    assert 'fengkong_http_requests_total{route="none",status="400"} 1.0' in text
    assert 'fengkong_http_requests_total{route="none",status="404"} 6.0' in text


def test_a_key_that_sends_too_much_waits(service: Any, example: Example) -> None:
    token = service.token("decide", rate_per_second=0.5, burst=3)
    replies = [service.call("POST", "/v1/decisions", example(), token=token) for _ in range(5)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429, 429]
    assert replies[-1].codes() == {"service.rate_limited"}
    assert 1 <= int(replies[-1].headers["retry-after"]) <= 2


def test_a_batch_counts_all_its_events(service: Any, example: Example) -> None:
    token = service.token("decide", rate_per_second=1.0, burst=5)
    body = b"[" + b",".join(example() for _ in range(8)) + b"]"
    first = service.call("POST", "/v1/decisions/batch", body, token=token)
    then = service.call("POST", "/v1/decisions", example(), token=token)
    assert (first.status, then.status) == (200, 429)
    assert int(then.headers["retry-after"]) >= 3


def test_overload_is_refused_before_anything_is_read(serve: Any, example: Example) -> None:
    running = serve()
    running.desk.overloaded = True
    reply = running.call("POST", "/v1/decisions", example())
    assert (reply.status, reply.codes()) == (503, {"service.overloaded"})
    assert int(reply.headers["retry-after"]) >= 1
    assert running.call("GET", "/healthz").status == 200
    running.desk.overloaded = False
    assert running.post(example()).status == 200


def test_what_nobody_foresaw_is_500_without_a_word_of_it(
    serve: Any, example: Example, caplog: pytest.LogCaptureFixture
) -> None:
    running = serve()
    running.desk.fails_with = ZeroDivisionError("card 6222020000000000 of 张三")
    reply = running.post(example())
    assert (reply.status, reply.codes()) == (500, {"service.internal"})
    assert b"6222" not in reply.body
    assert "6222" not in caplog.text
    assert "ZeroDivisionError" in caplog.text
    running.desk.fails_with = None
    assert running.post(example()).status == 200


def request_bytes(path: str = "/healthz", *headers: str, method: str = "GET") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def answers(connection: socket.socket, count: int) -> list[int]:
    """The statuses of the next answers on a connection that stays open."""
    file = connection.makefile("rb")
    statuses = []
    for _ in range(count):
        statuses.append(int(file.readline().split()[1]))
        headers = http.client.parse_headers(file)
        file.read(int(headers["content-length"]))
    file.close()
    return statuses


def test_pipelined_requests_are_answered_in_order(service: Any) -> None:
    with service.connect() as connection:
        connection.sendall(request_bytes() + request_bytes("/none") + request_bytes("/readyz") * 30)
        assert answers(connection, 32) == [200, 404] + [200] * 30


def test_a_body_that_comes_in_pieces(service: Any, example: Example) -> None:
    body = example()
    head = (
        "POST /v1/decisions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {service.token('decide')}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    with service.connect() as connection:
        for position in range(0, len(head + body), 50):
            connection.sendall((head + body)[position : position + 50])
            time.sleep(0.002)
        assert answers(connection, 1) == [200]


def test_a_chunked_body_and_expect_continue(service: Any, example: Example) -> None:
    body = example()
    head = (
        "POST /v1/decisions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {service.token('decide')}\r\nExpect: 100-continue\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    ).encode()
    with service.connect() as connection:
        connection.sendall(head)
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        half = len(body) // 2
        for piece in (body[:half], body[half:], b""):
            connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
        assert answers(connection, 1) == [200]


def test_a_body_nobody_wants_is_dropped_and_the_connection_goes_on(service: Any) -> None:
    body = b"x" * 400_000
    with service.connect() as connection:
        connection.sendall(
            b"POST /none HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        connection.sendall(body)
        connection.sendall(request_bytes())
        assert answers(connection, 2) == [404, 200]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"GET / HTTP/3.0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n", 400),
        (b"GET http://evil/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /caf\xc3\xa9 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            400,
        ),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
    ],
)
def test_what_is_no_http_is_refused_and_closed(service: Any, data: bytes, status: int) -> None:
    with service.connect() as connection:
        connection.sendall(data)
        received = b""
        while piece := connection.recv(65_536):
            received += piece
    assert received.startswith(b"HTTP/1.1 %d " % status)
    assert b"connection: close" in received
    assert b"application/problem+json" in received


def test_an_upgrade_is_ignored(service: Any) -> None:
    reply = service.raw(request_bytes("/healthz", "Connection: Upgrade", "Upgrade: h2c"))
    assert reply.status == 200


def test_an_idle_connection_is_closed_silently(serve: Any) -> None:
    running = serve(limits=EdgeLimits(request=0.5, idle=0.3, write=0.5, linger=0.2))
    with running.connect() as connection:
        connection.sendall(request_bytes())
        assert answers(connection, 1) == [200]
        assert connection.recv(100) == b""


def test_a_slow_desk_is_not_the_clients_fault(serve: Any, example: Example) -> None:
    running = serve(limits=EdgeLimits(request=0.3, idle=0.3, write=0.3, linger=0.2))
    running.desk.pause = 1.2
    assert running.post(example()).status == 200


def test_more_connections_than_allowed(serve: Any) -> None:
    running = serve(limits=EdgeLimits(connections=2))
    held = [running.connect() for _ in range(2)]
    try:
        for connection in held:
            connection.sendall(request_bytes())
            assert answers(connection, 1) == [200]
        assert running.raw(b"").status == 503
    finally:
        for connection in held:
            connection.close()


def test_accepted_requests_are_answered_when_the_server_stops(serve: Any, example: Example) -> None:
    running = serve()
    running.token("decide", "record")
    running.desk.pause = 0.5
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(running.post, example()) for _ in range(8)]
        time.sleep(0.3)
        running.server.should_exit = True
        assert [reply.result().status for reply in waiting] == [200] * 8
    running.thread.join(timeout=10)
    with pytest.raises(ConnectionRefusedError), running.connect():
        pass


def test_a_client_that_has_said_all_still_gets_its_answer(serve: Any, example: Example) -> None:
    running = serve()
    running.desk.pause = 0.2
    body = example()
    head = (
        "POST /v1/decisions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {running.token('decide')}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    with running.connect() as connection:
        connection.sendall(head + body)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while piece := connection.recv(65_536):
            received += piece
    assert received.startswith(b"HTTP/1.1 200 ")


def test_a_client_that_goes_away_is_not_waited_for(serve: Any, example: Example) -> None:
    running = serve()
    running.desk.pause = 0.3
    body = example(id="gone-1")
    head = (
        "POST /v1/decisions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {running.token('decide')}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    with running.connect() as connection:
        connection.sendall(head + body)
        time.sleep(0.1)
    with running.connect() as connection:
        connection.sendall(head + body[:20])
    running.desk.pause = 0.0
    time.sleep(0.5)
    assert "gone-1" in running.desk.entries
    assert running.post(example()).status == 200


def certificate(folder: Path) -> tuple[str, str]:
    """A certificate for 127.0.0.1 that signs itself, and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(paths[0]), str(paths[1])


@pytest.mark.parametrize("send", ["bearer", "signature"])
def test_the_same_over_tls(serve: Any, example: Example, tmp_path: Path, send: Any) -> None:
    files = certificate(tmp_path)
    running = serve(tls=files)
    context = ssl.create_default_context(cafile=files[0])
    url = f"https://127.0.0.1:{running.port}"
    token = running.token("decide", "read")
    with Client(url, token, send=send, context=context) as client:
        event = json.loads(example())
        assert client.decide(event) == client.decision(event["id"])
        assert len(client.decide_many([json.loads(example()) for _ in range(500)])) == 500
    with running.connect() as plain:
        plain.sendall(request_bytes())
        assert not plain.recv(100).startswith(b"HTTP/1.1 200")


def put_canary(service: Any, query: str) -> Any:
    """A policy put as canary, by a query."""
    headers = {"Content-Type": "application/yaml"}
    address = f"/v1/policies/canary?{query}"
    return service.call(
        "PUT", address, b"policy: x", token=service.token("policy"), headers=headers
    )


@pytest.mark.parametrize(
    ("query", "share", "by"), [("share=0.1", 0.1, None), ("by=device&share=0.5", 0.5, "device")]
)
def test_a_canary_is_put_with_its_share(
    service: Any, query: str, share: float, by: str | None
) -> None:
    reply = put_canary(service, query)
    assert reply.status == 200
    assert json.loads(reply.body) == {"canary": True, "share": share, "by": by}
    token = service.token("policy")
    ended = service.call("DELETE", "/v1/policies/canary", token=token)
    assert json.loads(ended.body)["canary"] is False
    promoted = service.call("POST", "/v1/policies/promote", token=token)
    assert json.loads(promoted.body) == {"promoted": True}


@pytest.mark.parametrize(
    "query", ["", "share=", "share=ten", "share=-0.1", "share=1e-1", "share=0.1&share=0.2", "x=1"]
)
def test_a_canary_without_a_plain_share_is_refused(service: Any, query: str) -> None:
    reply = put_canary(service, query)
    assert (reply.status, reply.codes()) == (400, {"service.invalid_parameter"})
