"""Account takeover: stuffing, phishing or remote control, then the money leaves."""

from __future__ import annotations

from typing import Any

from fengkong.core.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from fengkong.simulation import identities, networks
from fengkong.simulation.attacks.campaign import Campaign
from fengkong.simulation.attacks.equipment import Handset
from fengkong.simulation.world import card_id


def play_account_takeover(campaign: Campaign) -> None:
    """One crew: a wave of stuffing and a few accounts that open."""
    mules = [campaign.number() for _ in range(2)] + [campaign.outsider()]
    wave = campaign.moment(rhythm="night")
    _stuff(campaign, at=wave)
    for who in campaign.victims(campaign.many("victims")):
        if campaign.chance("remote_share"):
            _by_remote_control(campaign, who=who, mules=mules)
        else:
            _by_credentials(campaign, who=who, mules=mules, wave=wave)


def _stuff(campaign: Campaign, *, at: int) -> None:
    """Stolen passwords tried over many accounts from few addresses; nearly all fail."""
    proxied = campaign.throw(0.5)
    kind = networks.PROXY if proxied else networks.HOSTING
    handset = campaign.handset(at=at, kind=kind)
    for position, who in enumerate(campaign.victims(campaign.many("stuffed_accounts"))):
        at += campaign.pause(90 if proxied else 9, unit=SECOND_US)
        if position % 5 == 0 and proxied:
            address = campaign.address(kind=networks.PROXY, city=handset.city)
            handset = handset.behind(ip=address, kind=networks.RESIDENTIAL)
            handset = handset.wiped(device=campaign.number(), at=at)
        failed = {"succeeded": False, "failure_reason": "wrong_credential", "channel": "web"}
        campaign.log_in(campaign.world.customer_ids[who], handset=handset, at=at, facts=failed)


def _by_credentials(campaign: Campaign, *, who: int, mules: list[int], wave: int) -> None:
    # Careful thieves come from the victim's own city, on a mobile network.
    careful = campaign.throw(0.4)
    city = int(campaign.world.customers.city[who]) if careful else None
    kind = networks.MOBILE if careful else networks.RESIDENTIAL
    at = wave + campaign.pause(40)
    handset = campaign.handset(at=at, city=city, kind=kind)
    customer = campaign.world.customer_ids[who]
    campaign.log_in(customer, handset=handset, at=at, facts={"second_factor": "one_time_code"})
    if campaign.chance("patient_share"):
        at += campaign.pause(1.4, unit=DAY_US, spread=0.4)
        campaign.log_in(customer, handset=handset, at=at)
    if campaign.throw(0.6):
        at += campaign.pause(3)
        _lock_out(campaign, who=who, handset=handset, at=at)
    fields = handset.values(session=campaign.session())
    _empty(campaign, who=who, fields=fields, mules=mules, at=at + campaign.pause(6))


def _lock_out(campaign: Campaign, *, who: int, handset: Handset, at: int) -> None:
    """The thief makes the account his own."""
    base = handset.values(session=campaign.session()) | {
        "customer": campaign.world.customer_ids[who],
        "authentication_method": "one_time_code",
        "change_method": "recovery",
        "succeeded": True,
    }
    if campaign.throw(0.5):
        number = {
            "changed_field": "phone",
            "phone": identities.phone(campaign.number()),
            "previous_phone": identities.phone(who),
        }
        campaign.record("profile.changed", at=at, values=base | number)
    kind = campaign.pick(("password", "payment_password", "device_binding"))
    later = at + campaign.pause(50, unit=SECOND_US)
    account = {"account": campaign.world.account_ids[who], "credential_kind": kind}
    campaign.record("credential.changed", at=later, values=base | account)


def _by_remote_control(campaign: Campaign, *, who: int, mules: list[int]) -> None:
    """A caller watches and steers the victim's own phone: device, network and place are right."""
    at = campaign.moment(rhythm="office") + MINUTE_US
    fields = campaign.own_visit(who, at=at)
    seen = campaign.throw(0.6)
    watched = {"call_in_progress": True, "screen_shared": seen, "remote_controlled": seen}
    if seen or campaign.throw(0.5):
        report = fields | watched
        campaign.record("device.reported", at=at, values=report)
    _empty(campaign, who=who, fields=fields | watched, mules=mules, at=at + campaign.pause(9))


def _empty(
    campaign: Campaign, *, who: int, fields: dict[str, Any], mules: list[int], at: int
) -> None:
    """Transfers, gift cards or a withdrawal until little is left."""
    balance = int(campaign.lives.balance[who])
    reported = campaign.chance("reported_share")
    for _ in range(int(campaign.dice.integers(1, 5))):
        share = float(campaign.dice.beta(3.0, 3.0))
        amount = max(20_000, int(balance * share) // 10_000 * 10_000)
        values = fields | campaign.payer(who) | {"amount": amount}
        values["account_balance_before"] = max(balance, amount)
        balance = max(balance - amount, 0)
        if campaign.throw(0.65):
            kind = "transfer.initiated"
            values |= campaign.payee(campaign.pick(mules)) | {"purpose": "other"}
        elif campaign.throw(0.6):
            kind = "payment.initiated"
            values |= campaign.shop("gift_cards", "electronics", "games")
            values |= {"payment_method": "card", "card": card_id(customer=who, slot=0)}
            values["amount"] = campaign.yuan(900.0, whole=0.8)
        else:
            kind = "withdrawal.requested"
            values |= campaign.payee(campaign.outsider())
            values |= {"withdrawal_method": "bank_account", "instant_settlement": True}
        event = campaign.record(kind, at=at, values=values)
        if reported:
            campaign.reported(event)
        at += campaign.pause(5) if campaign.throw(0.8) else campaign.pause(5, unit=HOUR_US)
