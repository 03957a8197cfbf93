"""Logins, device reports, registrations and changes of profile or credentials."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fengkong.core.instants import HOUR_US, SECOND_US
from fengkong.simulation import identities
from fengkong.simulation.background.today import Today
from fengkong.simulation.customers import RISK_GRADES
from fengkong.simulation.visits import Visits

Ints = npt.NDArray[np.int64]

_LOGINS_PER_DAY: Final = 0.75
_REPORTED: Final = 0.3
_FAILED: Final = 0.045
_FORGOTTEN: Final = 0.004
_PROFILE_CHANGES_PER_DAY: Final = 0.004
_CREDENTIAL_CHANGES_PER_DAY: Final = 0.0025
_NUMBER_CHANGES_PER_DAY: Final = 0.0003
_PROFILE_FIELDS: Final = ("avatar", "notification", "address", "contact", "employer", "limits")
_CREDENTIALS: Final = ("password", "payment_password", "face", "fingerprint")
_PROMOTIONS: Final = ("welcome_10", "invite_20", "welcome_10", "spring_8")


def play_access(today: Today) -> None:
    """Everything of a day that is about getting in rather than about money."""
    _registrations(today)
    _logins(today)
    _new_phones(today)
    _profile_changes(today)
    _credential_changes(today)
    _number_changes(today)


def _logins(today: Today) -> None:
    who = today.choose(_LOGINS_PER_DAY * today.world.customers.activity)
    visits = today.visits(who=who, rhythm="app")
    throws = today.dice.random((len(who), 2)).tolist()
    for row, (first, second) in enumerate(throws):
        values, at = visits.values(row), visits.at[row]
        if first < _FAILED:
            _mistype(today, visits=visits, row=row, throw=first)
        today.log_in(values=values, visits=visits, row=row, at=at)
        if second < _REPORTED:
            report_device(today, visits=visits, row=row, at=at + 2 * SECOND_US)


def report_device(today: Today, *, visits: Visits, row: int, at: int) -> None:
    """The app tells what it sees of the phone; some honest phones are rooted or being called on."""
    values = visits.values(row)
    throw = visits.session[row] % 10_007 / 10_007
    values |= {
        "device_first_seen_at": min(visits.device_since[row], at),
        "emulator": throw < 0.0006,
        "rooted": throw < 0.012,
        "gps_mocked": 0.012 <= throw < 0.015,
        "call_in_progress": 0.02 <= throw < 0.035,
        "screen_shared": 0.035 <= throw < 0.037,
        "remote_controlled": 0.037 <= throw < 0.0375,
        "battery_level": round(0.05 + 0.95 * (visits.session[row] % 89 / 89), 2),
        "typing_interval_ms": round(90.0 + 260.0 * (visits.session[row] % 499 / 499), 1),
    }
    today.recorder.record("device.reported", at=at, values=values)


def _mistype(today: Today, *, visits: Visits, row: int, throw: float) -> None:
    tries = 1 + int(throw < _FAILED * 0.3) + int(throw < _FAILED * 0.08) * 2
    for number in range(tries):
        values = visits.values(row) | {
            "succeeded": False,
            "failure_reason": "wrong_credential",
            "authentication_method": "password",
            "device_first_seen_at": visits.device_since[row],
        }
        at = visits.at[row] - (tries - number) * (9 + visits.session[row] % 17) * SECOND_US
        if at > today.world.since[visits.who[row]]:
            today.recorder.record("login.attempted", at=at, values=values)
    if throw < _FORGOTTEN:
        at = visits.at[row] + 40 * SECOND_US
        _change_credential(today, visits=visits, row=row, at=at, kind="password", how="recovery")


def _change_credential(
    today: Today, *, visits: Visits, row: int, at: int, kind: str, how: str
) -> None:
    values = visits.values(row) | {
        "account": today.world.account_ids[visits.who[row]],
        "credential_kind": kind,
        "change_method": how,
        "authentication_method": "one_time_code",
        "succeeded": True,
    }
    today.recorder.record("credential.changed", at=at, values=values)


def _new_phones(today: Today) -> None:
    """A new phone: a report, a binding by a code, often a changed password the same evening."""
    changed = np.flatnonzero(today.lives.changed_phone[: today.active])
    visits = today.visits(who=changed, rhythm="evening")
    for row, at in enumerate(visits.at):
        report_device(today, visits=visits, row=row, at=at)
        values = visits.values(row) | {"second_factor": "one_time_code"}
        today.log_in(values=values, visits=visits, row=row, at=at + 20 * SECOND_US)
        later = at + 90 * SECOND_US
        _change_credential(
            today, visits=visits, row=row, at=later, kind="device_binding", how="self_service"
        )


def _profile_changes(today: Today) -> None:
    rates = _PROFILE_CHANGES_PER_DAY * np.ones(today.active)
    visits = today.visits(who=today.choose(rates), rhythm="app")
    for row, _, at, values in today.actions(visits):
        for name in ("account", "customer_since"):
            del values[name]
        values["changed_field"] = _PROFILE_FIELDS[visits.session[row] % len(_PROFILE_FIELDS)]
        values |= {"change_method": "self_service", "succeeded": True}
        values["authentication_method"] = "one_time_code" if visits.session[row] & 1 else "face"
        today.recorder.record("profile.changed", at=at, values=values)


def _credential_changes(today: Today) -> None:
    rates = _CREDENTIAL_CHANGES_PER_DAY * np.ones(today.active)
    visits = today.visits(who=today.choose(rates), rhythm="app")
    for row, at in enumerate(visits.at):
        kind = _CREDENTIALS[visits.session[row] % len(_CREDENTIALS)]
        _change_credential(today, visits=visits, row=row, at=at, kind=kind, how="self_service")


def _number_changes(today: Today) -> None:
    rates = _NUMBER_CHANGES_PER_DAY * np.ones(today.active)
    visits = today.visits(who=today.choose(rates), rhythm="day")
    for row, _, at, values in today.actions(visits):
        for name in ("account", "customer_since"):
            del values[name]
        who = visits.who[row]
        values |= {
            "changed_field": "phone",
            "phone": identities.phone(who, generation=1 + today.day.index % 15),
            "previous_phone": identities.phone(who),
            "change_method": "self_service" if visits.session[row] & 3 else "desk",
            "authentication_method": "one_time_code",
            "succeeded": True,
        }
        today.recorder.record("profile.changed", at=at, values=values)


def _registrations(today: Today) -> None:
    since = today.world.customers.since
    first = today.world.active(today.day.index - 1) if today.day.index else today.world.active(0)
    first = first if today.day.index else int((since < today.world.start).sum())
    who = np.arange(first, today.active)
    visits = today.visits_at(who=who, at=since[who])
    throws = today.dice.random(len(who)).tolist()
    referrers = today.dice.integers(0, max(first, 1), len(who)).tolist()
    for row, at in enumerate(visits.at):
        values = visits.values(row) | person_values(today, who=visits.who[row])
        values["form_seconds"] = round(35.0 + 220.0 * throws[row] ** 2, 1)
        if throws[row] < 0.55:
            values["promotion"] = _PROMOTIONS[visits.session[row] & 3]
            values["bonus_amount"] = 1_000 + 500 * (visits.session[row] & 3)
        if throws[row] < 0.25:
            values["referrer"] = visits.customer_ids[referrers[row]]
        money = [name for name in ("bonus_amount",) if name in values]
        today.recorder.record("customer.registered", at=at, values=values, money=money)
        report_device(today, visits=visits, row=row, at=at + 3 * SECOND_US)
        login = at + HOUR_US // 30
        today.log_in(values=visits.values(row), visits=visits, row=row, at=login)


def person_values(today: Today, *, who: int) -> dict[str, Any]:
    """What a customer says about himself on a form."""
    people = today.world.customers
    city, female, age = int(people.city[who]), bool(people.female[who]), int(people.age[who])
    year = today.day.date.year - age - 1
    return {
        "customer_type": "person",
        "full_name": identities.full_name(who),
        "id_number": identities.id_number(who, city=city, birth_year=year, female=female),
        "id_kind": "resident_card",
        "age": age,
        "gender": "female" if female else "male",
        "phone": identities.phone(who),
        "email": identities.email(who),
        "address": identities.street_address(int(people.household[who]), city=city),
        "risk_tolerance": RISK_GRADES[int(people.risk_grade[who])],
        "kyc_level": "basic",
        "identity_verified": True,
        "liveness_passed": True,
        "face_similarity": round(0.86 + who % 131 / 1000, 3),
    }
