"""How far this machine's clock is from standard time, as its kernel knows it."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_UNSYNCHRONISED: Final = 0x40
_NANOSECONDS: Final = 0x2000
_FAILED: Final = -1


class _Timex(ctypes.Structure):
    """``struct timex`` of Linux (adjtimex(2)); what is not read is room."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("frequency", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_long * 32),
    )


def clock_offset_ms() -> float | None:
    """The offset still to be corrected and the estimated error, together, in milliseconds.

    None where nothing keeps the clock (no time service has set it), or the system does not say.
    """
    if not sys.platform.startswith("linux"):
        return None
    try:
        adjtimex = ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):
        return None
    said = _Timex(modes=0)
    if adjtimex(ctypes.byref(said)) == _FAILED:
        return None
    return told(said.offset, esterror=said.esterror, status=said.status)


def told(offset: int, *, esterror: int, status: int) -> float | None:
    """What the fields of a ``timex`` mean; `offset` is in nano- or microseconds by `status`."""
    if status & _UNSYNCHRONISED:
        return None
    scale = 1e-6 if status & _NANOSECONDS else 1e-3
    return abs(offset) * scale + esterror * 1e-3
