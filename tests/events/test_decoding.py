"""Strict decoding: every way to be wrong has its code and its path."""

import json

import pytest

from fengkong.core.errors import FaultsError, RiskError
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.decoding import Decoder
from fengkong.events.event import Event

DECODER = Decoder(shipped_catalogue())

PAYMENT: dict[str, object] = {
    "type": "payment.initiated",
    "id": "pay-1",
    "occurred_at": "2026-11-01T12:00:00Z",
    "currency": "CNY",
    "amount": "123.45",
    "customer": "c-1",
    "merchant_category": "5411",
    "country": "CN",
    "channel": "app",
    "place": {"lat": 31.2, "lon": 121.5},
    "card_present": True,
    "note": "午饭 😀",
    "item_count": 3,
    "customer_since": "2020-01-01T08:00:00+08:00",
}


def wire(**changes: object) -> bytes:
    """The payment with changes; None removes a field."""
    return json.dumps(
        {name: value for name, value in (PAYMENT | changes).items() if value is not None},
        ensure_ascii=False,
    ).encode()


def found(data: bytes) -> set[tuple[str, str]]:
    """Code and path of every fault of some bytes."""
    with pytest.raises(RiskError) as caught:
        DECODER.decode(data)
    error = caught.value
    faults = error.faults if isinstance(error, FaultsError) else (error.fault(),)
    assert all(fault.message and fault.hint for fault in faults)
    return {(fault.code, fault.path) for fault in faults}


def test_a_payment_in_memory() -> None:
    assert DECODER.decode(wire()) == Event(
        type="payment.initiated",
        id="pay-1",
        occurred_at=1_793_534_400_000_000,
        currency="CNY",
        values={
            "amount": 12345,
            "customer": "c-1",
            "merchant_category": "5411",
            "country": "CN",
            "channel": "app",
            "place": (31.2, 121.5),
            "card_present": True,
            "note": "午饭 😀",
            "item_count": 3,
            "customer_since": 1_577_836_800_000_000,
        },
    )


@pytest.mark.parametrize(
    "data",
    [
        wire(),
        json.dumps(PAYMENT).encode(),
        json.dumps(PAYMENT, separators=(",", ":")).encode(),
        json.dumps(PAYMENT, indent=2).encode(),
        json.dumps(dict(reversed(PAYMENT.items()))).encode(),
        b"\n\t " + wire() + b"\r\n",
        wire(note='says "yes"\n\\ok'),
        wire(note=" padded "),
    ],
    ids=["plain", "escaped", "compact", "indented", "reversed", "padded", "quoted", "blanks"],
)
def test_both_halves_agree(data: bytes) -> None:
    assert DECODER.decode(data) == DECODER.examine(data)


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"type": None}, "event.missing_field", "$.type"),
        ({"id": None}, "event.missing_field", "$.id"),
        ({"occurred_at": None}, "event.missing_field", "$.occurred_at"),
        ({"currency": None}, "event.missing_field", "$.currency"),
        ({"amount": None}, "event.missing_field", "$.amount"),
        ({"type": "payment.begun"}, "event.unknown_type", "$.type"),
        ({"type": 1}, "event.wrong_type", "$.type"),
        ({"id": 1}, "event.wrong_type", "$.id"),
        ({"id": ""}, "identifier.invalid", "$.id"),
        ({"id": " a"}, "identifier.invalid", "$.id"),
        ({"id": "a\u202eb"}, "identifier.invalid", "$.id"),
        ({"id": "x" * 129}, "identifier.invalid", "$.id"),
        ({"occurred_at": 1}, "event.wrong_type", "$.occurred_at"),
        ({"occurred_at": "2026-02-30T00:00:00Z"}, "instant.invalid", "$.occurred_at"),
        ({"occurred_at": "2026-02-03T00:00:00"}, "instant.invalid", "$.occurred_at"),
        ({"occurred_at": "2026-02-03T24:01:00Z"}, "instant.invalid", "$.occurred_at"),
        ({"occurred_at": "1999-12-31T23:59:59Z"}, "instant.invalid", "$.occurred_at"),
        ({"currency": "CNYX"}, "money.unknown_currency", "$.currency"),
        ({"currency": 1}, "event.wrong_type", "$.currency"),
        ({"amount": 1}, "event.wrong_type", "$.amount"),
        ({"amount": 0.30000000000000004}, "event.wrong_type", "$.amount"),
        ({"amount": []}, "event.wrong_type", "$.amount"),
        ({"amount": "1.234"}, "money.invalid_amount", "$.amount"),
        ({"amount": "1e5"}, "money.invalid_amount", "$.amount"),
        ({"amount": "-0"}, "money.invalid_amount", "$.amount"),
        ({"amount": "-1"}, "money.invalid_amount", "$.amount"),
        ({"amount": "１"}, "money.invalid_amount", "$.amount"),
        ({"amount": "100000000000.01"}, "money.invalid_amount", "$.amount"),
        ({"chanel": "app"}, "event.unknown_field", "$.chanel"),
        ({"loan": "l-1"}, "event.unknown_field", "$.loan"),
        ({"channel": "App"}, "event.unknown_category", "$.channel"),
        ({"country": "China"}, "event.invalid_text", "$.country"),
        ({"merchant_category": "x" * 65}, "event.too_long", "$.merchant_category"),
        ({"merchant_category": ""}, "identifier.invalid", "$.merchant_category"),
        ({"customer": 596}, "event.wrong_type", "$.customer"),
        ({"customer": "c\u0000"}, "identifier.invalid", "$.customer"),
        ({"customer": "c "}, "identifier.invalid", "$.customer"),
        ({"customer": "c\u200b"}, "identifier.invalid", "$.customer"),
        ({"customer": "c" * 129}, "event.too_long", "$.customer"),
        ({"note": ""}, "event.invalid_text", "$.note"),
        ({"note": "a\u0000"}, "event.invalid_text", "$.note"),
        ({"note": "a\u202eb"}, "event.invalid_text", "$.note"),
        ({"note": "n" * 513}, "event.too_long", "$.note"),
        ({"card_present": 1}, "event.wrong_type", "$.card_present"),
        ({"card_present": "true"}, "event.wrong_type", "$.card_present"),
        ({"item_count": 3.0}, "event.wrong_type", "$.item_count"),
        ({"item_count": True}, "event.wrong_type", "$.item_count"),
        ({"item_count": -1}, "event.out_of_range", "$.item_count"),
        ({"item_count": 10**30}, "event.out_of_range", "$.item_count"),
        ({"typing_interval_ms": 600_000.5}, "event.out_of_range", "$.typing_interval_ms"),
        ({"place": [31.2, 121.5]}, "event.wrong_type", "$.place"),
        ({"place": {"lat": 31.2}}, "event.missing_field", "$.place"),
        ({"place": {"lat": 91, "lon": 1}}, "event.out_of_range", "$.place"),
        ({"place": {"lat": "1", "lon": 1}}, "event.wrong_type", "$.place"),
        ({"place": {"lat": 1, "lon": 1, "alt": 1}}, "event.unknown_field", "$.place"),
        ({"customer_since": "1990-01-01T00:00:00Z"}, "instant.invalid", "$.customer_since"),
    ],
)
def test_one_fault(changes: dict[str, object], code: str, path: str) -> None:
    assert found(wire(**changes)) == {(code, path)}


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("100000000000.00", "CNY", 10**13), ("1", "JPY", 1), ("0.001", "KWD", 1), ("0", "CNY", 0)],
)
def test_amounts_at_their_limits(amount: str, currency: str, minor: int) -> None:
    assert DECODER.decode(wire(amount=amount, currency=currency)).values["amount"] == minor


def test_signed_money_may_be_negative() -> None:
    event = DECODER.decode(wire(account_balance_before="-12.30"))
    assert event.values["account_balance_before"] == -1230


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "event.invalid_json"),
        (b"{} x", "event.invalid_json"),
        (b"nul", "event.invalid_json"),
        (b'{"amount":NaN}', "event.invalid_json"),
        (b'{"amount":-Infinity}', "event.invalid_json"),
        (b"\xef\xbb\xbf" + wire(), "event.invalid_json"),
        (wire().decode().encode("utf-16"), "event.invalid_json"),
        (wire().decode().encode("utf-32-le"), "event.invalid_json"),
        (b'{"id":"\xc0\xaf"}', "event.invalid_json"),
        (b'{"id":"\xed\xa0\x80"}', "event.invalid_json"),
        (b'{"id":"a\x00b"}', "event.invalid_json"),
        (b"[]", "event.wrong_type"),
        (b"1", "event.wrong_type"),
        (b'"text"', "event.wrong_type"),
        (b"null", "event.wrong_type"),
        (b"[" * 100_000, "event.too_deep"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "event.too_deep"),
        (b"[" * 33 + b"]" * 33, "event.too_deep"),
        (b" " * (256 * 1024 + 1), "event.too_long"),
    ],
)
def test_not_an_event_at_all(data: bytes, code: str) -> None:
    assert found(data) == {(code, "$")}


def test_brackets_in_a_text_are_no_depth() -> None:
    assert DECODER.decode(wire(note="[{" * 100 + '"')).values["note"] == "[{" * 100 + '"'


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        (b'"customer": "c-1"', b'"customer": "c-1", "customer": "c-1"', "$.customer"),
        (b'"customer": "c-1"', b'"customer": "c-1", "c\\u0075stomer": "c-2"', "$.customer"),
        (b'"item_count": 3', b'"item_count": 3, "item_count": 4', "$.item_count"),
        (b'"id": "pay-1"', b'"id": "pay-1", "id": "pay-2"', "$.id"),
        (b'"card_present": true', b'"card_present": true, "card_present": false', "$.card_present"),
    ],
)
def test_a_key_twice(old: bytes, new: bytes, path: str) -> None:
    assert found(wire().replace(old, new)) == {("event.duplicate_key", path)}


def test_a_key_twice_inside_a_place() -> None:
    data = wire().replace(b'"lat": 31.2', b'"lat": 31.2, "lat": 31.3')
    assert ("event.duplicate_key", "$.place.lat") in found(data)


def test_a_key_twice_hidden_behind_escaped_quotes() -> None:
    note = wire(note='":' * 7).replace(b'"customer": "c-1"', b'"customer": "c", "customer": "d"')
    assert found(note) == {("event.duplicate_key", "$.customer")}


def test_all_faults_of_an_event_come_at_once() -> None:
    data = wire(id="", amount="1.234", chanel="app", channel="ap", card_present=None, item_count=-1)
    assert found(data) == {
        ("identifier.invalid", "$.id"),
        ("money.invalid_amount", "$.amount"),
        ("event.unknown_field", "$.chanel"),
        ("event.unknown_category", "$.channel"),
        ("event.out_of_range", "$.item_count"),
    }


def test_lone_surrogates() -> None:
    assert found(wire(note="X").replace(b"X", rb"\ud800")) == {("event.invalid_text", "$.note")}
    assert found(wire(customer="X").replace(b"X", rb"\udc00")) == {
        ("identifier.invalid", "$.customer")
    }
    assert ("event.unknown_field", "$.\\ud800") in found(
        wire(note="X").replace(b'"note"', rb'"\ud800"')
    )


def test_overflowing_numbers() -> None:
    for number in (
        b"1e400",
        b"-1e400",
        b"9" * 5000,
        b"1e999999999999999999999",
        b"9007199254740993",
    ):
        data = wire(item_count="X").replace(b'"X"', number)
        (fault,) = found(data)
        assert fault[1] == "$.item_count"


def test_minus_zero_becomes_zero() -> None:
    event = DECODER.decode(wire(typing_interval_ms=-0.0, place={"lat": -0.0, "lon": -0.0}))
    assert str(event.values["typing_interval_ms"]) == "0.0"
    assert str(event.values["place"]) == "(0.0, 0.0)"


def test_lines_report_all_faults_with_their_rows() -> None:
    lines = [wire(), b"\n", b"{", wire(id="pay-2"), wire(amount="x", channel="x")]
    with pytest.raises(FaultsError) as caught:
        DECODER.decode_lines(lines, source="a.jsonl")
    assert [(fault.row, fault.source) for fault in caught.value.faults] == [
        (3, "a.jsonl"),
        (5, "a.jsonl"),
        (5, "a.jsonl"),
    ]
    assert [event.id for event in DECODER.decode_lines([wire(), b"", wire(id="b")])] == [
        "pay-1",
        "b",
    ]


def test_a_thousand_faults_are_kept_and_all_are_counted() -> None:
    with pytest.raises(FaultsError) as caught:
        DECODER.decode_lines([b"{"] * 1500)
    assert len(caught.value.faults) == 1000
    assert caught.value.total == 1500
