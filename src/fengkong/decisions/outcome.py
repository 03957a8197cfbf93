"""Decisions side by side: judged in columns, written out one by one when somebody asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.decisions.decision import Decision, Scored
from fengkong.decisions.explanation import SEPARATORS, Explainer
from fengkong.decisions.model_cells import model_cells
from fengkong.decisions.policy import Policy
from fengkong.decisions.seen import Reader, Seen, Source, Value, Verdict
from fengkong.decisions.verdict import HIT, UNKNOWN, Judged
from fengkong.rules.kinds import Kind
from fengkong.rules.lists import ListState

Cells = NDArray[np.float64]


@dataclass(kw_only=True)
class DecisionColumns:
    """Decisions of one stretch of events, in their order.

    `type_numbers` index `catalogue.type_names`; `rows` float64[n, width] are the rows of the
    policy's program (cells of the frame, then window features), `results` float64[n,
    expressions] what it computed; `texts` are columns by name.
    """

    explainer: Explainer
    lists: ListState
    words: Mapping[float, str]
    ids: pl.Series
    type_numbers: NDArray[np.int16]
    occurred_at: NDArray[np.int64]
    rows: Cells
    results: Cells
    texts: Mapping[str, pl.Series]
    late: NDArray[np.bool_]
    judged: Judged

    def __len__(self) -> int:
        return len(self.occurred_at)

    @property
    def policy(self) -> Policy:
        """The policy that decided."""
        return self.explainer.policy

    @cached_property
    def types(self) -> list[str]:
        """The type of each event."""
        names = self.policy.catalogue.type_names
        return [names[number] for number in self.type_numbers.tolist()]

    @property
    def outcomes(self) -> list[str]:
        """The outcome of each decision."""
        order = self.policy.outcomes.order
        return [order[rank] for rank in self.judged.ranks.tolist()]

    # -- one by one --------------------------------------------------------------------------

    def decision(self, i: int) -> Decision:
        """One decision with its reasons."""
        verdicts = self.judged.verdicts[i]
        marks = [
            rule if verdicts[rule] == HIT else -1 - rule
            for rule in np.flatnonzero(verdicts).tolist()
        ]
        verdict = Verdict(
            float(self.judged.points[i]), int(self.judged.ranks[i]), marks, bool(self.late[i])
        )
        names = self.policy.catalogue.type_names
        return self.explainer.decision(
            self.seen(i),
            verdict,
            event_id=self.ids[i],
            event_type=names[self.type_numbers[i]],
        )

    def values(self, i: int) -> dict[str, Value]:
        """Everything that expressions saw of one event, as events hold it (money in minor)."""
        return self.explainer.values(self.seen(i))

    def seen(self, i: int) -> Seen:
        """What the policy saw of one event."""
        layout = self.explainer.layout
        return Seen(
            [*self.rows[i, : layout.seen].tolist(), *self.results[i, : layout.computed].tolist()],
            {name: series[i] for name, series in self.texts.items()},
            self.words,
            self.lists,
            int(self.occurred_at[i]),
        )

    def models(self, i: int) -> tuple[Scored, ...]:
        """What every model said of one event, with its main contributions."""
        return self.explainer.models(self.seen(i))

    # -- columns -----------------------------------------------------------------------------

    def probabilities(self) -> dict[str, Cells]:
        """What every model said, float64[n] by the name that the policy gives it.

        Where a model has a challenger, ``name`` is what decided and ``name.other`` is what the one
        of the two said that did not.
        """
        first = self.explainer.layout.models_at
        return {
            name: np.ascontiguousarray(self.rows[:, at])
            for at, name in enumerate(model_cells(self.policy), first)
        }

    def frame(self) -> pl.DataFrame:
        """The decisions as a table: what was decided, the rules that hit, and the features."""
        names = self.policy.catalogue.type_names
        zh, en = self._sentences()
        base = pl.DataFrame(
            {
                "event_id": pl.Series(self.ids),
                "event_type": _words(names, self.type_numbers),
                "occurred_at": pl.Series(self.occurred_at).cast(pl.Datetime("us", "UTC")),
                "outcome": _words(self.policy.outcomes.order, self.judged.ranks),
                "points": self.judged.points,
                "late": self.late,
                "hits": self._rule_lists(HIT),
                "unknowns": self._rule_lists(UNKNOWN),
                "reasons_zh": pl.Series(zh, dtype=pl.String),
                "reasons_en": pl.Series(en, dtype=pl.String),
            }
        )
        models = [pl.Series(name, said) for name, said in self.probabilities().items()]
        return base.hstack([*models, *self.feature_frame().drop("event_id")])

    def feature_frame(self) -> pl.DataFrame:
        """event_id and one column per declared feature, in event order; money in major units."""
        columns: dict[str, pl.Series] = {"event_id": pl.Series(self.ids)}
        for name in self.policy.feature_names:
            columns[name] = self._feature(name)
        return pl.DataFrame(columns)

    def _feature(self, name: str) -> pl.Series:
        """The column of a feature."""
        reader = self.explainer.reader(name)
        cells = self._cells(reader)
        kind = self.policy.scope.names[name]
        if reader.source in (Source.WORD, Source.EVALUATED):
            every = np.arange(len(self))
            return pl.Series(self.column(name, every), dtype=pl.String)
        if kind is Kind.MONEY:
            cells = cells / self.policy.scope.scale
        series = pl.Series(np.ascontiguousarray(cells)).fill_nan(None)
        return series.cast(pl.Boolean) if kind is Kind.BOOLEAN else series

    def _cells(self, reader: Reader) -> Cells:
        """The cells of a name, one a row."""
        first = self.explainer.layout.seen
        if reader.source is Source.RESULT:
            return self.results[:, reader.position - first]
        return self.rows[:, reader.position]

    def column(self, name: str, at: NDArray[np.int64]) -> list[Value]:
        """The values of a name in some rows, as `values` gives them."""
        reader = self.explainer.reader(name)
        if reader.source is Source.TEXT:
            column = self.texts[name].gather(at)
            return column.cast(pl.String).to_list()
        if reader.source is Source.EVALUATED:
            readers = self.explainer.readers([name])
            return [self.explainer.values(self.seen(i), readers)[name] for i in at.tolist()]
        cells = self._cells(reader)[at].tolist()
        if reader.source is Source.WORD:
            return [self.words.get(cell) for cell in cells]
        if reader.boolean:
            return [bool(cell) if cell == cell else None for cell in cells]  # noqa: PLR0124
        return [cell if cell == cell else None for cell in cells]  # noqa: PLR0124 - NaN

    def _rule_lists(self, which: int) -> pl.Series:
        """The rules with a verdict in each row; equal rows share one list."""
        chosen = self.judged.verdicts == which
        patterns, rows = _distinct_rows(chosen)
        rules = [rule.id for rule in self.policy.rules]
        lists = [[rules[r] for r in np.flatnonzero(pattern).tolist()] for pattern in patterns]
        series = pl.Series(lists, dtype=pl.List(pl.String))
        return series.gather(pl.Series(rows, dtype=pl.UInt32))

    def _sentences(self) -> tuple[list[str], list[str]]:
        """The reasons of each row in Chinese and in English, rule by rule."""
        zh: list[str | None] = [None] * len(self)
        en: list[str | None] = [None] * len(self)
        for number, sentences in enumerate(self.explainer.sentences):
            at = np.flatnonzero(self.judged.verdicts[:, number] == HIT)
            if sentences is None or not len(at):
                continue
            columns = {name: self.column(name, at) for name in sentences.names}
            written = sentences.write_columns(columns, occurred_at=self.occurred_at[at].tolist())
            positions = at.tolist()
            _add(zh, positions, written[0], separator=SEPARATORS["zh"])
            _add(en, positions, written[1], separator=SEPARATORS["en"])
        return [text or "" for text in zh], [text or "" for text in en]


def _add(texts: list[str | None], positions: list[int], more: list[str], *, separator: str) -> None:
    """Add a sentence to the rows at some positions."""
    for position, text in zip(positions, more, strict=True):
        before = texts[position]
        texts[position] = text if before is None else f"{before}{separator}{text}"


def _words(names: tuple[str, ...], numbers: NDArray[np.integer]) -> pl.Series:
    """Names by their numbers."""
    words = pl.Series(list(names), dtype=pl.String)
    return words.gather(pl.Series(numbers, dtype=pl.UInt32))


def _distinct_rows(chosen: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """The different rows of a table of truths, and which of them each row is."""
    count, width = chosen.shape
    codes = np.zeros(count, dtype=np.int64)
    for start in range(0, width, _BITS):
        block = chosen[:, start : start + _BITS]
        word = block @ (1 << np.arange(block.shape[1], dtype=np.int64))
        # Small codes first, so that code and word fit into one integer.
        distinct, word = np.unique(word, return_inverse=True)
        codes = codes * len(distinct) + word
        _, codes = np.unique(codes, return_inverse=True)
    _, first = np.unique(codes, return_index=True)
    return chosen[first], codes


_BITS = 48
