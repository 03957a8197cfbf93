"""Loans: applications, drawdowns, instalments, and the honest ones that go bad."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.random import Generator

from fengkong.core.instants import DAY_US, HOUR_US, MINUTE_US
from fengkong.simulation import identities
from fengkong.simulation.background.access import person_values
from fengkong.simulation.background.funding import Funding, Project
from fengkong.simulation.background.today import Today
from fengkong.simulation.background.workouts import BadLoan, work_out
from fengkong.simulation.backing import Backing, draw_backing
from fengkong.simulation.seeds import Stream
from fengkong.simulation.world import World

_APPLICATIONS_PER_DAY: Final = 0.0045
_EXISTING: Final = 0.14
_PERIOD: Final = 30
_DEFAULT_AFTER_DAYS: Final = 31
_TERMS: Final = (3, 6, 12, 12, 24)
_PURPOSES: Final = ("consumption", "consumption", "education", "renovation", "medical", "travel",
                    "business", "debt")  # fmt: skip
LOAN_PRODUCTS: Final = ("cash_loan", "consumer_credit", "partner_a", "partner_b", "partner_c")
_HOUSING: Final = ("owned", "mortgaged", "rented", "rented", "family")
_EDUCATION: Final = ("secondary", "vocational", "bachelor", "bachelor", "master")
_RELATIONS: Final = ("spouse", "parent", "sibling", "friend", "colleague")
_YEAR_MONTHS: Final = 12


@dataclass(slots=True)
class _Loan:
    number: int
    customer: int
    instalment: int
    remaining: int
    paid: int
    hazard: float
    drawn_event: str | None
    guarantor: str | None = None
    project: Project | None = None


class Lending:
    """The loan book of the background; a due day holds the loans whose instalment it is."""

    def __init__(self, *, world: World, dice: Generator) -> None:
        self._due: defaultdict[int, list[_Loan]] = defaultdict(list)
        self._borrowers: set[int] = set()
        self._funding = Funding(world=world)
        self._next = 0
        people = world.customers
        size = world.active(0)
        chance = np.minimum(_EXISTING * people.borrows[:size], 0.9)
        for who in np.flatnonzero(dice.random(size) < chance).tolist():
            amount = self._amount(dice, income=int(people.income[who]))
            loan = self._open(who=who, amount=amount, months=12, dice=dice)
            loan.paid = int(dice.integers(0, 11))
            loan.remaining = 12 - loan.paid
            loan.project = self._funding.project_of(
                loan=loan.number, borrower=who, amount=amount, at=world.start
            )
            self._due[int(dice.integers(0, _PERIOD))].append(loan)

    def play(self, today: Today) -> None:
        """A day's applications, drawdowns and due instalments."""
        self._applications(today)
        self._instalments(today)

    def _open(self, *, who: int, amount: int, months: int, dice: Generator) -> _Loan:
        self._borrowers.add(who)
        self._next += 1
        return _Loan(
            number=self._next,
            customer=who,
            instalment=int(amount * (1.0 + 0.015 * months) / months) // 100 * 100 + 100,
            remaining=months,
            paid=0,
            hazard=float(min(dice.gamma(0.4, 0.03), 0.5)),
            drawn_event=None,
        )

    @staticmethod
    def _amount(dice: Generator, *, income: int) -> int:
        amount = income * dice.lognormal(0.35, 0.6)
        return int(min(max(amount, 100_000), 20_000_000) // 50_000 * 50_000)

    def _applications(self, today: Today) -> None:
        people, dice = today.world.customers, today.dice
        who = today.choose(_APPLICATIONS_PER_DAY * people.activity * people.borrows)
        visits = today.visits(who=who, rhythm="app")
        for row, customer, at, values in today.actions(visits):
            amount = self._amount(dice, income=int(people.income[customer]))
            months = _TERMS[int(dice.integers(0, len(_TERMS)))]
            number = visits.session[row]
            values |= person_values(today, who=customer)
            values |= _application_values(today, who=customer, dice=dice)
            application = identities.entity_id("application", number)
            values["application"] = application
            backing = _backing(today, who=customer, application=application, amount=amount)
            values |= backing.applied()
            values |= {"loan_amount": amount, "loan_term_months": months, "annual_rate": 0.18}
            values["loan_product"] = LOAN_PRODUCTS[number % len(LOAN_PRODUCTS)]
            for name in ("customer_type", "risk_tolerance"):
                del values[name]
            event = today.recorder.record(
                "loan.applied", at=at, values=values, money=("loan_amount",)
            )
            today.perhaps_clear(event)
            if dice.random() < 0.6 and customer not in self._borrowers:
                self._draw(today, values=values, at=at, who=customer, backing=backing)

    def _draw(
        self, today: Today, *, values: dict[str, Any], at: int, who: int, backing: Backing
    ) -> None:
        dice = today.dice
        amount, months = values["loan_amount"], values["loan_term_months"]
        loan = self._open(who=who, amount=amount, months=months, dice=dice)
        kept = ("customer", "application", "account", "device", "ip", "channel", "annual_rate",
                "loan_product")  # fmt: skip
        drawn = {name: values[name] for name in kept if name in values}
        drawn |= {"loan": identities.entity_id("loan", loan.number), "amount": amount}
        drawn["loan_term_months"] = months
        drawn |= backing.drawn()
        loan.guarantor = backing.guarantor
        loan.project = self._funding.project_of(
            loan=loan.number, borrower=who, amount=amount, at=at
        )
        after = int(dice.gamma(1.3, 2.5) * HOUR_US) + 4 * MINUTE_US
        if loan.project is not None:
            drawn |= loan.project.facts
            recorder = today.recorder.beside(Stream.PROJECTS)
            self._funding.invest(recorder, loan.project, since=at, until=at + after)
        event = today.recorder.record("loan.drawn", at=at + after, values=drawn, money=("amount",))
        loan.drawn_event = event.id
        self._due[today.day.index + _PERIOD].append(loan)

    def _instalments(self, today: Today) -> None:
        dice = today.dice
        for loan in self._due.pop(today.day.index, []):
            if dice.random() < loan.hazard:
                self._default(today, loan=loan)
                continue
            late = int(dice.geometric(0.35)) if dice.random() < 0.06 else 0
            self._repay(today, loan=loan, late=late)
            if loan.remaining > 0:
                self._due[today.day.index + _PERIOD].append(loan)
            else:
                self._borrowers.discard(loan.customer)

    def _repay(self, today: Today, *, loan: _Loan, late: int) -> None:
        loan.paid += 1
        loan.remaining -= 1
        at = today.day.start + late * DAY_US + int((8 + 14 * today.dice.random()) * HOUR_US)
        values = {
            "loan": identities.entity_id("loan", loan.number),
            "customer": today.world.customer_ids[loan.customer],
            "account": today.world.account_ids[loan.customer],
            "amount": loan.instalment,
            "repayment_kind": "late" if late else "scheduled",
            "instalment_number": loan.paid,
            "days_past_due": late,
            "due_at": today.day.start + DAY_US - 1_000_000,
        }
        if loan.project is not None:
            values |= loan.project.facts
            recorder = today.recorder.beside(Stream.PROJECTS)
            self._funding.pay_out(recorder, loan.project, amount=loan.instalment, at=at)
        today.recorder.record("loan.repaid", at=at, values=values, money=("amount",))

    def _default(self, today: Today, *, loan: _Loan) -> None:
        """No more instalments: after a month the collectors say so. It is not fraud."""
        values: dict[str, Any] = {
            "is_fraud": False,
            "label_kind": "default",
            "label_source": "collection",
            "customer": today.world.customer_ids[loan.customer],
            "loan": identities.entity_id("loan", loan.number),
            "loss_amount": loan.instalment * loan.remaining,
        }
        if loan.drawn_event is not None:
            values["event"] = loan.drawn_event
        at = today.day.start + _DEFAULT_AFTER_DAYS * DAY_US + 9 * HOUR_US
        today.recorder.record("label.confirmed", at=at, values=values, money=("loss_amount",))
        bad = BadLoan(
            number=loan.number,
            customer=values["customer"],
            account=today.world.account_ids[loan.customer],
            instalment=loan.instalment,
            remaining=loan.remaining,
            paid=loan.paid,
            guarantor=loan.guarantor,
        )
        recorder = today.recorder.beside(Stream.CREDIT)
        work_out(recorder, seed=today.world.seed, loan=bad, since=today.day.start)


def _backing(today: Today, *, who: int, application: str, amount: int) -> Backing:
    """What stands behind an application; a guarantor is somebody whom the customer pays."""
    people, world = today.world.customers, today.world
    known = [int(one) for one in people.payees[who] if 0 <= one != who]
    return draw_backing(
        seed=world.seed,
        application=application,
        amount=amount,
        borrows=float(people.borrows[who]),
        city=int(people.city[who]),
        firm=int(people.employer[who]),
        friends=[world.customer_ids[one] for one in known],
    )


def _application_values(today: Today, *, who: int, dice: Generator) -> dict[str, Any]:
    people = today.world.customers
    firm, income = int(people.employer[who]), int(people.income[who])
    pick = dice.integers(0, 1000, 8).tolist()
    return {
        "employer": identities.employer(firm),
        "employer_phone": identities.phone((1 << 41) + firm),
        "housing": _HOUSING[pick[0] % 5],
        "education": _EDUCATION[pick[1] % 5],
        "contact_phone": identities.phone((1 << 42) + who),
        "contact_relation": _RELATIONS[pick[2] % 5],
        "stated_income": int(income * (1.0 + 0.25 * (pick[3] / 1000) ** 2)) // 10_000 * 10_000,
        "loan_purpose": _PURPOSES[pick[4] % 8],
        "employment_months": (int(people.age[who]) - 17) * _YEAR_MONTHS * (pick[5] + 20) // 2000,
        "bureau_points": float(round(720 - 22 * people.borrows[who] + pick[6] / 12)),
        "bureau_enquiries_30d": int(dice.poisson(0.5 + 0.7 * people.borrows[who])),
        "form_seconds": round(60.0 + 4.0 * (pick[7] % 150), 1),
    }
