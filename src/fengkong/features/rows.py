"""A tree of needs laid out as the integer rows that the kernel reads."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fengkong.features import kernel
from fengkong.features.tree import Lane, Output, Stream, Summand, Tree, Window

_SUMMAND_WORDS = {
    kernel.SUMMAND_N: 0,
    kernel.SUMMAND_SUM: 0,
    kernel.SUMMAND_SQUARES: 0,
    kernel.SUMMAND_DISTINCT: 1,
    kernel.SUMMAND_FIRST: 2,
    kernel.SUMMAND_RUNNING: 2,
}
_MOMENTS = (kernel.SUMMAND_N, kernel.SUMMAND_SUM, kernel.SUMMAND_SQUARES)


@dataclass(slots=True)
class PlanRows:
    """The kernel's rows, with the widths of slots (a keyspace) and ring rows (a stream)."""

    rows: NDArray[np.int64]
    slot_widths: list[int]
    row_widths: list[int]
    span: int


def write_rows(tree: Tree) -> PlanRows:
    """Give every word of every slot and ring row its place, and write the kernel's rows."""
    writer = _Writer(tree)
    for number in range(len(tree.keyspaces)):
        writer.write_keyspace(number)
    for share in tree.shares:
        whole = writer.column(share.whole)
        row = [share.part, whole, _bits(share.default)]
        writer.sections[kernel.SHARE].append(row)
    tree.columns += len(tree.shares)
    return PlanRows(writer.assemble(), writer.slot_widths, writer.row_widths, writer.span)


def _bits(number: float) -> int:
    """The bits of a float as an integer: plan rows hold integers only."""
    return int(struct.unpack("<q", struct.pack("<d", number))[0])


@dataclass(slots=True, kw_only=True)
class _Cell:
    """Where a cell of a stream's events stands in its ring rows; 0 where it does not.

    `raw` is the value itself; `number`, `total` and `squares` (two words) are running totals of
    the stream; `size` is a word of the slot: how large the values kept are altogether.
    """

    raw: int = 0
    number: int = 0
    total: int = 0
    squares: int = 0
    size: int = 0
    endless: int = 0


class _RingRow:
    """The words of a stream's ring row: the time, then what is needed of each cell, then links."""

    def __init__(self, stream: Stream) -> None:
        self.width = 1
        self.memories = 0
        self.cells = {name: _Cell() for name in stream.cells}
        for lane in stream.lanes.values():
            self._place_values(lane)
            for window in lane.windows.values():
                self._place_totals(window)

    def raw(self, cell: str | None) -> int:
        """The word of a value, 0 where the value is not kept (or there is none)."""
        return self.cells[cell].raw if cell else 0

    def pair(self) -> tuple[int, int]:
        """Two more words, for links to other rows."""
        return self._words(2), self.width - 1

    def _words(self, count: int) -> int:
        self.width += count
        return self.width - count

    def _keep(self, cell: str | None) -> None:
        if cell is not None and not self.cells[cell].raw:
            self.cells[cell].raw = self._words(1)

    def _place_values(self, lane: Lane) -> None:
        for name in lane.memories:
            self._keep(name)
        for name, _sign in lane.extremes:
            self._keep(name)
        for window in lane.windows.values():
            for output in window.reads:
                self._keep(output.cell)
                self._keep(output.cell2)
            for summand in window.summands.values():
                if summand.kind not in _MOMENTS:
                    self._keep(summand.cell)

    def _place_totals(self, window: Window) -> None:
        for summand in window.summands.values():
            if summand.kind not in _MOMENTS or summand.cell is None:
                continue
            cell = self.cells[summand.cell]
            cell.number = cell.number or self._words(1)
            if summand.kind != kernel.SUMMAND_N:
                cell.total = cell.total or self._words(1)
                cell.endless |= int(window.width == kernel.FOREVER)
            if summand.kind == kernel.SUMMAND_SQUARES:
                cell.squares = cell.squares or self._words(2)


def _is_plain(window: Window) -> bool:
    """Whether a window is no more than one count, and one sum or mean: the kernel's short way."""
    if window.width == kernel.FOREVER or len(window.reads) > 1 or len(window.summands) > 1:
        return False
    summed = [output.kind for summand in window.summands.values() for output in summand.outputs]
    return {output.kind for output in window.reads} <= {kernel.OUT_COUNT} and summed in (
        [],
        [kernel.OUT_SUM],
        [kernel.OUT_MEAN],
    )


class _Writer:
    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.sections: list[list[list[int]]] = [[] for _ in range(11)]
        self.slot_widths: list[int] = []
        self.row_widths: list[int] = []
        self.span = 0
        self.width = 0
        self.endless = 0

    def column(self, column: int) -> int:
        """The output column of a feature, or of a hidden count (numbered from -1 down)."""
        return column if column >= 0 else len(self._features()) - 1 - column

    def _features(self) -> range:
        return range(self.tree.columns)

    def _slot(self, words: int) -> int:
        self.width += words
        return self.width - words

    def write_keyspace(self, number: int) -> None:
        """The rows of one keyspace and of all that hangs on it."""
        self.width, self.endless = kernel.SLOT_HEADER, 0
        streams = [s for s in self.tree.ordered_streams() if s.spec.keyspace == number]
        first_stream = len(self.sections[kernel.STREAM])
        first_output = len(self.sections[kernel.OUTPUT])
        for stream in streams:
            self._write_stream(stream)
        last_output = len(self.sections[kernel.OUTPUT])
        self.sections[kernel.KEYSPACE].append(
            [
                self.width,
                first_stream,
                first_stream + len(streams),
                first_output,
                last_output,
                self.endless,
            ]
        )
        self.slot_widths.append(self.width)

    def _write_stream(self, stream: Stream) -> None:
        place = self._slot(kernel.RING_HEADER)
        row = _RingRow(stream)
        first_value = len(self.sections[kernel.VALUE])
        for name, cell in row.cells.items():
            cell.size = self._slot(1) if cell.total else 0
            self.sections[kernel.VALUE].append(
                [
                    self.tree.cells[name],
                    self.tree.scale(name),
                    cell.raw,
                    cell.number,
                    cell.total,
                    cell.squares,
                    cell.size,
                    cell.endless,
                ]
            )
        first_lane = len(self.sections[kernel.LANE])
        for lane in stream.lanes.values():
            self._write_lane(lane, row=row)
        self.sections[kernel.STREAM].append(
            [
                place,
                row.width,
                first_value,
                first_value + len(row.cells),
                first_lane,
                len(self.sections[kernel.LANE]),
                row.memories,
            ]
        )
        self.row_widths.append(row.width)

    def _write_lane(self, lane: Lane, *, row: _RingRow) -> None:
        place = self._slot(1)
        first_memory = len(self.sections[kernel.MEMORY])
        memories = {cell: first_memory + i for i, cell in enumerate(lane.memories)}
        for cell in lane.memories:
            self.sections[kernel.MEMORY].append([row.raw(cell), *row.pair()])
        row.memories += len(memories)
        first_extreme = len(self.sections[kernel.EXTREME])
        for (cell, sign), fronts in lane.extremes.items():
            self._write_extreme(cell, sign, fronts, row=row)
        first_window = len(self.sections[kernel.WINDOW])
        for window in lane.windows.values():
            self._write_window(window, lane=lane, row=row, memories=memories)
        self.sections[kernel.LANE].append(
            [
                lane.delay,
                int(lane.excluded),
                place,
                first_window,
                len(self.sections[kernel.WINDOW]),
                first_extreme,
                len(self.sections[kernel.EXTREME]),
                first_memory,
                len(self.sections[kernel.MEMORY]),
            ]
        )

    def _write_extreme(
        self, cell: str, sign: int, fronts: list[tuple[int, Output]], *, row: _RingRow
    ) -> None:
        first = len(self.sections[kernel.FRONT])
        for width, output in fronts:
            self.sections[kernel.FRONT].append([width, self._slot(1), self._write_output(output)])
        self.sections[kernel.EXTREME].append(
            [
                row.raw(cell),
                sign,
                *row.pair(),
                self._slot(1),
                first,
                len(self.sections[kernel.FRONT]),
            ]
        )

    def _write_window(
        self, window: Window, *, lane: Lane, row: _RingRow, memories: dict[str, int]
    ) -> None:
        place = self._slot(1)
        if window.width == kernel.FOREVER:
            self.endless = 1
            self.span = max(self.span, lane.delay)
        else:
            self.span = max(self.span, lane.delay + window.width)
        outputs = [self._write_output(output, row=row) for output in window.reads]
        first_output = outputs[0] if outputs else 0
        first_summand = len(self.sections[kernel.SUMMAND])
        for summand in window.summands.values():
            self._write_summand(
                summand,
                window=window,
                window_place=place,
                lane=lane,
                row=row,
                memories=memories,
            )
        self.sections[kernel.WINDOW].append(
            [
                window.width,
                place,
                first_output,
                first_output + len(outputs),
                first_summand,
                len(self.sections[kernel.SUMMAND]),
                int(_is_plain(window)),
            ]
        )

    def _write_summand(
        self,
        summand: Summand,
        *,
        window: Window,
        window_place: int,
        lane: Lane,
        row: _RingRow,
        memories: dict[str, int],
    ) -> None:
        place = self._slot(_SUMMAND_WORDS[summand.kind])
        other, longest = summand.sign, 0
        if summand.kind == kernel.SUMMAND_DISTINCT:
            assert summand.cell is not None, "distinct counts the values of a cell"
            other = memories[summand.cell]
            key = (summand.kind, summand.cell, 0)
            widths = [w.width for w in lane.windows.values() if key in w.summands]
            longest = int(window.width == max(widths))
            if longest:
                self.sections[kernel.MEMORY][other].append(window_place)
        outputs = [self._write_output(output, row=row) for output in summand.outputs]
        cell = row.cells[summand.cell] if summand.cell else _Cell()
        scale = self.tree.scale(summand.cell) if summand.cell else 1
        self.sections[kernel.SUMMAND].append(
            [
                summand.kind,
                cell.raw,
                scale,
                place,
                other,
                longest,
                outputs[0],
                outputs[0] + len(outputs),
                cell.number,
                cell.total,
                cell.squares,
            ]
        )

    def _write_output(self, output: Output, *, row: _RingRow | None = None) -> int:
        cells = [output.cell, output.cell2]
        values = [row.raw(cell) if row else 0 for cell in cells]
        inputs = [self.tree.cells[cell] if cell else 0 for cell in cells]
        self.sections[kernel.OUTPUT].append(
            [output.kind, self.column(output.column), _bits(output.default), *values, *inputs]
        )
        return len(self.sections[kernel.OUTPUT]) - 1

    def assemble(self) -> NDArray[np.int64]:
        """All sections one after the other, with their directory in the first two rows."""
        total = 2 + sum(len(section) for section in self.sections)
        rows = np.zeros((total, kernel.PLAN_WIDTH), dtype=np.int64)
        position = 2
        for number, section in enumerate(self.sections):
            rows[0, number] = position
            rows[1, number] = len(section)
            for row in section:
                rows[position, : len(row)] = row
                position += 1
        return rows
