"""Properties: any event survives encoding, any bytes give an event or a RiskError."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.core.errors import RiskError
from fengkong.core.identifiers import check_identifier
from fengkong.core.instants import INSTANT_MAX, INSTANT_MIN
from fengkong.core.money import AMOUNT_MINOR_MAX
from fengkong.events.catalogue import Field, Kind, shipped_catalogue
from fengkong.events.decoding import Decoder
from fengkong.events.encoding import encode
from fengkong.events.event import Event
from fengkong.events.values import check_text

CATALOGUE = shipped_catalogue()
DECODER = Decoder(CATALOGUE)


def _passes(check: Any, text: str) -> bool:
    try:
        check(text)
    except RiskError:
        return False
    return True


instants = st.integers(min_value=INSTANT_MIN, max_value=INSTANT_MAX - 1)
words = st.text(alphabet=st.characters(categories=("L", "N", "P")), min_size=1, max_size=20)
identifiers = (words | st.text(min_size=1, max_size=12)).filter(
    lambda text: _passes(check_identifier, text)
)
texts = st.text(min_size=1, max_size=32).filter(lambda text: _passes(check_text, text))


def values(field: Field) -> st.SearchStrategy[Any]:
    """Values of a field in memory."""
    if field.values is not None:
        return st.sampled_from(sorted(field.values))
    if field.pattern is not None:
        return st.from_regex(field.pattern, fullmatch=True).filter(
            lambda text: text.isascii() and len(text) <= field.length_max
        )
    money_min = -AMOUNT_MINOR_MAX if field.signed else 0
    return {
        Kind.MONEY: st.integers(min_value=money_min, max_value=AMOUNT_MINOR_MAX),
        Kind.NUMBER: st.floats(min_value=field.minimum, max_value=field.maximum).map(
            lambda number: number + 0.0
        ),
        Kind.INTEGER: st.integers(min_value=int(field.minimum), max_value=int(field.maximum)),
        Kind.BOOLEAN: st.booleans(),
        Kind.CATEGORY: identifiers,
        Kind.TEXT: texts,
        Kind.ENTITY: identifiers,
        Kind.INSTANT: instants,
        Kind.PLACE: st.tuples(
            st.floats(min_value=-90, max_value=90).map(lambda degrees: degrees + 0.0),
            st.floats(min_value=-180, max_value=180).map(lambda degrees: degrees + 0.0),
        ),
    }[field.kind]


@st.composite
def events(draw: st.DrawFn) -> Event:
    """Any event of the shipped catalogue."""
    event_type = CATALOGUE.types[draw(st.sampled_from(CATALOGUE.type_names))]
    optional = draw(st.sets(st.sampled_from(sorted(event_type.fields)), max_size=12))
    names = sorted(event_type.required | optional)
    return Event(
        type=event_type.name,
        id=draw(identifiers),
        occurred_at=draw(instants),
        currency=draw(st.sampled_from(["CNY", "JPY", "KWD", "USD"])),
        values={name: draw(values(CATALOGUE.fields[name])) for name in names},
    )


@given(events())
def test_decode_gives_back_what_encode_took(event: Event) -> None:
    assert DECODER.decode(encode(event)) == event
    assert DECODER.examine(encode(event)) == event


@given(events())
def test_encoding_is_canonical(event: Event) -> None:
    once = encode(event)
    spread = json.dumps(dict(reversed(json.loads(once).items())), indent=1).encode()
    assert encode(DECODER.decode(spread)) == once


def outcome(data: bytes, *, careful: bool) -> object:
    """The event, or the faults; anything else fails the test."""
    try:
        return DECODER.examine(data) if careful else DECODER.decode(data)
    except RiskError as error:
        return str(error)


@given(st.binary(max_size=200))
def test_any_bytes_give_an_event_or_a_risk_error(data: bytes) -> None:
    assert outcome(data, careful=False) == outcome(data, careful=True)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300)
@given(events(), st.data())
def test_a_spoilt_event_is_judged_alike_by_both_halves(event: Event, data: st.DataObject) -> None:
    wire = json.loads(encode(event))
    name = data.draw(st.sampled_from(sorted(wire)) | st.sampled_from(sorted(CATALOGUE.fields)))
    wire[name] = data.draw(json_values)
    spoilt = json.dumps(wire, ensure_ascii=data.draw(st.booleans())).encode(
        "utf-8", "surrogatepass"
    )
    position = data.draw(st.integers(min_value=0, max_value=len(spoilt)))
    piece = data.draw(st.sampled_from([b"", b"", b'"', b"\\", b",", b"\x00", b"\xff", b" ", b"}"]))
    spoilt = spoilt[:position] + piece + spoilt[position:]
    assert outcome(spoilt, careful=False) == outcome(spoilt, careful=True)


@given(events(), st.data())
def test_a_repeated_key_is_never_accepted(event: Event, data: st.DataObject) -> None:
    wire = json.loads(encode(event))
    name = data.draw(st.sampled_from(sorted(wire)))
    repeated = f"{json.dumps(name)}:{json.dumps(wire[name])},".encode()
    text = encode(event)
    with pytest.raises(RiskError):
        DECODER.decode(text[:1] + repeated + text[1:])
