"""A trail leads from an event's entity to a fraud, as long as the feature says, over real links."""

import itertools
import math

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from link_events import (
    advance,
    happenings,
    key_of,
    naive_of,
    plan_of,
    shared,
    state_of,
    told,
)
from naive_links import Entity

from fengkong.links.state import LinkLimits
from fengkong.links.trails import Linked, trail

TEXTS = [
    "hops_to_fraud(device) over customer by device, card last 10s",
    "hops_to_fraud() over customer by device, card last 40s",
    "component_size() over customer by device, card last 40s",
    "hops_to_fraud(account) over customer by account, device last 40s",
]
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def linked(entity: Entity) -> Linked:
    return Linked(entity[0], key_of(entity[1]))


@settings(max_examples=80, deadline=None, suppress_health_check=SLOW)
@given(events=happenings(), hub=st.sampled_from([2, 3, 32]), most=st.sampled_from([2, 4, 100]))
def test_a_trail_has_as_many_links_as_the_feature_says(events, hub, most):
    state = state_of(plan_of(TEXTS), links=LinkLimits(hub_links=hub, linked_max=most))
    naive = naive_of(state)
    for event in events:
        (values,) = advance(state, [event])
        naive.take(event)
        for number in (0, 1, 3):
            way, hops = trail(state, f"f{number}"), values[number]
            if math.isnan(hops):
                assert way == ()
                continue
            assert len(way) == hops + 1
            feature = state.plan.features[number]
            member = naive.entity("customer", event)
            assert way[0] == linked(member)
            edge = max(time for time, _ in naive.counted) - 3 * feature.last
            near = {
                linked(one): {linked(other) for other in others}
                for one, others in naive.neighbours(feature, edge).items()
            }
            assert all(b in near[a] for a, b in itertools.pairwise(way))
            assert way[-1] in {linked(one) for one in naive.marked(feature, edge)}


def test_the_way_over_a_phone_and_an_account() -> None:
    state = state_of(plan_of(TEXTS[3:]))
    events = [
        *(shared(0, "b", device="d"), shared(0, "b", account="x"), told(1, account="x")),
        shared(2, "a", device="d"),
    ]
    for event in events:
        (values,) = advance(state, [event])
    assert values == [3]
    way = [("customer", "a"), ("device", "d"), ("customer", "b"), ("account", "x")]
    assert trail(state, "f0") == tuple(linked(one) for one in way)
