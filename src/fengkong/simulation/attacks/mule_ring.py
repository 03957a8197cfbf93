"""Mule ring: scam victims pay in, layers of mules pass the money on, it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fengkong.core.instants import DAY_US, HOUR_US, MINUTE_US
from fengkong.simulation import networks
from fengkong.simulation.attacks.campaign import Campaign
from fengkong.simulation.attacks.equipment import Handset
from fengkong.simulation.identities import entity_id


@dataclass(frozen=True, slots=True)
class _Mule:
    number: int
    payer: dict[str, Any]
    handset: Handset


@dataclass(frozen=True, slots=True)
class _Ring:
    patient: bool
    collectors: list[_Mule]
    passers: list[_Mule]
    found: int | None


def play_mule_ring(campaign: Campaign) -> None:
    """One ring on its working day."""
    ring = _ring(campaign)
    for who in campaign.victims(campaign.many("victims")):
        at = campaign.moment(rhythm="day")
        reported = campaign.chance("reported_share")
        for _ in range(int(campaign.dice.integers(1, 4))):
            _victim_pays(campaign, ring=ring, who=who, at=at, reported=reported)
            at += campaign.pause(35)


def _ring(campaign: Campaign) -> _Ring:
    many = max(campaign.many("mules"), 3)
    controller = campaign.handset(at=campaign.day.start - DAY_US, kind=networks.MOBILE)
    mules = [_mule(campaign, controller=controller) for _ in range(many)]
    split = max(1, many // 4)
    found = campaign.throw(campaign.parameters["reported_share"] * 0.8)
    return _Ring(
        patient=campaign.chance("patient_share"),
        collectors=mules[:split],
        passers=mules[split:],
        found=campaign.investigation() if found else None,
    )


def _mule(campaign: Campaign, *, controller: Handset) -> _Mule:
    """A rented honest account, or one opened for the purpose two months ago at most."""
    since = campaign.day.start - campaign.pause(12, unit=DAY_US)
    # Some mules act on phones of their own, others all on the controller's few.
    own = campaign.throw(0.6)
    handset = campaign.handset(at=since, kind=networks.MOBILE) if own else controller
    if campaign.chance("rented_share"):
        number = campaign.victims(1)[0]
        return _Mule(number=number, payer=campaign.payer(number), handset=handset)
    persona = campaign.persona(at=since, city=handset.city)
    campaign.register(persona, handset=handset)
    return _Mule(number=persona.number, payer=persona.customer(), handset=handset)


def _victim_pays(campaign: Campaign, *, ring: _Ring, who: int, at: int, reported: bool) -> None:
    """The victim is persuaded and pays on his own phone: only the payee is wrong."""
    collector = campaign.pick(ring.collectors)
    balance = int(campaign.lives.balance[who])
    amount = min(max(campaign.yuan(6_500.0, spread=0.9, whole=0.9), 30_000), max(balance, 30_000))
    values = campaign.own_visit(who, at=at) | campaign.payer(who)
    values |= campaign.payee(collector.number)
    values |= {"amount": amount, "account_balance_before": max(balance, amount)}
    values["purpose"] = campaign.pick(("goods", "other", "family"))
    values["call_in_progress"] = campaign.throw(0.3)
    event = campaign.record("transfer.initiated", at=at, values=values)
    if reported:
        campaign.reported(event)
    _pass_on(campaign, ring=ring, mule=collector, amount=amount, at=at, layers=2)


def _pass_on(
    campaign: Campaign, *, ring: _Ring, mule: _Mule, amount: int, at: int, layers: int
) -> None:
    at += campaign.pause(11, unit=HOUR_US) if ring.patient else campaign.pause(9)
    kept = 1.0 - campaign.dice.uniform(0.005, 0.04)
    left = int(amount * kept) // 100 * 100
    last = layers == 0 or left < 200_000 or campaign.throw(0.15)
    if last:
        _take_out(campaign, ring=ring, mule=mule, amount=left, at=at)
        return
    parts = int(campaign.dice.integers(1, 4))
    for _ in range(parts):
        other = campaign.pick([m for m in ring.passers if m is not mule] or ring.passers)
        part = max(left // parts, 10_000)
        values = _from_mule(campaign, mule=mule, amount=part) | campaign.payee(other.number)
        event = campaign.record("transfer.initiated", at=at, values=values)
        if ring.found is not None:
            campaign.investigated(event, after=ring.found)
        _pass_on(campaign, ring=ring, mule=other, amount=part, at=at, layers=layers - 1)
        at += campaign.pause(2, unit=MINUTE_US)


def _take_out(campaign: Campaign, *, ring: _Ring, mule: _Mule, amount: int, at: int) -> None:
    values = _from_mule(campaign, mule=mule, amount=max(amount, 10_000))
    if campaign.throw(0.7):
        kind = "withdrawal.requested"
        values |= {"withdrawal_method": "card", "instant_settlement": True}
        values["card"] = entity_id("card", mule.number + (1 << 35))
    else:
        kind = "transfer.initiated"
        values |= campaign.payee(campaign.outsider())
    event = campaign.record(kind, at=at, values=values)
    if ring.found is not None:
        campaign.investigated(event, after=ring.found)


def _from_mule(campaign: Campaign, *, mule: _Mule, amount: int) -> dict[str, Any]:
    values = mule.handset.values(session=campaign.session()) | mule.payer
    spare = int(amount * campaign.dice.uniform(1.0, 1.15))
    return values | {"amount": amount, "account_balance_before": spare}
