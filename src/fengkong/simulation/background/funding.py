"""Projects: investors fund a loan together, and are paid as the borrower pays.

All of it goes through accounts at the custodian; nobody is paid before the borrower was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from fengkong.core.instants import HOUR_US
from fengkong.simulation.identities import entity_id
from fengkong.simulation.recording import Recorder
from fengkong.simulation.sampling import with_place
from fengkong.simulation.seeds import Stream, generator, mixed_64
from fengkong.simulation.world import World

CUSTODIAN: Final = ("custodian-1", "custodian-2")
"""The custodian's accounts that customers' money goes through; none is the house's own."""
_FUNDED: Final = 0.4
"""Share of the loans that investors fund; the house lends the others itself."""
_MORE_INVESTORS: Final = 3.0
_ASKED: Final = 60
_STEP: Final = 10_000
_FEE: Final = 0.06
"""Share of what the borrower pays that the house keeps."""


@dataclass(frozen=True, slots=True)
class Project:
    """A funded loan: who put in how much, in minor units."""

    name: str
    account: str
    stakes: tuple[tuple[int, int], ...]

    @property
    def facts(self) -> dict[str, Any]:
        """What events of the loan say of its project."""
        return {"project": self.name, "settlement_account": self.account}


class Funding:
    """Finds investors for loans and pays them; its dice are those of each loan."""

    def __init__(self, *, world: World) -> None:
        self._world = world

    def project_of(self, *, loan: int, borrower: int, amount: int, at: int) -> Project | None:
        """Who funds a loan that is asked for at an instant; None where the house lends itself."""
        world = self._world
        dice = generator(seed=world.seed, key=(Stream.PROJECTS, loan))
        if dice.random() >= _FUNDED:
            return None
        wanted = 1 + int(dice.poisson(_MORE_INVESTORS))
        asked = dice.integers(0, world.active(0), _ASKED)
        known = (world.customers.savings[asked] > 0) & (world.customers.since[asked] < at)
        investors = np.unique(asked[known & (asked != borrower)])[: min(wanted, amount // _STEP)]
        if len(investors) == 0:
            return None
        shares = dice.dirichlet(np.full(len(investors), 2.0))
        spare = amount // _STEP - len(investors)
        parts = (1 + (shares * spare).astype(np.int64)) * _STEP
        parts[0] += amount - parts.sum()
        number = mixed_64(loan, salt=world.seed + 7) >> 24
        return Project(
            name=with_place(f"j{number:010x}", customer=world.customer_ids[borrower]),
            account=CUSTODIAN[number % len(CUSTODIAN)],
            stakes=tuple(zip(investors.tolist(), parts.tolist(), strict=True)),
        )

    def invest(self, recorder: Recorder, project: Project, *, since: int, until: int) -> None:
        """The investors put in their parts one after another between two instants."""
        step = (until - since) // (len(project.stakes) + 1)
        for turn, (who, amount) in enumerate(project.stakes, 1):
            values = self._values(project, who=who, at=since + turn * step)
            values |= {"amount": amount, "channel": "app"}
            recorder.record(
                "project.invested", at=since + turn * step, values=values, money=("amount",)
            )

    def pay_out(self, recorder: Recorder, project: Project, *, amount: int, at: int) -> None:
        """What the borrower paid goes to the investors by their parts, within hours."""
        whole = sum(stake for _, stake in project.stakes)
        left = int(amount * (1 - _FEE))
        at += mixed_64(at, salt=3) % (6 * HOUR_US) + HOUR_US
        for who, stake in project.stakes:
            part = left * stake // whole
            if part > 0:
                values = self._values(project, who=who, at=at) | {"amount": part}
                recorder.record("project.paid_out", at=at, values=values, money=("amount",))

    def _values(self, project: Project, *, who: int, at: int) -> dict[str, Any]:
        world = self._world
        number = mixed_64(at * 64 + who, salt=world.seed + 9) >> 24
        return project.facts | {
            "order": entity_id("order", number),
            "customer": world.customer_ids[who],
            "account": world.account_ids[who],
        }
