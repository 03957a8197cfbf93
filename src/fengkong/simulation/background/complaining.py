"""Complaints of honest customers about everyday things."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fengkong.simulation.background.today import Floats, Today
from fengkong.simulation.geography import cities
from fengkong.simulation.grievances import complain

_COMPLAINTS_PER_DAY: Final[Mapping[str, float]] = {
    "fees": 0.00009,
    "service": 0.00012,
    "sales": 0.00004,
    "collection": 0.00005,
    "privacy": 0.00003,
    "payout": 0.00005,
    "unauthorised": 0.00003,
    "other": 0.00005,
}
"""By subject, of a customer like the average one."""


def play_complaining(today: Today) -> None:
    """A day's complaints; borrowers complain of collectors, savers of payouts."""
    towns = cities()
    for subject, rate in _COMPLAINTS_PER_DAY.items():
        who = today.choose(rate * _inclined(today, subject=subject))
        moments = today.times(who=who, rhythm="day").tolist()
        for customer, at in zip(who.tolist(), moments, strict=True):
            city = int(today.world.customers.city[customer])
            values = {
                "customer": today.world.customer_ids[customer],
                "region": towns.region(city),
            }
            complain(today.recorder, dice=today.dice, at=at, subject=subject, values=values)


def _inclined(today: Today, *, subject: str) -> Floats:
    """How much each customer has to do with a subject; one on average."""
    people = today.world.customers
    weight: Floats = people.activity
    if subject == "collection":
        weight = people.borrows
    elif subject == "payout":
        weight = people.activity * (people.savings > 0) / 0.45
    return weight
