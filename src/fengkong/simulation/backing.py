"""What stands behind a loan and beside it: a guarantor, lenders elsewhere, an industry, a region.

The dice of each application are its own, so that these facts move nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from zlib import crc32

from fengkong.simulation.geography import cities
from fengkong.simulation.seeds import Stream, generator

INDUSTRIES: Final = ("C", "E", "F", "G", "H", "I", "J", "K", "O", "P", "Q", "S")
"""Sections of GB/T 4754: manufacturing, building, trade, transport, catering, ..."""
_GUARANTEED: Final = 0.08
_SECURED: Final = 0.3
_SECURED_FROM: Final = 5_000_000
"""Loans of so much (in minor units) may have collateral."""
_LENDERS: Final = 0.35
"""Other lenders of somebody who borrows as much as the average one."""


@dataclass(frozen=True, slots=True)
class Backing:
    """The facts of one application; those that go with the loan are said again when it is drawn."""

    lenders_elsewhere: int
    guarantor: str | None
    industry: str
    region: str
    secured: bool

    def applied(self) -> dict[str, Any]:
        """Fields of the application."""
        said: dict[str, Any] = {"lenders_elsewhere": self.lenders_elsewhere, "region": self.region}
        return said if self.guarantor is None else said | {"guarantor": self.guarantor}

    def drawn(self) -> dict[str, Any]:
        """Fields of the loan that is paid out."""
        said = {"industry": self.industry, "region": self.region, "secured": self.secured}
        return said if self.guarantor is None else said | {"guarantor": self.guarantor}


def draw_backing(
    *,
    seed: int,
    application: str,
    amount: int,
    borrows: float,
    city: int,
    firm: int,
    friends: Sequence[str] = (),
) -> Backing:
    """Facts of an application for `amount` (minor units) by somebody of a city and a firm.

    `borrows` is how much they borrow, one on average; a guarantor is one of `friends`.
    """
    dice = generator(seed=seed, key=(Stream.CREDIT, crc32(application.encode()), 1))
    guaranteed = dice.random() < _GUARANTEED
    pick = int(dice.integers(0, max(len(friends), 1)))
    return Backing(
        lenders_elsewhere=int(dice.poisson(_LENDERS * borrows)),
        guarantor=friends[pick] if guaranteed and friends else None,
        industry=INDUSTRIES[firm % len(INDUSTRIES)],
        region=cities().region(city),
        secured=bool(amount >= _SECURED_FROM and dice.random() < _SECURED),
    )
