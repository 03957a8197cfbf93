"""Lamps: limits declared as data, a state that colour, shape and word say alike."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal


class Lamp(StrEnum):
    """How a figure stands, by the names of the shell's lamps.

    `STALE` is a figure that is too old to say anything, `NONE` one without limits.
    """

    GREEN = "ok"
    AMBER = "warning"
    RED = "critical"
    STALE = "unknown"
    NONE = ""


_ORDER: Final = (Lamp.NONE, Lamp.GREEN, Lamp.STALE, Lamp.AMBER, Lamp.RED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From where on a figure is amber, and from where on red.

    `of` is the value itself or its change against the same time before (a share, 0.5 is half
    more); `side` says whether more or less than the limit is beyond it, or (of a change) either.
    """

    amber: float
    red: float
    of: Literal["value", "change"] = "value"
    side: Literal["above", "below", "either"] = "above"

    def lamp(self, value: float | None, *, change: float | None = None) -> Lamp:
        """The lamp of a figure; exactly at a limit counts as beyond it, nothing known as none."""
        seen = value if self.of == "value" else change
        if seen is None:
            return Lamp.NONE
        if self._beyond(seen, self.red):
            return Lamp.RED
        return Lamp.AMBER if self._beyond(seen, self.amber) else Lamp.GREEN

    def _beyond(self, seen: float, limit: float) -> bool:
        if self.side == "below":
            return seen <= limit
        return (abs(seen) if self.side == "either" else seen) >= limit


def lamp_of(
    limits: Limits | None, value: float | None, *, stale: bool, change: float | None = None
) -> Lamp:
    """The lamp to show: one that is stale is never green."""
    if limits is None:
        return Lamp.NONE
    found = limits.lamp(value, change=change)
    return Lamp.STALE if stale and found is not Lamp.NONE else found


def worst(lamps: list[Lamp]) -> Lamp:
    """The lamp that stands for several."""
    return max(lamps, key=_ORDER.index, default=Lamp.NONE)
