"""The table beside a picture: the same entities, nearest first, in pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from django.urls import reverse

from fengkong.console.entities.forms import GraphAsked
from fengkong.console.entities.picture import Node

ROWS_A_PAGE: Final = 50


@dataclass(frozen=True)
class Twin:
    """The page `page` (from 1) of the table of a picture's nodes.

    Addresses are of the whole page; with `&part=1` behind they are of the graph alone, with
    `&part=rows` of the table's rows alone.
    """

    subject: str
    asked: GraphAsked
    nodes: Sequence[Node]
    page: int

    @cached_property
    def bare(self) -> str:
        """The address of this graph with nobody opened."""
        parts = [f"{reverse('entities:graph')}?subject={self.subject}&hops={self.asked.hops}"]
        if self.asked.days is not None:
            parts.append(f"days={self.asked.days}")
        if self.asked.over:
            parts.append(f"over={self.asked.over}")
        if self.asked.shows_hubs:
            parts.append("hubs=show")
        return "&".join(parts)

    @property
    def opened(self) -> str:
        """Who is opened, in the order of it."""
        return ",".join(self.asked.opened)

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-len(self.nodes) // ROWS_A_PAGE))

    @property
    def first(self) -> int:
        """The number of the first row of this page, from 1."""
        return ROWS_A_PAGE * (min(self.page, self.pages) - 1) + 1

    @property
    def last(self) -> int:
        """The number of the last row of this page."""
        return min(self.first + ROWS_A_PAGE - 1, len(self.nodes))

    @property
    def rows(self) -> Iterator[tuple[Node, str]]:
        """The nodes of this page, each with the address in which it is opened, or closed again."""
        for node in self.nodes[self.first - 1 : self.last]:
            yield node, self._with(self._turned(node.named.entity))

    @property
    def previous(self) -> str:
        """The address of the page before; empty at the start."""
        return self._at(self.page - 1) if self.first > 1 else ""

    @property
    def following(self) -> str:
        """The address of the next page; empty at the end."""
        return self._at(self.page + 1) if self.last < len(self.nodes) else ""

    def _turned(self, entity: str) -> tuple[str, ...]:
        others = tuple(one for one in self.asked.opened if one != entity)
        return others if len(others) < len(self.asked.opened) else (*others, entity)

    def _with(self, opened: Sequence[str]) -> str:
        return f"{self.bare}&open={','.join(opened)}" if opened else self.bare

    def _at(self, page: int) -> str:
        return f"{self._with(self.asked.opened)}&rows={page}"
