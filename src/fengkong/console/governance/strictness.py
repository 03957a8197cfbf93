"""Whether a changed condition hits more or less often than before, where its text can tell.

Both conditions are read as trees (never run). Where they have the same shape and differ in limits,
in the members of a collection, or in what is joined by `and` and `or`, the direction of each
difference is known: a higher limit under `>` hits less, one under `not` hits more. Differences in
both directions, or of any other kind, cannot be told.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_RISING: Final = (ast.Gt, ast.GtE)
_FALLING: Final = (ast.Lt, ast.LtE)


class Effect(StrEnum):
    """What a change does to how strictly the policy judges."""

    LOOSER = "looser"
    STRICTER = "stricter"
    NEUTRAL = "neutral"
    UNCLEAR = "unclear"
    """It does something, and the text alone cannot tell which way."""


@dataclass(frozen=True, slots=True)
class LimitChange:
    """One limit that changed: what is compared, both limits as written, and the direction."""

    subject: str
    before: str
    after: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class ConditionChange:
    """All differences of two conditions; `whole` says what they do together."""

    limits: tuple[LimitChange, ...]
    whole: Effect


def compare_conditions(before: str, after: str) -> ConditionChange:
    """How a condition changed; texts that are no expressions are unclear."""
    try:
        first, second = (ast.parse(text.strip(), mode="eval").body for text in (before, after))
    except SyntaxError:
        return ConditionChange((), Effect.UNCLEAR)
    found = list(_differences(first, second, hits=True))
    limits = tuple(one for one in found if isinstance(one, LimitChange))
    effects = [one.effect if isinstance(one, LimitChange) else one for one in found]
    return ConditionChange(limits, together(effects))


def together(effects: list[Effect]) -> Effect:
    """What several changes do together."""
    told = {one for one in effects if one is not Effect.NEUTRAL}
    if not told:
        return Effect.NEUTRAL
    return told.pop() if len(told) == 1 else Effect.UNCLEAR


def direction_of(name: str, condition: str) -> Effect:
    """What raising a name (a parameter) does to how often a condition hits."""
    try:
        tree = ast.parse(condition.strip(), mode="eval").body
    except SyntaxError:
        return Effect.UNCLEAR
    return together(list(_raised(name, tree, hits=True)))


def _effect(*, more_hits: bool) -> Effect:
    return Effect.STRICTER if more_hits else Effect.LOOSER


def _differences(
    first: ast.expr, second: ast.expr, *, hits: bool
) -> Iterator[Effect | LimitChange]:
    """Differences of two trees; `hits` is whether a truth here makes the condition hit."""
    if ast.dump(first) == ast.dump(second):
        return
    match first, second:
        case ast.UnaryOp(op=ast.Not()), ast.UnaryOp(op=ast.Not()):
            yield from _differences(first.operand, second.operand, hits=not hits)
        case ast.Compare(), ast.Compare() if _same_comparison(first, second):
            yield from _comparison(first, second, hits=hits)
        case _ if isinstance(first, ast.BoolOp) or isinstance(second, ast.BoolOp):
            yield from _joined(first, second, hits=hits)
        case _:
            yield Effect.UNCLEAR


def _same_comparison(first: ast.Compare, second: ast.Compare) -> bool:
    """Whether two comparisons are of the same things, so that only limits can differ."""
    return (
        len(first.ops) == len(second.ops)
        and all(type(a) is type(b) for a, b in zip(first.ops, second.ops, strict=True))
        and len(first.ops) == 1
        and (
            ast.dump(first.left) == ast.dump(second.left)
            or ast.dump(first.comparators[0]) == ast.dump(second.comparators[0])
        )
    )


def _comparison(first: ast.Compare, second: ast.Compare, *, hits: bool) -> Iterator[LimitChange]:
    """``x > 3`` against ``x > 4``, the limit on either side; collections too."""
    right = ast.dump(first.left) == ast.dump(second.left)
    subject = first.left if right else first.comparators[0]
    before, after = (
        (first.comparators[0], second.comparators[0]) if right else (first.left, second.left)
    )
    operator = first.ops[0]
    effect = Effect.UNCLEAR
    numbers = _number(before), _number(after)
    if isinstance(operator, ast.In | ast.NotIn) and right:
        effect = _collection(before, after, more=hits == isinstance(operator, ast.In))
    elif numbers[0] is not None and numbers[1] is not None:
        rising = isinstance(operator, _RISING) == right
        if isinstance(operator, (*_RISING, *_FALLING)):
            effect = _effect(more_hits=(rising != (numbers[1] > numbers[0])) == hits)
    yield LimitChange(ast.unparse(subject), ast.unparse(before), ast.unparse(after), effect)


def _number(node: ast.expr) -> float | None:
    sign = 1.0
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node, sign = node.operand, -1.0
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return None if isinstance(node.value, bool) else sign * node.value
    return None


def _collection(before: ast.expr, after: ast.expr, *, more: bool) -> Effect:
    """A list of words that grew or shrank; `more` is whether membership makes the hit."""
    members: list[set[str]] = []
    for node in (before, after):
        if not isinstance(node, ast.List | ast.Tuple | ast.Set):
            return Effect.UNCLEAR
        members.append({ast.dump(one) for one in node.elts})
    if members[0] < members[1]:
        return _effect(more_hits=more)
    if members[1] < members[0]:
        return _effect(more_hits=not more)
    return Effect.NEUTRAL if members[0] == members[1] else Effect.UNCLEAR


def _joined(first: ast.expr, second: ast.expr, *, hits: bool) -> Iterator[Effect | LimitChange]:
    """Parts that were added to, or taken from, what `and` or `or` joins."""
    joins = {type(one.op) for one in (first, second) if isinstance(one, ast.BoolOp)}
    if len(joins) != 1:
        yield Effect.UNCLEAR
        return
    (join,) = joins
    before, after = _operands(first, join), _operands(second, join)
    same = {ast.dump(one) for one in before} & {ast.dump(one) for one in after}
    gone = [one for one in before if ast.dump(one) not in same]
    come = [one for one in after if ast.dump(one) not in same]
    for old, new in list(_paired(gone, come)):
        gone.remove(old)
        come.remove(new)
        yield from _differences(old, new, hits=hits)
    alternative = join is ast.Or
    if come:
        yield _effect(more_hits=alternative == hits)
    if gone:
        yield _effect(more_hits=alternative != hits)


def _operands(node: ast.expr, join: type[ast.boolop]) -> list[ast.expr]:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, join):
        return list(node.values)
    return [node]


def _paired(gone: list[ast.expr], come: list[ast.expr]) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Parts that are the same but for their limit."""
    left = list(come)
    for old in gone:
        for new in left:
            if _alike(old, new):
                left.remove(new)
                yield old, new
                break


def _alike(old: ast.expr, new: ast.expr) -> bool:
    match old, new:
        case ast.Compare(), ast.Compare():
            return _same_comparison(old, new)
        case ast.UnaryOp(op=ast.Not()), ast.UnaryOp(op=ast.Not()):
            return _alike(old.operand, new.operand)
        case ast.BoolOp(), ast.BoolOp():
            return type(old.op) is type(new.op) and len(old.values) == len(new.values)
    return False


def _raised(name: str, node: ast.expr, *, hits: bool) -> Iterator[Effect]:
    """The effect of raising a name at every place where it stands."""
    if not _mentions(name, node):
        return
    match node:
        case ast.BoolOp(values=values):
            for value in values:
                yield from _raised(name, value, hits=hits)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield from _raised(name, operand, hits=not hits)
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            if not isinstance(operator, (*_RISING, *_FALLING)):
                yield Effect.UNCLEAR
                return
            rising = isinstance(operator, _RISING)
            if ast.unparse(right) == name and not _mentions(name, left):
                yield _effect(more_hits=(not rising) == hits)
            elif ast.unparse(left) == name and not _mentions(name, right):
                yield _effect(more_hits=rising == hits)
            else:
                yield Effect.UNCLEAR
        case _:
            yield Effect.UNCLEAR


def _mentions(name: str, node: ast.expr) -> bool:
    return any(
        isinstance(part, ast.Name | ast.Attribute) and ast.unparse(part) == name
        for part in ast.walk(node)
    )
