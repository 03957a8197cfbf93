"""The typed tree of an expression, after all names and kinds are checked.

Every node says its kind. Amounts of money are in minor units throughout: literals and parameters
have been rescaled, and a number that meets money has been wrapped in ``to_money``.
"""

from __future__ import annotations

from dataclasses import dataclass

from fengkong.rules.calendars import WorkingCalendar
from fengkong.rules.kinds import Kind
from fengkong.rules.parameters import Parameter


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A literal: a number (money in minor units), a text or a truth value."""

    kind: Kind
    value: float | bool | str


@dataclass(frozen=True, slots=True, eq=False)
class Name:
    """A field, a feature, or an earlier expression."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class ParameterValue:
    """The value of a dated parameter at the event's moment; `scale` turns it to minor units."""

    kind: Kind
    parameter: Parameter
    scale: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Arithmetic:
    """``add, subtract, multiply, divide, floor_divide, modulo, power`` of two cells."""

    kind: Kind
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """``== != < <= > >=`` of two values of one kind; the texts are for explanations."""

    operator: str
    left: Node
    right: Node
    left_text: str = ""
    right_text: str = ""
    kind: Kind = Kind.BOOLEAN


@dataclass(frozen=True, slots=True, eq=False)
class Logic:
    """Kleene ``and`` or ``or`` of two or more truth values."""

    operator: str
    operands: tuple[Node, ...]
    kind: Kind = Kind.BOOLEAN


@dataclass(frozen=True, slots=True, eq=False)
class Negation:
    """Kleene ``not``."""

    operand: Node
    kind: Kind = Kind.BOOLEAN


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """``then if condition else other``; missing when the condition is."""

    kind: Kind
    condition: Node
    then: Node
    other: Node


@dataclass(frozen=True, slots=True, eq=False)
class OneOf:
    """Whether a value is one of some literals."""

    subject: Node
    values: tuple[Constant, ...]
    subject_text: str = ""
    kind: Kind = Kind.BOOLEAN


@dataclass(frozen=True, slots=True, eq=False)
class OnList:
    """Whether a text is on a list at the moment of the event."""

    subject: Node
    list: str
    subject_text: str = ""
    kind: Kind = Kind.BOOLEAN


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """A function of numbers: negate, absolute, minimum, maximum, round, floor, ceiling, root,
    logarithm, exponential, to_money (number to minor units).
    """

    kind: Kind
    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TextFunction:
    """A function of characters; `options` are its literal arguments (a pattern, a length)."""

    kind: Kind
    function: str
    arguments: tuple[Node, ...]
    options: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class TimeFunction:
    """A function of instants in a time zone."""

    kind: Kind
    function: str
    arguments: tuple[Node, ...]
    zone: str
    calendar: WorkingCalendar


@dataclass(frozen=True, slots=True, eq=False)
class IsMissing:
    """Whether a value is missing; never missing itself."""

    operand: Node
    kind: Kind = Kind.BOOLEAN


@dataclass(frozen=True, slots=True, eq=False)
class Default:
    """The first value, or the second where the first is missing."""

    kind: Kind
    operand: Node
    otherwise: Node


Node = (
    Constant
    | Name
    | ParameterValue
    | Arithmetic
    | Comparison
    | Logic
    | Negation
    | Choice
    | OneOf
    | OnList
    | Quantity
    | TextFunction
    | TimeFunction
    | IsMissing
    | Default
)


def children(node: Node) -> tuple[Node, ...]:
    """The parts of a node, in the order they are written."""
    match node:
        case Constant() | Name() | ParameterValue():
            return ()
        case Arithmetic(left=left, right=right) | Comparison(left=left, right=right):
            return (left, right)
        case Logic(operands=operands):
            return operands
        case Negation(operand=operand) | IsMissing(operand=operand):
            return (operand,)
        case Choice(condition=condition, then=then, other=other):
            return (then, condition, other)
        case OneOf(subject=subject) | OnList(subject=subject):
            return (subject,)
        case Default(operand=operand, otherwise=otherwise):
            return (operand, otherwise)
        case _:
            return node.arguments


def walk(root: Node) -> list[Node]:
    """Every different node of a tree once, parents before their parts."""
    seen: set[int] = set()
    found: list[Node] = []
    pending: list[Node] = [root]
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        found.append(node)
        pending.extend(reversed(children(node)))
    return found


def made_of_text(node: Node) -> bool:
    """Whether a text value depends on the characters of text names and literals alone."""
    return all(
        isinstance(part, Constant | TextFunction | Default)
        or (isinstance(part, Name) and part.kind is Kind.TEXT)
        for part in walk(node)
    )
