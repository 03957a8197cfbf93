"""The language in plain Python: slow, obvious, and what the machine must agree with.

Values go in as events hold them (money in minor units, instants in microseconds, texts as texts)
and missing is None. Nothing here raises for any value: what cannot be computed is missing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final

from msgspec import Struct

from fengkong.core.instants import INSTANT_MAX, INSTANT_MIN
from fengkong.rules.expressions import Expression
from fengkong.rules.kinds import Kind
from fengkong.rules.lists import ListState
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
    OnList,
    ParameterValue,
    Quantity,
    TextFunction,
    TimeFunction,
)
from fengkong.rules.parameters import in_minor_units
from fengkong.rules.patterns import found
from fengkong.rules.zones import zone

Value = float | bool | str | None
TEXT_LENGTH_MAX: Final = 100_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(Struct, frozen=True):
    """What an expression may look at: values by name, the event's time, and the lists."""

    values: Mapping[str, object]
    occurred_at: int | None = None
    lists: ListState | None = None


def evaluate(expression: Expression, *, moment: Moment) -> Value:
    """The value of an expression; None where it is missing (for a condition: unknown)."""
    return value_of(expression.node, moment)


def value_of(node: Node, moment: Moment) -> Value:  # noqa: C901 - one case per kind of node
    """The value of a part of an expression."""
    match node:
        case Constant():
            return node.value
        case Name():
            return _clean(moment.values.get(node.name), kind=node.kind)
        case ParameterValue():
            return _parameter(node, moment)
        case Arithmetic():
            return _arithmetic(node, moment)
        case Comparison():
            return _compare(node, moment)
        case Logic():
            return _logic(node, moment)
        case Negation():
            truth = value_of(node.operand, moment)
            return None if truth is None else not truth
        case Choice():
            condition = value_of(node.condition, moment)
            if condition is None:
                return None
            return value_of(node.then if condition else node.other, moment)
        case OneOf():
            subject = value_of(node.subject, moment)
            return None if subject is None else any(subject == item.value for item in node.values)
        case OnList():
            return _on_list(node, moment)
        case Quantity():
            numbers = [_number(value_of(part, moment)) for part in node.arguments]
            present = [number for number in numbers if number is not None]
            if len(present) < len(numbers):
                return None
            return _finite(_QUANTITIES[node.function], present)
        case TextFunction():
            return text_function(node, [value_of(part, moment) for part in node.arguments])
        case TimeFunction():
            return _time_function(node, [value_of(part, moment) for part in node.arguments])
        case IsMissing(operand=operand):
            return value_of(operand, moment) is None
        case Default():
            value = value_of(node.operand, moment)
            return value_of(node.otherwise, moment) if value is None else value


def _clean(value: object, *, kind: Kind) -> Value:
    """A value from outside: NaN and infinity are missing, numbers are floats."""
    if value is None:
        return None
    if kind is Kind.TEXT:
        return str(value)
    number = float(value)  # type: ignore[arg-type]
    if not math.isfinite(number):
        return None
    return number != 0.0 if kind is Kind.BOOLEAN else number


def _number(value: Value) -> float | None:
    assert not isinstance(value, str), "the checker lets no text into arithmetic"
    return None if value is None else float(value)


def _parameter(node: ParameterValue, moment: Moment) -> Value:
    """The value of a parameter at the event's time."""
    if moment.occurred_at is None:
        return None
    dated = node.parameter.at(moment.occurred_at)
    if dated is None:
        return None
    if isinstance(dated.value, bool | str):
        return dated.value
    return in_minor_units(dated.value, scale=node.scale)


def _finite(function: Callable[..., float], arguments: list[float]) -> float | None:
    """The result of a function, missing where it has none or is beyond all numbers."""
    try:
        result = function(*arguments)
    except (ValueError, OverflowError, ZeroDivisionError):
        return None
    if isinstance(result, complex) or not math.isfinite(result):
        return None
    return float(result)


def _round(value: float) -> float:
    return float(round(value))


_OPERATORS: Final[dict[str, Callable[[float, float], float]]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "floor_divide": lambda a, b: a // b,
    "modulo": lambda a, b: a % b,
    "power": math.pow,
}
_QUANTITIES: Final[dict[str, Callable[..., float]]] = {
    "negate": lambda x: -x,
    "absolute": abs,
    "minimum": min,
    "maximum": max,
    "round": _round,
    "floor": math.floor,
    "ceiling": math.ceil,
    "root": math.sqrt,
    "logarithm": math.log,
    "exponential": math.exp,
}


def _arithmetic(node: Arithmetic, moment: Moment) -> Value:
    left = _number(value_of(node.left, moment))
    right = _number(value_of(node.right, moment))
    if left is None or right is None:
        return None
    return _finite(_OPERATORS[node.operator], [left, right])


def _compare(node: Comparison, moment: Moment) -> bool | None:
    left, right = value_of(node.left, moment), value_of(node.right, moment)
    if left is None or right is None:
        return None
    if node.operator == "==":
        return left == right
    if node.operator == "!=":
        return left != right
    assert not isinstance(left, str), "the checker orders no texts"
    assert not isinstance(right, str), "the checker orders no texts"
    match node.operator:
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case _:
            return left >= right


def _logic(node: Logic, moment: Moment) -> bool | None:
    """Kleene: a false decides an and, a true decides an or, whatever is unknown."""
    decisive = node.operator == "or"
    unknown = False
    for operand in node.operands:
        truth = value_of(operand, moment)
        if truth is None:
            unknown = True
        elif truth is decisive:
            return decisive
    return None if unknown else not decisive


def _on_list(node: OnList, moment: Moment) -> bool | None:
    subject = value_of(node.subject, moment)
    if subject is None or moment.lists is None or moment.occurred_at is None:
        return None
    return moment.lists.holds(node.list, str(subject), at=moment.occurred_at)


def text_function(node: TextFunction, arguments: list[Value]) -> Value:
    """A function of characters; missing if any text is."""
    texts = [str(argument) for argument in arguments if argument is not None]
    if len(texts) < len(arguments):
        return None
    first = texts[0][:TEXT_LENGTH_MAX]
    match node.function:
        case "lower":
            return first.lower()
        case "upper":
            return first.upper()
        case "strip":
            return first.strip()
        case "concat":
            return "".join(texts)[:TEXT_LENGTH_MAX]
        case "length":
            return float(len(first))
        case "left":
            return first[: int(node.options[0])]
        case "right":
            length = int(node.options[0])
            return first[-length:] if length else ""
        case "starts_with":
            return first.startswith(texts[1])
        case "ends_with":
            return first.endswith(texts[1])
        case "contains":
            return texts[1] in first
        case "matches":
            return found(str(node.options[0]), first)
        case name:
            raise AssertionError(f"no text function {name}")


def _time_function(node: TimeFunction, arguments: list[Value]) -> Value:
    """A function of one or two instants; missing outside the years 2000 to 2100."""
    instants = [int(argument) for argument in arguments if isinstance(argument, float)]
    if len(instants) < len(arguments):
        return None
    if not all(INSTANT_MIN <= instant < INSTANT_MAX for instant in instants):
        return None
    if node.function == "hours_between":
        return (instants[1] - instants[0]) / 3_600_000_000.0
    if node.function == "seconds_between":
        return (instants[1] - instants[0]) / 1_000_000.0
    local = [
        (_EPOCH + timedelta(microseconds=instant)).astimezone(zone(node.zone))
        for instant in instants
    ]
    if len(local) == 1:
        return _of_local_time(node, local[0])
    first, last = local[0].date(), local[1].date()
    if node.function == "days_between":
        return float((last - first).days)
    if first > last:
        return 0.0 - _working_days(node, after=last, until=first)
    return float(_working_days(node, after=first, until=last))


def _of_local_time(node: TimeFunction, local: datetime) -> Value:
    match node.function:
        case "weekday":
            return float(local.isoweekday())
        case "is_weekend":
            return local.isoweekday() >= 6
        case "is_working_day":
            return node.calendar.is_working_day(local.date())
        case name:
            return float(getattr(local, name))


def _working_days(node: TimeFunction, *, after: date, until: date) -> int:
    """Working days later than one day, up to and including another."""
    days = (until - after).days
    return sum(
        node.calendar.is_working_day(after + timedelta(days=step)) for step in range(1, days + 1)
    )
