"""IP addresses of the simulated country, all from ranges that belong to nobody.

Homes, offices and hosting lie in 240.0.0.0/4 (reserved), mobile gateways in 100.64.0.0/10
(shared address space), so no simulated event can point at a real network.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from fengkong.simulation.seeds import spread

Ints = npt.NDArray[np.int64]

RESIDENTIAL: Final = 0
MOBILE: Final = 1
BUSINESS: Final = 2
HOSTING: Final = 3
PROXY: Final = 4
KINDS: Final = ("residential", "mobile", "business", "hosting", "proxy")

_HOMES: Final = 0xF0000000
_CITY_BITS: Final = 18
_GATEWAYS: Final = 0x64400000
_OFFICES: Final = 0xF4000000
_HOSTING: Final = 0xF8000000


def home_addresses(*, city: Ints, household: Ints, lease: Ints) -> Ints:
    """The address a household has during one lease of its provider."""
    suffix = spread(household * 4096 + lease, salt=71) >> np.uint64(64 - _CITY_BITS)
    return _HOMES + (city << _CITY_BITS) + suffix.astype(np.int64)


def mobile_addresses(*, city: Ints, gateway: Ints) -> Ints:
    """A carrier's gateway of a city, shared by many phones."""
    return _GATEWAYS + (city << 10) + gateway


def office_addresses(employer: Ints) -> Ints:
    """The one address behind which all of a firm's people are."""
    return _OFFICES + employer


def hosting_address(number: int) -> int:
    """A rented server; `number` picks which."""
    return _HOSTING + number % (1 << 20)


def address_text(address: int) -> str:
    """Dotted form."""
    return f"{address >> 24}.{address >> 16 & 255}.{address >> 8 & 255}.{address & 255}"
