"""Hashes: the published SipHash vectors, and one meaning for texts and integers."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.core.hashing import hash_series, hash_texts, text_cells

# SipHash-2-4-128 of b"", b"\x00", b"\x00\x01"... under the key 00 01 .. 0f, from the reference
# implementation's vectors (veorq/SipHash, vectors.h).
VECTORS = [
    "a3817f04ba25a8e66df67214c7550293",
    "da87c1d86b99af44347659119b22fc45",
    "8177228da4a45dc7fca38bdef60affe4",
    "9c70b60c5267a94e5f33b6b02985ed51",
    "f88164c12d9c8faf7d0f6e7c7bcd5579",
    "1368875980776f8854527a07690e9627",
    "14eeca338b208613485ea0308fd7a15e",
    "a1f1ebbed8dbc153c0b84aa61ff08239",
    "3b62a9ba6258f5610f83e264f31497b4",
]


@pytest.mark.parametrize("length", range(len(VECTORS)))
def test_reference_vectors(length: int) -> None:
    text = bytes(range(length)).decode()
    assert hash_texts([text]).astype("<u8").tobytes().hex() == VECTORS[length]


@given(st.lists(st.none() | st.text(max_size=40), max_size=20))
def test_a_series_hashes_as_its_texts(texts: list[str | None]) -> None:
    texts = [None if text is None else text.encode("utf-8", "ignore").decode() for text in texts]
    assert np.array_equal(hash_series(pl.Series(texts, dtype=pl.String)), hash_texts(texts))


@given(st.lists(st.none() | st.integers(min_value=-(2**63), max_value=2**63 - 1), max_size=20))
def test_an_integer_hashes_as_its_digits(numbers: list[int | None]) -> None:
    texts = [None if number is None else str(number) for number in numbers]
    assert np.array_equal(hash_series(pl.Series(numbers, dtype=pl.Int64)), hash_texts(texts))


@pytest.mark.parametrize("dtype", [pl.Int8, pl.UInt8, pl.Int32, pl.UInt32, pl.Int64])
def test_integers_of_any_width_hash_alike(dtype: pl.DataType) -> None:
    assert np.array_equal(
        hash_series(pl.Series([0, 7, 99], dtype=dtype)), hash_texts(["0", "7", "99"])
    )


def test_large_unsigned_integers_hash_as_their_digits() -> None:
    number = 2**64 - 1
    assert np.array_equal(
        hash_series(pl.Series([number], dtype=pl.UInt64)), hash_texts([str(number)])
    )


def test_a_slice_hashes_as_itself() -> None:
    series = pl.Series(["a", None, "", "bb", "ccc"])
    assert np.array_equal(hash_series(series[1:4]), hash_texts([None, "", "bb"]))


@given(st.text(max_size=20), st.text(max_size=20))
def test_different_texts_have_different_hashes(left: str, right: str) -> None:
    left, right = (text.encode("utf-8", "ignore").decode() for text in (left, right))
    first, second = hash_texts([left, right])
    assert np.array_equal(first, second) == (left == right)


def test_missing_is_not_the_empty_text() -> None:
    hashes = hash_texts([None, ""])
    assert hashes[0].tolist() == [0, 0]
    assert hashes[1].any()


def test_no_texts_at_all() -> None:
    assert hash_texts([]).shape == (0, 2)
    assert hash_series(pl.Series([], dtype=pl.String)).shape == (0, 2)
    assert hash_series(pl.Series([], dtype=pl.Int64)).shape == (0, 2)
    assert hash_series(pl.Series([None, None], dtype=pl.String)).tolist() == [[0, 0], [0, 0]]


def test_cells_are_whole_and_missing_is_nan() -> None:
    cells = text_cells(hash_texts(["a", "b", None]))
    assert np.isnan(cells[2])
    assert cells[0] != cells[1]
    assert (cells[:2] == np.floor(cells[:2])).all()
    assert (cells[:2] < 2**53).all()
