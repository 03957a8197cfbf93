"""The expression language in columns of polars: what formulas of indicators run on.

Numbers are Float64 and missing is null; nothing raises for any value: what cannot be computed is
missing. The plain interpreter of the rules room is what this must agree with.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

import polars as pl

from fengkong.core.instants import DAY_US
from fengkong.indicators.errors import InvalidIndicatorError
from fengkong.rules.kinds import Kind
from fengkong.rules.nodes import (
    Arithmetic,
    Choice,
    Comparison,
    Constant,
    Default,
    IsMissing,
    Logic,
    Name,
    Negation,
    Node,
    OneOf,
    ParameterValue,
    Quantity,
    TextFunction,
)
from fengkong.rules.parameters import in_minor_units

DAY: Final = "day"
"""The column that holds the day of a row."""
UNTOLD: Final = "-"
"""The segment of rows of which nobody said to which they belong."""
_EPOCH: Final = date(1970, 1, 1)
_LENGTH_MAX: Final = 100_000


def column_of(node: Node) -> pl.Expr:
    """The polars expression of a typed tree; raises InvalidIndicatorError for what it cannot do."""
    match node:
        case Constant():
            return pl.lit(node.value)
        case Name():
            return _name(node)
        case ParameterValue():
            return _parameter(node)
        case Arithmetic():
            operation = _ARITHMETIC[node.operator]
            return _finite(operation(_number(node.left), _number(node.right)))
        case Comparison():
            left, right = column_of(node.left), column_of(node.right)
            return _COMPARISONS[node.operator](left, right)
        case Logic():
            parts = [column_of(part) for part in node.operands]
            combine = pl.any_horizontal if node.operator == "or" else pl.all_horizontal
            return combine(parts)
        case Negation():
            return ~column_of(node.operand)
        case Choice():
            condition = column_of(node.condition)
            return (
                pl.when(condition)
                .then(column_of(node.then))
                .when(condition.is_not_null())
                .then(column_of(node.other))
            )
        case OneOf():
            subject = column_of(node.subject)
            return pl.any_horizontal([subject == item.value for item in node.values])
        case Quantity():
            return _finite(_quantity(node))
        case TextFunction():
            return _text(node)
        case IsMissing():
            return column_of(node.operand).is_null()
        case Default():
            return pl.coalesce(column_of(node.operand), column_of(node.otherwise))
        case _:
            message = "an indicator cannot use lists or functions of instants; count by day instead"
            raise InvalidIndicatorError(message)


def _number(node: Node) -> pl.Expr:
    return column_of(node).cast(pl.Float64)


def _finite(expression: pl.Expr) -> pl.Expr:
    return pl.when(expression.is_finite()).then(expression)


def _name(node: Name) -> pl.Expr:
    column = pl.col(node.name)
    if node.kind is Kind.TEXT:
        return column.cast(pl.String)
    number = _finite(column.cast(pl.Float64))
    return number != 0.0 if node.kind is Kind.BOOLEAN else number


def _parameter(node: ParameterValue) -> pl.Expr:
    """The value of a dated parameter on the row's day (by days of UTC)."""
    found: pl.Expr = pl.lit(None)
    for dated in node.parameter.values:
        start = _EPOCH + timedelta(days=-(-dated.effective_from // DAY_US))
        value = dated.value
        if not isinstance(value, bool | str):
            value = in_minor_units(value, scale=node.scale)
        found = pl.when(pl.col(DAY) >= start).then(pl.lit(value)).otherwise(found)
    return found


def _quantity(node: Quantity) -> pl.Expr:
    parts = [_number(part) for part in node.arguments]
    if node.function in ("minimum", "maximum"):
        pick = pl.min_horizontal if node.function == "minimum" else pl.max_horizontal
        known = pl.all_horizontal([part.is_not_null() for part in parts])
        return pl.when(known).then(pick(parts))
    return _QUANTITIES[node.function](parts[0])


def _text(node: TextFunction) -> pl.Expr:
    first, *rest = [column_of(part).cast(pl.String) for part in node.arguments]
    first = first.str.slice(0, _LENGTH_MAX)
    match node.function:
        case "lower":
            return first.str.to_lowercase()
        case "upper":
            return first.str.to_uppercase()
        case "length":
            return first.str.len_chars().cast(pl.Float64)
        case "starts_with":
            return first.str.starts_with(rest[0])
        case "ends_with":
            return first.str.ends_with(rest[0])
        case "contains":
            return first.str.contains(rest[0], literal=True)
        case "left":
            return first.str.slice(0, int(node.options[0]))
        case name:
            raise InvalidIndicatorError(f"an indicator cannot use the text function {name}")


_ARITHMETIC: Final[dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "floor_divide": lambda a, b: a // b,
    "modulo": lambda a, b: a % b,
    "power": lambda a, b: a**b,
}
_COMPARISONS: Final[dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_QUANTITIES: Final[dict[str, Callable[[pl.Expr], pl.Expr]]] = {
    "negate": lambda x: -x,
    "absolute": lambda x: x.abs(),
    "round": lambda x: x.round(mode="half_to_even"),
    "floor": lambda x: x.floor(),
    "ceiling": lambda x: x.ceil(),
    "root": lambda x: x.sqrt(),
    "logarithm": lambda x: x.log(),
    "exponential": lambda x: x.exp(),
}
