"""Conditions of our language in the languages of the peers, from the same syntax tree."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

_ARITHMETIC: Final = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARISONS: Final = {
    ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a language writes what differs between them."""

    conjunction: str
    disjunction: str
    negation: str
    number: Callable[[float], str]


ZEN: Final = Dialect(conjunction="and", disjunction="or", negation="not", number=str)
RULE_ENGINE: Final = ZEN
CEL: Final = Dialect(
    conjunction="&&", disjunction="||", negation="!", number=lambda value: repr(float(value))
)


def translate(condition: str, *, dialect: Dialect) -> str:
    """One condition in another language, with a bracket around every part."""
    return _Writer(dialect).text(ast.parse(condition, mode="eval").body)


def as_one_list(conditions: Sequence[str], *, dialect: Dialect) -> str:
    """All conditions as one list: a peer then reads the fields of a row once, not fifty times."""
    return "[" + ", ".join(translate(each, dialect=dialect) for each in conditions) + "]"


class _Writer:
    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    def text(self, node: ast.expr) -> str:
        """A part of a condition."""
        match node:
            case ast.Name(id=name):
                return name
            case ast.Constant(value=str(word)):
                return json.dumps(word)
            case ast.Constant(value=int() | float() as number):
                return self.dialect.number(number)
            case ast.BoolOp(op=operator, values=values):
                both = isinstance(operator, ast.And)
                word = self.dialect.conjunction if both else self.dialect.disjunction
                return "(" + f" {word} ".join(map(self.text, values)) + ")"
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return f"({self.dialect.negation} ({self.text(operand)}))"
            case ast.BinOp(op=operator, left=left, right=right):
                sign = _ARITHMETIC[type(operator)]
                return f"({self.text(left)} {sign} {self.text(right)})"
            case ast.IfExp(test=test, body=then, orelse=other):
                return f"({self.text(test)} ? {self.text(then)} : {self.text(other)})"
            case ast.Compare():
                return self._comparison(node)
            case _:
                raise ValueError(f"no translation of {ast.unparse(node)}")

    def _comparison(self, node: ast.Compare) -> str:
        """A chain `1 < a <= 3` becomes two comparisons."""
        sides = [node.left, *node.comparators]
        parts = []
        for left, operator, right in zip(sides, node.ops, sides[1:], strict=False):
            if isinstance(operator, ast.In | ast.NotIn):
                found = self._membership(left, right)
                negated = isinstance(operator, ast.NotIn)
                parts.append(f"({self.dialect.negation} {found})" if negated else found)
            else:
                sign = _COMPARISONS[type(operator)]
                parts.append(f"({self.text(left)} {sign} {self.text(right)})")
        return parts[0] if len(parts) == 1 else f"({f' {self.dialect.conjunction} '.join(parts)})"

    def _membership(self, left: ast.expr, right: ast.expr) -> str:
        assert isinstance(right, ast.List), "conditions look into literal lists"
        return f"({self.text(left)} in [{', '.join(map(self.text, right.elts))}])"
