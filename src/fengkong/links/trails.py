"""The way from an event's entity to the nearest fraud: why `hops_to_fraud` said what it said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fengkong.links import kernel
from fengkong.links.state import LinkState

_WORD: Final = (1 << 64) - 1
_SALT: Final = 0x9E3779B97F4A7C15


class Linked(NamedTuple):
    """An entity on the way: its kind, such as `device`, and the 128-bit hash of its name."""

    space: str
    key: tuple[int, int]


def trail(links: LinkState, name: str) -> tuple[Linked, ...]:
    """The entities from the event that was counted last, alone, to the fraud it is linked with.

    `name` is a `hops_to_fraud` feature; the trail has one entity more than hops, and is empty where
    no fraud was found. It is walked as the kernel walks, so both find the same.
    """
    column = links.plan.names.index(name)
    walks = links.plan.rows[links.plan.rows[0, kernel.WALK] :][: links.plan.rows[1, kernel.WALK]]
    (walk,) = walks[walks[:, kernel.W_HOPS] == column]
    return _Search(links, walk).trail()


class _Search:
    """One walk over the arrays of a state, remembering where it came from."""

    def __init__(self, links: LinkState, walk: NDArray[np.int64]) -> None:
        self.links = links
        self.arena = links.arena
        self.graph = int(walk[kernel.W_GRAPH])
        rows = links.plan.rows
        first = int(rows[rows[0, kernel.GRAPH] + self.graph, kernel.G_ROLE_LO])
        self.start = links.counted_node(first)
        self.mark = kernel.MARKS + int(walk[kernel.W_MARK])
        self.edge = 0
        if self.start >= 0:
            self.edge = int(self.arena[self.start + kernel.N_CLOCK] - walk[kernel.W_WIDTH])

    def trail(self) -> tuple[Linked, ...]:
        """The shortest way to a mark, in the order in which the kernel comes across it."""
        if self.start < 0:
            return ()
        before = {self.start: -1}
        found = [self.start] if self._is_marked(self.start) else []
        frontier = [self.start]
        for _ in range(kernel.HOPS_MAX // 2):
            if found:
                break
            things: list[int] = []
            following: list[int] = []
            for node in frontier:
                for thing in self._walked(node):
                    if thing in before:
                        continue
                    before[thing] = node
                    things.append(thing)
                    following += self._others(thing, before)
            frontier = following
            found = [one for one in (*things, *following) if self._is_marked(one)]
        return self._way(found[0], before) if found else ()

    def _walked(self, node: int) -> Iterator[int]:
        """What a member shares, the newest first; nothing of another hub."""
        if node == self.start or not self._is_hub(node):
            yield from self._neighbours(node)

    def _others(self, thing: int, before: dict[int, int]) -> list[int]:
        """Members that were not met before, as many as a walk may still reach."""
        others: list[int] = []
        if self._is_hub(thing):
            return others
        for other in self._neighbours(thing):
            members = sum(self._space(one) == self._space(self.start) for one in before)
            if other not in before and members < self.links.links.linked_max:
                before[other] = thing
                others.append(other)
        return others

    def _neighbours(self, node: int) -> list[int]:
        ring = node + kernel.LINKS
        place = int(self.arena[ring + kernel.R_PLACE])
        used = int(self.arena[ring + kernel.R_USED])
        rows = self.arena[place : place + kernel.LINK_WORDS * used].reshape(used, kernel.LINK_WORDS)
        newest = rows[::-1][: self.links.links.hub_links]
        return [int(other) for time, other in newest.tolist() if time > self.edge]

    def _is_hub(self, node: int) -> bool:
        ring = node + kernel.LINKS
        full = self.arena[ring + kernel.R_USED] > self.links.links.hub_links
        return bool(full and self.arena[self.arena[ring + kernel.R_PLACE]] > self.edge)

    def _is_marked(self, node: int) -> bool:
        return bool(self.arena[node + self.mark] > self.edge)

    def _space(self, node: int) -> int:
        return int(self.arena[node + kernel.N_SPACE])

    def _way(self, node: int, before: dict[int, int]) -> tuple[Linked, ...]:
        way: list[Linked] = []
        while node >= 0:
            way.append(self._linked(node))
            node = before[node]
        return tuple(reversed(way))

    def _linked(self, node: int) -> Linked:
        """An entity by its kind and hash, which the node holds salted."""
        space = self._space(node)
        salt = 1 + self.graph * 1024 + space
        first = int(self.arena[node + kernel.N_FIRST]) & _WORD
        second = int(self.arena[node + kernel.N_SECOND]) & _WORD
        key = (first ^ (salt * _SALT & _WORD), second - salt & _WORD)
        return Linked(self.links.plan.spaces[space], key)
