"""Mapping files: what they say, and every way to say it wrong."""

from pathlib import Path

import pytest

import fengkong
from fengkong.core.errors import FaultsError, RiskError
from fengkong.events.mapping import Mapping, load_mapping, read_mapping

GOOD = """\
mapping: shop
title: {zh: 商店, en: Shop}
event: payment.initiated
id: {column: ID}
occurred_at: {column: AT, unit: ms}
currency: {constant: CNY}
fields:
  amount: {column: AMOUNT, unit: minor}
  customer: WHO
  channel: {constant: app}
  place: {latitude: LAT, longitude: {column: LON}}
  card_present: {column: SHOWN, values: {J: true, N: false}}
"""


def test_a_mapping_says_where_everything_comes_from() -> None:
    mapping = load_mapping(GOOD, source="shop.yaml")
    assert mapping.name == "shop"
    assert mapping.columns == ("ID", "AT", "AMOUNT", "WHO", "LAT", "LON", "SHOWN")
    assert mapping.fields["amount"].unit == "minor"
    assert mapping.fields["channel"].constant == "app"
    assert mapping.fields["card_present"].values == {"J": True, "N": False}


@pytest.mark.parametrize("name", ["card_payments", "card_geo"])
def test_shipped_mappings_are_good(name: str) -> None:
    folder = Path(fengkong.__file__).parent / "packs" / name
    assert isinstance(read_mapping(folder / "mapping.yaml"), Mapping)


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("payment.initiated", "payment.iniated", 3, "did you mean 'payment.initiated'"),
        ("id: {column: ID}", "id: {colum: ID}", 4, "either a column or a constant"),
        ("id: {column: ID}", "id: {constant: x}", 4, "id comes from a column"),
        ("id: {column: ID}", "id: {columns: [A, A]}", 4, "different names"),
        ("unit: ms", "unit: hours", 5, "one of s, ms, us, ns"),
        ("unit: ms", "time_zone: Asia/Shangai", 5, "did you mean 'Asia/Shanghai'"),
        ("constant: CNY", "constant: CNX", 6, "unknown currency"),
        ("currency: {constant: CNY}\n", "", None, "currency is missing"),
        ("unit: minor", "unit: cents", 8, "major, minor"),
        ("  amount: {column: AMOUNT, unit: minor}\n", "", 7, "needs the field amount"),
        ("customer: WHO", "custmer: WHO", 9, "did you mean 'customer'"),
        ("customer: WHO", "loan: WHO", 9, "not a field of payment.initiated"),
        ("customer: WHO", "customer: {column: WHO, constant: x}", 9, "either"),
        ("customer: WHO", "customer: {column: WHO, unit: s}", 9, "not given for a entity"),
        ("customer: WHO", "customer: {column: WHO, time_zone: UTC}", 9, "is for times"),
        ("customer: WHO", "customer: {column: WHO, colour: x}", 9, "unknown key 'colour'"),
        ("customer: WHO", "customer: 7", 9, "either"),
        ("constant: app", "constant: ap", 10, "did you mean 'app'"),
        ("{latitude: LAT, longitude: {column: LON}}", "LAT", 11, "a latitude and a longitude"),
        ("N: false", "N: 0", 12, "expected true or false"),
        ("mapping: shop", "mappin: shop", 1, "did you mean 'mapping'"),
    ],
)
def test_a_fault_names_its_line(old: str, new: str, line: int | None, message: str) -> None:
    assert old in GOOD
    with pytest.raises(FaultsError) as caught:
        load_mapping(GOOD.replace(old, new), source="shop.yaml")
    faults = [fault for fault in caught.value.faults if message in fault.message]
    assert len(faults) == 1, caught.value.faults
    assert faults[0].source == "shop.yaml"
    if line is not None:
        assert faults[0].line == line


def test_all_faults_at_once() -> None:
    text = GOOD.replace("customer", "custmer").replace("constant: app", "constant: ap")
    with pytest.raises(FaultsError) as caught:
        load_mapping(text.replace("unit: ms", "unit: h"), source="shop.yaml")
    assert caught.value.total == 3


@pytest.mark.parametrize("text", ["", "[]", "3", "fields: 3", "event: [1]"])
def test_not_a_mapping_at_all(text: str) -> None:
    with pytest.raises(FaultsError):
        load_mapping(text, source="x.yaml")


def test_a_mapping_that_is_not_there() -> None:
    with pytest.raises(RiskError, match="cannot be read"):
        read_mapping(Path("nowhere.yaml"))
