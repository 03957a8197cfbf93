"""Measures: what a formula may look back on, ``sum(redeemed) last 7d where channel == "app"``.

A measure reads

    function(column [, number]) [by segment] [last Nd] [delayed Nd] [where condition]

in that order. Days are those of the source's own calendar: of a source with a row every working day
``last 250d`` is 250 of its rows. With ``by`` the window is summed for each value of a segment and
the function says how it is spread over them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import polars as pl

from fengkong.core.bilingual import Bilingual
from fengkong.indicators.errors import InvalidIndicatorError
from fengkong.indicators.series import FUNCTIONS
from fengkong.rules.errors import nearest
from fengkong.rules.expressions import Expression, parse_condition
from fengkong.rules.kinds import Kind
from fengkong.rules.parameters import in_minor_units
from fengkong.rules.scope import Scope

_NAME: Final = r"[a-z][a-z0-9_]*"
_MEASURE: Final = re.compile(
    rf"""\s*(?P<function>{_NAME}) \s* \(\s*(?P<column>{_NAME})\s*(?:,\s*(?P<number>[0-9.]+)\s*)?\)
    (?:\s+by\s+(?P<by>{_NAME}))?
    (?:\s+last\s+(?P<last>[1-9][0-9]{{0,3}})d)?
    (?:\s+delayed\s+(?P<delayed>[1-9][0-9]{{0,3}})d)?
    (?:\s+where\s+(?P<where>\S.*?))?\s*""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class SpreadFunction:
    """How the amounts of many segments become one number a day."""

    usage: str
    meaning: Bilingual
    of: Callable[[pl.Expr, float | None], pl.Expr]


def _positive(amounts: pl.Expr) -> pl.Expr:
    return amounts.filter(amounts > 0)


SPREADS: Final[dict[str, SpreadFunction]] = {
    "hhi": SpreadFunction(
        "hhi(x) by borrower",
        Bilingual(
            zh="赫芬达尔指数：份额平方之和（1 为全部集中）",
            en="Herfindahl index: sum of squared shares",
        ),
        lambda x, _n: (_positive(x) / _positive(x).sum()).pow(2).sum(),
    ),
    "top_share": SpreadFunction(
        "top_share(x, 10) by borrower",
        Bilingual(zh="最大 N 个之和占全部的比例", en="share of the N largest in all"),
        lambda x, n: _positive(x).top_k(int(n or 1)).sum() / _positive(x).sum(),
    ),
    "top_sum": SpreadFunction(
        "top_sum(x, 10) by borrower",
        Bilingual(zh="最大 N 个之和", en="sum of the N largest"),
        lambda x, n: _positive(x).top_k(int(n or 1)).sum(),
    ),
    "distinct": SpreadFunction(
        "distinct(x) by borrower",
        Bilingual(zh="金额大于零的个数", en="how many have an amount above zero"),
        lambda x, _n: _positive(x).len().cast(pl.Float64),
    ),
    "above": SpreadFunction(
        "above(x, 3) by borrower",
        Bilingual(zh="超过给定值的个数", en="how many are above the number given"),
        lambda x, n: (x > (n or 0.0)).sum().cast(pl.Float64),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One declared measure; days are positions in the source's calendar."""

    name: str
    text: str
    function: str
    column: str
    number: float | None = None
    by: str | None = None
    last: int | None = None
    delayed: int = 0
    where: Expression | None = None

    @property
    def lookback(self) -> int | None:
        """How many days before a day it reads; None where all of the past matters."""
        endless = self.function in _ENDLESS or (
            self.last is None and self.function in _ENDLESS_UNBOUND
        )
        return None if endless else (self.last or _DEFAULTS.get(self.function, 1)) + self.delayed


_ENDLESS: Final = frozenset(
    {"streak", "ewma", "ewma_volatility", "garch_volatility", "value_at_risk"}
    | {"expected_shortfall", "var_exceedances", "kupiec", "christoffersen"}
)
_ENDLESS_UNBOUND: Final = frozenset({"latest"})
_LEAST: Final = {"value_at_risk": 100, "expected_shortfall": 100, "std": 2}
"""The shortest windows that can give a value."""
_DEFAULTS: Final = {"quantile": 250, "z_score": 251, "drawdown": 250, "returns": 2}


def parse_measure(text: str, *, name: str, scope: Scope, segments: frozenset[str]) -> Measure:
    """The measure that a text declares; raises InvalidIndicatorError, or the condition's fault."""
    match = _MEASURE.fullmatch(text)
    if match is None:
        raise InvalidIndicatorError(
            f"{text[:80]!r} is no measure; write function(column) [by segment] [last 30d] "
            "[delayed 7d] [where condition]"
        )
    function, column, by = match["function"], match["column"], match["by"]
    known = SPREADS if by else FUNCTIONS
    if function not in known:
        what = "with by" if by else "without by"
        raise InvalidIndicatorError(f"unknown function {function} {what}{nearest(function, known)}")
    if column not in scope.names:
        raise InvalidIndicatorError(f"unknown column {column}{nearest(column, scope.names)}")
    if by is not None and by not in segments:
        raise InvalidIndicatorError(f"unknown segment {by}{nearest(by, segments)}")
    least = _LEAST.get(function, 1)
    if match["last"] and int(match["last"]) < least:
        raise InvalidIndicatorError(f"{function} needs a window of at least {least}d")
    number = float(match["number"]) if match["number"] else None
    if number is not None and function == "above" and scope.names[column] is Kind.MONEY:
        number = in_minor_units(number, scale=scope.scale)
    return Measure(
        name=name,
        text=" ".join(text.split()),
        function=function,
        column=column,
        number=number,
        by=by,
        last=int(match["last"]) if match["last"] else None,
        delayed=int(match["delayed"] or 0),
        where=parse_condition(match["where"], scope=scope) if match["where"] else None,
    )
