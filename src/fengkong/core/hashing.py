"""128-bit hashes of texts: how entities are told apart without keeping their names.

SipHash-2-4 with 128-bit output (Aumasson and Bernstein, 2012; reference vectors of its authors).
The key is fixed, so the same text has the same hash in every process and in every replay. Two
texts of ten million share a hash with a probability of about 1e-25. An integer hashes as its
decimal digits, so that a Parquet column of integers and a JSON text mean the same entity.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import polars as pl
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
"""Shape (n, 2); the row (0, 0) means a missing text."""

_K0: Final = np.uint64(0x0706050403020100)
_K1: Final = np.uint64(0x0F0E0D0C0B0A0908)
_INT64_MAX: Final = 2**63 - 1
_CELL_SHIFT: Final = np.uint64(12)
_PADDING: Final = bytes(8)
"""What follows the bytes that are hashed, because words are read whole."""
_NONE_MISSING: Final = np.zeros(0, dtype=np.bool_)
_STRETCH: Final = 512
_FEW: Final = 4096
"""Up to so many texts, asking polars about them costs more than the texts themselves."""
_SHORT_MAX: Final = 9_999_999
_inlined = njit(forceinline=True, nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)  # type: ignore[call-overload]


def hash_texts(texts: Sequence[str | None]) -> Hashes:
    """Hashes of texts, shape (n, 2); None gives (0, 0)."""
    parts = [None if text is None else text.encode() for text in texts]
    lengths = np.array([-1 if part is None else len(part) for part in parts], dtype=np.int64)
    hashes = np.empty((len(parts), 2), dtype=np.uint64)
    data = np.frombuffer(b"".join([*filter(None, parts), _PADDING]), dtype=np.uint8)
    _hash_texts(data, lengths, hashes)
    return hashes


def hash_text(text: str) -> tuple[int, int]:
    """The two halves of one text's hash, as `hash_texts` gives them; cheaper for one alone."""
    data = text.encode()
    low, high = _hash_bytes(data + _PADDING, len(data))
    return int(low), int(high)


def hash_series(series: pl.Series) -> Hashes:
    """Hashes of a String or integer series, shape (n, 2); null gives (0, 0)."""
    hashes = np.empty((series.len(), 2), dtype=np.uint64)
    if series.dtype == pl.UInt64 and (series > _INT64_MAX).any():
        series = series.cast(pl.String)
    if series.dtype.is_integer():
        if series.null_count():
            numbers, missing = series.fill_null(0), series.is_null().to_numpy()
        else:
            numbers, missing = series, _NONE_MISSING
        _hash_integers(numbers.cast(pl.Int64).to_numpy(), missing, hashes)
        return hashes
    assert series.dtype == pl.String, f"only texts and integers are hashed, not {series.dtype}"
    if series.null_count() == len(series):
        hashes[:] = 0
        return hashes
    if len(series) <= _FEW:
        return hash_texts(series.to_list())
    lengths = series.str.len_bytes().cast(pl.Int64).fill_null(-1).to_numpy()
    joined = series.str.join("", ignore_nulls=True).item() if series.len() else ""
    data = np.frombuffer((joined or "").encode() + _PADDING, dtype=np.uint8)
    _hash_texts(data, lengths, hashes)
    return hashes


def text_cells(hashes: Hashes) -> NDArray[np.float64]:
    """A text as a cell: the top 52 bits of its hash as an integral float, NaN where missing."""
    cells = (hashes[:, 0] >> _CELL_SHIFT).astype(np.float64)
    cells[(hashes[:, 0] == 0) & (hashes[:, 1] == 0)] = np.nan
    return cells


def _word_reader() -> Any:
    """A compiled function that reads eight bytes of a buffer, from any place in it, as a word."""

    @intrinsic
    def word_at(typingctx, buffer, position):
        def generate(context, builder, signature, arguments):
            item = context.make_array(signature.args[0])(context, builder, arguments[0]).data
            byte = builder.bitcast(item, cgutils.voidptr_t)
            pointer = builder.gep(byte, [arguments[1]])
            word = builder.bitcast(pointer, cgutils.intp_t.as_pointer())
            return builder.load(word, align=1)

        return types.uint64(buffer, types.int64), generate

    return word_at


_word_at = _word_reader()


@_inlined
def _rotated(x, bits):
    return (x << np.uint64(bits)) | (x >> np.uint64(64 - bits))


@_inlined
def _round(v0, v1, v2, v3):
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


@_inlined
def _begin():
    """The state before the first word."""
    v0 = _K0 ^ np.uint64(0x736F6D6570736575)
    v1 = _K1 ^ np.uint64(0x646F72616E646F6D) ^ np.uint64(0xEE)
    v2 = _K0 ^ np.uint64(0x6C7967656E657261)
    v3 = _K1 ^ np.uint64(0x7465646279746573)
    return v0, v1, v2, v3


@_inlined
def _absorb(v0, v1, v2, v3, word):
    """The state after one more word."""
    v3 ^= word
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return v0 ^ word, v1, v2, v3


@_inlined
def _finish(v0, v1, v2, v3):
    """The two halves of the hash."""
    v2 ^= np.uint64(0xEE)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    low = v0 ^ v1 ^ v2 ^ v3
    v1 ^= np.uint64(0xDD)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return low, v0 ^ v1 ^ v2 ^ v3


@_inlined
def _siphash(data, start, length):
    """The hash of some bytes of a buffer that is longer than them by a word or more."""
    v0, v1, v2, v3 = _begin()
    for position in range(start, start + (length & ~7), 8):
        v0, v1, v2, v3 = _absorb(v0, v1, v2, v3, _word_at(data, position))
    rest = np.uint64(8 * (length & 7))
    word = _word_at(data, start + (length & ~7)) & ((np.uint64(1) << rest) - np.uint64(1))
    word |= np.uint64(length & 0xFF) << np.uint64(56)
    v0, v1, v2, v3 = _absorb(v0, v1, v2, v3, word)
    return _finish(v0, v1, v2, v3)


@njit(cache=True, nogil=True)
def _hash_bytes(data, length):
    return _siphash(data, 0, length)


@njit(cache=True, nogil=True)
def _hash_texts(data, lengths, hashes):
    start = 0
    for row in range(lengths.shape[0]):
        length = lengths[row]
        if length < 0:
            hashes[row, 0] = 0
            hashes[row, 1] = 0
            continue
        hashes[row, 0], hashes[row, 1] = _siphash(data, start, length)
        start += length


@_inlined
def _digits(number, digits):
    """Write the decimal digits of a number; returns their first place and how many there are."""
    rest = np.uint64(abs(number))
    position = 20
    while True:
        position -= 1
        tens = rest // np.uint64(10)
        digits[position] = np.uint8(48 + (rest - tens * np.uint64(10)))
        rest = tens
        if rest == 0:
            break
    if number < 0:
        position -= 1
        digits[position] = np.uint8(45)
    return position, 20 - position


@_inlined
def _short_word(number):
    """The digits of a number of at most seven, first digit lowest, and their count on top."""
    rest = number
    word = np.uint64(0)
    for _ in range(7):
        # a tenth, exact for numbers of 32 bits
        tenth = (rest * np.uint64(0xCCCCCCCD)) >> np.uint64(35)
        word = (word << np.uint64(8)) | (rest - tenth * np.uint64(10) + np.uint64(48))
        rest = tenth
    length = np.uint64(1)
    limit = np.uint64(10)
    for _ in range(6):
        length += np.uint64(1) if number >= limit else np.uint64(0)
        limit *= np.uint64(10)
    zeros = np.uint64(8) * (np.uint64(7) - length)
    return (word >> zeros) | (length << np.uint64(56))


@njit(cache=True, nogil=True)
def _hash_integers(numbers, missing, hashes):
    digits = np.zeros(28, dtype=np.uint8)
    short = np.zeros(_STRETCH, dtype=np.uint64)
    words = np.zeros(_STRETCH, dtype=np.uint64)
    lows = np.zeros(_STRETCH, dtype=np.uint64)
    highs = np.zeros(_STRETCH, dtype=np.uint64)
    for first in range(0, numbers.shape[0], _STRETCH):
        count = min(_STRETCH, numbers.shape[0] - first)
        # Numbers of at most seven digits make one word. A stretch of them takes the same steps
        # whatever they are, so that the processor hashes several at once.
        for i in range(count):
            number = numbers[first + i]
            short[i] = np.uint64(number) if 0 <= number <= _SHORT_MAX else np.uint64(0)
        for i in range(_STRETCH):
            words[i] = _short_word(short[i])
        for i in range(_STRETCH):
            v0, v1, v2, v3 = _begin()
            v0, v1, v2, v3 = _absorb(v0, v1, v2, v3, words[i])
            lows[i], highs[i] = _finish(v0, v1, v2, v3)
        for row in range(first, first + count):
            hashes[row, 0] = lows[row - first]
            hashes[row, 1] = highs[row - first]
            if missing.shape[0] != 0 and missing[row]:
                hashes[row, 0] = 0
                hashes[row, 1] = 0
            elif not 0 <= numbers[row] <= _SHORT_MAX:
                position, length = _digits(numbers[row], digits)
                hashes[row, 0], hashes[row, 1] = _siphash(digits, position, length)
