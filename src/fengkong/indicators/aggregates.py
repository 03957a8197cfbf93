"""From rows to a table by day: ``sum(amount) where outcome == "failed"``.

An aggregate reads ``function(expression) [where condition]``; expressions are those of policies,
over the fields of a row. Money stays exact: minor units are summed as whole numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from fengkong.indicators.columns import DAY, column_of
from fengkong.indicators.errors import InvalidIndicatorError
from fengkong.rules.errors import nearest
from fengkong.rules.expressions import Expression, parse, parse_condition
from fengkong.rules.kinds import Kind
from fengkong.rules.nodes import Name
from fengkong.rules.scope import Scope

_AGGREGATE: Final = re.compile(
    r"\s*(?P<function>[a-z][a-z0-9_]*)\s*\((?P<argument>.*?)\)(?:\s+where\s+(?P<where>\S.*?))?\s*",
    re.ASCII | re.DOTALL,
)
_FUNCTIONS: Final[dict[str, Callable[[pl.Expr], pl.Expr]]] = {
    "sum": lambda x: x.sum(),
    "mean": lambda x: x.mean(),
    "min": lambda x: x.min(),
    "max": lambda x: x.max(),
    "std": lambda x: x.std(),
    "distinct": lambda x: x.drop_nulls().n_unique().cast(pl.Float64),
    "p50": lambda x: x.quantile(0.50, "linear"),
    "p95": lambda x: x.quantile(0.95, "linear"),
    "p99": lambda x: x.quantile(0.99, "linear"),
}


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One checked aggregate of rows."""

    text: str
    function: str
    argument: Expression | None
    where: Expression | None

    @property
    def kind(self) -> Kind:
        """Money for sums, means and extremes of money; otherwise a number."""
        if self.argument is None or self.function == "distinct":
            return Kind.NUMBER
        return Kind.MONEY if self.argument.kind is Kind.MONEY else Kind.NUMBER

    def expression(self) -> pl.Expr:
        """What computes it inside a ``group_by``."""
        kept = None if self.where is None else column_of(self.where.node).fill_null(value=False)
        if self.argument is None:
            counted = pl.len() if kept is None else kept.sum()
            return counted.cast(pl.Float64)
        node = self.argument.node
        plain = isinstance(node, Name) and self.function in ("sum", "min", "max", "distinct")
        values = pl.col(node.name) if plain and isinstance(node, Name) else column_of(node)
        if kept is not None:
            values = pl.when(kept).then(values)
        return _FUNCTIONS[self.function](values)


def parse_aggregate(text: str, *, scope: Scope) -> Aggregate:
    """The aggregate that a text declares; raises the first fault that it has."""
    match = _AGGREGATE.fullmatch(text)
    if match is None:
        raise InvalidIndicatorError(
            f"{text[:80]!r} is no aggregate; write function(expression) [where condition]"
        )
    function, written = match["function"], match["argument"].strip()
    if function != "count" and function not in _FUNCTIONS:
        known = ["count", *_FUNCTIONS]
        raise InvalidIndicatorError(f"unknown aggregate {function}{nearest(function, known)}")
    if (function == "count") is bool(written):
        raise InvalidIndicatorError(f"{function} takes {'no' if written else 'an'} expression")
    where = match["where"]
    return Aggregate(
        text=" ".join(text.split()),
        function=function,
        argument=parse(written, scope=scope) if written else None,
        where=parse_condition(where, scope=scope) if where else None,
    )


def by_day(
    rows: pl.DataFrame | pl.LazyFrame,
    *,
    aggregates: Mapping[str, Aggregate],
    segments: Sequence[str],
) -> pl.DataFrame:
    """The table by day: one row for every day and combination of segments that occurs.

    `rows` has a column ``day`` (Date), the segments, and the fields that the aggregates read.
    """
    named = [aggregate.expression().alias(name) for name, aggregate in aggregates.items()]
    keys = [DAY, *segments]
    grouped = rows.lazy().group_by(keys).agg(named).sort(keys)
    return grouped.collect(engine="streaming")
