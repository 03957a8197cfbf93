"""Cities and distances: where customers live, travel and shop."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from fengkong.simulation.world_data import world_document

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cities:
    """The cities in columns; a city is known by its position here."""

    names_zh: tuple[str, ...]
    names_en: tuple[str, ...]
    divisions: tuple[str, ...]
    latitudes: Floats
    longitudes: Floats
    shares: Floats

    def __len__(self) -> int:
        return len(self.names_en)

    def region(self, city: int) -> str:
        """The code of the province that a city lies in (GB/T 2260)."""
        return f"{self.divisions[city][:2]}0000"


@cache
def cities() -> Cities:
    """All cities of the simulated country."""
    entries = world_document("cities")["cities"]
    weights = np.array([entry["weight"] for entry in entries], dtype=np.float64)
    return Cities(
        names_zh=tuple(entry["zh"] for entry in entries),
        names_en=tuple(entry["en"] for entry in entries),
        divisions=tuple(entry["division"] for entry in entries),
        latitudes=np.array([entry["latitude"] for entry in entries], dtype=np.float64),
        longitudes=np.array([entry["longitude"] for entry in entries], dtype=np.float64),
        shares=weights / weights.sum(),
    )
