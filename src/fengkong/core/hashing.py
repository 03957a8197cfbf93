"""128-bit hashes of texts: how entities are told apart without keeping their names.

SipHash-2-4 with 128-bit output (Aumasson and Bernstein, 2012; reference vectors of its authors).
The key is fixed, so the same text has the same hash in every process and in every replay. Two
texts of ten million share a hash with a probability of about 1e-25. An integer hashes as its
decimal digits, so that a Parquet column of integers and a JSON text mean the same entity.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
"""Shape (n, 2); the row (0, 0) means a missing text."""

_K0: Final = np.uint64(0x0706050403020100)
_K1: Final = np.uint64(0x0F0E0D0C0B0A0908)
_CELL_SHIFT: Final = np.uint64(12)


def hash_texts(texts: Sequence[str | None]) -> Hashes:
    """Hashes of texts, shape (n, 2); None gives (0, 0)."""
    parts = [b"" if text is None else text.encode() for text in texts]
    lengths = np.array(
        [-1 if text is None else len(part) for text, part in zip(texts, parts, strict=True)],
        dtype=np.int64,
    )
    hashes = np.empty((len(parts), 2), dtype=np.uint64)
    data = np.frombuffer(b"".join(parts), dtype=np.uint8)
    _hash_texts(data, lengths, _K0, _K1, hashes)
    return hashes


def hash_text(text: str) -> tuple[int, int]:
    """The two halves of one text's hash, as `hash_texts` gives them; cheaper for one alone."""
    low, high = _siphash_of(text.encode(), _K0, _K1)
    return int(low), int(high)


def hash_series(series: pl.Series) -> Hashes:
    """Hashes of a String or integer series, shape (n, 2); null gives (0, 0)."""
    hashes = np.empty((series.len(), 2), dtype=np.uint64)
    if series.dtype.is_integer():
        missing = series.is_null().to_numpy()
        numbers = series.fill_null(0).cast(pl.Int64).to_numpy()
        _hash_integers(numbers, missing, _K0, _K1, hashes)
        return hashes
    assert series.dtype == pl.String, f"only texts and integers are hashed, not {series.dtype}"
    lengths = series.str.len_bytes().cast(pl.Int64).fill_null(-1).to_numpy()
    joined = series.str.join("", ignore_nulls=True).item() if series.len() else ""
    data = np.frombuffer((joined or "").encode(), dtype=np.uint8)
    _hash_texts(data, lengths, _K0, _K1, hashes)
    return hashes


def text_cells(hashes: Hashes) -> NDArray[np.float64]:
    """A text as a cell: the top 52 bits of its hash as an integral float, NaN where missing."""
    cells = (hashes[:, 0] >> _CELL_SHIFT).astype(np.float64)
    cells[(hashes[:, 0] == 0) & (hashes[:, 1] == 0)] = np.nan
    return cells


@njit(cache=True, nogil=True, inline="always")
def _rotated(x, bits):  # type: ignore[no-untyped-def]
    return (x << np.uint64(bits)) | (x >> np.uint64(64 - bits))


@njit(cache=True, nogil=True, inline="always")
def _round(v0, v1, v2, v3):  # type: ignore[no-untyped-def]
    v0 += v1
    v2 += v3
    v1 = _rotated(v1, 13) ^ v0
    v3 = _rotated(v3, 16) ^ v2
    v0 = _rotated(v0, 32)
    v2 += v1
    v0 += v3
    v1 = _rotated(v1, 17) ^ v2
    v3 = _rotated(v3, 21) ^ v0
    v2 = _rotated(v2, 32)
    return v0, v1, v2, v3


@njit(cache=True, nogil=True)
def _siphash(data, start, length, k0, k1):  # type: ignore[no-untyped-def]
    v0 = k0 ^ np.uint64(0x736F6D6570736575)
    v1 = k1 ^ np.uint64(0x646F72616E646F6D) ^ np.uint64(0xEE)
    v2 = k0 ^ np.uint64(0x6C7967656E657261)
    v3 = k1 ^ np.uint64(0x7465646279746573)
    for block in range(length // 8 + 1):
        first = block * 8
        count = min(8, length - first)
        word = np.uint64(0)
        for i in range(count):
            word |= np.uint64(data[start + first + i]) << np.uint64(8 * i)
        if count < 8:
            word |= np.uint64(length & 0xFF) << np.uint64(56)
        v3 ^= word
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        v0 ^= word
    v2 ^= np.uint64(0xEE)
    for _ in range(4):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    low = v0 ^ v1 ^ v2 ^ v3
    v1 ^= np.uint64(0xDD)
    for _ in range(4):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return low, v0 ^ v1 ^ v2 ^ v3


@njit(cache=True, nogil=True)
def _siphash_of(data, k0, k1):  # type: ignore[no-untyped-def]
    return _siphash(data, 0, len(data), k0, k1)


@njit(cache=True, nogil=True)
def _hash_texts(data, lengths, k0, k1, hashes):  # type: ignore[no-untyped-def]
    start = 0
    for row in range(lengths.shape[0]):
        length = lengths[row]
        if length < 0:
            hashes[row, 0] = 0
            hashes[row, 1] = 0
            continue
        hashes[row, 0], hashes[row, 1] = _siphash(data, start, length, k0, k1)
        start += length


@njit(cache=True, nogil=True)
def _hash_integers(numbers, missing, k0, k1, hashes):  # type: ignore[no-untyped-def]
    digits = np.empty(20, dtype=np.uint8)
    for row in range(numbers.shape[0]):
        if missing[row]:
            hashes[row, 0] = 0
            hashes[row, 1] = 0
            continue
        rest = np.uint64(abs(numbers[row]))
        position = 20
        while True:
            position -= 1
            tens = rest // np.uint64(10)
            digits[position] = np.uint8(48 + (rest - tens * np.uint64(10)))
            rest = tens
            if rest == 0:
                break
        if numbers[row] < 0:
            position -= 1
            digits[position] = np.uint8(45)
        hashes[row, 0], hashes[row, 1] = _siphash(digits, position, 20 - position, k0, k1)
