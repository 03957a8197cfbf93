"""A policy and what may be changed in it, for the tests of governance."""

from fengkong.decisions.policy import Policy
from fengkong.decisions.policy_file import load_policy
from fengkong.events.catalogue import shipped_catalogue

TEXT = """\
policy: payments
version: 1
title: {zh: 支付, en: Payments}
events: [payment.initiated, transfer.initiated]
unknown: record
features:
  device_card_distinct_1d: distinct(card) over device last 1d
  customer_amount_sum_1d: sum(amount) over customer last 1d
lists:
  blocked_devices: {of: device, colour: black, title: {zh: 设备黑名单, en: Blocked devices}}
parameters:
  limits.cards_per_device:
    2026-01-01: {value: 3, reference: FRAUD-12}
  limits.share:
    2026-01-01: {value: 0.5, reference: FRAUD-13}
rules:
  - id: velocity.cards_per_device
    when: device_card_distinct_1d > limits.cards_per_device
    outcome: review
    points: 40
    reason: {zh: 一台设备多张卡, en: many cards on a device}
  - id: amount.large
    when: amount > 5000 and channel in ["app", "web"]
    outcome: challenge
    reason: {zh: 大额, en: a large amount}
  - id: device.blocked
    when: device in blocked_devices
    outcome: deny
    reason: {zh: 设备在黑名单中, en: the device is blocked}
  - id: amount.low
    when: not (amount >= 10)
    points: 5
    reason: {zh: 小额, en: a small amount}
outcomes:
  order: [deny, delay, review, challenge, allow]
  points: {challenge: 30, review: 60}
examples:
  - name: a small payment is allowed
    given:
      - {type: payment.initiated, amount: "20.00", channel: app, card: k1, device: d1}
    expect: {outcome: allow}
"""


def load(text: str = TEXT) -> Policy:
    return load_policy(text, source="policy", catalogue=shipped_catalogue())


def changed(old: str, new: str, *, count: int = 1) -> str:
    """The text with one part in another's place; the part must be there."""
    assert TEXT.count(old) >= 1, old
    return TEXT.replace(old, new, count)
