"""A lane's state is a fold over the journal: one event at a time or in columns, full or not."""

import dataclasses
import random

import pytest
from desk_of_tests import OTHER_WINDOWS, POLICY, STRICTER, body, payment

from fengkong.decisions.engine import Engine
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.decoding import Decoder
from fengkong.features.state import Limits
from fengkong.service.states.lanes import Lane, Passed, same_memory

decode = Decoder(shipped_catalogue()).decode


def events(count, *, keys=7):
    dice = random.Random(5)
    return [
        decode(
            body(
                payment(
                    n,
                    card=f"card-{dice.randrange(keys)}",
                    device=f"dev-{dice.randrange(keys)}",
                    merchant=None if n % 3 else f"m-{n}",
                )
            )
        )
        for n in range(count)
    ]


def tight_lane(memory_bytes):
    """A lane whose windows may hold less than any policy file can say."""
    lane = Lane.begin(POLICY)
    policy = dataclasses.replace(lane.policy, limits=Limits(memory_bytes=memory_bytes))
    engine = Engine(policy)
    return Lane(POLICY, engine, engine.new_state())


def judged(lane, given):
    return [lane.judge(event) for event in given]


@pytest.mark.parametrize("cut", [0, 1, 63, 64, 65, 200, 500])
def test_folding_gives_the_state_that_judging_left(cut):
    given = events(600)
    live, folded = Lane.begin(POLICY), Lane.begin(POLICY)
    judged(live, given[:cut])
    folded.fold([Passed(event, degraded=False) for event in given[:cut]])
    assert judged(live, given[cut:]) == judged(folded, given[cut:])


def test_deciding_together_is_judging_one_by_one():
    given = events(300)
    single, together = Lane.begin(POLICY), Lane.begin(POLICY)
    expected = [one.decision for one in judged(single, given)]
    found = together.decide_together(given[:100]) + together.decide_together(given[100:])
    assert [one.text for one in found] == [decision.to_json() for decision in expected]
    assert [one[1:] for one in found] == [(one.outcome, one.late) for one in expected]


def test_without_room_the_fallback_applies_and_a_fold_counts_nothing_of_it():
    given = events(30_000, keys=20_000)
    memory_bytes = 2_000_000
    live = tight_lane(memory_bytes)
    first = judged(live, given[:25_000])
    full = [one.missing is not None for one in first]
    assert any(full), "so many keys do not fit"
    assert not all(full), "some do"
    degraded = first[full.index(True)]
    assert degraded.decision.outcome == "review"
    assert degraded.missing == "features"
    folded = Lane.begin(POLICY)
    folded.fold(
        [Passed(event, degraded=lost) for event, lost in zip(given[:25_000], full, strict=True)]
    )
    # With room for both, what comes next sees the same: nobody counted what was degraded.
    live.state.windows.limits = Limits()
    if live.state.links is not None:
        live.state.links.limits = folded.state.links.limits
    assert judged(folded, given[25_000:]) == judged(live, given[25_000:])


def test_policies_that_remember_the_same_can_share_a_state():
    policy = Lane.begin(POLICY).policy
    assert same_memory(policy, Lane.begin(STRICTER).policy)
    assert not same_memory(policy, Lane.begin(OTHER_WINDOWS).policy)
