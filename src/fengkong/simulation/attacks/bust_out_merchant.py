"""Bust-out merchant: honest-looking sales for weeks, then a burst on stolen cards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from fengkong.core.instants import DAY_US, HOUR_US
from fengkong.simulation import networks
from fengkong.simulation.attacks.campaign import Campaign
from fengkong.simulation.attacks.equipment import Handset, Persona
from fengkong.simulation.identities import entity_id, full_name
from fengkong.simulation.world import card_id

_BUILD_UP_DAYS: Final = 14
_MEDIANS: Final = {"5732": 900.0, "5944": 1_600.0, "5651": 260.0, "4722": 700.0}


@dataclass(frozen=True, slots=True)
class _Shop:
    values: dict[str, Any]
    median: float
    owner: Persona
    handset: Handset


def play_bust_out_merchant(campaign: Campaign) -> None:
    """One merchant from opening to disappearance."""
    shop = _open(campaign)
    taken = 0
    for day in range(_BUILD_UP_DAYS):
        for _ in range(int(campaign.dice.poisson(campaign.parameters["honest_payments_per_day"]))):
            _honest_sale(campaign, shop=shop, day=day)
    accomplices = campaign.victims(12)
    for _ in range(campaign.many("bust_payments")):
        # Most of the burst falls on one day, some on the next.
        day = _BUILD_UP_DAYS + int(campaign.throw(0.3))
        if campaign.chance("stolen_share"):
            taken += _stolen_sale(campaign, shop=shop, day=day)
        else:
            taken += _staged_sale(campaign, shop=shop, day=day, who=campaign.pick(accomplices))
    _take_out(campaign, shop=shop, taken=taken)


def _open(campaign: Campaign) -> _Shop:
    at = campaign.day.start + 9 * HOUR_US
    handset = campaign.handset(at=at, kind=networks.RESIDENTIAL)
    owner = campaign.persona(at=at, city=handset.city, young=34)
    campaign.register(owner, handset=handset, facts={"customer_type": "sole_trader"})
    number = campaign.number()
    category = campaign.pick(sorted(_MEDIANS))
    values = {
        "merchant": entity_id("merchant", number),
        "merchant_name": f"{full_name(number)}商行",
        "merchant_category": category,
        "merchant_country": "CN",
        "merchant_place": handset.place,
        "merchant_since": at,
    }
    return _Shop(values=values, median=_MEDIANS[category], owner=owner, handset=handset)


def _sale(campaign: Campaign, *, shop: _Shop, amount: int) -> dict[str, Any]:
    return shop.values | {
        "payment_method": "card",
        "card_kind": "credit",
        "card_country": "CN",
        "card_present": False,
        "authorised": True,
        "amount": amount,
        "order": entity_id("order", campaign.session()),
    }


def _honest_sale(campaign: Campaign, *, shop: _Shop, day: int) -> None:
    who = campaign.victims(1)[0]
    at = campaign.moment(day=day, rhythm="evening")
    values = campaign.own_visit(who, at=at) | campaign.payer(who)
    values |= _sale(campaign, shop=shop, amount=campaign.yuan(shop.median))
    values["card"] = card_id(customer=who, slot=0)
    campaign.record("payment.initiated", at=at, values=values, honest=True)


def _burst_amount(campaign: Campaign, *, shop: _Shop) -> int:
    return campaign.yuan(shop.median * 3.2, spread=0.45, whole=0.85)


def _stolen_sale(campaign: Campaign, *, shop: _Shop, day: int) -> int:
    """A stolen card, keyed in from a device of its own or from the shop's."""
    at = campaign.moment(day=day, rhythm="day")
    fresh = campaign.throw(0.6)
    handset = campaign.handset(at=at, kind=networks.PROXY) if fresh else shop.handset
    amount = _burst_amount(campaign, shop=shop)
    values = handset.values(session=campaign.session(), channel="web")
    values |= _sale(campaign, shop=shop, amount=amount)
    if campaign.throw(0.4):
        who = campaign.victims(1)[0]
        values["card"] = card_id(customer=who, slot=0)
    else:
        values["card"] = entity_id("card", campaign.number())
    if campaign.throw(0.2):
        values |= {"authorised": False, "decline_reason": "limit"}
    event = campaign.record("payment.initiated", at=at, values=values)
    if not values["authorised"]:
        return 0
    if campaign.chance("reported_share"):
        campaign.charged_back(event)
    return amount


def _staged_sale(campaign: Campaign, *, shop: _Shop, day: int, who: int) -> int:
    """An accomplice cashes out his own credit line: own card, own phone, nothing delivered."""
    at = campaign.moment(day=day, rhythm="day")
    amount = _burst_amount(campaign, shop=shop)
    values = campaign.own_visit(who, at=at) | campaign.payer(who)
    values |= _sale(campaign, shop=shop, amount=amount)
    values["card"] = card_id(customer=who, slot=0)
    event = campaign.record("payment.initiated", at=at, values=values)
    if campaign.throw(campaign.parameters["reported_share"] * 0.4):
        campaign.investigated(event, after=campaign.investigation() + 20 * DAY_US)
    return amount


def _take_out(campaign: Campaign, *, shop: _Shop, taken: int) -> None:
    at = campaign.moment(day=_BUILD_UP_DAYS + 1, rhythm="night")
    parts = int(campaign.dice.integers(2, 6))
    for _ in range(parts):
        values = shop.handset.values(session=campaign.session()) | shop.owner.customer()
        values |= {"amount": max(taken // parts, 100_000), "withdrawal_method": "bank_account"}
        values |= {"account_balance_before": max(taken, 100_000), "instant_settlement": True}
        event = campaign.record("withdrawal.requested", at=at, values=values)
        if campaign.chance("reported_share"):
            campaign.investigated(event, after=campaign.investigation() + 10 * DAY_US)
        at += campaign.pause(3, unit=HOUR_US)
