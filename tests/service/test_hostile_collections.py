"""Published collections of hostile input through the whole edge: refused, and never 5xx."""

import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fengkong.events.catalogue import Kind, shipped_catalogue

Example = Callable[..., bytes]
VECTORS = Path(__file__).parents[3] / "shared" / "data" / "vectors"

# Some of every sort, so that the tests say something where the collections are absent.
BROKEN_JSON = [
    *(b"", b" ", b"{", b"[", b'"', b"{]", b"[1,]", b'{"a":1,}', b"{'a':1}", b"nul", b"01", b"+1"),
    *(b"1.", b".5", b"1e", b"--1", b'"\x01"', b'"\\x"', b'"\\u12"', b"\x00", b"\xff", b"[1 2]"),
    *(b'{"a" 1}', b'{"a":}', b"{1:1}", b"[NaN]", b"/**/1", b"[\xe5]", b"1 2", b"\xef\xbb\xbf1"),
]
NAUGHTY = [
    *("undefined", "null", "NaN", "../../etc/passwd", "<script>alert(1)</script>", "' OR 1=1 --"),
    *(
        "\u202etest",
        "\u200b",
        "\ufeff",
        "\U0001f4a9",
        "田中さん",
        "Ω≈ç√",
        "T\u0337h\u0337e",
        "%s%x%n",
    ),
    *("$HOME", "`touch x`", "{{7*7}}", "DROP TABLE", "\t", "\n", "\x00", "\x7f", "a" * 5000, " a "),
]


def json_suite() -> Iterator[tuple[str, bytes]]:
    path = VECTORS / "json_test_suite.tar.gz"
    if not path.exists():
        return
    with tarfile.open(path) as archive:
        for member in archive.getmembers():
            stream = archive.extractfile(member) if member.name.endswith(".json") else None
            if stream is not None and "test_parsing" in member.name:
                yield Path(member.name).name, stream.read()


def naughty_strings() -> list[str]:
    path = VECTORS / "blns.json"
    published = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return [*NAUGHTY, *published]


@pytest.mark.parametrize("path", ["/v1/decisions", "/v1/events"])
def test_no_broken_json_is_taken(service: Any, path: str) -> None:
    for body in BROKEN_JSON:
        assert service.post(body, path).status == 400, body


def test_the_json_test_suite(service: Any) -> None:
    seen = 0
    for name, body in json_suite():
        seen += 1
        reply = service.post(body)
        assert reply.status == 400, name
        if name.startswith("n_"):
            assert reply.codes() & {"event.invalid_json", "event.too_deep"}, name
        batch = service.post(body, "/v1/decisions/batch")
        assert batch.status in (200, 400), name
        if batch.status == 200:
            assert {item["status"] for item in json.loads(batch.body)} == {400}, name
        as_lines = service.post(
            body, "/v1/events/batch", headers={"Content-Type": "application/x-ndjson"}
        )
        assert as_lines.status in (200, 400), name
    if not seen:
        pytest.skip("the JSON test suite is not beside this checkout")
    assert seen > 300


def test_naughty_strings_in_every_kind_of_text(service: Any, example: Example) -> None:
    """Taken exactly or refused with a fault at the field; the service goes on."""
    fields = ["merchant_name", "customer", "merchant_category", "ip_country", "id", "currency"]
    kinds = {shipped_catalogue().fields[name].kind for name in fields[:4]}
    assert kinds == {Kind.TEXT, Kind.ENTITY, Kind.CATEGORY}
    for text in naughty_strings():
        events = [example(**{name: text}) for name in fields]
        reply = service.post(b"[" + b",".join(events) + b"]", "/v1/events/batch")
        assert reply.status == 200, text
        for name, item in zip(fields, json.loads(reply.body), strict=True):
            # 409: the same text was used as an id before.
            assert item["status"] in (200, 400, 409), (name, text)
            if item["status"] == 400:
                assert [fault["pointer"] for fault in item["body"]["errors"]] == [f"/{name}"]
    assert service.call("GET", "/healthz").status == 200


def test_naughty_strings_in_addresses_and_headers(service: Any) -> None:
    from urllib.parse import quote

    token = service.token("read", "audit")
    for text in naughty_strings():
        quoted = quote(text, safe="")[:4000]
        for path in (f"/v1/decisions/{quoted}", f"/{quoted}", f"/v1/ledger/inclusion?{quoted}"):
            assert service.call("GET", path, token=token).status in (200, 400, 404), text
        header = text.encode()[:200].translate(None, b"\r\n\0")
        raw = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Text: " + header + b"\r\n\r\n"
        assert service.raw(raw).status in (200, 400), text
