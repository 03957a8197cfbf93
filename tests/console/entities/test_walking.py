"""What is around an entity is what a plain walk over all links finds."""

from collections import defaultdict
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from fengkong.console.entities.kinds import FIELDS, KIND_OF_FIELD, KINDS
from fengkong.console.entities.models import Link
from fengkong.console.entities.walking import Limits, Neighbourhood, Wanted, neighbourhood

USED = [FIELDS.index(name) for name in ("account", "device", "ip")]
LINKS = st.dictionaries(
    st.tuples(st.integers(1, 9), st.integers(11, 17), st.sampled_from(USED)),
    st.tuples(st.integers(0, 20), st.integers(0, 20)).map(sorted).map(tuple),
    max_size=24,
)
WANTED = st.builds(
    Wanted,
    since_h=st.integers(0, 8),
    until_h=st.integers(10, 20),
    kinds=st.sampled_from([frozenset(KINDS), frozenset({"device", "ip"})]),
    opened=st.sets(st.integers(1, 17), max_size=2).map(frozenset),
    limits=st.builds(
        Limits,
        hops=st.integers(1, 3),
        hub_links=st.integers(1, 4),
        opened_links=st.just(5),
        nodes_max=st.integers(2, 14),
    ),
)
Links = dict[tuple[int, int, int], tuple[int, int]]


def naive(links: Links, focus: int, wanted: Wanted, hides_hubs: bool) -> dict[str, Any]:
    """The walk as the module's docstring says it, entity by entity."""
    limits, wide = wanted.limits, {focus, *wanted.opened}
    around: dict[int, list[Any]] = defaultdict(list)
    for (subject, entity, field), hours in sorted(links.items()):
        around[subject].append((subject, entity, field, *hours))
    for (subject, entity, field), hours in sorted(links.items(), key=lambda one: one[0]):
        around[entity].append((subject, entity, field, *hours))
    hubs = {key for key, rows in around.items() if len(rows) > limits.hub_links}

    def wants(row: Any, other: int) -> bool:
        alive = row[4] >= wanted.since_h and row[3] <= wanted.until_h
        free = other in (row[0], focus) or other in wanted.opened
        return alive and (free or KIND_OF_FIELD[FIELDS[row[2]]] in wanted.kinds)

    def rows_of(key: int) -> list[Any]:
        return around[key][: limits.opened_links if key in wide else limits.hub_links + 1]

    hops, more = {focus: 0}, False
    for hop in range(1, 5):
        best: dict[int, Any] = {}
        for key in [key for key, at in hops.items() if at == hop - 1]:
            may_walk = key in wide or key not in hubs
            may_walk &= hop <= limits.hops or key in wanted.opened
            for row in rows_of(key) if may_walk else ():
                other = row[1] if row[0] == key else row[0]
                hidden = hides_hubs and other in hubs and other not in wanted.opened
                if other not in hops and wants(row, other) and not hidden:
                    best[other] = min(best.get(other, (9, 9)), (-row[4], other))
        for other in sorted(best, key=best.__getitem__):
            if len(hops) < limits.nodes_max:
                hops[other] = hop
            else:
                more = True
    edges = {
        row
        for key in hops
        for row in rows_of(key)
        if row[0] in hops and row[1] in hops and wants(row, row[1])
    }
    return {"hops": hops, "hubs": hubs & hops.keys(), "edges": edges, "more": more}


def plain(found: Neighbourhood) -> dict[str, Any]:
    edges = {
        (one.subject, one.entity, FIELDS.index(one.field), one.first_h, one.newest_h)
        for one in found.edges
    }
    return {"hops": found.hops, "hubs": found.hubs, "edges": edges, "more": found.more}


class Walking(TestCase):
    @settings(max_examples=150, deadline=None)
    @given(LINKS, st.sampled_from([1, 2, 11, 12]), WANTED, st.booleans())
    def test_it_is_what_a_plain_walk_finds(
        self, links: Links, focus: int, wanted: Wanted, hides_hubs: bool
    ) -> None:
        Link.objects.bulk_create(
            Link(subject=s, entity=e, field=f, first_h=first, newest_h=newest)
            for (s, e, f), (first, newest) in links.items()
        )
        found = plain(neighbourhood(focus, wanted, hides_hubs=hides_hubs))
        assert found == naive(links, focus, wanted, hides_hubs)
