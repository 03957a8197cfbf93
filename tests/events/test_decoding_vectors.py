"""Published collections of hostile input: JSONTestSuite, the naughty strings, our own list."""

import json
import tarfile
from pathlib import Path

import pytest

from fengkong.core.errors import RiskError
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.decoding import Decoder
from fengkong.events.encoding import encode
from fengkong.events.json_text import parse_json

VECTORS = Path(__file__).parents[3] / "shared" / "data" / "vectors"
DECODER = Decoder(shipped_catalogue())


def vector(name: str) -> Path:
    """A vector file, or a skipped test that says it is absent."""
    path = VECTORS / name
    if not path.exists():
        pytest.skip(f"the vectors {name} are not beside this checkout")
    return path


def test_json_test_suite() -> None:
    seen = {"n": 0, "y": 0, "i": 0}
    with tarfile.open(vector("json_test_suite.tar.gz")) as archive:
        for member in archive.getmembers():
            stream = archive.extractfile(member) if member.name.endswith(".json") else None
            kind = Path(member.name).name.split("_")[0]
            if stream is None or "test_parsing" not in member.name or kind not in seen:
                continue
            data = stream.read()
            seen[kind] += 1
            with pytest.raises(RiskError):
                DECODER.decode(data)
            if kind == "n":
                with pytest.raises(RiskError):
                    parse_json(data)
            elif kind == "y":
                parse_json(data)
    assert seen["n"] > 150
    assert seen["y"] > 80


def test_our_own_bad_inputs() -> None:
    lines = vector("bad_inputs.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [case for case in map(json.loads, lines) if case["cat"] == "json"]
    assert cases
    for case in cases:
        with pytest.raises(RiskError):
            DECODER.decode(case["input"].encode("utf-8", "surrogatepass"))


def test_naughty_strings_are_kept_exactly_or_refused() -> None:
    kept = 0
    for text in json.loads(vector("blns.json").read_text(encoding="utf-8")):
        for field in ("note", "customer", "merchant_category", "id"):
            wire = {
                "type": "payment.initiated",
                "id": "p",
                "occurred_at": "2026-11-01T12:00:00Z",
                "currency": "CNY",
                "amount": "1",
                field: text,
            }
            for data in (json.dumps(wire), json.dumps(wire, ensure_ascii=False)):
                try:
                    event = DECODER.decode(data.encode("utf-8", "surrogatepass"))
                except RiskError:
                    continue
                kept += 1
                assert (event.id if field == "id" else event.values[field]) == text
                assert DECODER.decode(encode(event)) == event
    assert kept > 1000
