"""What a condition looked at: each value against its limit.

The plan of an expression (its comparisons, with the names and limits in them) is made once; each
hit then costs a few look-ups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from msgspec import Struct

from fengkong.rules.expressions import Expression
from fengkong.rules.interpreter import Moment, Value, value_of
from fengkong.rules.kinds import Kind
from fengkong.rules.lists import ListState
from fengkong.rules.nodes import (
    Comparison,
    Constant,
    IsMissing,
    Logic,
    Name,
    Negation,
    Node,
    OneOf,
    OnList,
    ParameterValue,
    TextFunction,
    TimeFunction,
    children,
    walk,
)

_FLIPPED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


class Observation(Struct, frozen=True):
    """A value that was seen, how it was compared, and with what.

    `name` is a field, a feature or a sub-expression; `limit_source` is the parameter, list or
    text that the limit comes from, and None for a literal. Money is in minor units.
    """

    name: str
    kind: Kind
    value: Value
    operator: str
    limit_source: str | None
    limit_value: Value | tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """One comparison of a condition."""

    name: str
    subject: Node
    operator: str
    limit_source: str | None
    limit: Node | tuple[Value, ...] | None

    @property
    def plain_name(self) -> str | None:
        """The name it looks at, if that is all it looks at and the event cannot move its limit."""
        fixed = self.limit is None or isinstance(self.limit, tuple | Constant | ParameterValue)
        return self.subject.name if fixed and isinstance(self.subject, Name) else None

    def dated_limits(self) -> tuple[tuple[int, ...], tuple[Value | tuple[Value, ...], ...]]:
        """The instants at which the limit changes, and the limits: one before them, one from each.

        Of a limit that depends on the event there is nothing to say beforehand.
        """
        if isinstance(self.limit, ParameterValue):
            starts = tuple(dated.effective_from for dated in self.limit.parameter.values)
            instants = (-1, *starts)
            return starts, tuple([value_of(self.limit, Moment({}, at)) for at in instants])
        if isinstance(self.limit, Constant):
            return (), (self.limit.value,)
        return (), (self.limit if isinstance(self.limit, tuple) else None,)

    def observe(self, moment: Moment) -> Observation:
        """What this comparison saw."""
        limit: Value | tuple[Value, ...] = None
        if isinstance(self.limit, tuple):
            limit = self.limit
        elif isinstance(self.limit, Constant):
            limit = self.limit.value
        elif self.limit is not None:
            limit = value_of(self.limit, moment)
        value = value_of(self.subject, moment)
        kind = self.subject.kind
        return Observation(self.name, kind, value, self.operator, self.limit_source, limit)


def _source(node: Node, text: str) -> str | None:
    """Where a limit comes from: a parameter's name, nothing for a literal, else its text."""
    if isinstance(node, ParameterValue):
        return node.parameter.name
    return None if isinstance(node, Constant) else text


def _is_limit(node: Node) -> bool:
    """Whether a side of a comparison is fixed by the policy rather than seen in the event."""
    return all(isinstance(part, Constant | ParameterValue) or children(part) for part in walk(node))


def _comparison(node: Comparison) -> Look:
    """A comparison with the observed value on the left."""
    subject, limit, operator = node.left, node.right, node.operator
    name, text = node.left_text, node.right_text
    if _is_limit(subject) and not _is_limit(limit):
        subject, limit, operator = limit, subject, _FLIPPED[operator]
        name, text = text, name
    return Look(name, subject, operator, _source(limit, text), limit)


def _plain_name(node: Node, otherwise: str) -> str:
    return node.name if isinstance(node, Name) else otherwise


def _leaf(node: Node, *, negated: bool) -> Look | None:
    """The leaf of a part that is not made of smaller conditions."""
    match node:
        case Comparison():
            return _comparison(node)
        case OneOf():
            values = tuple(item.value for item in node.values)
            return Look(
                node.subject_text, node.subject, "not in" if negated else "in", None, values
            )
        case OnList():
            operator = "not in" if negated else "in"
            return Look(node.subject_text, node.subject, operator, node.list, None)
        case IsMissing(operand=operand):
            name = _plain_name(operand, "value")
            return Look(name, operand, "is not missing" if negated else "is missing", None, None)
        case TextFunction(arguments=arguments, function=function, options=options):
            second = arguments[1] if len(arguments) > 1 else None
            limit = second if second is not None else tuple(options)
            name = _plain_name(arguments[0], function)
            operator = f"not {function}" if negated else function
            return Look(name, arguments[0], operator, None, limit)
        case TimeFunction(arguments=arguments, function=function):
            name = _plain_name(arguments[0], function)
            return Look(name, arguments[0], f"not {function}" if negated else function, None, None)
        case Name(name=name) if node.kind is Kind.BOOLEAN:
            return Look(name, node, "is", None, (not negated,))
        case _:
            return None


@lru_cache(maxsize=16_384)
def looks(expression: Expression) -> tuple[Look, ...]:
    """The comparisons of an expression, in the order they are written, each once."""
    leaves: list[Look] = []
    seen: set[int] = set()
    pending: list[tuple[Node, bool]] = [(expression.node, False)]
    while pending:
        node, negated = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Negation):
            pending.append((node.operand, not negated))
            continue
        leaf = None if isinstance(node, Logic) else _leaf(node, negated=negated)
        if leaf is not None:
            leaves.append(leaf)
            continue
        parts = [part for part in children(node) if part.kind is Kind.BOOLEAN]
        pending.extend((part, negated) for part in reversed(parts))
    return tuple(leaves)


def observations(
    expression: Expression,
    values: Mapping[str, object],
    *,
    occurred_at: int | None = None,
    lists: ListState | None = None,
) -> tuple[Observation, ...]:
    """What every comparison of a condition saw, in the order they are written."""
    moment = Moment(values, occurred_at, lists)
    return tuple([leaf.observe(moment) for leaf in looks(expression)])
