"""Decisions side by side: judged in columns, written out one by one when somebody asks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.decisions import verdict
from fengkong.decisions.decision import BilingualText, Decision, Hit, Observed, Unknown
from fengkong.decisions.policy import ENVELOPE_KINDS, Rule, expression_kind
from fengkong.rules.interpreter import Moment, evaluate
from fengkong.rules.kinds import Kind
from fengkong.rules.observations import Observation, observations

if TYPE_CHECKING:
    from fengkong.decisions.engine import Engine, State

Cells = NDArray[np.float64]
Value = float | bool | str | None


class Judged(NamedTuple):
    """verdicts uint8[n, rules] (no, hit, unknown), points float64[n], ranks int64[n]."""

    verdicts: NDArray[np.uint8]
    points: NDArray[np.float64]
    ranks: NDArray[np.int64]


@dataclass(slots=True, kw_only=True)
class DecisionColumns:
    """Decisions of one stretch of events, in their order.

    cells float64[n, frame cells], features float64[n, windows], results float64[n, expressions].
    """

    engine: Engine
    state: State
    ids: Sequence[str] | pl.Series
    types: list[str]
    occurred_at: NDArray[np.int64]
    cells: Cells
    features: Cells
    results: Cells
    texts: Mapping[str, Sequence[str | None] | pl.Series]
    late: NDArray[np.bool_]
    judged: Judged
    _places: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.types)

    @property
    def outcomes(self) -> list[str]:
        """The outcome of each decision."""
        order = self.engine.policy.outcomes.order
        return [order[rank] for rank in self.judged.ranks.tolist()]

    def decision(self, i: int) -> Decision:
        """One decision with its reasons."""
        policy = self.engine.policy
        values = self.values(i)
        hits: list[Hit] = []
        unknowns: list[Unknown] = []
        for r in np.flatnonzero(self.judged.verdicts[i]).tolist():
            rule = policy.rules[r]
            if self.judged.verdicts[i, r] == verdict.HIT:
                hits.append(self._hit(rule, i, values))
            else:
                missing = sorted(name for name in rule.when.names if values.get(name) is None)
                unknowns.append(Unknown(rule=rule.id, missing=tuple(missing)))
        return Decision(
            event_id=self.ids[i],
            event_type=self.types[i],
            occurred_at=int(self.occurred_at[i]),
            outcome=policy.outcomes.order[int(self.judged.ranks[i])],
            points=float(self.judged.points[i]),
            hits=tuple(hits),
            unknowns=tuple(unknowns),
            features={name: self._shown(name, values[name]) for name in policy.feature_names},
            reasons=_joined(hits),
            late=bool(self.late[i]),
            policy=policy.name,
            policy_version=policy.version,
            policy_hash=policy.hash,
        )

    def values(self, i: int) -> dict[str, Value]:
        """Everything that expressions saw of one event, as events hold it (money in minor)."""
        engine = self.engine
        values: dict[str, Value] = {}
        for name, cell in zip(engine.frame.cells, self.cells[i].tolist(), strict=True):
            values[name] = _plain(cell, self._kind(name))
        for name, texts in self.texts.items():
            text = texts[i]
            values[name] = None if text is None else str(text)
        for name, cell in zip(engine.plan.names, self.features[i].tolist(), strict=True):
            if name in engine.word_features:
                values[name] = self.state.words.get(cell)
            else:
                values[name] = _plain(cell, engine.policy.scope.names[name])
        moment = Moment(values, int(self.occurred_at[i]), self.state.lists)
        for name, cell in zip(engine.program.names, self.results[i].tolist(), strict=True):
            if name.startswith("rule:"):
                continue
            expression = engine.named[name]
            if expression.kind is Kind.TEXT:
                values[name] = evaluate(expression, moment=moment)
            else:
                values[name] = _plain(cell, expression.kind)
        return values

    def _kind(self, name: str) -> Kind | None:
        if name in ENVELOPE_KINDS:
            return ENVELOPE_KINDS[name]
        fields = self.engine.policy.catalogue.fields
        return expression_kind(fields[name].kind) if name in fields else Kind.NUMBER

    def _hit(self, rule: Rule, i: int, values: Mapping[str, Value]) -> Hit:
        scope = self.engine.policy.scope
        occurred_at = int(self.occurred_at[i])
        reason = None
        if rule.reason is not None:
            both = rule.reason.render(values, occurred_at=occurred_at, scope=scope)
            reason = BilingualText(zh=both.zh, en=both.en)
        seen = observations(rule.when, values, occurred_at=occurred_at, lists=self.state.lists)
        return Hit(
            rule=rule.id,
            outcome=rule.outcome,
            points=rule.points,
            reason=reason,
            observed=tuple(self._observed(one) for one in seen),
            techniques=rule.techniques,
        )

    def _observed(self, seen: Observation) -> Observed:
        scale = float(self.engine.policy.scope.scale)

        def shown(value: object) -> object:
            if isinstance(value, tuple):
                return tuple(shown(one) for one in value)
            if seen.kind is Kind.MONEY and isinstance(value, float | int):
                return value / scale
            return value

        return Observed(
            name=seen.name,
            value=shown(seen.value),  # type: ignore[arg-type]
            operator=seen.operator,
            limit=shown(seen.limit_value),
            limit_source=seen.limit_source,
        )

    def _shown(self, name: str, value: Value) -> Value:
        if self.engine.policy.scope.names[name] is Kind.MONEY and isinstance(value, float):
            return value / self.engine.policy.scope.scale
        return value

    # -- columns -----------------------------------------------------------------------------

    def feature_frame(self) -> pl.DataFrame:
        """event_id and one column per declared feature, in event order; money in major units."""
        policy = self.engine.policy
        columns: dict[str, pl.Series] = {"event_id": pl.Series(self.ids)}
        for index, name in enumerate(self.engine.plan.names):
            columns[name] = self._column(name, self.features[:, index])
        for name in policy.derived:
            columns[name] = self._column(name, self.results[:, self.engine.program.index(name)])
        return pl.DataFrame({name: columns[name] for name in ("event_id", *policy.feature_names)})

    def _column(self, name: str, cells: Cells) -> pl.Series:
        kind = self.engine.policy.scope.names[name]
        if name in self.engine.word_features:
            return pl.Series([self.state.words.get(c) for c in cells.tolist()], dtype=pl.String)
        if kind is Kind.MONEY:
            cells = cells / self.engine.policy.scope.scale
        series = pl.Series(np.ascontiguousarray(cells)).fill_nan(None)
        if kind is Kind.BOOLEAN:
            return series.cast(pl.Boolean)
        return series.cast(pl.String) if kind is Kind.TEXT else series

    def frame(self) -> pl.DataFrame:
        """The decisions as a table: what was decided, the rules that hit, and the features."""
        policy = self.engine.policy
        ids = [rule.id for rule in policy.rules]
        base = pl.DataFrame(
            {
                "event_id": pl.Series(self.ids),
                "event_type": self.types,
                "occurred_at": pl.Series(self.occurred_at).cast(pl.Datetime("us", "UTC")),
                "outcome": pl.Series(self.outcomes, dtype=pl.String),
                "points": self.judged.points,
                "late": self.late,
                "hits": self._rule_lists(verdict.HIT, ids),
                "unknowns": self._rule_lists(verdict.UNKNOWN, ids),
                **self._sentences(),
            }
        )
        return base.hstack(self.feature_frame().drop("event_id"))

    def _rule_lists(self, which: int, ids: list[str]) -> pl.Series:
        lists: list[list[str]] = [[] for _ in range(len(self))]
        rows, rules = np.nonzero(self.judged.verdicts == which)
        for row, rule in zip(rows.tolist(), rules.tolist(), strict=True):
            lists[row].append(ids[rule])
        return pl.Series(lists, dtype=pl.List(pl.String))

    def _sentences(self) -> dict[str, pl.Series]:
        policy = self.engine.policy
        zh: list[str] = [""] * len(self)
        en: list[str] = [""] * len(self)
        with_reason = np.array([rule.reason is not None for rule in policy.rules], dtype=np.bool_)
        hits = (self.judged.verdicts == verdict.HIT) & with_reason
        for row in np.flatnonzero(hits.any(axis=1)).tolist():
            values = self.values(row)
            at = int(self.occurred_at[row])
            both = [
                policy.rules[r].reason.render(values, occurred_at=at, scope=policy.scope)  # type: ignore[union-attr]
                for r in np.flatnonzero(hits[row]).tolist()
            ]
            zh[row] = "；".join(reason.zh for reason in both)
            en[row] = "; ".join(reason.en for reason in both)
        return {"reasons_zh": pl.Series(zh), "reasons_en": pl.Series(en)}


def _plain(cell: float, kind: Kind | None) -> Value:
    if math.isnan(cell):
        return None
    return bool(cell) if kind is Kind.BOOLEAN else cell


def _joined(hits: Sequence[Hit]) -> BilingualText:
    reasons = [hit.reason for hit in hits if hit.reason is not None]
    return BilingualText(
        zh="；".join(reason.zh for reason in reasons),
        en="; ".join(reason.en for reason in reasons),
    )
