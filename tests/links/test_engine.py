"""A whole engine, from events to decisions, says of links what the naive graph says."""

import math

from hypothesis import HealthCheck, given, settings
from link_events import FLOW, SECOND, happenings
from naive_links import Happening, Naive

from fengkong.decisions.engine import Engine
from fengkong.decisions.policy_file import load_policy
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.columns import EventColumns
from fengkong.events.event import Event

TYPES = {"transfer.made": "transfer.initiated"}
POLICY = f"""\
policy: linked
version: 1
title: {{zh: 关联, en: Linked}}
events: [transfer.initiated]
unknown: record
late_after: 5s
limits: {{hub_links: 3, linked_max: 6}}
features:
  a: component_size() of transfer.initiated, login.attempted over customer by device, card last 10s
  b: hops_to_fraud(payee_account) over customer by account, device last 40s default 9
  c: hops_to_fraud(device) of login.attempted over customer by device last 40s
  d: fan_in() over payee_account {FLOW} last 10s
  e: cycle_hops() over account {FLOW} last 40s default 0
  f: passed_share(amount) over account {FLOW} last 40s
  g: pass_through_seconds() over account {FLOW} last 40s
  h: fan_out() over account {FLOW} last 10s where amount >= 2.5
"""
ENGINE = Engine(load_policy(POLICY, source="policy.yaml", catalogue=shipped_catalogue()))


def event_of(number: int, one: Happening) -> Event:
    """A happening as the engine takes it."""
    kind = TYPES.get(one.type, one.type)
    told = {name: one.values[name] for name in one.values if kind != "login.attempted"}
    used = ("customer", "device", "card", "account")
    values = told or {name: one.values[name] for name in used if name in one.values}
    return Event(type=kind, id=f"e{number}", occurred_at=one.time, currency="CNY", values=values)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events=happenings())
def test_decisions_show_what_the_naive_graph_shows(events: list[Happening]) -> None:
    policy = ENGINE.policy
    naive = Naive(
        features=list(policy.links),
        fields=dict(policy.catalogue.fields),
        default_types=policy.events,
        late_after=5 * SECOND,
        hub_links=3,
        linked_max=6,
    )
    expected = []
    for number, one in enumerate(events):
        event = event_of(number, one)
        large = {"amount >= 2.5"} if event.values.get("amount", 0) >= 250 else set()
        seen = naive.take(Happening(one.time, event.type, event.values, frozenset(large)))
        if event.type in policy.events:
            expected.append([None if math.isnan(value) else value for value in seen])
    columns = EventColumns.from_events([event_of(n, one) for n, one in enumerate(events)])
    blocks = list(ENGINE.decide_columns(columns, ENGINE.new_state()))
    decisions = [block.decision(i) for block in blocks for i in range(len(block))]
    assert [list(decision.features.values()) for decision in decisions] == expected
