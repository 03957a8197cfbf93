"""Many decisions written at once: the bytes of `Decision.to_json`, without the decisions.

What all decisions of a policy have in common is said once; features become text column by column;
what is said of unknown rules is remembered as text. Only what hit is put into words one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from fengkong.decisions.decision import Decision
from fengkong.decisions.verdict import HIT, UNKNOWN

if TYPE_CHECKING:
    from fengkong.decisions.explanation import Explainer
    from fengkong.decisions.outcome import DecisionColumns

UNKNOWNS_MAX: Final = 8192
"""Texts about unknown rules that are remembered; when there are more, all are forgotten."""

_Row: Final[Any] = msgspec.defstruct("_Row", Decision.__struct_fields__, gc=False)
"""The fields of a decision in their order, taken by place."""
_canonical: Final = msgspec.json.Encoder(order="deterministic").encode
_NOTHING: Final = msgspec.Raw(b"[]")
_NO_REASON: Final = msgspec.Raw(b'{"zh":"","en":""}')


class Written(NamedTuple):
    """Decisions as text: the canonical JSON of each, its outcome, whether it came late."""

    texts: list[bytes]
    outcomes: list[str]
    late: list[bool]


class DecisionWriter:
    """Writes decisions of one policy."""

    def __init__(self, explainer: Explainer) -> None:
        self._explainer = explainer
        names = sorted(name for name, _ in explainer.shown)
        fields = [f"f{number}" for number in range(len(names))]
        self._features: Any = msgspec.defstruct(
            "_Features", fields, rename=dict(zip(fields, names, strict=True)), gc=False
        )
        positions = dict(explainer.shown)
        self._shown = [(name, positions[name]) for name in names]
        self._missing = np.array(explainer.cells_needed, dtype=np.int64)
        self._unknowns: dict[bytes, msgspec.Raw | None] = {}

    def write(self, block: DecisionColumns) -> Written:
        """The decisions of a block."""
        policy, layout = block.policy, self._explainer.layout
        order, names = policy.outcomes.order, policy.catalogue.type_names
        cells = np.hstack([block.rows[:, : layout.seen], block.results[:, : layout.computed]])
        hits, unknowns, reasons = self._reasons(block, cells)
        outcomes = [order[rank] for rank in block.judged.ranks.tolist()]
        late = block.late.tolist()
        rows = map(
            _Row,
            block.ids.to_list(),
            [names[number] for number in block.type_numbers.tolist()],
            block.occurred_at.tolist(),
            outcomes,
            block.judged.points.tolist(),
            hits,
            unknowns,
            map(self._features, *self._columns(block, cells)) if self._shown else repeat({}),
            reasons,
            late,
            repeat(policy.name),
            repeat(policy.version),
            repeat(policy.hash),
            self._models(block),
        )
        return Written([_canonical(row) for row in rows], outcomes, late)

    def _models(self, block: DecisionColumns) -> Iterable[Any]:
        """What is said of the models in each decision."""
        if not block.policy.models:
            return repeat(msgspec.UNSET)
        hit = block.judged.verdicts == HIT
        return [
            self._explainer.scored(block.seen(row), np.flatnonzero(hit[row]).tolist())
            for row in range(len(block))
        ]

    def _columns(self, block: DecisionColumns, cells: NDArray[np.float64]) -> list[list[Any]]:
        """The features as people read them, one list each; NaN is written as null."""
        explainer = self._explainer
        every = np.arange(len(block))
        columns: list[list[Any]] = []
        for name, position in self._shown:
            if name in explainer.worded:
                columns.append(block.column(name, every))
                continue
            column = cells[:, position]
            if name in explainer.money:
                column = column / explainer.scale
            values = column.tolist()
            if name in explainer.booleans:
                values = [bool(cell) if cell == cell else None for cell in values]  # noqa: PLR0124
            columns.append(values)
        return columns

    def _reasons(
        self, block: DecisionColumns, cells: NDArray[np.float64]
    ) -> tuple[list[Any], list[Any], list[Any]]:
        """Hits, unknown rules and sentences of each decision."""
        verdicts = block.judged.verdicts
        hits: list[Any] = [_NOTHING] * len(block)
        unknowns: list[Any] = [_NOTHING] * len(block)
        reasons: list[Any] = [_NO_REASON] * len(block)
        for row in np.flatnonzero((verdicts == HIT).any(axis=1)).tolist():
            rules = np.flatnonzero(verdicts[row] == HIT).tolist()
            hits[row], reasons[row] = self._explainer.hits(rules, block.seen(row))
        asked = np.flatnonzero((verdicts == UNKNOWN).any(axis=1))
        if not len(asked):
            return hits, unknowns, reasons
        for row, key in zip(asked.tolist(), self._keys(verdicts[asked], cells[asked]), strict=True):
            known = self._unknowns.get(key)
            unknowns[row] = known or self._unknown(block, row, key)
        return hits, unknowns, reasons

    def _keys(self, verdicts: NDArray[np.uint8], cells: NDArray[np.float64]) -> Sequence[bytes]:
        """For each row which rules are unknown and which of the cells they may need are missing."""
        missing = np.packbits(np.isnan(cells[:, self._missing]), axis=1)
        unknown = np.packbits(verdicts == UNKNOWN, axis=1)
        width = missing.shape[1] + unknown.shape[1]
        joined = np.hstack([missing, unknown]).tobytes()
        return [joined[at : at + width] for at in range(0, len(joined), width)]

    def _unknown(self, block: DecisionColumns, row: int, key: bytes) -> msgspec.Raw:
        """What is said of the unknown rules of a row, remembered where the key tells all."""
        rules = tuple(np.flatnonzero(block.judged.verdicts[row] == UNKNOWN).tolist())
        written = msgspec.Raw(_canonical(self._explainer.unknowns(rules, block.seen(row))))
        if self._explainer.unknown_by_cells(rules):
            if len(self._unknowns) >= UNKNOWNS_MAX:
                self._unknowns.clear()
            self._unknowns[key] = written
        return written
