"""The parts of the HTTP edge by themselves: tables at, below and above each limit."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.core.errors import Fault, FaultsError, RiskError
from fengkong.events.errors import MissingFieldError
from fengkong.service import problems
from fengkong.service.answers import JSON, NDJSON, Answer
from fengkong.service.http.app import joined
from fengkong.service.http.bodies import inflate, join_answers, split_batch
from fengkong.service.http.handlers import numbers, tile_place
from fengkong.service.http.hosts import Hosts
from fengkong.service.http.rates import Rates
from fengkong.service.http.routing import Router
from fengkong.service.metrics import Metrics
from fengkong.service.refusals import (
    InvalidBatchError,
    InvalidEncodingError,
    InvalidParameterError,
    OverloadedError,
    TooLargeError,
    UnknownAddressError,
)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("000", (0, 256)),
        ("067", (67, 256)),
        ("x001/x234/067", (1_234_067, 256)),
        ("x001/000.p/8", (1000, 8)),
        ("000.p/255", (0, 255)),
        ("000.p/1", (0, 1)),
    ],
)
def test_paths_of_tiles(text: str, place: tuple[int, int]) -> None:
    assert tile_place(text) == place


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "0000", "x000/000", "x000", "000/", "/000", "x001/x234", "000.p/0", "000.p/256"),
        *("000.p/08", "000.p/", "x001/" * 6 + "000", "00a", "..", "000.p/8/"),
    ],
)
def test_what_is_no_path_of_a_tile(text: str) -> None:
    with pytest.raises(UnknownAddressError):
        tile_place(text)


@given(st.integers(0, 10**12 - 1), st.integers(1, 256))
def test_every_tile_has_one_path(index: int, width: int) -> None:
    digits = f"{index:03}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join([*("x" + group for group in groups[:-1]), groups[-1]])
    path += "" if width == 256 else f".p/{width}"
    assert tile_place(path) == (index, width)


@pytest.mark.parametrize(
    "query",
    [
        *(b"", b"a=1", b"a=1&b=2&c=3", b"a=1&a=1", b"a=1&b=2&b=2", b"a=1&b=", b"a=1&b=-1"),
        *(b"a=1&b=x", b"a=1&b=1.0", b"a=1&b=%C2%B2", b"a=1&b=99999999999999999", b"a&b", b"\xff"),
    ],
)
def test_queries_that_are_not_numbers(query: bytes) -> None:
    with pytest.raises(InvalidParameterError):
        numbers(query, names=("a", "b"))


def test_queries_in_any_order() -> None:
    assert numbers(b"b=2&a=01", names=("a", "b")) == [1, 2]


@pytest.mark.parametrize(
    ("value", "admitted"),
    [
        (b"localhost", True),
        (b"LocalHost:8700", True),
        (b"127.0.0.1:1", True),
        (b"[::1]:8700", True),
        (b"risk.example:443", True),
        (b"other.example", False),
        (b"localhost:", False),
        (b"localhost:123456", False),
        (b"localhost, evil", False),
        (b"user@localhost", False),
        (b"::1", False),
        (b"", False),
    ],
)
def test_hosts(value: bytes, admitted: bool) -> None:
    hosts = Hosts(["localhost", "127.0.0.1", "[::1]", "risk.example"])
    for _ in range(2):
        assert hosts.admits([(b"x", b"y"), (b"host", value)]) is admitted
    assert not hosts.admits([(b"host", value), (b"host", value)])
    assert not hosts.admits([])


def test_a_bucket_fills_with_time() -> None:
    rates = Rates()
    taken = [rates.take("k", rate=2.0, burst=3, now=10.0) for _ in range(4)]
    assert taken == [0.0, 0.0, 0.0, 0.5]
    assert rates.take("other", rate=2.0, burst=3, now=10.0) == 0.0
    assert rates.take("k", rate=2.0, burst=3, now=10.5) == 0.0
    assert rates.take("k", rate=2.0, burst=3, now=10.5) == pytest.approx(0.5)
    assert [rates.take("k", rate=2.0, burst=3, now=1000.0) for _ in range(3)] == [0.0] * 3


def test_what_is_owed_must_come_in_first() -> None:
    rates = Rates()
    rates.take("k", rate=1.0, burst=2, now=0.0)
    rates.owe("k", 10)
    assert rates.take("k", rate=1.0, burst=2, now=0.0) == pytest.approx(10.0)
    assert rates.take("k", rate=1.0, burst=2, now=10.0) == 0.0


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", ""),
        ("$.amount", "/amount"),
        ("$.rules[3].when", "/rules/3/when"),
        ("$[2]", "/2"),
        ("$.a/b~c", "/a~1b~0c"),
    ],
)
def test_paths_become_json_pointers(path: str, expected: str) -> None:
    assert problems.pointer(path) == expected


class PrivateError(RiskError):
    """Something of ours failed."""

    code = "journal.planted"
    hint = "Wait."


def test_our_own_failures_say_nothing_of_where() -> None:
    answer = problems.of_error(PrivateError("/var/lib/secret: 张三"))
    said = json.loads(answer.body)
    assert (answer.status, answer.retry_after) == (503, 1)
    assert "secret" not in answer.body.decode()
    assert said["detail"] == "Something of ours failed."


def test_all_faults_are_told_with_their_places() -> None:
    faults = [Fault("event.missing_field", "no", path="$.a"), Fault("x.y", "bad", path="$", line=3)]
    said = json.loads(problems.of_error(FaultsError(faults)).body)
    assert said["errors"] == [
        {"code": "event.missing_field", "detail": "no", "pointer": "/a"},
        {"code": "x.y", "detail": "bad", "pointer": "", "line": 3},
    ]
    assert said["title_zh"] != said["title"]
    assert json.loads(problems.of_error(MissingFieldError("x")).body)["hint_zh"]


@given(st.binary(max_size=2000))
def test_what_was_packed_is_unpacked(body: bytes) -> None:
    assert inflate(gzip.compress(body), limit=2000) == body


@pytest.mark.parametrize(("size", "fits"), [(99, True), (100, True), (101, False)])
def test_nothing_is_unpacked_beyond_its_limit(size: int, fits: bool) -> None:
    packed = gzip.compress(b"x" * size)
    if fits:
        assert len(inflate(packed, limit=100)) == size
    else:
        with pytest.raises(TooLargeError):
            inflate(packed, limit=100)


@given(st.binary(max_size=300))
def test_whatever_is_no_gzip_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidEncodingError):
        inflate(body, limit=1000)


texts = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.lists(texts, min_size=1, max_size=20))
def test_a_batch_is_split_into_its_events(items: list[Any]) -> None:
    bodies = split_batch(json.dumps(items, indent=1).encode(), media=JSON)
    assert [json.loads(body) for body in bodies] == items
    lines = "\n".join(json.dumps(item) for item in items).encode()
    assert [json.loads(body) for body in split_batch(lines, media=NDJSON)] == items


@given(st.binary(max_size=200))
def test_a_batch_of_anything_is_split_or_refused(body: bytes) -> None:
    for media in (JSON, NDJSON):
        try:
            assert all(split_batch(body, media=media))
        except RiskError as error:
            assert error.code in {"service.invalid_batch", "event.invalid_json"}


def test_an_empty_batch() -> None:
    for body in (b"", b"\n \n"):
        with pytest.raises(InvalidBatchError):
            split_batch(body, media=NDJSON)


def test_answers_are_joined_unless_all_must_come_again() -> None:
    busy = problems.of_error(OverloadedError("x"))
    good = Answer(200, b'{"n":1}')
    assert join_answers([busy, busy], media=JSON) is busy
    mixed = join_answers([good, busy], media=JSON)
    assert [item["status"] for item in json.loads(mixed.body)] == [200, 503]
    assert join_answers([good], media=NDJSON).body == b'{"status":200,"body":{"n":1}}\n'


def test_repeated_headers_are_joined() -> None:
    headers = [(b"a", b"1"), (b"b", b"2"), (b"a", b"3")]
    assert joined(headers) == {b"a": b"1, 3", b"b": b"2"}


def test_no_two_routes_are_one() -> None:
    router = Router()
    assert router.find(method="GET", raw_path=b"/v1/ledger/tile/entries/000")[0].name == "bundle"
    assert router.find(method="GET", raw_path=b"/v1/ledger/tile/0/x001/000.p/3")[1] == (
        "0",
        "x001/000.p/3",
    )
    for path in (b"/v1/decisions/", b"/v1/decisions/a/b", b"/v1/decisions/a/explanation/", b""):
        with pytest.raises(UnknownAddressError):
            router.find(method="GET", raw_path=path)


def test_metrics_have_no_label_of_a_person() -> None:
    metrics = Metrics()
    metrics.requests.note(route="/v1/decisions", status=200, seconds=0.0004)
    metrics.requests.note(route="/v1/decisions", status=200, seconds=9.0)
    text = metrics.render().decode()
    assert 'fengkong_http_request_seconds_bucket{le="0.0005",route="/v1/decisions"} 1.0' in text
    assert 'fengkong_http_request_seconds_count{route="/v1/decisions"} 2.0' in text


Example = Callable[..., bytes]


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_however_bytes_are_cut_the_answers_are_the_same(
    service: Any, example: Example, data: st.DataObject
) -> None:
    """Three requests in one stream, torn at any places."""
    token = service.token("decide", "record")
    body = example(id="torn-1")
    head = (
        "POST /v1/decisions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\n"
    )
    stream = (
        f"{head}Content-Length: {len(body)}\r\n\r\n".encode()
        + body
        + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        + f"{head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n".encode()
        + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    )
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=6).map(sorted))
    with service.connect() as connection:
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            connection.sendall(stream[start:end])
        received = b""
        while piece := connection.recv(65_536):
            received += piece
    assert received.count(b"HTTP/1.1 200 OK") == 3, received
    first, _, rest = received.partition(b'{"sequence"')
    assert first
    assert rest.split(b"HTTP/1.1")[0] == received.rpartition(b'{"sequence"')[2]


@given(st.binary(max_size=400))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_answered_4xx_or_nothing(service: Any, data: bytes) -> None:
    with service.connect() as connection:
        connection.sendall(data + b"\r\n\r\n")
        connection.shutdown(1)
        received = connection.recv(65_536)
    assert received == b"" or received[9:10] in (b"4", b"2")
