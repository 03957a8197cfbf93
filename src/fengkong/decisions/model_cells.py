"""From the cells of an event to what models say about it, one event or many.

A model stands between the features it is fed with and all that uses its probability: first the
derived features among its inputs are computed, then the models, then the policy's program. Money
goes in as major units, a text as the position of its word. Rows and columns do the same arithmetic
in the same order, so that they give the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.core.hashing import hash_text
from fengkong.decisions.policy import Policy
from fengkong.rules.lists import ListState
from fengkong.rules.program import OneRow, Program, compile_program
from fengkong.scoring.inputs import Input, InputKind
from fengkong.scoring.model import Model

Cells = NDArray[np.float64]
_NAN: Final = math.nan


class Encoder:
    """Turns cells, gathered in the order of a model's inputs, into what the model sees."""

    def __init__(self, inputs: Sequence[Input], *, scale: int) -> None:
        kinds = [one.kind for one in inputs]
        self._scales = np.array([float(scale) if k is InputKind.MONEY else 1.0 for k in kinds])
        self._money = InputKind.MONEY in kinds
        self._codes: list[tuple[int, dict[float, float]]] = []
        self._sorted: list[tuple[int, Cells, Cells]] = []
        for position, one in enumerate(inputs):
            if one.kind is InputKind.CATEGORY:
                codes = {_text_cell(word): float(i) for i, word in enumerate(one.categories)}
                self._codes.append((position, codes))
                cells = np.array(sorted(codes))
                self._sorted.append((position, cells, np.array([codes[c] for c in cells.tolist()])))

    def row(self, row: Cells) -> None:
        """Encode one row float64[inputs] in place."""
        if self._money:
            np.divide(row, self._scales, out=row)
        for position, codes in self._codes:
            row[position] = codes.get(row[position].item(), _NAN)

    def rows(self, rows: Cells) -> None:
        """Encode rows float64[n, inputs] in place."""
        if self._money:
            np.divide(rows, self._scales, out=rows)
        for position, cells, codes in self._sorted:
            column = rows[:, position]
            at = np.searchsorted(cells, column).clip(max=len(cells) - 1)
            rows[:, position] = np.where(cells[at] == column, codes[at], _NAN)


def _text_cell(word: str) -> float:
    """The cell of a text: the upper 52 bits of half its hash (`core.hashing.text_cells`)."""
    return float(hash_text(word)[0] >> 12)


OTHER: Final = ".other"
"""What follows the name of a value for what the model said that did not decide."""


def model_cells(policy: Policy) -> tuple[str, ...]:
    """The cells of the program's row that models fill: what decides, then what challengers said."""
    return (*policy.models, *(f"{name}{OTHER}" for name in policy.challengers))


def model_fields(policy: Policy) -> set[str]:
    """The names that models are fed with, and the fields that deal subjects to challengers."""
    challengers = policy.challengers.values()
    models = [*policy.models.values(), *(one.model for one in challengers)]
    return {one.name for model in models for one in model.inputs} | {o.by for o in challengers}


class _Fed:
    """A model, and where its inputs stand among the frame's cells, windows and results."""

    def __init__(self, model: Model, *, frame: Sequence[str], computed: Sequence[str], scale: int):
        model.prepare()
        self.model = model
        self.encoder = Encoder(model.inputs, scale=scale)
        names = [one.name for one in model.inputs]
        inside = [i for i, name in enumerate(names) if name in frame]
        beyond = [i for i, name in enumerate(names) if name not in frame]
        self._inside = np.array(inside, dtype=np.int64)
        self._frame = np.array([frame.index(names[i]) for i in inside], dtype=np.int64)
        self._beyond = np.array(beyond, dtype=np.int64)
        self._computed = np.array([computed.index(names[i]) for i in beyond], dtype=np.int64)
        self._row = np.empty((1, len(names)))
        self._out = np.empty((1, 2))

    def of_row(self, frame: Cells, computed: Cells) -> float:
        """The probability for one event."""
        row = self._row[0]
        row[self._inside] = frame[self._frame]
        if len(self._beyond):
            row[self._beyond] = computed[self._computed]
        self.encoder.row(row)
        self.model.score_into(self._row, self._out)
        return float(self._out[0, 1])

    def of_rows(self, frame: Cells, computed: Cells) -> Cells:
        """The probabilities float64[n] for many."""
        rows = np.empty((len(frame), len(self.model.inputs)))
        rows[:, self._inside] = frame[:, self._frame]
        rows[:, self._beyond] = computed[:, self._computed]
        self.encoder.rows(rows)
        out = np.empty((len(rows), 2))
        self.model.score_into(rows, out)
        return out[:, 1]


class ModelCells:
    """The models of a policy, fed from the row of its program.

    `frame` are the names of the row's first cells: those of the frame, then the windows; what
    `model_cells` names follows them.
    """

    def __init__(self, policy: Policy, *, frame: Sequence[str]) -> None:
        self._width = len(frame)
        wanted = _needed_first(policy)
        self.program: Program = compile_program(
            [(name, policy.derived[name]) for name in wanted], frame=frame
        )
        scale = policy.scope.scale

        def fed(model: Model) -> _Fed:
            return _Fed(model, frame=frame, computed=wanted, scale=scale)

        self._fed = [fed(model) for model in policy.models.values()]
        names = [*policy.models]
        self._challengers = [
            (name, self._width + names.index(name), other, frame.index(one.by), one, fed(one.model))
            for other, (name, one) in enumerate(
                policy.challengers.items(), self._width + len(names)
            )
        ]
        self._one = OneRow(self.program)

    def fill_row(
        self, row: Cells, texts: Mapping[str, Any], occurred_at: int, lists: ListState
    ) -> None:
        """Write the probabilities into a row of the policy's program."""
        frame = row[: self._width]
        computed = self._one.results
        if len(computed):
            self._one.row[: self._width] = frame
            self._one.run(texts, occurred_at, lists)
        for position, fed in enumerate(self._fed, self._width):
            row[position] = fed.of_row(frame, computed)
        for name, position, other, by, challenger, fed in self._challengers:
            row[other] = fed.of_row(frame, computed)
            if challenger.decides(row[by].item(), name=name):
                row[position], row[other] = row[other].item(), row[position].item()

    def fill_rows(
        self,
        rows: Cells,
        *,
        texts: Mapping[str, pl.Series],
        occurred_at: NDArray[np.int64],
        lists: ListState,
    ) -> None:
        """The same for rows float64[n, width of the policy's program]."""
        frame = rows[:, : self._width]
        computed = np.empty((len(rows), len(self.program.names)))
        if self.program.names:
            filled = np.empty((len(rows), self.program.width))
            filled[:, : self._width] = frame
            self.program.fill_columns(
                filled,
                texts={name: texts[name] for name in self.program.texts},
                occurred_at=occurred_at,
                lists=lists,
            )
            self.program.run_columns(filled, computed)
        for position, fed in enumerate(self._fed, self._width):
            rows[:, position] = fed.of_rows(frame, computed)
        for name, position, other, by, challenger, fed in self._challengers:
            rows[:, other] = fed.of_rows(frame, computed)
            taken = challenger.decides_rows(rows[:, by], name=name)
            rows[taken, position], rows[taken, other] = (
                rows[taken, other],
                rows[taken, position],
            )


def _needed_first(policy: Policy) -> list[str]:
    """The derived features that models are fed with, and those they build on, in their order."""
    wanted = model_fields(policy)
    for name in reversed([*policy.derived]):
        if name in wanted:
            wanted |= policy.derived[name].names
    return [name for name in policy.derived if name in wanted]
