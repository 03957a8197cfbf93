"""The functions of the language: what each takes and the typed node it becomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fengkong.rules.errors import (
    InvalidCallError,
    InvalidPatternError,
    KindMismatchError,
    UnknownNameError,
    nearest,
)
from fengkong.rules.kinds import ANY_KIND, ORDERED, QUANTITIES, Kind
from fengkong.rules.nodes import (
    Arithmetic,
    Constant,
    Default,
    IsMissing,
    Node,
    ParameterValue,
    Quantity,
    TextFunction,
    TimeFunction,
    made_of_text,
)
from fengkong.rules.parameters import in_minor_units
from fengkong.rules.patterns import compiled
from fengkong.rules.scope import Scope
from fengkong.rules.zones import zone

ARGUMENTS_MAX: Final = 16
DIGITS_MAX: Final = 9
CUT_MAX: Final = 1000
_NUMBER: Final = frozenset({Kind.NUMBER})
_TEXT: Final = frozenset({Kind.TEXT})
_INSTANT: Final = frozenset({Kind.INSTANT})


@dataclass(frozen=True, slots=True)
class Function:
    """One function: how it is written, the kinds it takes, and how it becomes a node."""

    usage: str
    takes: tuple[frozenset[Kind], ...]
    least: int
    build: Callable[[list[Node], Scope], Node]

    def kinds_at(self, position: int) -> frozenset[Kind]:
        """The kinds taken at a position; the last one repeats."""
        return self.takes[min(position, len(self.takes) - 1)]

    @property
    def most(self) -> int:
        """The most arguments it takes."""
        return ARGUMENTS_MAX if self.usage.endswith("...)") else len(self.takes)


def to_money(node: Node, *, scale: int) -> Node:
    """A number in major units as money; literals and parameters without any rounding."""
    if node.kind is Kind.MONEY:
        return node
    if isinstance(node, Constant):
        assert not isinstance(node.value, str)
        return Constant(Kind.MONEY, in_minor_units(node.value, scale=scale))
    if isinstance(node, ParameterValue):
        return ParameterValue(Kind.MONEY, node.parameter, scale)
    scaled = Arithmetic(Kind.NUMBER, "multiply", node, Constant(Kind.NUMBER, float(scale)))
    return Quantity(Kind.MONEY, "round", (scaled,))


def as_number(node: Node) -> Node:
    """A probability as the number that it is; anything else as it stands."""
    return replace(node, kind=Kind.NUMBER) if node.kind is Kind.PROBABILITY else node


def to_number(node: Node, *, scale: int) -> Node:
    """Money as a number of major units."""
    if node.kind is not Kind.MONEY:
        return node
    return Arithmetic(Kind.NUMBER, "divide", node, Constant(Kind.NUMBER, float(scale)))


def alike(nodes: Sequence[Node], *, scope: Scope, what: str) -> list[Node]:
    """Values of one kind; numbers become money where another value is money."""
    kinds = {node.kind for node in nodes}
    if kinds == QUANTITIES:
        return [to_money(node, scale=scope.scale) for node in nodes]
    if len(kinds) > 1:
        raise KindMismatchError(
            f"{what}: expected values of one kind, was {' and '.join(node.kind for node in nodes)}"
        )
    return list(nodes)


def _same(function: str) -> Callable[[list[Node], Scope], Node]:
    """A function of one or more quantities that gives the same kind."""

    def build(arguments: list[Node], scope: Scope) -> Node:
        parts = alike(arguments, scope=scope, what=function)
        return Quantity(parts[0].kind, function, tuple(parts))

    return build


def _whole(function: str) -> Callable[[list[Node], Scope], Node]:
    """round, floor and ceil: money is rounded to whole major units."""

    def build(arguments: list[Node], scope: Scope) -> Node:
        value, *rest = arguments
        digits = 0
        if rest:
            digits = _literal_integer(rest[0], what="the digits of round", most=DIGITS_MAX)
        unit = 10.0**-digits * scope.scale if value.kind is Kind.MONEY else 10.0**-digits
        if unit == 1.0:
            return Quantity(value.kind, function, (value,))
        if unit > 1.0:
            size = Constant(Kind.NUMBER, unit)
            steps: Node = Arithmetic(Kind.NUMBER, "divide", value, size)
            return Arithmetic(
                value.kind, "multiply", Quantity(Kind.NUMBER, function, (steps,)), size
            )
        per_unit = Constant(Kind.NUMBER, float(round(1.0 / unit)))
        steps = Arithmetic(Kind.NUMBER, "multiply", value, per_unit)
        return Arithmetic(value.kind, "divide", Quantity(Kind.NUMBER, function, (steps,)), per_unit)

    return build


def _number(arguments: list[Node], scope: Scope) -> Node:
    value = arguments[0]
    if value.kind is Kind.MONEY:
        return to_number(value, scale=scope.scale)
    return Quantity(Kind.NUMBER, "absolute", (value,)) if value.kind is Kind.BOOLEAN else value


def _money(arguments: list[Node], scope: Scope) -> Node:
    return to_money(arguments[0], scale=scope.scale)


def _check_text(nodes: Sequence[Node], *, what: str) -> None:
    """Text functions read characters, which only text names, literals and functions have."""
    if not all(made_of_text(node) for node in nodes):
        raise InvalidCallError(
            f"{what} takes text fields, text literals and text functions, not a parameter or a "
            "choice"
        )


def _text(function: str, kind: Kind) -> Callable[[list[Node], Scope], Node]:
    """A function of the characters of one or more texts."""

    def build(arguments: list[Node], scope: Scope) -> Node:
        _check_text(arguments, what=function)
        return TextFunction(kind, function, tuple(arguments))

    return build


def _cut(function: str) -> Callable[[list[Node], Scope], Node]:
    def build(arguments: list[Node], scope: Scope) -> Node:
        _check_text(arguments[:1], what=function)
        length = _literal_integer(arguments[1], what=f"the length of {function}", most=CUT_MAX)
        return TextFunction(Kind.TEXT, function, (arguments[0],), (length,))

    return build


def _matches(arguments: list[Node], scope: Scope) -> Node:
    _check_text(arguments[:1], what="matches")
    pattern = arguments[1]
    if not isinstance(pattern, Constant) or not isinstance(pattern.value, str):
        raise InvalidPatternError("the pattern of matches must be a literal text")
    compiled(pattern.value)
    return TextFunction(Kind.BOOLEAN, "matches", (arguments[0],), (pattern.value,))


def _default(arguments: list[Node], scope: Scope) -> Node:
    operand, otherwise = alike(arguments, scope=scope, what="default")
    return Default(operand.kind, operand, otherwise)


def _is_missing(arguments: list[Node], scope: Scope) -> Node:
    return IsMissing(arguments[0])


def _time(function: str, kind: Kind, *, instants: int) -> Callable[[list[Node], Scope], Node]:
    """A function of one or two instants and, last, an optional time zone."""

    def build(arguments: list[Node], scope: Scope) -> Node:
        name = scope.time_zone
        if len(arguments) > instants:
            literal = arguments[instants]
            if not isinstance(literal, Constant) or not isinstance(literal.value, str):
                raise InvalidCallError(f"the time zone of {function} must be a literal text")
            name = literal.value
        zone(name)
        parts = tuple(arguments[:instants])
        return TimeFunction(kind, function, parts, name, scope.calendar)

    return build


def _literal_integer(node: Node, *, what: str, most: int) -> int:
    """A literal whole number from 0 to `most`."""
    if isinstance(node, Constant) and node.kind is Kind.NUMBER:
        value = float(node.value)
        if value.is_integer() and 0 <= value <= most:
            return int(value)
    raise InvalidCallError(f"{what}: expected a literal whole number from 0 to {most}")


def _time_functions() -> dict[str, Function]:
    """Functions of instants, which all take an optional zone."""
    functions = {}
    for name in ("hour", "minute", "weekday", "day", "month", "year"):
        build = _time(name, Kind.NUMBER, instants=1)
        functions[name] = Function(f"{name}(instant, zone)", (_INSTANT, _TEXT), 1, build)
    for name in ("is_weekend", "is_working_day"):
        build = _time(name, Kind.BOOLEAN, instants=1)
        functions[name] = Function(f"{name}(instant, zone)", (_INSTANT, _TEXT), 1, build)
    for name in ("days_between", "working_days_between"):
        build = _time(name, Kind.NUMBER, instants=2)
        usage = f"{name}(from, to, zone)"
        functions[name] = Function(usage, (_INSTANT, _INSTANT, _TEXT), 2, build)
    for name in ("hours_between", "seconds_between"):
        build = _time(name, Kind.NUMBER, instants=2)
        functions[name] = Function(f"{name}(from, to)", (_INSTANT, _INSTANT), 2, build)
    return functions


_BOOLEAN_TEXT: Final = ("starts_with", "ends_with", "contains")
FUNCTIONS: Final[dict[str, Function]] = {
    "abs": Function("abs(x)", (QUANTITIES,), 1, _same("absolute")),
    "min": Function("min(x, y, ...)", (ORDERED, ORDERED), 2, _same("minimum")),
    "max": Function("max(x, y, ...)", (ORDERED, ORDERED), 2, _same("maximum")),
    "round": Function("round(x, digits)", (QUANTITIES, _NUMBER), 1, _whole("round")),
    "floor": Function("floor(x)", (QUANTITIES,), 1, _whole("floor")),
    "ceil": Function("ceil(x)", (QUANTITIES,), 1, _whole("ceiling")),
    "sqrt": Function("sqrt(x)", (_NUMBER,), 1, _same("root")),
    "log": Function("log(x)", (_NUMBER,), 1, _same("logarithm")),
    "exp": Function("exp(x)", (_NUMBER,), 1, _same("exponential")),
    "number": Function("number(x)", (QUANTITIES | {Kind.BOOLEAN},), 1, _number),
    "money": Function("money(x)", (QUANTITIES,), 1, _money),
    "lower": Function("lower(text)", (_TEXT,), 1, _text("lower", Kind.TEXT)),
    "upper": Function("upper(text)", (_TEXT,), 1, _text("upper", Kind.TEXT)),
    "strip": Function("strip(text)", (_TEXT,), 1, _text("strip", Kind.TEXT)),
    "concat": Function("concat(text, text, ...)", (_TEXT, _TEXT), 2, _text("concat", Kind.TEXT)),
    "left": Function("left(text, length)", (_TEXT, _NUMBER), 2, _cut("left")),
    "right": Function("right(text, length)", (_TEXT, _NUMBER), 2, _cut("right")),
    "length": Function("length(text)", (_TEXT,), 1, _text("length", Kind.NUMBER)),
    **{
        name: Function(f"{name}(text, part)", (_TEXT, _TEXT), 2, _text(name, Kind.BOOLEAN))
        for name in _BOOLEAN_TEXT
    },
    "matches": Function('matches(text, r"pattern")', (_TEXT, _TEXT), 2, _matches),
    "is_missing": Function("is_missing(x)", (ANY_KIND,), 1, _is_missing),
    "default": Function("default(x, otherwise)", (ANY_KIND, ANY_KIND), 2, _default),
    **_time_functions(),
}


def build_call(name: str, arguments: list[Node], *, scope: Scope) -> Node:
    """The node of a call with checked arguments; errors say how the function is written."""
    function = FUNCTIONS.get(name)
    if function is None:
        raise UnknownNameError(f"unknown function {name[:80]}{nearest(name, FUNCTIONS)}")
    if not function.least <= len(arguments) <= function.most:
        raise InvalidCallError(f"expected {function.usage}, was {len(arguments)} arguments")
    for position, argument in enumerate(arguments):
        kinds = function.kinds_at(position)
        if argument.kind not in kinds:
            expected = " or ".join(sorted(kinds))
            raise KindMismatchError(
                f"{function.usage}: expected {expected} as argument {position + 1}, "
                f"was {argument.kind}"
            )
    return function.build(arguments, scope)
