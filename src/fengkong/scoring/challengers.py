"""A challenger beside a model: which subjects it decides, by a hash of them.

Who belongs to a share depends on the subject, the challenger and the name of the value alone, so a
subject stays on one side, a replay knows which, and another challenger deals anew.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fengkong.scoring.model import Model

_WORD: Final = (1 << 64) - 1
_MIX: Final = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
"""Of the finalizer of SplitMix64 (Steele, Lea and Flood, 2014)."""


@cache
def _salt(name: str, model: str) -> int:
    """What deals out the subjects of a value to a challenger, by its hash."""
    digest = sha256(f"{name}\0{model}".encode()).digest()
    return int(struct.unpack("<Q", digest[:8])[0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Challenger:
    """A model that takes the place of another for `share` (0 to 1) of the values of the field `by`.

    A share of 0 is shadow only: it is scored and recorded, and decides nothing.
    """

    model: Model
    share: float
    by: str

    def decides(self, subject: float, *, name: str) -> bool:
        """Whether a subject is in the share, by its cell: the hash of its text, NaN if missing."""
        if subject != subject or self.share <= 0.0:  # noqa: PLR0124 - NaN
            return False
        word = int(subject) ^ _salt(name, self.model.hash)
        word = ((word ^ (word >> 30)) * _MIX[0]) & _WORD
        word = ((word ^ (word >> 27)) * _MIX[1]) & _WORD
        word ^= word >> 31
        return (word >> 11) * 2.0**-53 < self.share

    def decides_rows(self, subjects: NDArray[np.float64], *, name: str) -> NDArray[np.bool_]:
        """The same for many, bool[n]."""
        missing = np.isnan(subjects)
        words = np.where(missing, 0.0, subjects).astype(np.uint64) ^ np.uint64(
            _salt(name, self.model.hash)
        )
        words = (words ^ (words >> np.uint64(30))) * np.uint64(_MIX[0])
        words = (words ^ (words >> np.uint64(27))) * np.uint64(_MIX[1])
        words ^= words >> np.uint64(31)
        places = (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
        return ~missing & (places < self.share)
