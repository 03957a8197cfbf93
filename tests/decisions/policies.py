"""Policies that the tests decide by, and short ways to write events."""

from __future__ import annotations

from functools import cache

from fengkong.core.instants import parse_instant
from fengkong.decisions.engine import Engine
from fengkong.decisions.policy import Policy
from fengkong.decisions.policy_file import load_policy
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.event import Event

MONDAY = parse_instant("2026-11-02T02:00:00Z")
SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR

HEAD = """\
policy: tested
version: 1
title: {zh: 测试, en: Tested}
events: [payment.initiated]
unknown: record
"""

BROAD = """\
policy: broad
version: 2
title: {zh: 广, en: Broad}
events: [payment.initiated, login.attempted, transfer.initiated, loan.applied, device.reported]
currency: CNY
unknown: record
late_after: 2h
features:
  card_payment_count_1h: count() over card last 1h
  card_amount_sum_24h: sum(amount) over card last 24h
  customer_amount_mean_7d: mean(amount) over customer last 7d
  customer_amount_std_7d: std(amount) over customer last 7d
  customer_amount_max_24h: max(amount) over customer last 24h
  device_customer_distinct_7d: distinct(customer) over device last 7d
  ip_customer_distinct_1h: distinct(customer) over ip last 1h
  customer_city_last: last(city) over customer
  customer_city_share_30d: share(city) over customer last 30d
  customer_device_seen: seen_before(device) over customer last 30d
  customer_seconds_since_previous: since_previous() over customer
  customer_distance: distance(place) over customer
  customer_speed: speed(place) over customer
  pair_count_1d: count() over (customer, device) last 1d
  night_count_1d: count() over customer last 1d where hour(occurred_at) < limits.night_end
  large_count_1d: count() over customer last 1d where amount >= 100
  blocked_count_1d: count() over customer last 1d where device in blocked
  failed_login_count_1h: count() of login.attempted over customer last 1h where not succeeded
  fraud_count_30d: count() of label.confirmed over device last 30d where is_fraud
  merchant_fraud_rate_30d: mean(is_fraud) over merchant last 30d delayed 1d
  amount_ratio: ratio(card_amount_sum_24h, customer_amount_max_24h)
  amount_excess: card_amount_sum_24h - customer_amount_mean_7d
  busy: card_payment_count_1h >= 3 or pair_count_1d > 4
  place_word: '"home" if city == customer_city_last else "away"'
lists:
  blocked: {of: device, title: {zh: 黑名单, en: Blocked}, colour: black}
  trusted: {of: customer}
parameters:
  limits.night_end:
    2026-01-01: {value: 6, reference: A}
    2026-11-04: {value: 8, reference: B}
  limits.amount:
    kind: money
    2026-01-01: {value: 500, reference: C}
    2026-11-03: {value: 300.5, reference: D}
  word.city:
    2026-01-01: {value: 杭州市, reference: E}
exchange_rates:
  USD:
    2026-01-01: {value: 7.1, reference: F}
    2026-11-03: {value: 7.2, reference: G}
  JPY:
    2026-11-03: {value: 0.048, reference: H}
scorecards:
  - id: payment_points
    base: 10
    characteristics:
      - id: amount
        input: amount
        bins:
          - {range: "< 100", points: 0}
          - {range: ">= 100", points: 15}
          - {range: missing, points: 5}
tables:
  - id: channel_table
    hit: first
    inputs: [channel, card_payment_count_1h]
    rows:
      - id: app_busy
        when: {channel: '"app"', card_payment_count_1h: "> 2"}
        outcome: challenge
        points: 3
        reason: {zh: "忙 {channel}", en: "Busy {channel}"}
      - {id: web, when: {channel: '"web"'}, points: 7, reason: {zh: 网页, en: Web}}
rules:
  - id: velocity.card
    when: card_payment_count_1h >= 3
    outcome: challenge
    points: 10
    reason: {zh: "一小时 {card_payment_count_1h} 次", en: "{card_payment_count_1h} in an hour"}
  - id: amount.large
    when: amount > limits.amount
    points: 40
    reason: {zh: "金额 {amount} 超过 {limits.amount}", en: "{amount} above {limits.amount}"}
  - id: list.blocked
    when: device in blocked and not (customer in trusted)
    outcome: deny
    reason: {zh: "设备 {device}", en: "Device {device}"}
    techniques: [F1001]
  - id: place.fast
    when: customer_speed > 300 and customer_distance > 100
    outcome: review
    points: 5
    reason: {zh: "速度 {customer_speed}", en: "Speed {customer_speed} from {customer_city_last}"}
    unknown: record
  - id: city.new
    when: customer_city_share_30d < 0.5 and city != word.city
    points: 20
    reason:
      zh: "城市 {city}，{customer_city_last}"
      en: "{city}, {customer_city_share_30d}, {place_word}"
  - id: device.new
    when: not customer_device_seen
    points: 1
    reason: {zh: 新设备, en: New device}
  - id: ratio
    when: amount_ratio > 2 or amount_excess > 200
    points: 30
    reason: {zh: "比 {amount_ratio}", en: "Ratio {amount_ratio}, {amount_excess}"}
  - id: text
    when: matches(lower(device), "^d[0-4]$") and event_type != "login.attempted"
    points: 2
    reason: {zh: "{event_type} {currency}", en: "{event_type} {currency} {occurred_at}"}
    events: [payment.initiated, transfer.initiated]
  - id: unsure
    when: ip_customer_distinct_1h > 1
    points: 2
    outcome: review
    unknown: challenge
    reason: {zh: "{ip}", en: "{ip} {busy}"}
  - id: fraud.before
    when: fraud_count_30d > 0 or merchant_fraud_rate_30d > 0.2
    outcome: delay
    reason: {zh: "{fraud_count_30d}", en: "{fraud_count_30d} {merchant_fraud_rate_30d}"}
  - id: login.failures
    when: failed_login_count_1h >= 2 and customer_seconds_since_previous < 600
    outcome: review
    reason: {zh: "{failed_login_count_1h}", en: "{failed_login_count_1h}"}
  - id: points.card
    when: payment_points >= 25
    points: 4
    reason: {zh: "分 {payment_points}", en: "Points {payment_points}"}
outcomes:
  order: [deny, delay, review, challenge, allow]
  points: {review: 60, challenge: 45}
"""


def load(text: str) -> Policy:
    return load_policy(text, source="policy.yaml", catalogue=shipped_catalogue())


@cache
def broad() -> Policy:
    return load(BROAD)


def engine(body: str) -> Engine:
    """An engine of a policy with the usual head."""
    return Engine(load(HEAD + body))


_counter = iter(range(10**9))


def event(kind: str = "payment.initiated", *, at: int = 0, currency: str | None = None, **values):
    """An event `at` microseconds after the Monday; money is given in minor units."""
    if currency is None and any(name.endswith("amount") for name in values):
        currency = "CNY"
    return Event(
        type=kind,
        id=f"e{next(_counter)}",
        occurred_at=MONDAY + at,
        currency=currency,
        values=values,
    )
