"""The quick readers say what the careful ones say, the first time and every time after."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.core.errors import RiskError
from fengkong.core.instants import parse_instant
from fengkong.events import quick, shapes
from fengkong.events.catalogue import Field, shipped_catalogue
from fengkong.events.decoding import Decoder
from fengkong.events.quick import instant, quick_reader
from fengkong.events.shapes import Shape
from fengkong.events.values import field_reader

FIELDS = shipped_catalogue().fields
AMOUNT, SIGNED = FIELDS["amount"], next(f for f in FIELDS.values() if f.signed)


def outcome(read: Callable[..., object], *arguments: object) -> str:
    """What a reader gives, or the error it raises, as text that tells types and zeros apart."""
    try:
        return repr(read(*arguments))
    except RiskError as error:
        return repr((error.code, error.message))


def agree(field: Field, value: object, currency: str = "CNY") -> None:
    reader = quick_reader(field)
    assert reader is not None
    expected = outcome(field_reader(field), value, currency)
    assert [outcome(reader, value, currency) for _ in range(3)] == [expected] * 3


@pytest.mark.parametrize("end", ["Z", "z", "+08:00", "", "Zz", "ZZ"])
@pytest.mark.parametrize(
    "fraction", ["", ".", ".1", ".123456", ".1234567", ".12345x", ".１２３４５６"]
)
@pytest.mark.parametrize(
    "start",
    [
        *("2026-11-01T12:34:56", "2026-11-01T23:59:60", "2026-11-01T24:00:00"),
        *("2026-02-29T00:00:00", "2024-02-29T00:00:00", "1999-12-31T23:59:59"),
        *("2099-12-31T23:59:59", "2100-01-01T00:00:00", "2026-11-01 12:34:56", "", "Z"),
        *("2026-11-01T12:34", "２０26-11-01T12:34:56", "2026-11-01t12:34:56"),
    ],
)
def test_instants(start: str, fraction: str, end: str) -> None:
    text = f"{start}{fraction}{end}"
    expected = outcome(parse_instant, text)
    assert [outcome(instant, text) for _ in range(3)] == [expected] * 3
    agree(FIELDS["customer_since"], text)


@given(text=st.from_regex(r"-?[0-9]{0,13}(\.[0-9]{0,3})?", fullmatch=True))
@pytest.mark.parametrize("currency", ["CNY", "JPY", "KWD", "XXX"])
def test_money(text: str, currency: str) -> None:
    agree(AMOUNT, text, currency)
    agree(SIGNED, text, currency)


@pytest.mark.parametrize(
    "text", ["0.00", "00.10", ".10", "-0.00", "99999999999.99", "100000000000.00", "１.00", "1.²0"]
)
def test_odd_money(text: str) -> None:
    agree(AMOUNT, text)
    agree(SIGNED, text)


@given(value=st.floats(allow_nan=False) | st.integers(-(2**70), 2**70))
def test_numbers(value: float) -> None:
    agree(FIELDS["item_count"], value)
    agree(next(f for f in FIELDS.values() if f.kind == "number"), value)


@given(latitude=st.floats(-200, 200), longitude=st.floats(-400, 400))
def test_places(latitude: float, longitude: float) -> None:
    agree(FIELDS["place"], {"lat": latitude, "lon": longitude})


@given(text=st.text(max_size=4) | st.from_regex(r"[A-Z]{2}\n?", fullmatch=True))
def test_patterns(text: str) -> None:
    agree(FIELDS["country"], text)


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick, "KNOWN_MAX", 3)
    reader = quick_reader(FIELDS["country"])
    assert reader is not None
    codes = [f"{a}{b}" for a in "ABCDE" for b in "VWXYZ"]
    assert [reader(code, "CNY") for code in codes] == codes


def test_the_sets_of_keys_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "READINGS_MAX", 3)
    shape: Shape = shapes.shapes(shipped_catalogue())[b"payment.initiated"]
    names = sorted(FIELDS)[:20]
    for name in names:
        assert shape.reading((name,)).quotes == 4 + shape.special.get(name, (None, 0))[1]
        assert len(shape.readings) <= 3


def test_an_escaped_blank_at_the_edge_of_an_identifier_is_seen() -> None:
    data = (
        rb'{"type":"payment.initiated","id":"p","occurred_at":"2026-11-01T12:00:00Z",'
        rb'"currency":"CNY","amount":"1.00","customer":"\u0020c"}'
    )
    with pytest.raises(RiskError) as caught:
        Decoder(shipped_catalogue()).decode(data)
    assert caught.value.path == "$.customer"
