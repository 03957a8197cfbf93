"""What the declared features keep, as a tree in which equal needs are shared.

A *keyspace* is a tuple of entity fields; a *stream* is the events of a keyspace that are counted
together (same types, same condition); a *lane* is a stream at one delay, with or without the
current event; a *window* is a lane over one duration; a *summand* is a running figure of a window,
an *extreme* one monotonic chain of a lane, a *memory* the values of which a lane counts the
different ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from fengkong.events.catalogue import Field, Kind
from fengkong.features import kernel
from fengkong.features.declarations import Aggregate, WindowFeature

NUMBER_SCALE: Final = 1_000_000
"""Numbers are summed in millionths, exactly; money and counts in whole units."""

_KEEPS_VALUE: Final = frozenset(
    {Aggregate.FIRST, Aggregate.LAST, Aggregate.DISTANCE, Aggregate.SPEED}
)
_MOMENTS: Final = {
    Aggregate.COUNT: (kernel.OUT_N, kernel.SUMMAND_N),
    Aggregate.SUM: (kernel.OUT_SUM, kernel.SUMMAND_SUM),
    Aggregate.MEAN: (kernel.OUT_MEAN, kernel.SUMMAND_SUM),
    Aggregate.STD: (kernel.OUT_STD, kernel.SUMMAND_SQUARES),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSpec:
    """Which events a stream counts: those of these types that hold the condition and the field."""

    keyspace: int
    event_types: tuple[str, ...]
    where: str | None
    present: str | None


@dataclass(slots=True, kw_only=True)
class Output:
    """One output column: what is read, and the cells it is read from."""

    kind: int
    column: int
    default: float
    cell: str | None = None
    cell2: str | None = None


@dataclass(slots=True, kw_only=True)
class Summand:
    """A running figure over one cell; `sign` turns a maximum into a minimum."""

    kind: int
    cell: str | None
    sign: int = 0
    outputs: list[Output] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Window:
    """A lane over one duration."""

    width: int
    reads: list[Output] = field(default_factory=list)
    summands: dict[tuple[int, str | None, int], Summand] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Lane:
    """A stream at one delay; `extremes` maps (cell, sign) to windows and their outputs."""

    delay: int
    excluded: bool
    windows: dict[int, Window] = field(default_factory=dict)
    extremes: dict[tuple[str, int], list[tuple[int, Output]]] = field(default_factory=dict)
    memories: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Stream:
    """The events of a keyspace that are counted together, and the cells kept of them."""

    spec: StreamSpec
    lanes: dict[tuple[int, bool], Lane] = field(default_factory=dict)
    cells: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Two columns of which the first becomes its share of the second."""

    part: int
    whole: int
    default: float


class Tree:
    """All that the declared features keep; `columns` counts features and hidden columns."""

    def __init__(self, *, fields: Mapping[str, Field], default_types: tuple[str, ...]) -> None:
        self.fields = fields
        self.default_types = default_types
        self.keyspaces: dict[tuple[str, ...], int] = {}
        self.streams: dict[StreamSpec, Stream] = {}
        self.cells: dict[str, int] = {}
        self.shares: list[Share] = []
        self.columns = 0

    def ordered_streams(self) -> list[Stream]:
        """Streams with those of one keyspace side by side."""
        return sorted(self.streams.values(), key=lambda stream: stream.spec.keyspace)

    def scale(self, cell: str) -> int:
        """The fixed-point scale in which a cell is summed."""
        kind = self.fields[cell.split(".", maxsplit=1)[0]].kind
        return NUMBER_SCALE if kind is Kind.NUMBER else 1

    def add(self, feature: WindowFeature, *, column: int) -> None:
        """Everything one feature needs; features must be added in the order of their columns."""
        self.columns = max(self.columns, column + 1)
        aggregate, argument = feature.aggregate, feature.argument
        over = feature.over
        if aggregate in (Aggregate.SHARE, Aggregate.SEEN_BEFORE) and argument is not None:
            over = (*over, argument)
        present = argument if aggregate in _KEEPS_VALUE else None
        stream = self._stream(feature, over=over, present=present)
        default = float("nan") if feature.default is None else feature.default
        output = Output(kind=kernel.OUT_COUNT, column=column, default=default)
        if aggregate is Aggregate.SHARE:
            whole = self._stream(feature, over=feature.over, present=None)
            self._add_share(feature, stream=stream, whole=whole, output=output)
            return
        self._add_output(feature, stream=stream, output=output)

    def _stream(
        self, feature: WindowFeature, *, over: tuple[str, ...], present: str | None
    ) -> Stream:
        spec = StreamSpec(
            keyspace=self.keyspaces.setdefault(over, len(self.keyspaces)),
            event_types=tuple(sorted(feature.event_types or self.default_types)),
            where=feature.where,
            present=present,
        )
        return self.streams.setdefault(spec, Stream(spec=spec))

    def _lane(self, feature: WindowFeature, stream: Stream) -> Lane:
        excluded = feature.current_excluded and feature.delayed == 0
        lane = Lane(delay=feature.delayed, excluded=excluded)
        return stream.lanes.setdefault((feature.delayed, excluded), lane)

    def _window(self, feature: WindowFeature, lane: Lane) -> Window:
        width = kernel.FOREVER if feature.last is None else feature.last
        return lane.windows.setdefault(width, Window(width=width))

    def _cell(self, name: str, stream: Stream) -> str:
        self.cells.setdefault(name, len(self.cells))
        stream.cells.setdefault(name)
        return name

    def _add_share(
        self, feature: WindowFeature, *, stream: Stream, whole: Stream, output: Output
    ) -> None:
        self._window(feature, self._lane(feature, stream)).reads.append(output)
        hidden = Output(kind=kernel.OUT_COUNT, column=-1 - len(self.shares), default=float("nan"))
        self._window(feature, self._lane(feature, whole)).reads.append(hidden)
        self.shares.append(Share(part=output.column, whole=hidden.column, default=output.default))
        output.default = float("nan")

    def _add_output(self, feature: WindowFeature, *, stream: Stream, output: Output) -> None:
        aggregate = feature.aggregate
        lane = self._lane(feature, stream)
        window = self._window(feature, lane)
        forever = window.width == kernel.FOREVER
        cell = self._argument_cell(feature, stream)
        output.cell = cell
        if aggregate in _MOMENTS and cell is not None:
            output.kind, kind = _MOMENTS[aggregate]
            self._summand(window, kind, cell).outputs.append(output)
        elif aggregate is Aggregate.DISTINCT:
            assert cell is not None, "the parser demands a field"
            lane.memories.setdefault(cell)
            output.kind = kernel.OUT_DISTINCT
            self._summand(window, kernel.SUMMAND_DISTINCT, cell).outputs.append(output)
        elif aggregate in (Aggregate.MIN, Aggregate.MAX):
            assert cell is not None, "the parser demands a field"
            sign = 1 if aggregate is Aggregate.MAX else -1
            if forever:
                output.kind = kernel.OUT_RUNNING
                self._summand(window, kernel.SUMMAND_RUNNING, cell, sign).outputs.append(output)
            else:
                output.kind = kernel.OUT_EXTREME
                lane.extremes.setdefault((cell, sign), []).append((window.width, output))
        elif forever and aggregate in (Aggregate.FIRST, Aggregate.SINCE_FIRST):
            since = aggregate is Aggregate.SINCE_FIRST
            output.kind = kernel.OUT_SINCE_FIRST_EVER if since else kernel.OUT_FIRST_EVER
            self._summand(window, kernel.SUMMAND_FIRST, cell).outputs.append(output)
        else:
            self._add_read(aggregate, stream=stream, window=window, output=output)

    def _argument_cell(self, feature: WindowFeature, stream: Stream) -> str | None:
        argument = feature.argument
        if argument is None or feature.aggregate is Aggregate.SEEN_BEFORE:
            return None
        if self.fields[argument].kind is Kind.PLACE:
            return self._cell(f"{argument}.lat", stream)
        return self._cell(argument, stream)

    def _summand(self, window: Window, kind: int, cell: str | None, sign: int = 0) -> Summand:
        return window.summands.setdefault(
            (kind, cell, sign), Summand(kind=kind, cell=cell, sign=sign)
        )

    def _add_read(
        self, aggregate: Aggregate, *, stream: Stream, window: Window, output: Output
    ) -> None:
        output.kind = {
            Aggregate.COUNT: kernel.OUT_COUNT,
            Aggregate.SEEN_BEFORE: kernel.OUT_SEEN,
            Aggregate.FIRST: kernel.OUT_FIRST,
            Aggregate.LAST: kernel.OUT_LAST,
            Aggregate.SINCE_FIRST: kernel.OUT_SINCE_FIRST,
            Aggregate.SINCE_PREVIOUS: kernel.OUT_SINCE_LAST,
            Aggregate.DISTANCE: kernel.OUT_DISTANCE,
            Aggregate.SPEED: kernel.OUT_SPEED,
        }[aggregate]
        if aggregate in (Aggregate.DISTANCE, Aggregate.SPEED):
            assert output.cell is not None, "the parser demands a place"
            output.cell2 = self._cell(output.cell.removesuffix(".lat") + ".lon", stream)
        window.reads.append(output)
