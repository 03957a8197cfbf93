"""Lines decoded together are lines decoded one by one: the same events, the same faults."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.core.errors import FaultsError, RiskError
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.decoding import Decoder
from fengkong.events.lines import FEW, LinesDecoder

DECODER = Decoder(shipped_catalogue())
LINES = LinesDecoder(DECODER)


def payment(number: int, **fields: object) -> dict[str, object]:
    event: dict[str, object] = {
        "type": "payment.initiated",
        "id": f"p-{number}",
        "occurred_at": f"2026-11-01T12:{number % 60:02}:00.000001Z",
        "currency": "CNY",
        "amount": f"{number}.05",
        "customer": f"客户-{number}",
        "card": "k1",
        "merchant_name": "百味餐厅",
        "place": {"lat": 22.5, "lon": 114.0},
        "card_present": True,
    }
    return {name: value for name, value in (event | fields).items() if value is not None}


def line(event: object, *, ascii_only: bool = False, spaced: bool = False) -> bytes:
    separators = (", ", ": ") if spaced else (",", ":")
    return json.dumps(event, ensure_ascii=ascii_only, separators=separators).encode()


PLAIN = line(payment(1))
ODD = {
    "nothing": b"",
    "no json": b"{",
    "no object": b"[1]",
    "another type": line(
        {
            "type": "login.attempted",
            "id": "l",
            "occurred_at": "2026-11-01T00:00:00Z",
            "customer": "c",
            "succeeded": True,
        }
    ),
    "unknown type": line(payment(2, type="payment.imagined")),
    "type last": b'{"id":"x",' + PLAIN[1:-1].replace(b',"id":"p-1"', b"") + b"}",
    "unknown key": line(payment(2, amonut="1.00")),
    "unknown key and a number for a text": line(payment(2, card=5, unheard=7)),
    "a key twice": PLAIN.replace(b'"card":"k1"', b'"card":"k1","card":"k1"'),
    "escaped quote": line(payment(2, card='a"b')),
    "escaped backslash": line(payment(2, card="a\\b")),
    "escaped letters": line(payment(2), ascii_only=True),
    "spaces": line(payment(2), spaced=True),
    "spaces and escapes": line(payment(2), ascii_only=True, spaced=True),
    "padded before": line(payment(2, card=" k1")),
    "padded behind": line(payment(2, card="k1 ")),
    "padded by an escape": PLAIN.replace(b'"k1"', b'"\\u0020k1"'),
    "hidden by an escape": PLAIN.replace(b'"k1"', b'"\\u202ek1"'),
    "hidden": line(payment(2, card="k\u202e1")),
    "rubout": line(payment(2, card="k\x7f1")),
    "broken text": PLAIN.replace("百".encode(), b"\xe7\x99"),
    "unknown currency": line(payment(2, currency="XXX")),
    "no currency": line(payment(2, currency=None)),
    "another currency": line(payment(2, currency="JPY", amount="5")),
    "bad amount": line(payment(2, amount="1.005")),
    "bad time": line(payment(2, occurred_at="2026-13-01T00:00:00Z")),
    "another zone": line(payment(2, occurred_at="2026-11-01T08:00:00+08:00")),
    "bad place": line(payment(2, place={"lat": 95.0, "lon": 0.0})),
    "too long": line(payment(2, merchant_name="x" * 70_000)),
    "forbidden": line(payment(2, cvv="123")),
}


def said(one: object) -> object:
    """An event, or what is said of its faults."""
    if isinstance(one, FaultsError):
        return one.faults
    return one.fault() if isinstance(one, RiskError) else one


def one_by_one(lines: list[bytes]) -> list[object]:
    found: list[object] = []
    for each in lines:
        try:
            found.append(DECODER.decode(each))
        except RiskError as error:
            found.append(error)
    return [said(one) for one in found]


@pytest.mark.parametrize("odd", ODD)
def test_one_odd_line_among_plain_ones(odd: str) -> None:
    lines = [line(payment(number)) for number in range(3 * FEW)]
    lines[FEW] = ODD[odd]
    assert [said(one) for one in LINES.decode(lines)] == one_by_one(lines)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.integers(0, 99), st.sampled_from(sorted(ODD))), max_size=80),
    st.sampled_from([False, True]),
)
def test_any_lines(chosen: list[int | str], spaced: bool) -> None:
    lines = [
        ODD[one] if isinstance(one, str) else line(payment(one), spaced=spaced) for one in chosen
    ]
    assert [said(one) for one in LINES.decode(lines)] == one_by_one(lines)


def test_plain_lines_are_all_accepted_together() -> None:
    """What is usual must not fall back to the slow way unseen."""
    lines = [line(payment(number)) for number in range(500)]
    assert LINES._together(lines, b"\n".join(lines)) == one_by_one(lines)
