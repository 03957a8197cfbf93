"""What becomes of loans that are no longer paid: a guarantor pays, terms are eased, or they are
written off and a part comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from numpy.random import Generator

from fengkong.core.instants import DAY_US, HOUR_US
from fengkong.simulation.identities import entity_id
from fengkong.simulation.recording import Recorder
from fengkong.simulation.seeds import Stream, generator
from fengkong.simulation.world import World

_GUARANTOR_PAYS: Final = 0.6
_RESTRUCTURED: Final = 0.2
_KINDS: Final = ("extended", "extended", "reduced", "refinanced")
_MORE_MONTHS: Final = 6
_EASED_RATE: Final = 0.12
_FALLS_OUT: Final = 0.08
"""Share of the eased instalments after which nothing is paid any more."""
_RECOVERED: Final = 0.4
_PERIOD: Final = 30
_OLD: Final = 0.02
"""Bad loans from before the first day, of somebody who borrows as much as the average one."""
_OLD_DAYS: Final = 200
_OLD_NUMBERS: Final = 1 << 34


@dataclass(frozen=True, slots=True)
class BadLoan:
    """A loan that is not paid any more: what is left of it and who owes it; minor units."""

    number: int
    customer: str
    account: str
    instalment: int
    remaining: int
    paid: int
    guarantor: str | None = None

    @property
    def owed(self) -> int:
        """What is left to pay."""
        return self.instalment * self.remaining


@dataclass(slots=True)
class _Workout:
    recorder: Recorder
    dice: Generator
    loan: BadLoan
    since: int
    paid: int

    def instant(self, *, low: float, high: float) -> int:
        """An instant between so many days after the loan went bad, in office hours."""
        days = int(self.dice.uniform(low, high))
        return self.since + days * DAY_US + int((9 + 8 * self.dice.random()) * HOUR_US)

    def say(self, kind: str, *, at: int, facts: dict[str, Any]) -> None:
        """An event about the loan."""
        values = {"loan": entity_id("loan", self.loan.number), "customer": self.loan.customer}
        self.recorder.record(kind, at=at, values=values | facts, money=("amount",))

    def pay(self, *, at: int, amount: int, kind: str) -> None:
        """Another instalment, or a part of what is owed."""
        self.paid += 1
        facts = {"amount": max(amount, 1), "repayment_kind": kind, "instalment_number": self.paid}
        facts["days_past_due"] = (at - self.since) // DAY_US
        if kind == "guarantor":
            facts["guarantor"] = self.loan.guarantor
        else:
            facts["account"] = self.loan.account
        self.say("loan.repaid", at=at, facts=facts)


def work_out(recorder: Recorder, *, seed: int, loan: BadLoan, since: int) -> None:
    """All that follows after a loan went bad on a day that begins at `since`."""
    dice = generator(seed=seed, key=(Stream.CREDIT, loan.number, 2))
    work = _Workout(recorder, dice, loan, since, loan.paid)
    if loan.guarantor is not None and dice.random() < _GUARANTOR_PAYS:
        work.pay(at=work.instant(low=10, high=28), amount=loan.instalment, kind="guarantor")
    if dice.random() < _RESTRUCTURED:
        _restructure(work)
    else:
        _write_off(work)


def _restructure(work: _Workout) -> None:
    """Longer and cheaper; most of those who are asked for less pay it."""
    loan, dice = work.loan, work.dice
    at, months = work.instant(low=35, high=80), loan.remaining + _MORE_MONTHS
    facts: dict[str, Any] = {"restructuring": _KINDS[int(dice.integers(0, len(_KINDS)))]}
    facts |= {"amount": loan.owed, "loan_term_months": months, "annual_rate": _EASED_RATE}
    work.say("loan.restructured", at=at, facts=facts)
    for month in range(1, months + 1):
        if dice.random() < _FALLS_OUT:
            return
        work.pay(at=at + month * _PERIOD * DAY_US, amount=loan.owed // months, kind="scheduled")


def _write_off(work: _Workout) -> None:
    """Half a year later it is taken off the books; collectors bring a part of some."""
    loan, dice = work.loan, work.dice
    work.say("loan.written_off", at=work.instant(low=150, high=200), facts={"amount": loan.owed})
    if dice.random() >= _RECOVERED:
        return
    for turn in range(int(dice.integers(1, 4))):
        at = work.instant(low=202 + 40 * turn, high=240 + 40 * turn)
        work.pay(at=at, amount=int(loan.owed * dice.uniform(0.03, 0.2)), kind="collection")


def play_old_workouts(recorder: Recorder, *, world: World) -> None:
    """What follows of the loans that had gone bad before the first day."""
    dice = generator(seed=world.seed, key=(Stream.CREDIT, 0))
    people, size = world.customers, world.active(0)
    many = dice.poisson(_OLD * people.borrows[:size])
    since = world.start - dice.integers(1, _OLD_DAYS, size) * DAY_US
    paid = dice.integers(0, 10, size)
    for who in many.nonzero()[0].tolist():
        loan = BadLoan(
            number=_OLD_NUMBERS + who,
            customer=world.customer_ids[who],
            account=world.account_ids[who],
            instalment=int(people.income[who]) * 13 // 120,
            remaining=12 - int(paid[who]),
            paid=int(paid[who]),
        )
        work_out(recorder, seed=world.seed, loan=loan, since=int(since[who]))
