"""Paths of the layout, there and back, and bundles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.ledger.export_layout import (
    DamagedBundleError,
    Resource,
    decode_entries,
    decode_payloads,
    encode_entries,
    encode_payloads,
    entries_path,
    log_json,
    origin_of,
    parse_path,
    payloads_path,
    resources_of,
    tile_path,
)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (tile_path(0, 0), "tile/0/000"),
        (tile_path(1, 1234067), "tile/1/x001/x234/067"),
        (tile_path(2, 999, 17), "tile/2/999.p/17"),
        (tile_path(0, 1000), "tile/0/x001/000"),
        (entries_path(70_000, 255), "tile/entries/x070/000.p/255"),
        (payloads_path(5), "payloads/005"),
    ],
)
def test_paths(path: str, text: str) -> None:
    assert path == text
    resource = parse_path(text)
    assert resource is not None
    assert resource.path() == text


@given(
    st.sampled_from(["tile", "entries", "payloads"]),
    st.integers(0, 7),
    st.integers(0, 10**12),
    st.integers(1, 256),
)
def test_every_path_is_read_back(kind: str, level: int, number: int, width: int) -> None:
    resource = Resource(kind, level if kind == "tile" else 0, number, width)
    assert parse_path(resource.path()) == resource


@pytest.mark.parametrize(
    "text",
    [
        *("", "tile", "tile/0/", "tile/0/0", "tile/0/0000", "tile/00/000", "tile/8/000"),
        *("tile/0/x000/001", "tile/0/001/000", "tile/0/x001", "tile/0/000.p/0", "tile/-1/000"),
        *("tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/999", "tile/0/000/", "/tile/0/000"),
        *("tile/0/../000", "tile/entries/00", "payloads/x1/000", "tile/0/０００", "tile/0/000\n"),
    ],
)
def test_other_spellings_are_no_paths(text: str) -> None:
    assert parse_path(text) is None


def test_resources_of_the_published_example() -> None:
    resources = list(resources_of(70_000))
    tiles = [resource for resource in resources if resource.kind == "tile"]
    assert len(resources) - len(tiles) == 274
    assert sum(tile.level == 0 and tile.width == 256 for tile in tiles) == 273
    partial = [(tile.level, tile.number, tile.width) for tile in tiles if tile.width < 256]
    assert partial == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert list(resources_of(0)) == []
    assert [resource.path() for resource in resources_of(256)] == [
        *("tile/0/000", "tile/1/000.p/1", "tile/entries/000"),
    ]


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_bundles_are_read_back(items: list[bytes]) -> None:
    assert decode_entries(encode_entries(items)) == items
    assert decode_payloads(encode_payloads(items)) == items


@pytest.mark.parametrize("data", [b"\x00", b"\x00\x02a", b"\x00\x01a\x00", b"\x00\x00" * 257])
def test_damaged_bundles_are_refused(data: bytes) -> None:
    with pytest.raises(DamagedBundleError):
        decode_entries(data)


def test_description_and_origin() -> None:
    assert origin_of(bytes(16)) == "fengkong/" + "00" * 16
    expected = b'{"format":1,"hash":"sm3","origin":"fengkong/a"}\n'
    assert log_json(origin="fengkong/a", hash_name="sm3") == expected
