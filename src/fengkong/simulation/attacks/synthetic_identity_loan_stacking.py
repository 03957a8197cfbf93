"""Synthetic identities: made-up borrowers behave well, then stack loans and vanish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from fengkong.core.instants import DAY_US, HOUR_US, MINUTE_US
from fengkong.events.event import Event
from fengkong.simulation import identities, networks
from fengkong.simulation.attacks.campaign import Campaign
from fengkong.simulation.attacks.equipment import Handset, Persona
from fengkong.simulation.background.lending import LOAN_PRODUCTS
from fengkong.simulation.backing import Backing, draw_backing
from fengkong.simulation.identities import entity_id

_BUILD_UP_DAYS: Final = 24
_LENDERS: Final = 2.0
"""How much they borrow elsewhere, against one of an average customer."""


@dataclass(frozen=True, slots=True)
class _Forger:
    """Details that a forger uses again and again."""

    address: str
    employer: str
    employer_phone: str
    contact_phone: str
    handset: Handset


def play_synthetic_identity_loan_stacking(campaign: Campaign) -> None:
    """One forger's identities from registration to disappearance."""
    opened = campaign.day.start
    first = campaign.handset(at=opened, kind=networks.MOBILE)
    forger = _Forger(
        address=identities.street_address(campaign.number(), city=first.city),
        employer=identities.employer(campaign.number() % 10**6),
        employer_phone=identities.phone(campaign.number()),
        contact_phone=identities.phone(campaign.number()),
        handset=first,
    )
    for position in range(campaign.many("identities")):
        own = campaign.handset(at=opened, city=first.city, kind=networks.MOBILE)
        handset = first if campaign.chance("shared_share") else own
        persona = campaign.persona(at=campaign.moment(rhythm="day"), city=first.city, young=30)
        # The first identity tries out what the others then do within days.
        day = _BUILD_UP_DAYS + (int(campaign.dice.integers(0, 4)) if position else 0)
        _live(campaign, forger=forger, persona=persona, handset=handset, day=day)


def _live(
    campaign: Campaign, *, forger: _Forger, persona: Persona, handset: Handset, day: int
) -> None:
    reported = campaign.chance("reported_share")
    facts: dict[str, Any] = {"liveness_passed": not campaign.throw(0.1)}
    if campaign.chance("shared_share"):
        facts["address"] = forger.address
    event = campaign.register(persona, handset=handset, facts=facts)
    _build_up(campaign, persona=persona, handset=handset)
    stacking = campaign.moment(day=day)
    if reported:
        campaign.investigated(event, after=stacking - event.occurred_at + 40 * DAY_US)
    _stack(campaign, forger=forger, persona=persona, handset=handset, start=stacking,
           reported=reported)  # fmt: skip


def _build_up(campaign: Campaign, *, persona: Persona, handset: Handset) -> None:
    """Small honest-looking purchases: they prepare the fraud, they are not yet one."""
    for day in range(1, _BUILD_UP_DAYS, 3):
        at = campaign.moment(day=day)
        campaign.record(
            "login.attempted", at=at, honest=True,
            values=handset.values(session=campaign.session()) | {
                "customer": entity_id("customer", persona.number),
                "succeeded": True, "authentication_method": "password",
                "device_first_seen_at": handset.first_seen_at,
            },
        )  # fmt: skip
        if campaign.throw(0.6):
            values = handset.values(session=campaign.session()) | persona.customer()
            values |= campaign.shop("telecom", "grocery", "delivery")
            values |= {"payment_method": "balance", "authorised": True}
            values["amount"] = campaign.yuan(45.0)
            later = at + campaign.pause(4)
            campaign.record("payment.initiated", at=later, values=values, honest=True)


def _stack(
    campaign: Campaign,
    *,
    forger: _Forger,
    persona: Persona,
    handset: Handset,
    start: int,
    reported: bool,
) -> None:
    at = start
    for _ in range(campaign.many("applications")):
        application = _apply(campaign, forger=forger, persona=persona, handset=handset, at=at)
        if campaign.throw(0.6):
            _draw(campaign, values=application, persona=persona, handset=handset,
                  at=at, reported=reported)  # fmt: skip
        at += campaign.pause(5, unit=HOUR_US, spread=0.9)


def _apply(
    campaign: Campaign, *, forger: _Forger, persona: Persona, handset: Handset, at: int
) -> dict[str, Any]:
    year = campaign.day.date.year
    values = handset.values(session=campaign.session()) | persona.form(year=year)
    values |= persona.customer()
    for name in ("customer_type", "risk_tolerance"):
        del values[name]
    shared = campaign.chance("shared_share")
    values |= {
        "address": forger.address if shared else values["address"],
        "employer": forger.employer if shared else identities.employer(campaign.number() % 10**6),
        "employer_phone": forger.employer_phone,
        "contact_phone": forger.contact_phone if campaign.chance("shared_share")
        else identities.phone(campaign.number()),
        "contact_relation": campaign.pick(("friend", "colleague", "sibling")),
        "application": entity_id("application", campaign.number()),
        "loan_product": campaign.pick(LOAN_PRODUCTS),
        "loan_amount": int(campaign.dice.integers(8, 40)) * 100_000,
        "loan_term_months": campaign.pick((12, 24)),
        "loan_purpose": campaign.pick(("consumption", "renovation", "business")),
        "annual_rate": 0.18,
        "stated_income": int(campaign.dice.integers(9, 26)) * 100_000,
        "employment_months": int(campaign.dice.integers(6, 60)),
        "face_similarity": round(0.82 + 0.17 * campaign.dice.random(), 3),
        "bureau_points": float(int(campaign.dice.integers(600, 700))),
        "bureau_enquiries_30d": int(campaign.dice.poisson(2.5)),
        "housing": campaign.pick(("rented", "family", "owned")),
        "education": campaign.pick(("secondary", "vocational", "bachelor")),
        "form_seconds": round(30.0 + 90.0 * campaign.dice.random(), 1),
    }  # fmt: skip
    said = _backing(campaign, values=values, persona=persona).applied()
    campaign.record("loan.applied", at=at, values=values | said)
    return values


def _backing(campaign: Campaign, *, values: dict[str, Any], persona: Persona) -> Backing:
    """What every application and loan says; nobody guarantees for a made-up person."""
    return draw_backing(
        seed=campaign.world.seed,
        application=values["application"],
        amount=values["loan_amount"],
        borrows=_LENDERS,
        city=persona.city,
        firm=persona.number,
    )


def _draw(
    campaign: Campaign,
    *,
    values: dict[str, Any],
    persona: Persona,
    handset: Handset,
    at: int,
    reported: bool,
) -> None:
    """Paid out, withdrawn within the hour; perhaps one instalment so as not to stand out."""
    loan = entity_id("loan", campaign.number())
    drawn_at = at + campaign.pause(50)
    kept = ("customer", "account", "application", "device", "ip", "channel", "loan_product",
            "annual_rate", "loan_term_months")  # fmt: skip
    drawn = {name: values[name] for name in kept}
    drawn |= {"loan": loan, "amount": values["loan_amount"]}
    drawn |= _backing(campaign, values=values, persona=persona).drawn()
    event = campaign.record("loan.drawn", at=drawn_at, values=drawn)
    out = handset.values(session=campaign.session()) | persona.customer()
    out |= {"amount": drawn["amount"] * 98 // 100, "account_balance_before": drawn["amount"]}
    out |= {"withdrawal_method": "card", "card": entity_id("card", persona.number)}
    campaign.record("withdrawal.requested", at=drawn_at + campaign.pause(25), values=out)
    if campaign.throw(0.3):
        repaid = {"loan": loan, "customer": drawn["customer"], "repayment_kind": "scheduled"}
        repaid |= {"amount": drawn["amount"] // 11, "instalment_number": 1}
        at = drawn_at + 30 * DAY_US - 90 * MINUTE_US
        campaign.record("loan.repaid", at=at, values=repaid, honest=True)
    _come_due(campaign, event=event, reported=reported)


def _come_due(campaign: Campaign, *, event: Event, reported: bool) -> None:
    """Nobody pays: a default for the book; fraud only when somebody looks closer."""
    after = 61 * DAY_US + campaign.pause(10, unit=HOUR_US)
    if reported:
        campaign.investigated(event, after=after - 20 * DAY_US)
    else:
        campaign.recorder.label(
            event, kind="default", source="collection", after=after, is_fraud=False,
            facts={"loss_amount": event.values["amount"]},
        )  # fmt: skip
