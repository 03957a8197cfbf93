"""The neighbourhood of an entity: who is linked with it, over so many links.

From the focus over links that are alive (used between two hours, both counted), nearest first;
what is reached in the same number of hops comes in the order of its newest link, the newest first,
then of its key. An entity with more than `HUB_LINKS` links of any age is a hub: it is reached, but
nobody walks through it, unless it is the focus or was opened; of those the first `OPENED_LINKS`
links in the order of keys are looked at. Beyond `NODES_MAX` entities nobody is added. An opened
entity is walked from even in the last hop. Edges are the alive links between entities that were
reached; between two hubs none is looked for.

So a neighbourhood costs at most NODES_MAX looks into the index, whatever its size.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from django.db import connection

from fengkong.console.entities.kinds import FIELDS, KIND_NUMBER_OF_FIELD, KIND_NUMBERS, KINDS

HUB_LINKS: Final = 50
OPENED_LINKS: Final = 300
NODES_MAX: Final = 500
HOPS_MAX: Final = 4
_SOME: Final = 100
_COLUMNS: Final = "subject, entity, field, first_h, newest_h"
_OF_ONE: Final = f"""
    SELECT {{0}}, own.* FROM (SELECT {_COLUMNS} FROM entities_link
        WHERE subject = %s ORDER BY entity, field LIMIT %s) AS own
    UNION ALL SELECT {{0}}, others.* FROM (SELECT {_COLUMNS} FROM entities_link
        WHERE entity = %s ORDER BY subject, field LIMIT %s) AS others
"""  # noqa: S608 - columns and places in a list, no values
"""The links of one entity, with its place among those asked for; each side at most so many."""

Row = tuple[int, int, int, int, int]
"""Subject, entity, field, first and newest hour of a link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of a walk."""

    hops: int = 2
    hub_links: int = HUB_LINKS
    opened_links: int = OPENED_LINKS
    nodes_max: int = NODES_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to walk: links alive from `since_h` to `until_h` whose entities are of `kinds`.

    `kinds` does not bind the focus, the opened, nor whose events they are. With hubs hidden a hub
    is not even reached.
    """

    since_h: int = 0
    until_h: int = 2**31 - 1
    kinds: frozenset[str] = frozenset(KINDS)
    opened: frozenset[int] = frozenset()
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Edge:
    """A link: whose event named which entity, in which field, and in which hours."""

    subject: int
    entity: int
    field: str
    first_h: int
    newest_h: int


@dataclass(slots=True)
class Neighbourhood:
    """Entities by the hops to them, with the edges between them; `more` says it was cut."""

    hops: dict[int, int]
    hubs: set[int]
    edges: list[Edge]
    more: bool


def neighbourhood(focus: int, wanted: Wanted, *, hides_hubs: bool = False) -> Neighbourhood:
    """What is around an entity."""
    walk = _Walk(focus, wanted, hides_hubs=hides_hubs)
    for hop in range(HOPS_MAX):
        frontier = [key for key, at in walk.hops.items() if at == hop]
        walk.look(frontier)
        if hop >= wanted.limits.hops:
            frontier = [key for key in frontier if key in wanted.opened]
        if not walk.step(frontier, hop=hop + 1):
            break
    walk.look([key for key in walk.hops if key not in walk.links])
    return walk.found()


class _Walk:
    def __init__(self, focus: int, wanted: Wanted, *, hides_hubs: bool) -> None:
        self.focus, self.wanted, self.hides_hubs = focus, wanted, hides_hubs
        self.hops: dict[int, int] = {focus: 0}
        self.links: dict[int, list[Row]] = {}
        self.hubs: set[int] = set()
        self.more = False
        numbers = {KIND_NUMBERS[kind] for kind in wanted.kinds}
        self._fields = {at for at, number in enumerate(KIND_NUMBER_OF_FIELD) if number in numbers}

    def look(self, keys: Collection[int]) -> None:
        """Read the links of entities that were not looked at yet."""
        limits = self.wanted.limits
        wide = {self.focus, *self.wanted.opened}
        new = [key for key in keys if key not in self.links]
        narrow = [key for key in new if key not in wide]
        self.links |= links_of_many(narrow, limit=limits.hub_links + 1)
        self.links |= links_of_many([key for key in new if key in wide], limit=limits.opened_links)
        self.hubs |= {key for key in new if len(self.links[key]) > limits.hub_links}

    def step(self, frontier: Iterable[int], *, hop: int) -> bool:
        """Reach what is one hop on; whether anything was."""
        reached: dict[int, tuple[int, int]] = {}
        for key in frontier:
            if key in self.hubs and key != self.focus and key not in self.wanted.opened:
                continue
            for row in self.links[key]:
                other = row[1] if row[0] == key else row[0]
                if other not in self.hops and self._is_wanted(row, other):
                    rank = (-row[4], other)
                    reached[other] = min(reached.get(other, rank), rank)
        order = sorted(reached, key=reached.__getitem__)
        if self.hides_hubs:
            order = self._without_hubs(order)
        room = self.wanted.limits.nodes_max - len(self.hops)
        self.more = self.more or len(order) > room
        self.hops |= dict.fromkeys(order[: max(0, room)], hop)
        return bool(order)

    def _without_hubs(self, keys: list[int]) -> list[int]:
        """Those that are no hubs, of the first for which there is room and a few more."""
        room = self.wanted.limits.nodes_max - len(self.hops)
        kept: list[int] = []
        for at in range(0, len(keys), _SOME):
            some = keys[at : at + _SOME]
            self.look(some)
            kept += [key for key in some if key not in self.hubs or key in self.wanted.opened]
            if len(kept) > room:
                break
        return kept

    def _is_wanted(self, row: Row, other: int) -> bool:
        if row[4] < self.wanted.since_h or row[3] > self.wanted.until_h:
            return False
        named = other == row[0] or other == self.focus or other in self.wanted.opened
        return named or row[2] in self._fields

    def found(self) -> Neighbourhood:
        rows = {
            row
            for key in self.hops
            for row in self.links.get(key, ())
            if row[0] in self.hops and row[1] in self.hops and self._is_wanted(row, row[1])
        }
        edges = [Edge(row[0], row[1], FIELDS[row[2]], row[3], row[4]) for row in sorted(rows)]
        return Neighbourhood(self.hops, self.hubs & self.hops.keys(), edges, self.more)


def links_of_many(keys: Collection[int], *, limit: int) -> Mapping[int, list[Row]]:
    """The links of each of some entities, at most `limit` of each, in the order of the index."""
    found: dict[int, list[Row]] = {key: [] for key in keys}
    wanted = list(found)
    for at in range(0, len(wanted), _SOME):
        some = wanted[at : at + _SOME]
        statement = " UNION ALL ".join(_OF_ONE.format(place) for place in range(len(some)))
        with connection.cursor() as cursor:
            cursor.execute(statement, [part for key in some for part in (key, limit, key, limit)])
            for row in cursor.fetchall():
                links = found[some[row[0]]]
                if len(links) < limit:
                    links.append(row[1:])
    return found
