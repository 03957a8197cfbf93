"""The simulator's mule rings are found among honest traffic, and honest people are left out."""

from collections import defaultdict

import pytest
from tests.console.entities.events_of_tests import entries, event, key
from tests.simulation.rings import rings

from fengkong.console.entities.kinds import KIND_OF_FIELD
from fengkong.console.gangs import finding
from fengkong.console.gangs.models import Gang, Member
from fengkong.console.journaled.intake import take_in
from fengkong.simulation.agenda import SimulatedEvent
from fengkong.simulation.platform import Simulation

TAKEN = {"transfer.initiated", "withdrawal.requested", "login.attempted"}
BATCH = 2_000


def simulated(*, seed: int, days: int, customers: int) -> list[SimulatedEvent]:
    played = Simulation(scenarios=("mule_ring",), seed=seed, days=days, customers=customers)
    return [item for item in played.events() if item.event.type in TAKEN]


def take(items: list[SimulatedEvent]) -> None:
    for at in range(0, len(items), BATCH):
        made = [
            event(
                n,
                at=item.event.occurred_at,
                event_type=item.event.type,
                amount_minor=item.event.values.get("amount"),
                **{f: v for f, v in item.event.values.items() if f in KIND_OF_FIELD},
            )
            for n, item in enumerate(items[at : at + BATCH], at + 1)
        ]
        take_in(entries(*made, after=at))
        while finding.step():
            pass


def found_with(ring: set[str]) -> tuple[float, float]:
    """Of the gang with most of a ring: the share of the ring in it, and of it in the ring."""
    mules = {key("customer", who) for who in ring}
    gangs: dict[int, set[int]] = defaultdict(set)
    for member, gang in Member.objects.values_list("key", "gang_id"):
        gangs[gang].add(member)
    best = max(gangs.values(), key=lambda members: len(members & mules), default=set())
    hit = len(best & mules)
    return hit / len(mules), hit / max(1, len(best))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("seed", "days", "customers"),
    [(1, 3, 2_000), *(pytest.param(s, 5, 4_000, marks=pytest.mark.nightly) for s in (4, 5))],
)
def test_mule_rings_are_found(seed: int, days: int, customers: int) -> None:
    items = simulated(seed=seed, days=days, customers=customers)
    take(items)
    true = rings(items)
    assert true, "the simulation has a ring"
    results = [found_with(ring) for ring in true]
    found = [recall >= 0.8 and precision >= 0.6 for recall, precision in results]
    assert sum(found) > len(true) / 2, results
    first = Gang.objects.filter(state="open").order_by("-rank").first()
    assert first is not None
    mules = {key("customer", who) for ring in true for who in ring}
    members = set(first.people.values_list("key", flat=True))
    assert len(members & mules) > len(members) / 2, "a ring has the most at stake"
