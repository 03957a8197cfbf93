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

from fengkong.decisions.decision import BilingualText, Decision, Hit, Scored, Unknown
from fengkong.decisions.verdict import HIT, UNKNOWN
from fengkong.events.event import Event

if TYPE_CHECKING:
    from fengkong.decisions.explanation import Explainer
    from fengkong.decisions.outcome import DecisionColumns
    from fengkong.decisions.seen import Seen

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


class RowWriter:
    """Writes decisions of one policy one by one, from what was seen of each."""

    def __init__(self, explainer: Explainer) -> None:
        self._explainer = explainer
        self._features, places = _features_of(explainer)
        names = [name for name, _ in places]
        self._positions = [position for _, position in places]
        self._scales = np.array([explainer.scale if n in explainer.money else 1.0 for n in names])
        self._booleans = [at for at, name in enumerate(names) if name in explainer.booleans]
        self._worded = [
            (at, name, explainer.worded[name])
            for at, name in enumerate(names)
            if name in explainer.worded
        ]
        policy = explainer.policy
        self._policy = (policy.name, policy.version, policy.hash)

    def shown(self, cells: NDArray[np.float64]) -> list[list[Any]]:
        """The features of some events as people read them, but for their words; NaN is missing.

        `cells` float64[n, cells that are seen].
        """
        rows: list[list[Any]] = (cells[:, self._positions] / self._scales).tolist()
        for at in self._booleans:
            for row in rows:
                cell = row[at]
                row[at] = bool(cell) if cell == cell else None  # noqa: PLR0124
        return rows

    def write(
        self,
        event: Event,
        seen: Seen,
        verdict: tuple[str, float, bool],
        *,
        hits: tuple[tuple[Hit, ...], BilingualText] | None,
        unknowns: Sequence[Unknown],
        models: tuple[Scored, ...] | msgspec.UnsetType,
        shown: list[Any],
    ) -> bytes:
        """The decision of one event; `verdict` is outcome, points, and whether it came late."""
        outcome, points, late = verdict
        for at, name, readers in self._worded:
            shown[at] = self._explainer.values(seen, readers)[name]
        said, reasons = hits or (_NOTHING, _NO_REASON)
        written: bytes = _canonical(
            _Row(
                *(event.id, event.type, event.occurred_at, outcome, points, said, unknowns),
                *(self._features(*shown), reasons, late, *self._policy, models),
            )
        )
        return written


def _features_of(explainer: Explainer) -> tuple[Any, list[tuple[str, int]]]:
    """A struct of a policy's features by name, and where the cell of each stands."""
    places = sorted(explainer.shown)
    fields = [f"f{number}" for number in range(len(places))]
    rename = dict(zip(fields, [name for name, _ in places], strict=True))
    return msgspec.defstruct("_Features", fields, rename=rename, gc=False), places


class DecisionWriter:
    """Writes decisions of one policy."""

    def __init__(self, explainer: Explainer) -> None:
        self._explainer = explainer
        self._features, self._shown = _features_of(explainer)
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
