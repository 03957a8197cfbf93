"""Files of events: the same rows are the same events, whatever the format; faults keep rows."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fengkong.core.errors import FaultsError, RiskError
from fengkong.events.event import Event
from fengkong.events.mapping import load_mapping, read_mapping
from fengkong.events.readers import read_columns
from fengkong.events.skipping import SkipBad

MAPPING = load_mapping(
    """\
mapping: shop
event: payment.initiated
id: {column: ID}
occurred_at: {column: AT, time_zone: Asia/Shanghai}
currency: {column: CUR}
fields:
  amount: {column: AMOUNT}
  customer: {column: WHO}
  merchant_name: {column: SHOP}
  channel: {column: VIA}
  card_present: {column: SHOWN}
  item_count: {column: ITEMS}
  typing_interval_ms: {column: MS}
  place: {latitude: LAT, longitude: LON}
""",
    source="shop.yaml",
)

GOOD = {
    "ID": ["p1", "p2", "支3"],
    "AT": ["2026-11-01 20:00:00", "2026-11-01 20:00:01", "2026-11-01 20:00:02"],
    "CUR": ["CNY", "JPY", "KWD"],
    "AMOUNT": [57.16, 1200.0, 0.001],
    "WHO": [596, 4961, None],
    "SHOP": ['Müller, "Söhne"', None, "午饭"],
    "VIA": ["app", None, "web"],
    "SHOWN": [True, False, None],
    "ITEMS": [3, None, 0],
    "MS": [1.5, None, 0.25],
    "LAT": [31.2, None, -45.0],
    "LON": [121.5, None, 170.5],
}
AT_US = int(datetime(2026, 11, 1, 12, tzinfo=UTC).timestamp()) * 1_000_000
EVENTS = [
    Event(
        type="payment.initiated",
        id="p1",
        occurred_at=AT_US,
        currency="CNY",
        values={
            "amount": 5716,
            "customer": "596",
            "merchant_name": 'Müller, "Söhne"',
            "channel": "app",
            "card_present": True,
            "item_count": 3,
            "typing_interval_ms": 1.5,
            "place": (31.2, 121.5),
        },
    ),
    Event(
        type="payment.initiated",
        id="p2",
        occurred_at=AT_US + 1_000_000,
        currency="JPY",
        values={"amount": 1200, "customer": "4961", "card_present": False},
    ),
    Event(
        type="payment.initiated",
        id="支3",
        occurred_at=AT_US + 2_000_000,
        currency="KWD",
        values={
            "amount": 1,
            "merchant_name": "午饭",
            "channel": "web",
            "item_count": 0,
            "typing_interval_ms": 0.25,
            "place": (-45.0, 170.5),
        },
    ),
]


def good_frame() -> pl.DataFrame:
    """The three good rows with natural column types."""
    return pl.DataFrame(GOOD).with_columns(pl.col("AT").str.to_datetime())


def write_csv(path: Path) -> Path:
    """The same rows as CSV, as a spreadsheet would write them."""
    rows = [
        "ID,AT,CUR,AMOUNT,WHO,SHOP,VIA,SHOWN,ITEMS,MS,LAT,LON",
        'p1,2026-11-01 20:00:00,CNY,57.16,596,"Müller, ""Söhne""",app,true,3,1.5,31.2,121.5',
        "p2,2026-11-01T20:00:01,JPY,1200,4961,,,false,,,,",
        '支3,2026-11-01T12:00:02Z,KWD,0.001,,"午饭",web,,0,0.25,-45.0,170.5',
    ]
    path.write_text("\r\n".join(rows) + "\r\n", encoding="utf-8")
    return path


def read(path: Path, **options: object) -> list[Event]:
    """All events of a file under the mapping."""
    options = {"mapping": MAPPING} | options
    batches = read_columns([path], **options)  # type: ignore[arg-type]
    return [event for batch in batches for event in batch.to_events()]


def faults_of(path: Path, **options: object) -> list[tuple[int | None, str, str]]:
    """Row, code and path of every fault of a file."""
    with pytest.raises(RiskError) as caught:
        read(path, **options)
    error = caught.value
    faults = error.faults if isinstance(error, FaultsError) else (error.fault(),)
    assert all(fault.source == str(path) for fault in faults)
    return [(fault.row, fault.code, fault.path) for fault in faults]


def test_parquet_csv_and_json_lines_give_the_same_events(tmp_path: Path) -> None:
    parquet, lines = tmp_path / "a.parquet", tmp_path / "a.jsonl"
    good_frame().write_parquet(parquet)
    wire = [dict(zip(GOOD, row, strict=True)) for row in zip(*GOOD.values(), strict=True)]
    wire[1]["AMOUNT"] = 1200
    lines.write_text("\n".join(json.dumps(row) for row in wire), encoding="utf-8")
    assert read(parquet) == EVENTS
    assert read(write_csv(tmp_path / "a.csv")) == EVENTS
    assert read(lines) == EVENTS


def test_json_lines_of_the_wire_form(tmp_path: Path) -> None:
    from fengkong.events.encoding import encode

    path = tmp_path / "wire.jsonl"
    path.write_bytes(b"\n".join(encode(event) for event in EVENTS) + b"\n\n")
    assert read(path, mapping=None) == EVENTS


@pytest.mark.parametrize("batch_rows", [1, 2, 3, 100])
def test_batches_do_not_change_anything(tmp_path: Path, batch_rows: int) -> None:
    path = tmp_path / "a.parquet"
    good_frame().write_parquet(path)
    batches = list(read_columns([path], mapping=MAPPING, batch_rows=batch_rows))
    assert [event for batch in batches for event in batch.to_events()] == EVENTS
    assert np.concatenate([batch.rows for batch in batches]).tolist() == [1, 2, 3]
    assert all(len(batch) <= batch_rows for batch in batches)


@pytest.mark.parametrize(
    ("column", "value", "code", "path"),
    [
        ("ID", None, "event.missing_field", "$.id"),
        ("ID", "p1", "event.duplicate_id", "$.id"),
        ("ID", "p\u202e2", "identifier.invalid", "$.id"),
        ("AT", None, "event.missing_field", "$.occurred_at"),
        ("AT", datetime(1999, 1, 1), "instant.invalid", "$.occurred_at"),  # noqa: DTZ001
        ("AMOUNT", 0.005, "money.invalid_amount", "$.amount"),
        ("AMOUNT", -1.0, "money.invalid_amount", "$.amount"),
        ("AMOUNT", float("nan"), "money.invalid_amount", "$.amount"),
        ("AMOUNT", float("inf"), "money.invalid_amount", "$.amount"),
        ("AMOUNT", 1e15, "money.invalid_amount", "$.amount"),
        ("AMOUNT", None, "event.missing_field", "$.amount"),
        ("VIA", "apps", "event.unknown_category", "$.channel"),
        ("ITEMS", -1, "event.out_of_range", "$.item_count"),
        ("MS", float("nan"), "event.out_of_range", "$.typing_interval_ms"),
        ("MS", float("inf"), "event.out_of_range", "$.typing_interval_ms"),
        ("LAT", 91.0, "event.out_of_range", "$.place"),
        ("LAT", 1.0, "event.wrong_place", "$.place"),
        ("SHOP", "", "event.invalid_text", "$.merchant_name"),
        ("SHOP", "n" * 129, "event.too_long", "$.merchant_name"),
    ],
)
def test_one_bad_value_in_parquet(
    tmp_path: Path, column: str, value: object, code: str, path: str
) -> None:
    file = tmp_path / "a.parquet"
    frame = good_frame()
    values = frame[column].to_list()
    values[1] = value
    frame.with_columns(pl.Series(column, values, dtype=frame.schema[column])).write_parquet(file)
    expected = [(2, code, path)]
    if code == "event.wrong_place":
        expected = [(2, "event.missing_field", "$.place")]
    assert faults_of(file) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("1200", "1200.5", [(2, "money.invalid_amount", "$.amount")]),
        ("57.16", "57.160", [(1, "money.invalid_amount", "$.amount")]),
        ("57.16", "5.716e1", [(1, "money.invalid_amount", "$.amount")]),
        ("57.16", "-57.16", [(1, "money.invalid_amount", "$.amount")]),
        ("57.16", "-0.00", [(1, "money.invalid_amount", "$.amount")]),
        ("57.16", "NaN", [(1, "money.invalid_amount", "$.amount")]),
        ("57.16", "", [(1, "event.missing_field", "$.amount")]),
        (
            "CNY",
            "CNX",
            [
                (1, "money.unknown_currency", "$.currency"),
                (1, "event.missing_field", "$.amount"),
            ],
        ),
        ("true", "yes", [(1, "event.wrong_type", "$.card_present")]),
        (",3,", ",3.5,", [(1, "event.wrong_type", "$.item_count")]),
        (",3,", ",three,", [(1, "event.wrong_type", "$.item_count")]),
        ("1.5", "0x10", [(1, "event.wrong_type", "$.typing_interval_ms")]),
        ("11-01 20:00:00", "11-31 20:00:00", [(1, "instant.invalid", "$.occurred_at")]),
        ("2026-11-01 20:00:00", "yesterday", [(1, "instant.invalid", "$.occurred_at")]),
        ("app", "APP", [(1, "event.unknown_category", "$.channel")]),
        ("121.5", "121.5,7", [(1, "file.invalid_csv", "$")]),
        ("false,,,,", "false,,,", [(2, "file.invalid_csv", "$")]),
        ("午饭", "午\x00饭", [(3, "event.invalid_text", "$.merchant_name")]),
    ],
)
def test_one_bad_value_in_csv(
    tmp_path: Path, old: str, new: str, expected: list[tuple[int, str, str]]
) -> None:
    file = write_csv(tmp_path / "a.csv")
    text = file.read_bytes().decode()
    assert old in text
    file.write_bytes(text.replace(old, new, 1).encode())
    assert faults_of(file) == expected


def test_bytes_that_are_no_text_in_csv(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv")
    file.write_bytes(file.read_bytes().replace("午饭".encode(), b"\xff\xfe"))
    assert faults_of(file) == [(3, "file.invalid_csv", "$")]


def test_a_quote_that_never_closes(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv")
    file.write_bytes(file.read_bytes().replace('"午饭"'.encode(), '"午饭'.encode()))
    assert faults_of(file) == [(3, "file.invalid_csv", "$")]


def test_line_ends_inside_quotes_and_blank_lines(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv")
    text = file.read_text(encoding="utf-8").replace('"午饭"', '"午\n饭"')
    file.write_text("\ufeff" + text.replace("\np2", "\n\np2"), encoding="utf-8")
    events = read(file)
    assert [event.id for event in events] == ["p1", "p2", "支3"]
    assert events[2].values["merchant_name"] == "午\n饭"


def test_columns_that_the_file_does_not_have(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    good_frame().rename({"AMOUNT": "AMOUNTS", "WHO": "NOBODY"}).write_parquet(file)
    with pytest.raises(FaultsError, match="did you mean 'AMOUNTS'") as caught:
        read(file)
    assert [fault.code for fault in caught.value.faults] == ["mapping.unknown_column"] * 2


def test_bad_rows_go_aside_and_good_ones_go_on(tmp_path: Path) -> None:
    file, aside = write_csv(tmp_path / "a.csv"), tmp_path / "bad.jsonl"
    text = file.read_bytes().decode()
    file.write_bytes(text.replace("1200", "x").encode() + b"short,row\r\n")
    with SkipBad(aside) as skip_bad:
        assert read(file, skip_bad=skip_bad) == [EVENTS[0], EVENTS[2]]
    assert (skip_bad.rows, skip_bad.faults) == (2, 2)
    lines = [json.loads(line) for line in aside.read_text(encoding="utf-8").splitlines()]
    assert {line["row"]: line["faults"][0]["code"] for line in lines} == {
        2: "money.invalid_amount",
        4: "file.invalid_csv",
    }
    data = {line["row"]: line["data"] for line in lines}
    assert data[2]["AMOUNT"] == "x"
    assert data[4].startswith("short,row")


def test_bad_json_lines_go_aside(tmp_path: Path) -> None:
    file, aside = tmp_path / "a.jsonl", tmp_path / "bad.jsonl"
    file.write_bytes(b"{\n" + b'{"type":"x"}\n' + b"x" * 300_000 + b"\n\xff\n")
    with SkipBad(aside) as skip_bad:
        assert read(file, mapping=None, skip_bad=skip_bad) == []
    assert skip_bad.rows == 4
    codes = [
        json.loads(line)["faults"][0]["code"]
        for line in aside.read_text(encoding="utf-8").splitlines()
    ]
    assert codes == [
        "event.invalid_json",
        "event.unknown_type",
        "event.too_long",
        "event.invalid_json",
    ]


def test_repeated_ids_across_files_and_batches(tmp_path: Path) -> None:
    first, second = tmp_path / "a.parquet", tmp_path / "b.parquet"
    good_frame().write_parquet(first)
    good_frame().write_parquet(second)
    with pytest.raises(FaultsError) as caught:
        list(read_columns([first, second], mapping=MAPPING, batch_rows=2))
    assert [(fault.source, fault.row) for fault in caught.value.faults] == [
        (str(second), row) for row in (1, 2, 3)
    ]


def test_thousands_of_faults_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    mapping = load_mapping(
        "event: payment.initiated\nid: ID\noccurred_at: {column: T, unit: s}\n"
        "currency: {constant: CNY}\nfields: {amount: A}\n",
        source="m.yaml",
    )
    file.write_text("ID,T,A\n" + "".join(f"p{i},1700000000,x\n" for i in range(5000)))
    with pytest.raises(FaultsError) as caught:
        read(file, mapping=mapping)
    assert caught.value.total == 5000
    assert [fault.row for fault in caught.value.faults] == list(range(1, 1001))


def test_progress_ends_at_all(tmp_path: Path) -> None:
    seen: list[tuple[int, float]] = []
    parquet = tmp_path / "a.parquet"
    good_frame().write_parquet(parquet)
    csv = write_csv(tmp_path / "b.csv")
    csv.write_text(csv.read_text(encoding="utf-8").replace("\np", "\nq").replace("支3", "支4"))
    list(
        read_columns(
            [parquet, csv],
            mapping=MAPPING,
            batch_rows=1,
            progress=lambda rows, fraction: seen.append((rows, fraction)),
        )
    )
    assert seen[-1] == (6, 1.0)
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.txt", b"x", "file.unreadable"),
        ("a.parquet", b"not parquet at all", "file.unreadable"),
        ("a.csv", b"", "file.invalid_csv"),
        ("a.csv", b"A,A\n1,2\n", "file.invalid_csv"),
        ("a.csv", b"\xff\n1\n", "file.invalid_csv"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    assert faults_of(file)[0][1] == code


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert faults_of(tmp_path / "none.csv")[0][1] == "file.unreadable"


def test_a_table_needs_a_mapping(tmp_path: Path) -> None:
    assert faults_of(write_csv(tmp_path / "a.csv"), mapping=None)[0][1] == "mapping.missing"


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("dtype", [pl.Int64, pl.String])
def test_times_as_numbers(tmp_path: Path, unit: str, dtype: pl.DataType) -> None:
    factor = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    mapping = load_mapping(
        f"event: payment.initiated\nid: ID\noccurred_at: {{column: T, unit: {unit}}}\n"
        "currency: {constant: CNY}\nfields: {amount: {column: A, unit: minor}}\n",
        source="m.yaml",
    )
    file = tmp_path / "a.parquet"
    pl.DataFrame(
        {"ID": [1], "T": pl.Series([1_700_000_001 * factor]).cast(dtype), "A": [7]}
    ).write_parquet(file)
    (event,) = read(file, mapping=mapping)
    assert event.occurred_at == 1_700_000_001_000_000
    assert event.values == {"amount": 7}


def test_a_time_the_clocks_show_twice_is_a_fault(tmp_path: Path) -> None:
    mapping = load_mapping(
        "event: payment.initiated\nid: ID\n"
        "occurred_at: {column: T, time_zone: Europe/Berlin}\n"
        "currency: {constant: EUR}\nfields: {amount: A}\n",
        source="m.yaml",
    )
    for name in ("a.csv", "a.parquet"):
        file = tmp_path / name
        frame = pl.DataFrame(
            {
                "ID": ["a", "b", "c"],
                "T": ["2025-10-26 02:30:00", "2025-03-30 02:30:00", "2025-06-01 12:00:00"],
                "A": ["1", "1", "1"],
            }
        )
        if name.endswith("csv"):
            frame.write_csv(file)
        else:
            frame.with_columns(pl.col("T").str.to_datetime()).write_parquet(file)
        assert faults_of(file, mapping=mapping) == [
            (1, "instant.invalid", "$.occurred_at"),
            (2, "instant.invalid", "$.occurred_at"),
        ]


def test_values_are_translated(tmp_path: Path) -> None:
    mapping = load_mapping(
        "event: payment.initiated\nid: ID\noccurred_at: {column: T, unit: s}\n"
        "currency: {constant: CNY}\nfields:\n  amount: A\n"
        "  channel: {column: V, values: {WWW: web, POS: terminal}}\n"
        "  is_fraud: {column: F, values: {Y: true, N: false}}\n",
        source="m.yaml",
    )
    file = tmp_path / "a.csv"
    file.write_text("ID,T,A,V,F\na,1700000000,1,WWW,Y\nb,1700000000,1,,N\n")
    assert [event.values for event in read(file, mapping=mapping)] == [
        {"amount": 100, "channel": "web", "is_fraud": True},
        {"amount": 100, "is_fraud": False},
    ]
    file.write_text("ID,T,A,V,F\na,1700000000,1,web,Z\n")
    assert faults_of(file, mapping=mapping) == [
        (1, "event.unknown_category", "$.channel"),
        (1, "event.unknown_category", "$.is_fraud"),
    ]


def test_amounts_of_every_size_become_exact(tmp_path: Path) -> None:
    mapping = load_mapping(
        "event: payment.initiated\nid: ID\noccurred_at: {column: T, unit: s}\n"
        "currency: {constant: CNY}\nfields: {amount: A}\n",
        source="m.yaml",
    )
    minors = np.concatenate(
        [np.arange(0, 3000), 10 ** np.arange(13), 10**13 - np.arange(500), [1_005, 201_997]]
    )
    file = tmp_path / "a.parquet"
    frame = pl.DataFrame(
        {"ID": np.arange(len(minors)), "T": np.full(len(minors), 1_700_000_000), "A": minors / 100}
    )
    frame.write_parquet(file)
    found = [event.values["amount"] for event in read(file, mapping=mapping)]
    assert found == minors.tolist()
    text = tmp_path / "a.csv"
    frame.with_columns(
        A=pl.Series([f"{minor // 100}.{minor % 100:02d}" for minor in minors.tolist()])
    ).write_csv(text)
    found = [event.values["amount"] for event in read(text, mapping=mapping)]
    assert found == minors.tolist()


@pytest.mark.parametrize(
    ("text", "minor"), [("85.64999999999999", 8565), ("83.10000000000001", 8310)]
)
def test_a_printed_float_is_the_amount_it_meant(tmp_path: Path, text: str, minor: int) -> None:
    file = write_csv(tmp_path / "a.csv")
    file.write_bytes(file.read_bytes().replace(b"57.16", text.encode()))
    assert read(file)[0].values["amount"] == minor
    file.write_bytes(file.read_bytes().replace(text.encode(), b"57.16400000000001"))
    assert faults_of(file) == [(1, "money.invalid_amount", "$.amount")]


def test_the_shared_card_payments(tmp_path: Path) -> None:
    import fengkong

    data = Path(__file__).parents[3] / "shared" / "data" / "card_payments" / "transactions.parquet"
    if not data.exists():
        pytest.skip("the card payments are not beside this checkout")
    packs = Path(fengkong.__file__).parent / "packs"
    mapping = read_mapping(packs / "card_payments" / "mapping.yaml")
    batches = read_columns([data], mapping=mapping)
    first = next(batches)
    total = len(first) + sum(len(batch) for batch in batches)
    assert total == 1_303_778
    assert first.to_events()[0] == Event(
        type="payment.initiated",
        id="0",
        occurred_at=1_522_540_831_000_000,
        currency="EUR",
        values={"amount": 5716, "customer": "596", "terminal": "3156", "is_fraud": False},
    )
