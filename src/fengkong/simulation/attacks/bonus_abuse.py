"""Bonus abuse: one inviter, many new accounts, one place where the bonuses end up."""

from __future__ import annotations

from typing import Any

from fengkong.core.instants import HOUR_US
from fengkong.simulation import networks
from fengkong.simulation.attacks.campaign import Campaign
from fengkong.simulation.attacks.equipment import Handset


def play_bonus_abuse(campaign: Campaign) -> None:
    """One inviter's batch of accounts."""
    inviter = campaign.victims(1)[0]
    start = campaign.moment(rhythm="evening")
    city = int(campaign.world.customers.city[inviter])
    studio = [campaign.handset(at=start, city=city) for _ in range(3)]
    found = campaign.investigation() if campaign.chance("reported_share") else None
    sink = campaign.payee(campaign.outsider())
    at = start
    for _ in range(campaign.many("accounts")):
        at += campaign.pause(11, spread=0.8)
        handset = _handset(campaign, studio=studio, at=at)
        _use(campaign, inviter=inviter, handset=handset, at=at, sink=sink, found=found)


def _handset(campaign: Campaign, *, studio: list[Handset], at: int) -> Handset:
    """A friend's clean phone on its own network, or one of the studio's."""
    if campaign.chance("clean_share"):
        return campaign.handset(at=at, city=studio[0].city, kind=networks.MOBILE)
    shared = campaign.pick(studio)
    # One network for the whole room.
    return shared.behind(ip=studio[0].ip, kind=networks.RESIDENTIAL)


def _use(
    campaign: Campaign,
    *,
    inviter: int,
    handset: Handset,
    at: int,
    sink: dict[str, Any],
    found: int | None,
) -> None:
    bonus = round(campaign.parameters["bonus"] * 100)
    persona = campaign.persona(at=at, city=handset.city)
    facts = {
        "referrer": campaign.world.customer_ids[inviter],
        "promotion": "invite_20",
        "bonus_amount": bonus,
    }
    event = campaign.register(persona, handset=handset, facts=facts)
    campaign.log_in(persona.customer()["customer"], handset=handset, at=at + campaign.pause(2))
    spent_at = at + campaign.pause(3, unit=HOUR_US, spread=0.9)
    base = handset.values(session=campaign.session()) | persona.customer()
    if campaign.throw(0.6):
        values = base | campaign.shop("telecom", "grocery", "gift_cards")
        values |= {"payment_method": "balance", "authorised": True, "promotion": "welcome_10"}
        values |= {"amount": campaign.yuan(22.0, spread=0.2), "bonus_amount": bonus}
        paid = campaign.record("payment.initiated", at=spent_at, values=values)
        if found is not None:
            campaign.investigated(paid, after=found)
    if campaign.throw(0.7):
        values = base | sink | {"amount": campaign.yuan(bonus / 80, spread=0.4)}
        later = spent_at + campaign.pause(20)
        campaign.record("withdrawal.requested", at=later, values=values)
    if found is not None:
        campaign.investigated(event, after=found)
