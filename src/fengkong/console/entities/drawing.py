"""A neighbourhood as it is drawn: seeded positions, shapes by kind, lines by how new they are.

The same entities and links give the same drawing. No colour stands alone: what an entity is says
its shape and the letter in it; what is known of it, its ring and a sign.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import rustworkx

from fengkong.console.entities.walking import Neighbourhood

WIDTH: Final = 1000
HEIGHT: Final = 640
MARGIN: Final = 44
SEED: Final = 20_261_130
ROUNDS: Final = 60
ROUNDS_OF_MANY: Final = 30
MANY: Final = 200
LABELLED_MAX: Final = 60
KEPT: Final = 64
"""Layouts that a process keeps: who turns the table's pages or looks back computes none again."""

SIDES: Final[Mapping[str, tuple[int, float]]] = {
    "account": (4, 45.0),
    "card": (6, 0.0),
    "device": (4, 0.0),
    "ip": (3, -90.0),
    "merchant": (5, -90.0),
    "payee": (3, 90.0),
    "phone": (8, 22.5),
}
"""Corners and the angle of the first, of the shapes that are no circle and no star."""
_STAR: Final = (10, -90.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an entity stands, and how large it is."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line between two places, `first_h` and `newest_h` for the slider of time."""

    x1: float
    y1: float
    x2: float
    y2: float
    first_h: int
    newest_h: int


def positions(found: Neighbourhood) -> dict[int, tuple[float, float]]:
    """Positions in the drawing, of each entity: a spring layout from seeded dice.

    Fruchterman and Reingold 1991, as rustworkx computes it.
    """
    keys = sorted(found.hops, key=lambda key: (found.hops[key], key))
    number = {key: at for at, key in enumerate(keys)}
    pairs = tuple((number[one.subject], number[one.entity]) for one in found.edges)
    return dict(zip(keys, _laid(len(keys), pairs), strict=True))


@lru_cache(KEPT)
def _laid(count: int, pairs: tuple[tuple[int, int], ...]) -> list[tuple[float, float]]:
    """The layout of so many entities and their links."""
    graph: rustworkx.PyGraph[int, None] = rustworkx.PyGraph(multigraph=False)
    graph.add_nodes_from(range(count))
    graph.add_edges_from_no_data(list(pairs))
    rounds = ROUNDS if count <= MANY else ROUNDS_OF_MANY
    laid = rustworkx.spring_layout(graph, seed=SEED, num_iter=rounds)
    return _fitted([(float(laid[at][0]), float(laid[at][1])) for at in range(count)])


def _fitted(spots: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spots stretched over the drawing."""
    columns = []
    for axis, length in ((0, WIDTH), (1, HEIGHT)):
        values = [spot[axis] for spot in spots]
        low, span = min(values), max(values) - min(values)
        room = length - 2 * MARGIN
        columns.append(
            [round(MARGIN + room * ((v - low) / span if span else 0.5), 1) for v in values]
        )
    return list(zip(columns[0], columns[1], strict=True))


def radius_of(count: int, *, is_focus: bool) -> float:
    """How large an entity is drawn among so many."""
    radius = 15.0 if count <= LABELLED_MAX else 11.0 if count <= MANY else 7.0
    return radius * 1.4 if is_focus else radius


@lru_cache(256)
def outline(kind: str, *, radius: float) -> str:
    """The points of a kind's shape about its middle; none for a customer, who is a circle."""
    if kind == "customer":
        return ""
    corners, angle = SIDES.get(kind, _STAR)
    reach = radius * (1.18 if corners <= 4 else 1.05)
    points = []
    for corner in range(corners):
        turn = math.radians(angle + 360.0 * corner / corners)
        length = reach * (0.62 if kind not in SIDES and corner % 2 else 1.0)
        points.append(f"{length * math.cos(turn):.1f},{length * math.sin(turn):.1f}")
    return " ".join(points)


def lines(found: Neighbourhood, spots: Mapping[int, tuple[float, float]]) -> list[Line]:
    """A line for each pair that is linked, over all fields and the hours of all of them."""
    hours: dict[tuple[int, int], tuple[int, int]] = {}
    for edge in found.edges:
        pair = (edge.subject, edge.entity)
        first, newest = hours.get(pair, (edge.first_h, edge.newest_h))
        hours[pair] = (min(first, edge.first_h), max(newest, edge.newest_h))
    return [
        Line(
            x1=spots[a][0],
            y1=spots[a][1],
            x2=spots[b][0],
            y2=spots[b][1],
            first_h=first,
            newest_h=newest,
        )
        for (a, b), (first, newest) in hours.items()
    ]
