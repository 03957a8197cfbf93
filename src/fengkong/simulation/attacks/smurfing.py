"""Smurfing: many senders stay below the reporting threshold, few accounts collect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from fengkong.core.instants import DAY_US, HOUR_US
from fengkong.simulation import networks
from fengkong.simulation.attacks.campaign import Campaign
from fengkong.simulation.attacks.equipment import Handset, Persona

_DAYS: Final = 3


@dataclass(frozen=True, slots=True)
class _Collector:
    persona: Persona
    handset: Handset


def play_smurfing(campaign: Campaign) -> None:
    """One load of money through one organisation."""
    collectors = [_collector(campaign) for _ in range(int(campaign.dice.integers(1, 4)))]
    low = campaign.chance("low_share")
    found = 20 * DAY_US + campaign.investigation() if campaign.chance("reported_share") else None
    received = [0] * len(collectors)
    for who in campaign.victims(campaign.many("senders")):
        for _ in range(campaign.many("transfers_per_sender")):
            pick = int(campaign.dice.integers(0, len(collectors)))
            amount = _amount(campaign, low=low)
            received[pick] += amount
            _send(campaign, who=who, to=collectors[pick], amount=amount, found=found)
    for collector, total in zip(collectors, received, strict=True):
        _forward(campaign, collector=collector, total=total, found=found)


def _collector(campaign: Campaign) -> _Collector:
    at = campaign.day.start - campaign.pause(40, unit=DAY_US, spread=0.8)
    handset = campaign.handset(at=at, kind=networks.RESIDENTIAL)
    persona = campaign.persona(at=at, city=handset.city, young=38)
    campaign.register(persona, handset=handset)
    return _Collector(persona=persona, handset=handset)


def _amount(campaign: Campaign, *, low: bool) -> int:
    """Just below the threshold, or far below where nobody looks."""
    threshold = campaign.parameters["threshold"]
    share = campaign.dice.uniform(0.25, 0.6) if low else campaign.dice.uniform(0.82, 0.998)
    return max(int(threshold * share) * 100 // 10_000 * 10_000, 10_000)


def _send(campaign: Campaign, *, who: int, to: _Collector, amount: int, found: int | None) -> None:
    at = campaign.moment(day=int(campaign.dice.integers(0, _DAYS)), rhythm="day")
    values = campaign.own_visit(who, at=at) | campaign.payer(who)
    values |= campaign.payee(to.persona.number)
    values |= {"amount": amount, "account_balance_before": amount + campaign.yuan(800.0)}
    values["purpose"] = campaign.pick(("goods", "other", "family"))
    _settle(campaign, kind="transfer.initiated", at=at, values=values, found=found)


def _forward(campaign: Campaign, *, collector: _Collector, total: int, found: int | None) -> None:
    at = campaign.moment(day=_DAYS - 1, rhythm="night") + int(3 * HOUR_US)
    left = total * 97 // 100
    parts = int(campaign.dice.integers(2, 5))
    for _ in range(parts if left else 0):
        values = collector.handset.values(session=campaign.session())
        values |= collector.persona.customer() | campaign.payee(campaign.outsider())
        values |= {"amount": max(left // parts, 100), "account_balance_before": max(total, 100)}
        if campaign.throw(0.4):
            values |= {"cross_border": True, "payee_country": campaign.pick(("HK", "SG", "MY"))}
        _settle(campaign, kind="transfer.initiated", at=at, values=values, found=found)
        at += campaign.pause(45)


def _settle(
    campaign: Campaign, *, kind: str, at: int, values: dict[str, Any], found: int | None
) -> None:
    event = campaign.record(kind, at=at, values=values)
    if found is not None:
        campaign.investigated(event, after=found)
