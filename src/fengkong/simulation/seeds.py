"""Where the dice come from: named streams of one seed, and opaque numbers for everything named.

Every population, day and campaign has a stream of its own, so that switching one of them on or
off changes nothing in the others.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.random import PCG64, Generator, SeedSequence

_MASK_64: Final = (1 << 64) - 1
_MASK_40: Final = (1 << 40) - 1
_FACTOR_A: Final = 0xD6E8FEB86659FD93
_FACTOR_B: Final = 0xCA9B0C3D2F7A5E81
_ODD_40_A: Final = 0x9E3779B97F
_ODD_40_B: Final = 0xA2B4C6D8EF

UInts = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]


class Stream(IntEnum):
    """What a stream of dice is for; the numbers are part of the meaning of a seed."""

    MERCHANTS = 1
    CUSTOMERS = 2
    BACKGROUND = 3
    SCENARIOS = 4
    CARDS = 5
    COMPLAINTS = 6
    DEPOSITS = 7
    PROJECTS = 8
    CREDIT = 9
    INVESTING = 10


def generator(*, seed: int, key: tuple[int, ...]) -> Generator:
    """The dice of one stream: the same seed and key always give the same throws."""
    return Generator(PCG64(SeedSequence(seed, spawn_key=key)))


def mixed_64(number: int, *, salt: int) -> int:
    """A one-to-one scramble of a 64-bit number: distinct in, distinct out."""
    x = (number ^ (salt * _FACTOR_B)) & _MASK_64
    x = ((x ^ (x >> 32)) * _FACTOR_A) & _MASK_64
    x = ((x ^ (x >> 29)) * _FACTOR_B) & _MASK_64
    return x ^ (x >> 32)


def spread(numbers: Ints, *, salt: int) -> UInts:
    """`mixed_64` of a whole column."""
    x = numbers.astype(np.uint64) ^ np.uint64((salt * _FACTOR_B) & _MASK_64)
    x = (x ^ (x >> np.uint64(32))) * np.uint64(_FACTOR_A)
    x = (x ^ (x >> np.uint64(29))) * np.uint64(_FACTOR_B)
    return x ^ (x >> np.uint64(32))


def mixed_40(number: int, *, salt: int) -> int:
    """A one-to-one scramble of a 40-bit number, short enough to be read in a table."""
    assert 0 <= number <= _MASK_40, "an entity's number has at most 40 bits"
    x = (number ^ (salt * _FACTOR_A >> 13)) & _MASK_40
    x = ((x ^ (x >> 21)) * _ODD_40_A) & _MASK_40
    x = ((x ^ (x >> 18)) * _ODD_40_B) & _MASK_40
    return x ^ (x >> 20)
