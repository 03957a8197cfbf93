"""The hostile inputs that every edge of the project must withstand, against a real server.

The inputs stand here as data, so the tests need no file. Where the list of hostile inputs is at
hand (shared data, not part of the repository), a test proves that none of its lines was forgotten.
"""

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

Example = Callable[..., bytes]

VECTORS = Path(__file__).parents[3] / "shared" / "data" / "vectors"
CONSOLE = "the console's: people, sessions, pages"
ELSEWHERE = {
    **dict.fromkeys([f"auth-0{number}" for number in range(2, 10)], "test_authentication.py"),
    "auth-11": "test_http.py, every route with every scope",
}
NOT_THIS_SERVICE = {
    **dict.fromkeys([f"auth-{number}" for number in range(13, 26)], CONSOLE),
    "inject-01": CONSOLE,
    "inject-02": CONSOLE,
    "inject-09": "no CSV is written here",
    "inject-10": "no XLSX is written here",
    "inject-13": "names of lists and rules are written in the console",
    "inject-14": CONSOLE,
    "inject-15": CONSOLE,
    "inject-16": "lists are matched by the rules room",
    "inject-17": "the protection room's blind indexes",
    "inject-18": "an identity number is an identifier here; its checksum is a feature's business",
    "inject-19": "no archive is read here",
    "inject-20": "no archive is read here",
    "inject-21": "no CSV is read here",
    "inject-24": "no model is uploaded here",
    "inject-25": CONSOLE,
    "inject-26": "no file name comes from a request",
    **dict.fromkeys(
        [f"ssrf-0{number}" for number in range(1, 9)], "no address comes from a request"
    ),
    "time-01": "the desk's tests: by the clock of the journal",
    "time-02": "the desk's tests: marked late by the engine",
    "time-08": "the desk's and the nonces' tests, with a clock that steps",
    "time-09": "the nonces' and keys' tests, with a clock that steps",
}


def event(**fields: object) -> bytes:
    """A good event with some fields of one's own, and none that is None."""
    whole: dict[str, object] = {
        "type": "payment.initiated",
        "id": "hostile-1",
        "occurred_at": "2026-11-01T12:00:00Z",
        "currency": "CNY",
        "amount": "12.30",
        "merchant_name": "shop",
    }
    return json.dumps({k: v for k, v in (whole | fields).items() if v is not None}).encode()


def with_amount(literal: str) -> bytes:
    """A good event with this text as its amount, whatever JSON makes of it."""
    return event(amount="@").replace(b'"@"', literal.encode())


# What is sent as the body of POST /v1/decisions, and the code of the 400 that answers it.
BODIES: list[tuple[str, bytes, str]] = [
    ("json-01", b'{"amount":NaN}', "invalid_json"),
    ("json-01", with_amount("NaN"), "invalid_json"),
    ("json-02", b'{"amount":Infinity}', "invalid_json"),
    ("json-02", with_amount("-Infinity"), "invalid_json"),
    ("json-03", b'{"amount":1e400}', ""),
    ("json-03", with_amount("1e400"), "wrong_type"),
    ("json-04", b'{"amount":1e999999999999999999999}', ""),
    ("json-04", with_amount("1e999999999999999999999"), "wrong_type"),
    ("json-05", b'{"amount":1,"amount":1000000}', "duplicate_key"),
    ("json-05", with_amount('"1.00","amount":"1000000"'), "duplicate_key"),
    ("json-06", b'{"amount":' + b"9" * 5000 + b"}", ""),
    ("json-06", with_amount("9" * 5000), "wrong_type"),
    ("json-07", with_amount("9007199254740993"), "wrong_type"),
    ("json-08", with_amount('"-0"'), "invalid_amount"),
    ("json-09", with_amount("0.30000000000000004"), "wrong_type"),
    ("json-09", with_amount('"0.30000000000000004"'), "invalid_amount"),
    ("json-10", b"[" * 100_000, "too_deep"),
    ("json-10", b'{"a":' * 40_000, "too_deep"),
    ("json-11", b"[" * 33 + b"]" * 33, "too_deep"),
    ("json-12", b'{"n":"\\ud800"}', ""),
    ("json-12", event(merchant_name="@").replace(b"@", b"\\ud800"), "invalid_text"),
    ("json-13", b'{"n":"a\\u0000b"}', ""),
    ("json-13", event(merchant_name="a\0b"), "invalid_text"),
    ("json-14", b"\xef\xbb\xbf" + event(), "invalid_json"),
    ("json-15", event().decode().encode("utf-16"), "invalid_json"),
    ("json-15", event().decode().encode("utf-32-be"), "invalid_json"),
    ("json-16", event(merchant_name="@").replace(b"@", b"\xc0\xaf"), "invalid_json"),
    ("json-17", event() + b" x", "invalid_json"),
    ("json-17", event() + event(), "invalid_json"),
    ("json-18", b"[]", "wrong_type"),
    ("json-18", b"1", "wrong_type"),
    ("json-18", b"null", "wrong_type"),
    ("json-19", event(amonut=1), "unknown_field"),
    ("json-20", event(amount=[]), "wrong_type"),
    ("json-21", b"", "invalid_json"),
    ("auth-12", event(tenant="B", is_staff=True, status="approved"), "unknown_field"),
    ("inject-11", event(customer="name\n2026-11-01 INFO login ok"), "identifier.invalid"),
    ("inject-12", event(customer="user\u202eexe.pdf"), "identifier.invalid"),
    ("inject-12", event(merchant_name="user\u202eexe.pdf"), "invalid_text"),
    ("inject-22", b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "b">]><l>&a;</l>', "invalid_json"),
    ("time-06", event(id="k" * 256), "identifier.invalid"),
    ("time-06", event(id="a\tb"), "identifier.invalid"),
    ("time-06", event(id=""), "identifier.invalid"),
    ("time-07", event(occurred_at="2026-06-30T23:59:60Z"), "instant.invalid"),
    ("time-07", event(occurred_at="2026-06-30T23:59:59"), "instant.invalid"),
    ("time-10", event(occurred_at="0001-01-01T00:00:00Z"), "instant.invalid"),
    ("time-10", event(occurred_at="9999-12-31T23:59:59Z"), "instant.invalid"),
    ("time-10", event(occurred_at=1_793_534_400), "wrong_type"),
    ("time-10", event(occurred_at="1793534400000"), "instant.invalid"),
]

# Texts that are only texts: taken as they are, and never run.
TEXTS: list[tuple[str, str]] = [
    ("inject-03", "{{7*7}} {% include 'x' %} ${7*7}"),
    ("inject-04", "1;DROP TABLE entries;--"),
    ("inject-04", "' OR '1'='1"),
    ("inject-23", "!!python/object/apply:os.system ['id']"),
]

POLICY = """\
policy: hostile
version: 1
title: {{zh: 试, en: Trial}}
events: [payment.initiated]
unknown: record
rules:
  - id: trial.rule
    when: {when}
    outcome: review
    reason: {{zh: 试, en: Trial}}
outcomes: {{order: [deny, review, allow]}}
"""

# Conditions of a rule in a policy that someone publishes, and the code of the 400.
CONDITIONS: list[tuple[str, str, str]] = [
    ("inject-05", "().__class__.__bases__[0].__subclasses__()", "rule.refused"),
    ("inject-05", "__import__('os').system('id') == 0", "rule.refused"),
    ("inject-06", "9**9**9 > 0", "rule.too_large"),
    ("inject-06", '"a"*10**9 == "b"', "rule.kind_mismatch"),
    ("inject-08", "matches(merchant_name, r'(a)\\1')", "rule.invalid_pattern"),
    ("inject-08", "matches(merchant_name, '((a{100}){100}){100}')", "rule.invalid_pattern"),
]

OWN: dict[str, str] = {}


def cases(table: list[tuple[Any, ...]]) -> list[Any]:
    """The rows of a table, named by the hostile input and their place."""
    return [pytest.param(*row, id=f"{row[0]}-{place}") for place, row in enumerate(table)]


def own(*numbers: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Says which hostile inputs a test of its own stands for."""

    def note(test: Callable[..., None]) -> Callable[..., None]:
        OWN.update(dict.fromkeys(numbers, test.__name__))
        return test

    return note


@pytest.mark.parametrize(("number", "body", "code"), cases(BODIES))
def test_a_hostile_body_is_refused_by_name(
    service: Any, number: str, body: bytes, code: str
) -> None:
    began = time.perf_counter()
    reply = service.post(body)
    assert time.perf_counter() - began < 5
    assert reply.status == 400
    assert any(found.endswith(code) for found in reply.codes()), reply.problem
    assert all(fault["pointer"].startswith(("/", "")) for fault in reply.problem["errors"])
    assert service.desk.entries.get("hostile-1") is None


def test_a_fault_is_pointed_at(service: Any) -> None:
    reply = service.post(event(amount=[], amonut=1, **{"a/b~c": 1}))
    pointers = {fault["pointer"]: fault["code"] for fault in reply.problem["errors"]}
    assert pointers == {
        "/amount": "event.wrong_type",
        "/amonut": "event.unknown_field",
        "/a~1b~0c": "event.unknown_field",
    }


@pytest.mark.parametrize(("number", "text"), cases(TEXTS))
def test_a_text_is_only_a_text(service: Any, number: str, text: str, example: Example) -> None:
    body = example(merchant_name=text)
    assert service.post(body).status == 200
    entry, _, _ = service.desk.entries[json.loads(body)["id"]]
    assert entry.values["merchant_name"] == text


def publish(service: Any, text: str) -> Any:
    """What someone who may publish policies is answered."""
    return service.call(
        "POST",
        "/v1/policies",
        text.encode(),
        token=service.token("policy"),
        headers={"Content-Type": "application/yaml"},
    )


@pytest.mark.parametrize(("number", "when", "code"), cases(CONDITIONS))
def test_a_hostile_rule_is_refused_when_it_is_published(
    service: Any, number: str, when: str, code: str
) -> None:
    before = list(service.desk.policy_texts)
    reply = publish(service, POLICY.format(when=json.dumps(when)))
    assert reply.status == 400
    assert reply.codes() == {"input.faults", code}
    assert {fault["line"] for fault in reply.problem["errors"]} == {8}
    assert service.desk.policy_texts == before


@own("inject-07")
def test_a_pattern_that_explodes_elsewhere_is_taken(service: Any) -> None:
    reply = publish(
        service, POLICY.format(when=json.dumps(r"matches(merchant_name, r'^(\w+\s?)*$')"))
    )
    assert reply.status == 200


@own("inject-23")
def test_tags_in_a_policy_are_refused(service: Any) -> None:
    reply = publish(service, "!!python/object/apply:os.system [id]")
    assert (reply.status, reply.codes()) == (400, {"input.faults", "policy.invalid"})


@own("json-22")
def test_another_content_type(service: Any) -> None:
    assert service.post(b"{}", headers={"Content-Type": "text/plain"}).status == 415


@own("json-23")
def test_a_body_over_the_limit_is_refused_before_it_is_read(service: Any) -> None:
    limit = 256 * 1024
    assert service.post(b"x" * limit).status == 400
    assert service.post(b"x" * (limit + 1)).codes() == {"service.too_large"}
    chunked = service.call(
        "POST",
        "/v1/decisions",
        iter([b"x" * limit, b"x"]),  # type: ignore[arg-type]
        token=service.token("decide", "record"),
    )
    assert chunked.codes() == {"service.too_large"}


def head(service: Any, *headers: str, path: str = "/v1/decisions") -> bytes:
    """The head of a good request to decide, with more headers, without the line that ends it."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Authorization: Bearer {service.token('decide', 'record')}",
        *headers,
        "",
    ]
    return "\r\n".join(lines).encode()


def until_closed(connection: socket.socket) -> bytes:
    """Everything that is answered before the connection ends."""
    received = b""
    while piece := connection.recv(65_536):
        received += piece
    return received


@own("json-24")
def test_a_chunked_body_without_an_end(service: Any) -> None:
    began = time.monotonic()
    with service.connect() as connection:
        connection.sendall(head(service, "Transfer-Encoding: chunked") + b'\r\n5\r\n{"a":')
        assert until_closed(connection).startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - began < 5


@own("json-25")
def test_two_lengths(service: Any) -> None:
    with service.connect() as connection:
        connection.sendall(
            head(service, "Content-Length: 4", "Transfer-Encoding: chunked")
            + b"\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
        received = until_closed(connection)
    assert received.startswith(b"HTTP/1.1 400 ")
    assert received.count(b"content-length: ") == 1


@own("http-01")
def test_a_gzip_bomb(service: Any) -> None:
    bomb = gzip.compress(bytes(200_000_000), compresslevel=6)
    assert len(bomb) < 256 * 1024
    reply = service.post(bomb, headers={"Content-Encoding": "gzip"})
    assert reply.codes() == {"service.too_large"}
    reply = service.post(bomb, "/v1/decisions/batch", headers={"Content-Encoding": "gzip"})
    assert reply.codes() == {"service.too_large"}


@own("http-02")
@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "deflate", "gzip, br", "zstd", "x"])
def test_other_encodings(service: Any, encoding: str) -> None:
    reply = service.post(event(), headers={"Content-Encoding": encoding})
    assert (reply.status, reply.codes()) == (415, {"service.unsupported_encoding"})


@own("http-02")
def test_an_encoding_named_twice(service: Any) -> None:
    body = gzip.compress(gzip.compress(event()))
    request = head(
        service, "Content-Encoding: gzip", "Content-Encoding: gzip", f"Content-Length: {len(body)}"
    )
    assert service.raw(request + b"\r\n" + body).status == 415


def slowly(service: Any, first: bytes, drip: bytes, stop: threading.Event) -> bytes:
    """Send a byte now and then until the service has had enough; returns what it answered."""
    with service.connect() as connection:
        connection.sendall(first)
        received = b""
        connection.settimeout(0.1)
        while not stop.is_set():
            try:
                piece = connection.recv(4096)
                if not piece:
                    return received
                received += piece
            except TimeoutError:
                try:
                    connection.sendall(drip)
                except OSError:
                    return received
            except OSError:
                return received
    return received + b" never closed"


@own("http-03", "http-04")
@pytest.mark.parametrize("part", ["headers", "body"])
def test_slow_senders_are_closed_and_hinder_nobody(
    service: Any, example: Example, part: str
) -> None:
    first = head(service)
    drip = b"X-Drip: 1\r\n"
    if part == "body":
        first, drip = head(service, "Content-Length: 10000") + b"\r\n", b" "
    stop = threading.Event()
    with ThreadPoolExecutor(100) as pool:
        slow = [pool.submit(slowly, service, first, drip, stop) for _ in range(100)]
        good = [service.post(example()).status for _ in range(20)]
        try:
            answered = [one.result(timeout=20) for one in slow]
        finally:
            stop.set()
    assert good == [200] * 20
    assert all(reply.startswith(b"HTTP/1.1 408 ") for reply in answered), set(answered)
    assert not any(reply.endswith(b"never closed") for reply in answered)


@own("http-05")
def test_a_client_that_does_not_read_is_closed(service: Any, example: Example) -> None:
    request = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(10)
        connection.connect(("127.0.0.1", service.port))
        deadline = time.monotonic() + 10
        closed = False
        while not closed and time.monotonic() < deadline:
            connection.settimeout(0.5)
            try:
                connection.sendall(request * 50)
            except TimeoutError:
                assert service.post(example()).status == 200
            except OSError:
                closed = True
    assert closed


@own("http-06")
@pytest.mark.parametrize(
    "headers",
    [
        [f"X-{number}: 1" for number in range(10_000)],
        ["X-Long: " + "x" * 65_536],
        [f"X-{number}: {'x' * 1000}" for number in range(40)],
        ["x" * 70_000 + ": 1"],
    ],
    ids=["many", "long", "much", "name"],
)
def test_too_many_headers(service: Any, headers: list[str]) -> None:
    reply = service.raw(head(service, *headers) + b"\r\n")
    assert (reply.status, reply.codes()) == (431, {"service.headers_too_large"})


@own("http-07")
@pytest.mark.parametrize("length", [16 * 1024, 200_000])
def test_a_long_address(service: Any, length: int) -> None:
    reply = service.raw(b"GET /%b HTTP/1.1\r\nHost: localhost\r\n\r\n" % (b"a" * length))
    assert (reply.status, reply.codes()) == (414, {"service.address_too_long"})


@own("http-08")
@pytest.mark.parametrize(
    "path",
    [
        "/v1/cases/..%2f..%2fetc",
        "/v1/decisions/..%2f..%2fetc",
        "/v1/decisions/../../etc/passwd",
        "/v1/ledger/tile/0/..%2f..%2f",
        "/v1/ledger/tile/0/../../../etc/passwd",
    ],
)
def test_no_address_leads_out(service: Any, path: str) -> None:
    reply = service.call("GET", path, token=service.token("read", "audit"))
    assert reply.status == 404


@own("http-09")
def test_a_method_is_what_the_request_says(service: Any) -> None:
    overrides = {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE"}
    reply = service.post(event(), "/v1/policies/shadow", headers=overrides)
    assert (reply.status, reply.headers["allow"]) == (405, "DELETE, PUT")


@own("http-10")
@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
def test_methods_nobody_needs(service: Any, method: str) -> None:
    target = "localhost:443" if method == "CONNECT" else "/v1/decisions"
    reply = service.raw(f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert (reply.status, reply.codes()) == (405, {"service.method_not_allowed"})


@own("http-11")
@pytest.mark.parametrize(
    "host", ["evil", "evil.example", "localhost.evil", "", "local host", "[::2]"]
)
def test_another_host(service: Any, host: str) -> None:
    reply = service.raw(f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert (reply.status, reply.codes()) == (400, {"service.invalid_host"})


@own("http-12")
def test_forwarding_headers_change_nothing(service: Any, example: Example) -> None:
    forged = {"X-Forwarded-For": "10.0.0.1", "X-Forwarded-Proto": "https", "Forwarded": "for=x"}
    reply = service.post(example(), headers=forged)
    assert reply.status == 200
    assert b"10.0.0.1" not in reply.body


@own("http-13")
@pytest.mark.parametrize("text", ["%0d%0aSet-Cookie:%20a=b", "a%0aX-Evil:%201"])
def test_no_header_is_smuggled_into_an_answer(service: Any, text: str) -> None:
    token = service.token("read", "audit")
    for path in (f"/v1/decisions/{text}", f"/{text}", f"/v1/ledger/inclusion?size={text}"):
        reply = service.call("GET", path, token=token)
        assert reply.status in (400, 404)
        assert not reply.headers.keys() & {"set-cookie", "x-evil"}


@own("http-14")
def test_no_other_origin_is_let_in(service: Any) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    preflight = service.call("OPTIONS", "/v1/decisions", headers=asked)
    assert preflight.status == 405
    answered = service.call("GET", "/healthz", headers=asked)
    for reply in (preflight, answered):
        assert not [name for name in reply.headers if name.startswith("access-control")]


@own("http-15")
def test_personal_data_is_not_cached(service: Any, example: Example) -> None:
    body = example(phone="13800138000")
    service.post(body)
    path = f"/v1/decisions/{json.loads(body)['id']}"
    reply = service.call("GET", path, token=service.token("read"))
    assert (reply.status, reply.headers["cache-control"]) == (200, "no-store")


@own("auth-01")
def test_without_a_key_every_answer_is_the_same(service: Any) -> None:
    replies = [
        service.call("POST", "/v1/decisions", event()),
        service.call("GET", "/v1/decisions/e-1"),
        service.call("GET", "/metrics"),
        service.call("POST", "/v1/policies", b"x", headers={"Authorization": "Basic YTpi"}),
    ]
    assert {reply.status for reply in replies} == {401}
    assert len({reply.body for reply in replies}) == 1
    assert replies[0].headers["www-authenticate"] == "Bearer"


@own("auth-10", "time-05")
def test_another_cell_knows_neither_key_nor_event(serve: Any, service: Any) -> None:
    other = serve()
    mine, theirs = service.token("decide", "read"), other.token("decide", "read")
    body, changed = event(id="cells-1"), event(id="cells-1", amount="99.00")
    assert service.call("POST", "/v1/decisions", body, token=mine).status == 200
    assert other.call("POST", "/v1/decisions", body, token=mine).status == 401
    absent = other.call("GET", "/v1/decisions/cells-1", token=theirs)
    never = other.call("GET", "/v1/decisions/cells-none", token=theirs)
    assert (absent.status, absent.body) == (404, never.body)
    assert other.call("POST", "/v1/decisions", changed, token=theirs).status == 200


@own("time-03")
def test_one_event_from_64_clients(service: Any) -> None:
    body = event(id="concurrent-1")
    service.token("decide", "record")
    with ThreadPoolExecutor(64) as pool:
        replies = list(pool.map(lambda _: service.post(body), range(64)))
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1


@own("time-04")
def test_one_id_for_two_events(service: Any) -> None:
    assert service.post(event(id="conflict-1")).status == 200
    reply = service.post(event(id="conflict-1", amount="12.31"))
    assert (reply.status, reply.codes()) == (409, {"service.idempotency_conflict"})


def run_here() -> dict[str, str]:
    """Every hostile input that is run here, and where."""
    tables = {number: "a table" for number, *_ in [*BODIES, *TEXTS, *CONDITIONS]}
    return tables | OWN | ELSEWHERE


def test_no_hostile_input_is_both_run_and_left_out() -> None:
    assert not run_here().keys() & NOT_THIS_SERVICE.keys()


def test_no_line_of_the_list_is_forgotten() -> None:
    path = VECTORS / "bad_inputs.jsonl"
    if not path.is_file():
        pytest.skip("the list of hostile inputs is not at hand; its inputs stand in this file")
    lines = path.read_text(encoding="utf-8").splitlines()
    numbers = {json.loads(line)["id"] for line in lines}
    assert numbers == run_here().keys() | NOT_THIS_SERVICE.keys()
