"""A condition as rows of a form: value, comparison, limit, in groups of which all or any must hold.

`form_of` reads a condition into a form where it can be shown as one; `text_of` writes a form as a
condition. Both ways round nothing is lost: the text of a form reads into the same form, and the
form of a text writes the same text with regular spacing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fengkong.core.errors import RiskError

ROWS_MAX: Final = 60
DEPTH_MAX: Final = 3
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*", re.ASCII)
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)


class Join(StrEnum):
    """How many of a group must hold."""

    ALL = "all"
    ANY = "any"


class Operator(StrEnum):
    """What a row says of its value."""

    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="
    IS = "=="
    IS_NOT = "!="
    IN = "in"
    NOT_IN = "not in"
    TRUE = "is true"
    FALSE = "is false"
    MISSING = "is missing"
    PRESENT = "is present"


WITHOUT_LIMIT: Final = frozenset(
    {Operator.TRUE, Operator.FALSE, Operator.MISSING, Operator.PRESENT}
)
_COMPARED: Final[Mapping[type[ast.cmpop], Operator]] = {
    ast.Gt: Operator.ABOVE,
    ast.GtE: Operator.AT_LEAST,
    ast.Lt: Operator.BELOW,
    ast.LtE: Operator.AT_MOST,
    ast.Eq: Operator.IS,
    ast.NotEq: Operator.IS_NOT,
    ast.In: Operator.IN,
    ast.NotIn: Operator.NOT_IN,
}


class UnshownConditionError(RiskError):
    """A condition says more than rows of a form can show."""

    code = "console.unshown_condition"
    hint = "Edit the condition as text; the form shows it again when it can."


class InvalidRowError(RiskError):
    """A row of the form is not complete."""

    code = "console.invalid_row"
    hint = "Choose a value and a comparison, and write a limit where the comparison needs one."


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison. `subject` and `limit` are as an expression writes them: ``amount``,
    ``hour(occurred_at)``; ``5000``, ``"app"``, ``limits.amount``, ``["app", "web"]``.
    """

    subject: str
    operator: Operator
    limit: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Rows and groups of which all, or any, must hold."""

    join: Join
    parts: tuple[Row | Group, ...]


def form_of(text: str) -> Group:
    """The form of a condition; raises `UnshownConditionError` where there is none."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError) as error:
        raise UnshownConditionError("the condition is not complete yet") from error
    part = _part(tree, depth=0)
    group = part if isinstance(part, Group) else Group(Join.ALL, (part,))
    if _size(group) > ROWS_MAX:
        raise UnshownConditionError(f"the condition has more than {ROWS_MAX} rows")
    return group


def text_of(group: Group) -> str:
    """The condition that a form says; raises `InvalidRowError`."""
    if not group.parts:
        raise InvalidRowError("a condition needs at least one row")
    texts = [
        f"({text_of(part)})" if isinstance(part, Group) else _row_text(part) for part in group.parts
    ]
    joined = (" and " if group.join is Join.ALL else " or ").join(texts)
    try:
        return ast.unparse(ast.parse(joined, mode="eval").body)
    except SyntaxError as error:
        raise InvalidRowError(f"{joined[:120]!r} is not complete") from error


def normal_text(text: str) -> str:
    """A condition with regular spacing, as `text_of` writes it."""
    return ast.unparse(ast.parse(text.strip(), mode="eval").body)


def written_limit(text: str, *, names: Collection[str], textual: bool) -> str:
    """A limit as somebody typed it, as an expression writes it.

    What is no number, no known name and not in quotes is a text where the value is one.
    """
    text = text.strip()
    if not text or _NUMBER.fullmatch(text) or text in names:
        return text
    if text[0] in "\"'[" or not textual:
        return text
    return _quoted(text)


def written_words(text: str, *, textual: bool) -> str:
    """A list of words or numbers as somebody typed it: ``app, web`` becomes ``["app", "web"]``."""
    text = text.strip()
    if text.startswith("["):
        return text
    words = [word.strip() for word in re.split(r"[,，、]", text) if word.strip()]
    shown = [w if not textual or w[0] in "\"'" else _quoted(w) for w in words]
    return f"[{', '.join(shown)}]"


def _quoted(text: str) -> str:
    return ast.unparse(ast.Constant(text))


def _row_text(row: Row) -> str:
    subject, limit = row.subject.strip(), row.limit.strip()
    if not subject:
        raise InvalidRowError("a row names no value")
    match row.operator:
        case Operator.TRUE:
            return subject
        case Operator.FALSE:
            return f"not {subject}"
        case Operator.MISSING:
            return f"is_missing({subject})"
        case Operator.PRESENT:
            return f"not is_missing({subject})"
    if not limit:
        raise InvalidRowError(f"{subject} {row.operator} has no limit")
    return f"{subject} {row.operator} {limit}"


def _size(group: Group) -> int:
    return sum(_size(part) if isinstance(part, Group) else 1 for part in group.parts)


# -- reading ---------------------------------------------------------------------------------


def _part(node: ast.expr, *, depth: int) -> Row | Group:
    match node:
        case ast.BoolOp(op=op, values=values):
            if depth >= DEPTH_MAX:
                raise UnshownConditionError(f"groups are nested more than {DEPTH_MAX} deep")
            join = Join.ALL if isinstance(op, ast.And) else Join.ANY
            return Group(join, tuple(_part(value, depth=depth + 1) for value in values))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _denied(operand)
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            return _comparison(left, operator, right)
        case ast.Call(func=ast.Name(id="is_missing"), args=[subject], keywords=[]):
            return Row(_subject(subject), Operator.MISSING)
        case ast.Name() | ast.Attribute() | ast.Call():
            return Row(_subject(node), Operator.TRUE)
    raise UnshownConditionError(f"{ast.unparse(node)[:120]!r} is no row of a form")


def _denied(node: ast.expr) -> Row:
    match node:
        case ast.Call(func=ast.Name(id="is_missing"), args=[subject], keywords=[]):
            return Row(_subject(subject), Operator.PRESENT)
        case ast.Name() | ast.Attribute() | ast.Call():
            return Row(_subject(node), Operator.FALSE)
    raise UnshownConditionError(f"'not' before {ast.unparse(node)[:120]!r} is no row of a form")


def _comparison(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> Row:
    if type(operator) not in _COMPARED:
        raise UnshownConditionError("this comparison is no row of a form")
    found = _COMPARED[type(operator)]
    subject = _subject(left)
    if found in (Operator.IN, Operator.NOT_IN):
        return Row(subject, found, _collection(right))
    return Row(subject, found, _limit(right))


def _subject(node: ast.expr) -> str:
    """A name, or a function of names and literals."""
    text = ast.unparse(node)
    if _NAME.fullmatch(text):
        return text
    match node:
        case ast.Call(func=ast.Name(), args=args, keywords=[]) if args and all(
            map(_is_plain, args)
        ):
            return text
    raise UnshownConditionError(f"{text[:120]!r} is computed, and a row begins with a value")


def _is_plain(node: ast.expr) -> bool:
    if isinstance(node, ast.Name | ast.Attribute):
        return _NAME.fullmatch(ast.unparse(node)) is not None
    return _is_literal(node)


def _is_literal(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=bool() | int() | float() | str()):
            return True
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float())):
            return True
    return False


def _limit(node: ast.expr) -> str:
    if _is_plain(node):
        return ast.unparse(node)
    raise UnshownConditionError(f"{ast.unparse(node)[:120]!r} is computed, and no plain limit")


def _collection(node: ast.expr) -> str:
    if isinstance(node, ast.Name) or (
        isinstance(node, ast.List) and node.elts and all(map(_is_literal, node.elts))
    ):
        return ast.unparse(node)
    raise UnshownConditionError(f"{ast.unparse(node)[:120]!r} is no list and no list of words")
