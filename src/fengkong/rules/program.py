"""Programs: many expressions compiled together, run over one row or over columns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.core.errors import RiskError
from fengkong.rules import machine
from fengkong.rules.compiler import Compiler, Image
from fengkong.rules.errors import nearest
from fengkong.rules.expressions import Expression
from fengkong.rules.lists import ListState
from fengkong.rules.nodes import Name, Node, OnList, TextFunction, children, walk
from fengkong.rules.probes import Cells, Instants, ListProbe, ParameterProbe, Probe


class InvalidProgramError(RiskError):
    """An expression needs a name that is neither in the frame nor an earlier expression."""

    code = "rule.invalid_program"
    hint = "Put the name in the frame, or order the expressions by what they need."
    hint_zh: ClassVar[str] = "请把名称放入数据框,或按依赖顺序排列表达式。"


class Program:
    """Compiled expressions.

    A row is float64[`width`]: the cells of `frame` (truth values are 0 or 1, infinities count as
    missing), then those that `fill_row` or `fill_columns` fill. Results are float64 in the order
    of the expressions; NaN is missing, and for a condition unknown. Arrays are C-contiguous, so
    that numba needs one form of each kernel. A program has scratch registers of its own: use one
    per thread.
    """

    def __init__(self, *, names: Sequence[str], frame: Sequence[str], image: Image) -> None:
        self.names = tuple(names)
        self.frame = tuple(frame)
        self.probes = image.probes
        self.width = len(self.frame) + len(image.probes)
        self.instructions = len(image.code) - 1
        self.texts = frozenset(name for probe in image.probes for name in probe.names)
        """Names whose characters are needed by the fill functions."""
        self._code = image.code
        self._tables = image.tables
        self._filled: list[tuple[int, Probe]] = list(enumerate(image.probes, len(self.frame)))
        self._row_registers = _registers(image)
        self._column_registers: NDArray[np.float64] | None = None
        self.image = image

    def index(self, name: str) -> int:
        """The position of an expression in the results."""
        return self.names.index(name)

    def new_row(self) -> Cells:
        """A row with everything missing."""
        return np.full(self.width, np.nan)

    def fill_row(
        self,
        row: Cells,
        *,
        texts: Mapping[str, str | None],
        occurred_at: int,
        lists: ListState,
    ) -> None:
        """Fill the cells of a row that depend on characters, lists and dates."""
        for position, probe in self._filled:
            row[position] = probe.of_row(texts, occurred_at, lists)

    def fill_columns(
        self,
        rows: Cells,
        *,
        texts: Mapping[str, pl.Series],
        occurred_at: Instants,
        lists: ListState,
    ) -> None:
        """The same for many rows, float64[n, width]."""
        for position, probe in self._filled:
            rows[:, position] = probe.of_columns(texts, occurred_at, lists)

    def run_row(self, row: Cells) -> Cells:
        """The results of one filled row."""
        results: Cells = np.empty(len(self.names))
        machine.run_row(row, self._row_registers, self._code, results)
        return results

    def run_rows(self, rows: Cells, out: Cells) -> None:
        """The results of filled rows one by one into float64[n, expressions]."""
        assert rows.flags.c_contiguous, "see the class"
        machine.run_rows(rows, self._row_registers, self._code, out)

    def run_columns(self, rows: Cells, out: Cells) -> None:
        """The same results, an instruction at a time over chunks of rows."""
        assert rows.flags.c_contiguous, "see the class"
        if self._column_registers is None:
            registers = _registers(self.image)[: self.image.registers]
            self._column_registers = np.repeat(registers[:, None], machine.CHUNK, axis=1)
        code = self._code.view(np.int64)
        machine.run_columns(rows, self._column_registers, self._tables, code, out)


class OneRow:
    """A row of a program that is used again and again, for events that come one at a time.

    `row` has the frame cells, which the caller writes before `run`; `results` are those of the
    latest run. What cannot have changed since the event before is not looked up again: parameters
    between two of their dates, the entries of a list by the list's name.
    """

    def __init__(self, program: Program) -> None:
        self.row = program.new_row()
        self.results: Cells = np.full(len(program.names), np.nan)
        self._write: Any = self.row.data  # a view of floats, quicker to write to than an array
        self._registers = _registers(program.image)
        self._code = program.image.code
        self._dated, self._listed, self._probes = _by_kind(program)
        self._from, self._before = math.inf, -math.inf
        self._lists: ListState | None = None
        self._entries: list[tuple[int, str, Mapping[str, Any], str]] = []

    def run(self, texts: Mapping[str, Any], occurred_at: int, lists: ListState) -> None:
        """Fill what depends on characters, lists and dates, and compute the results."""
        if not self._from <= occurred_at < self._before:
            self._date(occurred_at, lists)
        if lists is not self._lists:
            self._lists = lists
            self._entries = [(at, of, lists.values(of), name) for at, of, name in self._listed]
        write, known = self._write, texts.get
        for position, of, entries, name in self._entries:
            text = known(name)
            if text is None:
                write[position] = math.nan
            elif not entries or (text := str(text)) not in entries:
                write[position] = 0.0
            else:
                write[position] = 1.0 if lists.holds(of, text, at=occurred_at) else 0.0
        for position, probe in self._probes:
            write[position] = probe.of_row(texts, occurred_at, lists)
        machine.run_row(self.row, self._registers, self._code, self.results)

    def _date(self, occurred_at: int, lists: ListState) -> None:
        """Write the parameters of an instant, and note how long they stay."""
        periods = [probe.period(occurred_at) for _, probe in self._dated]
        self._from = max((first for first, _ in periods), default=-math.inf)
        self._before = min((end for _, end in periods), default=math.inf)
        for position, probe in self._dated:
            self.row[position] = probe.of_row({}, occurred_at, lists)


class FewRows:
    """Rows of a program that are used again and again, for events that come a few at a time.

    `rows` float64[capacity, width] have the frame cells, which the caller writes before `run`.
    """

    def __init__(self, program: Program, *, capacity: int) -> None:
        self.rows: Cells = np.full((capacity, program.width), np.nan)
        self._results: Cells = np.full((capacity, len(program.names)), np.nan)
        self._registers = _registers(program.image)
        self._code = program.image.code
        self._dated, self._listed, self._probes = _by_kind(program)
        self._from, self._before = math.inf, -math.inf

    def run(
        self, texts: Sequence[Mapping[str, Any]], occurred_at: Sequence[int], lists: ListState
    ) -> Cells:
        """The results of the first rows, float64[n, expressions], valid until the next run."""
        count = len(texts)
        rows = self.rows[:count]
        if not (self._from <= min(occurred_at) and max(occurred_at) < self._before):
            self._date(occurred_at, lists)
        for position, of, name in self._listed:
            entries = lists.values(of)
            if entries:
                probe = ((held.get(name), at) for held, at in zip(texts, occurred_at, strict=True))
                rows[:, position] = [_on_list(lists, of, text, at=at) for text, at in probe]
            else:
                rows[:, position] = [math.nan if held.get(name) is None else 0.0 for held in texts]
        for position, probed in self._probes:
            rows[:, position] = [
                probed.of_row(held, at, lists) for held, at in zip(texts, occurred_at, strict=True)
            ]
        results = self._results[:count]
        machine.run_rows(rows, self._registers, self._code, results)
        return results

    def _date(self, occurred_at: Sequence[int], lists: ListState) -> None:
        """Write the parameters of the instants, and note how long those of the first stay."""
        first = occurred_at[0]
        periods = [probe.period(first) for _, probe in self._dated]
        self._from = max((start for start, _ in periods), default=-math.inf)
        self._before = min((end for _, end in periods), default=math.inf)
        for position, probe in self._dated:
            self.rows[:, position] = probe.of_row({}, first, lists)
        if not (self._from <= min(occurred_at) and max(occurred_at) < self._before):
            for position, probe in self._dated:
                written = [probe.of_row({}, at, lists) for at in occurred_at]
                self.rows[: len(written), position] = written
            self._from = math.inf  # what is written now fits no other events


def _on_list(lists: ListState, of: str, text: object, *, at: int) -> float:
    """The cell of a text that is looked up in a list."""
    if text is None:
        return math.nan
    return 1.0 if lists.holds(of, str(text), at=at) else 0.0


def _by_kind(
    program: Program,
) -> tuple[list[tuple[int, ParameterProbe]], list[tuple[int, str, str]], list[tuple[int, Probe]]]:
    """The probed cells: dated parameters, plain names looked up in a list, and all others."""
    dated: list[tuple[int, ParameterProbe]] = []
    listed: list[tuple[int, str, str]] = []
    others: list[tuple[int, Probe]] = []
    for position, probe in enumerate(program.probes, len(program.frame)):
        if isinstance(probe, ParameterProbe):
            dated.append((position, probe))
        elif isinstance(probe, ListProbe) and probe.plain is not None:
            listed.append((position, probe.list, probe.plain))
        else:
            others.append((position, probe))
    return dated, listed, others


def _registers(image: Image) -> Cells:
    """Registers for one row with the constants in place, followed by the tables."""
    registers = np.zeros(image.registers + len(image.tables))
    end = image.constants_at + len(image.constants)
    registers[image.constants_at : end] = image.constants
    registers[image.registers :] = image.tables
    return registers


def compile_program(
    expressions: Sequence[tuple[str, Expression]], *, frame: Sequence[str]
) -> Program:
    """A program of named expressions over the cells of a frame.

    An expression may use the name of an earlier one, but not the characters of an earlier text.
    """
    compiler = Compiler({name: position for position, name in enumerate(frame)})
    assert len(compiler.frame) == len(frame), "a name stands once in a frame"
    for name, expression in expressions:
        known = compiler.frame.keys() | compiler.named.keys()
        probed = _probed_names(expression)
        missing = _cell_names(expression) - known
        if missing:
            wanted = min(missing)
            raise InvalidProgramError(f"{name} needs {wanted}{nearest(wanted, known)}")
        derived = probed & compiler.named.keys()
        if derived:
            raise InvalidProgramError(
                f"{name} reads the characters of {min(derived)}, which is not a field"
            )
        compiler.add(name, expression.node)
    return Program(names=[name for name, _ in expressions], frame=frame, image=compiler.finish())


def _probed_names(expression: Expression) -> set[str]:
    """Text names whose characters or membership the expression needs."""
    return {
        inner.name
        for part in walk(expression.node)
        if isinstance(part, TextFunction | OnList)
        for inner in walk(part)
        if isinstance(inner, Name)
    }


def _cell_names(expression: Expression) -> set[str]:
    """Names whose cells the machine reads, found without looking inside probed parts."""
    names: set[str] = set()
    pending: list[Node] = [expression.node]
    while pending:
        node = pending.pop()
        if isinstance(node, Name):
            names.add(node.name)
        elif not isinstance(node, TextFunction | OnList):
            pending.extend(children(node))
    return names
