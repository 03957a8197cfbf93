"""Device farm: few devices, many accounts, warmed up and used to brush orders."""

from __future__ import annotations

from typing import Any

from fengkong.core.instants import DAY_US, SECOND_US
from fengkong.simulation import networks
from fengkong.simulation.attacks.campaign import Campaign
from fengkong.simulation.attacks.equipment import Handset, Persona
from fengkong.simulation.identities import entity_id, full_name

_DAYS = 5


def play_device_farm(campaign: Campaign) -> None:
    """One farm through its first days."""
    start = campaign.moment(rhythm="office")
    city = int(campaign.dice.integers(0, 20))
    handsets = [
        campaign.handset(at=start, city=city, kind=networks.RESIDENTIAL)
        for _ in range(campaign.many("devices"))
    ]
    found = campaign.investigation() if campaign.chance("reported_share") else None
    shops = [_colluding_shop(campaign, handset=handsets[0]) for _ in range(2)]
    for handset in handsets:
        _work(campaign, handset=handset, start=start, shops=shops, found=found)


def _colluding_shop(campaign: Campaign, *, handset: Handset) -> dict[str, Any]:
    number = campaign.number()
    return {
        "merchant": entity_id("merchant", number),
        "merchant_name": f"{full_name(number)}优品小店",
        "merchant_category": campaign.pick(("5651", "5977", "5732")),
        "merchant_country": "CN",
        "merchant_place": handset.place,
        "merchant_since": campaign.day.start - campaign.pause(60, unit=DAY_US),
    }


def _work(
    campaign: Campaign,
    *,
    handset: Handset,
    start: int,
    shops: list[dict[str, Any]],
    found: int | None,
) -> None:
    """Accounts of one device: opened in a row, then visited in the same order every day."""
    at, emulated = start, campaign.throw(0.5)
    accounts = []
    for _ in range(campaign.many("accounts_per_device")):
        at += campaign.pause(4)
        persona = campaign.persona(at=at, city=handset.city)
        event = campaign.register(persona, handset=_face(campaign, handset=handset, at=at))
        if found is not None:
            campaign.investigated(event, after=found)
        accounts.append(persona)
    for day in range(1, _DAYS):
        at = start + day * DAY_US + campaign.pause(25)
        _report(campaign, handset=handset, at=at, emulated=emulated)
        for persona in accounts:
            at += campaign.pause(75, unit=SECOND_US, spread=0.3)
            if campaign.throw(0.55):
                _visit(campaign, handset=handset, persona=persona, at=at, shops=shops, found=found)


def _face(campaign: Campaign, *, handset: Handset, at: int) -> Handset:
    """What the platform sees of the device: now and then a reset fingerprint or another address."""
    if not campaign.chance("reset_share"):
        return handset
    address = campaign.address(kind=networks.PROXY, city=handset.city)
    fresh = handset.wiped(device=campaign.number(), at=at)
    return fresh.behind(ip=address, kind=networks.RESIDENTIAL)


def _report(campaign: Campaign, *, handset: Handset, at: int, emulated: bool) -> None:
    values = handset.values(session=campaign.session()) | {
        "device_first_seen_at": handset.first_seen_at,
        "emulator": emulated and campaign.throw(0.5),
        "rooted": campaign.throw(0.4),
        "gps_mocked": campaign.throw(0.3),
        "battery_level": 1.0,
        "typing_interval_ms": round(25.0 + 20.0 * campaign.dice.random(), 1),
    }
    campaign.record("device.reported", at=at, values=values)


def _visit(
    campaign: Campaign,
    *,
    handset: Handset,
    persona: Persona,
    at: int,
    shops: list[dict[str, Any]],
    found: int | None,
) -> None:
    seen = _face(campaign, handset=handset, at=at)
    customer = persona.customer()
    campaign.log_in(customer["customer"], handset=seen, at=at)
    if not campaign.throw(0.5):
        return
    brushed = campaign.throw(0.7)
    shop = campaign.pick(shops) if brushed else campaign.shop("telecom", "games")
    values = seen.values(session=campaign.session()) | customer | shop
    values |= {"payment_method": "balance", "authorised": True}
    values["amount"] = campaign.yuan(88.0 if brushed else 12.0, spread=0.4)
    later = at + campaign.pause(40, unit=SECOND_US)
    event = campaign.record("payment.initiated", at=later, values=values, honest=not brushed)
    if brushed and found is not None:
        campaign.investigated(event, after=found)
