"""Card testing: a batch of stolen cards tried with small payments, the live ones cashed out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fengkong.core.instants import HOUR_US, MINUTE_US, SECOND_US
from fengkong.events.event import Event
from fengkong.simulation import networks
from fengkong.simulation.attacks.campaign import Campaign
from fengkong.simulation.attacks.equipment import Handset, Persona
from fengkong.simulation.identities import entity_id
from fengkong.simulation.world import card_id


@dataclass(frozen=True, slots=True)
class _Crew:
    patient: bool
    accounts: list[Persona]
    handsets: list[Handset]
    shops: list[dict[str, Any]]
    investigated: int | None


def play_card_testing(campaign: Campaign) -> None:
    """One batch of cards."""
    crew = _crew(campaign)
    at = campaign.moment(rhythm="night")
    handset = crew.handsets[0]
    for position in range(campaign.many("cards")):
        if position % (4 if crew.patient else 25) == 0:
            handset = _next_handset(campaign, crew=crew, at=at)
        # A patient crew looks like a slow evening of small purchases.
        at += campaign.pause(6.0) if crew.patient else campaign.pause(20, unit=SECOND_US)
        card = _card(campaign)
        event = _test(campaign, crew=crew, handset=handset, card=card, at=at)
        if event.values["authorised"] and campaign.chance("cash_out_share"):
            _cash_out(campaign, crew=crew, handset=handset, card=card, after=at)


def _crew(campaign: Campaign) -> _Crew:
    patient = campaign.chance("patient_share")
    opened = campaign.day.start - campaign.pause(30, unit=HOUR_US)
    kind = networks.PROXY if patient else networks.HOSTING
    handsets = [campaign.handset(at=opened, kind=kind) for _ in range(4 if patient else 2)]
    accounts = [
        campaign.persona(at=opened + campaign.pause(3), city=handset.city)
        for handset in handsets
        for _ in range(2)
    ]
    for number, persona in enumerate(accounts):
        campaign.register(persona, handset=handsets[number // 2])
    caught = campaign.throw(campaign.parameters["reported_share"] * 0.6)
    shops = [campaign.shop("games", "telecom", "delivery") for _ in range(3)]
    return _Crew(
        patient=patient,
        accounts=accounts,
        handsets=handsets,
        shops=shops,
        investigated=campaign.investigation() if caught else None,
    )


def _next_handset(campaign: Campaign, *, crew: _Crew, at: int) -> Handset:
    handset = campaign.pick(crew.handsets)
    if not crew.patient:
        return handset
    address = campaign.address(kind=networks.PROXY, city=handset.city)
    moved = handset.behind(ip=address, kind=networks.RESIDENTIAL)
    return moved.wiped(device=campaign.number(), at=at) if campaign.throw(0.4) else moved


def _card(campaign: Campaign) -> dict[str, Any]:
    """A stolen card: some belong to customers of the platform, most do not."""
    if campaign.throw(0.35):
        who = campaign.victims(1)[0]
        card = card_id(customer=who, slot=0)
    else:
        card = entity_id("card", campaign.number())
    credit = campaign.throw(0.7)
    return {"card": card, "card_kind": "credit" if credit else "debit", "card_country": "CN"}


def _payment(
    campaign: Campaign, *, crew: _Crew, handset: Handset, card: dict[str, Any], at: int
) -> dict[str, Any]:
    persona = campaign.pick(crew.accounts)
    values = handset.values(session=campaign.session()) | persona.customer() | card
    return values | {
        "payment_method": "card",
        "card_present": False,
        "card_bound_at": at - campaign.pause(40, unit=SECOND_US),
        "authentication_method": "payment_password",
    }


def _test(
    campaign: Campaign, *, crew: _Crew, handset: Handset, card: dict[str, Any], at: int
) -> Event:
    values = _payment(campaign, crew=crew, handset=handset, card=card, at=at)
    values |= campaign.pick(crew.shops)
    # Patient crews buy what others buy; hasty ones try a few yuan.
    values["amount"] = campaign.yuan(16.0 if crew.patient else 3.0, spread=0.6)
    values["authorised"] = not campaign.chance("declined_share")
    if not values["authorised"]:
        values["decline_reason"] = campaign.pick(("card_blocked", "wrong_details", "limit"))
    event = campaign.record("payment.initiated", at=at, values=values)
    if crew.investigated is not None:
        campaign.investigated(event, after=crew.investigated)
    elif values["authorised"] and campaign.throw(0.2):
        campaign.charged_back(event)
    return event


def _cash_out(
    campaign: Campaign, *, crew: _Crew, handset: Handset, card: dict[str, Any], after: int
) -> None:
    at = after + campaign.pause(9, unit=HOUR_US, spread=0.9)
    for _ in range(int(campaign.dice.integers(1, 4))):
        values = _payment(campaign, crew=crew, handset=handset, card=card, at=after)
        values |= campaign.shop("gift_cards", "electronics", "games")
        values["amount"] = campaign.yuan(650.0, spread=0.7, whole=0.8)
        values["authorised"] = not campaign.throw(0.15)
        event = campaign.record("payment.initiated", at=at, values=values)
        if values["authorised"] and campaign.chance("reported_share"):
            campaign.charged_back(event)
        at += campaign.pause(7, unit=MINUTE_US)
