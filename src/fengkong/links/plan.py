"""From declared link features to a plan: which graphs are kept, and what is read of them."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fengkong.core.errors import Fault, FaultsError
from fengkong.events.catalogue import TEXT_LIKE, Field, Kind
from fengkong.events.spelling import did_you_mean
from fengkong.links import kernel
from fengkong.links.declarations import SHARING, InvalidLinkFeatureError, LinkFeature, Measure

LABEL: Final = "label.confirmed"
"""The event type that says who is known for fraud."""
FRAUD: Final = "is_fraud"
"""The field of a label that says so."""

_FLOW_READS: Final = {
    Measure.FAN_IN: kernel.FAN_IN,
    Measure.FAN_OUT: kernel.FAN_OUT,
    Measure.CYCLE_HOPS: kernel.CYCLE,
    Measure.PASS_THROUGH_SECONDS: kernel.PASS_SECONDS,
    Measure.PASSED_SHARE: kernel.PASS_SHARE,
}
_PEERS: Final = (Measure.FAN_IN, Measure.FAN_OUT)
_MOVES: Final = (Measure.CYCLE_HOPS, Measure.PASSED_SHARE)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStream:
    """Which events a graph counts: those of these types that hold the condition."""

    event_types: tuple[str, ...]
    where: str | None


@dataclass(frozen=True, kw_only=True)
class LinkPlan:
    """What the link kernel computes and what it must be given.

    `fields` are the names whose hashes are the keys; `streams` say which events are members, the
    last one being the labels if some feature asks for them; `cells` are the input columns; the
    output has a column a feature; `spaces` are the kinds of entities that nodes stand for.
    """

    features: tuple[LinkFeature, ...]
    fields: tuple[str, ...]
    streams: tuple[LinkStream, ...]
    cells: tuple[str, ...]
    rows: NDArray[np.int64]
    roles: int
    spaces: tuple[str, ...]
    span: int

    @property
    def names(self) -> tuple[str, ...]:
        """The features in the order of the output columns."""
        return tuple(feature.name for feature in self.features)


def event_types(features: Sequence[LinkFeature]) -> frozenset[str]:
    """Event types that link features count beside those that the policy decides."""
    named = {name for feature in features for name in feature.event_types or ()}
    labels = {LABEL} if any(feature.mark is not None for feature in features) else set()
    return frozenset(named | labels)


def compile_link_plan(
    features: Sequence[LinkFeature],
    *,
    fields: Mapping[str, Field],
    default_types: Sequence[str],
) -> LinkPlan:
    """The plan of declared features; all faults of all declarations raise one FaultsError.

    `default_types` are the event types of a feature that names none.
    """
    check_link_features(features, fields=fields)
    forest = _Forest(fields=fields, default_types=tuple(sorted(default_types)))
    for column, feature in enumerate(features):
        forest.add(feature, column=column)
    streams = list(forest.streams)
    if any(graph.marks for graph in forest.graphs):
        streams.append(LinkStream(event_types=(LABEL,), where=None))
        forest.cells.setdefault(FRAUD, len(forest.cells))
    rows, roles = forest.rows()
    return LinkPlan(
        features=tuple(features),
        fields=tuple(forest.fields_used),
        streams=tuple(streams),
        cells=tuple(forest.cells),
        rows=rows,
        roles=roles,
        spaces=tuple(forest.spaces),
        span=max((feature.last for feature in features), default=0),
    )


def check_link_features(features: Sequence[LinkFeature], *, fields: Mapping[str, Field]) -> None:
    """Refuse features whose fields do not exist or do not fit; all faults raise one FaultsError."""
    faults = [fault for feature in features for fault in _faults(feature, fields=fields)]
    if faults:
        raise FaultsError(faults)


def _faults(feature: LinkFeature, *, fields: Mapping[str, Field]) -> Iterator[Fault]:
    path = f"$.features.{feature.name}"
    names = {*feature.entities, *([feature.argument] if feature.argument else [])}
    unknown = sorted(name for name in names if name not in fields)
    for name in unknown:
        message = f"unknown field {name!r}{did_you_mean(name, fields)}"
        yield InvalidLinkFeatureError(message, path=path).fault()
    if unknown:
        return
    for name in feature.entities:
        if fields[name].kind not in TEXT_LIKE:
            message = f"{name} is {fields[name].kind}; only entities and words can be linked"
            yield InvalidLinkFeatureError(message, path=path).fault()
    yield from _space_faults(feature, fields=fields)
    argument = feature.argument
    linked = {space(fields[name]) for name in feature.entities}
    if feature.mark is not None and space(fields[feature.mark]) not in linked:
        message = f"hops_to_fraud({argument}): no {space(fields[feature.mark])} is linked"
        yield InvalidLinkFeatureError(message, path=path).fault()
    summed = argument if feature.measure is Measure.PASSED_SHARE else None
    if summed is not None and fields[summed].kind is not Kind.MONEY:
        message = f"passed_share({summed}): {summed} is {fields[summed].kind}, not money"
        yield InvalidLinkFeatureError(message, path=path).fault()


def _space_faults(feature: LinkFeature, *, fields: Mapping[str, Field]) -> Iterator[Fault]:
    """What is shared must be of another kind than who shares it; a flow needs one kind."""
    path = f"$.features.{feature.name}"
    first = space(fields[feature.entities[0]])
    for name in feature.entities[1:]:
        same = space(fields[name]) == first
        if feature.measure in SHARING and same:
            message = f"{name} and {feature.over} are both {first}: that is a flow, not a sharing"
            yield InvalidLinkFeatureError(message, path=path).fault()
        if feature.measure not in SHARING and not same:
            message = f"{feature.payer} and {name} are not the same kind of entity"
            yield InvalidLinkFeatureError(message, path=path).fault()


def space(one: Field) -> str:
    """The kind of entity of a field: account and payee_account are both accounts."""
    return one.entity or one.name


@dataclass(slots=True, kw_only=True)
class _Graph:
    """Nodes and links that some features read together."""

    stream: int
    entities: tuple[str, ...]
    flow: bool
    amount: str | None = None
    marks: list[str] = field(default_factory=list)
    peers: bool = False
    moves: bool = False


@dataclass(slots=True, kw_only=True)
class _Walk:
    """What one walk from an event's entity finds; columns are -1 where nobody asks."""

    graph: int
    width: int
    columns: dict[Measure, int] = field(default_factory=dict)
    mark: int = -1
    default: float = float("nan")


class _Forest:
    """All graphs of the declared features; equal needs are shared."""

    def __init__(self, *, fields: Mapping[str, Field], default_types: tuple[str, ...]) -> None:
        self.catalogue = fields
        self.default_types = default_types
        self.streams: dict[LinkStream, int] = {}
        self.graphs: list[_Graph] = []
        self.walks: list[_Walk] = []
        self.reads: list[tuple[LinkFeature, int, int]] = []
        self.fields_used: dict[str, int] = {}
        self.cells: dict[str, int] = {}
        self.spaces: dict[str, int] = {}

    def add(self, feature: LinkFeature, *, column: int) -> None:
        """Everything that one feature needs."""
        number = self._graph(feature)
        graph = self.graphs[number]
        for name in graph.entities:
            self.fields_used.setdefault(name, len(self.fields_used))
            self.spaces.setdefault(space(self.catalogue[name]), len(self.spaces))
        if feature.measure in SHARING:
            self._add_walk(feature, number, column=column)
            return
        graph.peers |= feature.measure in _PEERS
        graph.moves |= feature.measure in _MOVES
        if feature.measure is Measure.PASSED_SHARE and feature.argument is not None:
            graph.amount = feature.argument
            self.cells.setdefault(feature.argument, len(self.cells))
        self.reads.append((feature, number, column))

    def _graph(self, feature: LinkFeature) -> int:
        stream = LinkStream(
            event_types=tuple(sorted(feature.event_types or self.default_types)),
            where=feature.where,
        )
        number = self.streams.setdefault(stream, len(self.streams))
        flow = feature.measure not in SHARING
        amount = feature.argument if feature.measure is Measure.PASSED_SHARE else None
        for at, graph in enumerate(self.graphs):
            same = (graph.stream, graph.entities, graph.flow) == (number, feature.entities, flow)
            if same and (amount is None or graph.amount in (None, amount)):
                return at
        self.graphs.append(_Graph(stream=number, entities=feature.entities, flow=flow))
        return len(self.graphs) - 1

    def _add_walk(self, feature: LinkFeature, number: int, *, column: int) -> None:
        measure, marks = feature.measure, self.graphs[number].marks
        if feature.mark is not None and feature.mark not in marks:
            marks.append(feature.mark)
        for walk in self.walks:
            fits = (walk.graph, walk.width) == (number, feature.last)
            if fits and measure not in walk.columns:
                break
        else:
            walk = _Walk(graph=number, width=feature.last)
            self.walks.append(walk)
        walk.columns[measure] = column
        if feature.mark is not None:
            walk.mark = marks.index(feature.mark)
            walk.default = float("nan") if feature.default is None else feature.default

    # -- rows --------------------------------------------------------------------------------

    def rows(self) -> tuple[NDArray[np.int64], int]:
        """The rows that the kernel reads, and how many roles there are."""
        sections: list[list[list[int]]] = [[] for _ in range(4)]
        firsts = [self._write_graph(sections, graph, g) for g, graph in enumerate(self.graphs)]
        for walk in self.walks:
            of = [walk.columns.get(one, -1) for one in _WALKED]
            row = [walk.graph, walk.width, *of, walk.mark, _bits(walk.default)]
            sections[kernel.WALK].append(row)
        for feature, number, column in self.reads:
            role = firsts[number] + self.graphs[number].entities.index(feature.over)
            default = float("nan") if feature.default is None else feature.default
            measure = _FLOW_READS[feature.measure]
            row = [measure, number, feature.last, role, column, _bits(default)]
            sections[kernel.READ].append(row)
        return _assembled(sections), len(sections[kernel.ROLE])

    def _write_graph(self, sections: list[list[list[int]]], graph: _Graph, g: int) -> int:
        """The rows of a graph and of the roles that fields play in it; its first role."""
        roles = sections[kernel.ROLE]
        first = len(roles)
        for name in (*graph.entities, *graph.marks):
            number = self.spaces[space(self.catalogue[name])]
            roles.append([self.fields_used[name], 1 + g * 1024 + number, number])
        width = kernel.FLOW_WIDTH if graph.flow else kernel.MARKS + len(graph.marks)
        sections[kernel.GRAPH].append(
            [
                *(int(graph.flow), graph.stream, first, first + len(graph.entities), len(roles)),
                *(width, self.cells[graph.amount] if graph.amount else -1),
                *(int(graph.peers), int(graph.moves)),
                self.cells[FRAUD] if graph.marks else -1,
            ]
        )
        return first


_WALKED: Final = (Measure.COMPONENT_SIZE, Measure.DEGREE, Measure.HOPS_TO_FRAUD)


def _assembled(sections: list[list[list[int]]]) -> NDArray[np.int64]:
    """All sections below two rows that say where each begins and how long it is."""
    rows = np.zeros((2 + sum(map(len, sections)), kernel.PLAN_WIDTH), dtype=np.int64)
    at = 2
    for number, section in enumerate(sections):
        rows[0, number], rows[1, number] = at, len(section)
        for row in section:
            rows[at, : len(row)] = row
            at += 1
    return rows


def _bits(number: float) -> int:
    """The bits of a float as an integer: plan rows hold integers only."""
    return int(struct.unpack("<q", struct.pack("<d", number))[0])
