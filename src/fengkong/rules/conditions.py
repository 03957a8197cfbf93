"""Cells of decision tables and bins of scorecards: short conditions on one input.

``> 5000``, ``5000..10000`` (from 5000, below 10000), ``"CN", "HK"``, ``not "CN"``, ``true``,
``missing``, and ``-`` for anything. A condition also knows which values it takes, so that rows
can be compared with each other.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fengkong.core.errors import FaultsError, RiskError
from fengkong.rules.expressions import parse_condition
from fengkong.rules.kinds import ORDERED, Kind
from fengkong.rules.nodes import (
    Comparison,
    Constant,
    IsMissing,
    Logic,
    Name,
    Negation,
    Node,
    OneOf,
)
from fengkong.rules.origins import Origin
from fengkong.rules.scope import Scope
from fengkong.rules.syntax import placed

_OPERATOR: Final = re.compile(r"(<=|>=|==|!=|<|>)\s*(.+)", re.DOTALL)
_RANGE: Final = re.compile(r"(.+?)\s*\.\.\s*(.+)", re.DOTALL)
Boundary = tuple[float, int]
"""A cut between values: (v, 0) is just below v, (v, 1) just above it."""
Interval = tuple[Boundary, Boundary]
LOWEST: Final[Boundary] = (-math.inf, 0)
HIGHEST: Final[Boundary] = (math.inf, 1)


@dataclass(frozen=True, slots=True)
class Region:
    """The values that a condition takes: intervals, or some values, or all but some."""

    missing: bool = False
    intervals: tuple[Interval, ...] = ()
    values: frozenset[bool | str] = frozenset()
    all_but: bool = False


EVERYTHING: Final = Region(missing=True, intervals=((LOWEST, HIGHEST),), all_but=True)


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked cell; `node` is None for anything, `region` is None where it is not known."""

    text: str
    node: Node | None
    region: Region | None


def condition_source(cell: object, *, subject: str, kind: Kind) -> str | None:
    """A cell as an expression about its input; None for anything."""
    if isinstance(cell, bool):
        return subject if cell else f"not {subject}"
    if isinstance(cell, int | float):
        return f"{subject} == {cell!r}"
    if isinstance(cell, list):
        return f"{subject} in [{', '.join(_literal(item) for item in cell)}]"
    text = str(cell).strip()
    if text in ("-", ""):
        return None
    if text == "missing":
        return f"is_missing({subject})"
    if kind is Kind.BOOLEAN and text in ("true", "false"):
        return subject if text == "true" else f"not {subject}"
    if text.startswith("not ") and text != "not missing":
        return f"{subject} not in [{text[4:]}]"
    if text == "not missing":
        return f"not is_missing({subject})"
    if match := _OPERATOR.fullmatch(text):
        return f"{subject} {match[1]} {match[2]}"
    if kind in ORDERED and (match := _RANGE.fullmatch(text)):
        return f"{match[1]} <= {subject} < {match[2]}"
    return f"{subject} in [{text}]"


def _literal(item: object) -> str:
    if isinstance(item, str):
        return '"' + item.replace('"', "") + '"'
    return repr(item)


def parse_cell(
    cell: object, *, subject: str, kind: Kind, scope: Scope, origin: Origin
) -> Condition:
    """A checked cell; errors are those of the expression it stands for."""
    source = condition_source(cell, subject=subject, kind=kind)
    if source is None:
        return Condition("-", None, EVERYTHING)
    try:
        node = parse_condition(source, scope=scope, origin=origin).node
    except FaultsError:
        raise
    except RiskError as error:
        raise placed(
            type(error), f"cell {str(cell)[:60]!r}: {error.message}", origin.place
        ) from None
    return Condition(str(cell), node, region_of(node))


def region_of(node: Node) -> Region | None:
    """The values a condition takes; None if that depends on more than literals."""
    match node:
        case Comparison():
            return _of_comparison(node)
        case Logic(operator="and", operands=operands):
            parts = [region_of(operand) for operand in operands]
            return _within(parts)
        case OneOf(values=values):
            return _of_values([item.value for item in values], kind=values[0].kind)
        case IsMissing():
            return Region(missing=True)
        case Name(kind=Kind.BOOLEAN):
            return Region(values=frozenset({True}))
        case Negation(operand=IsMissing()):
            return Region(intervals=((LOWEST, HIGHEST),), all_but=True)
        case Negation(operand=operand):
            inner = region_of(operand)
            return None if inner is None else _opposite(inner)
        case _:
            return None


def _of_values(values: Sequence[float | bool | str], *, kind: Kind) -> Region:
    if kind in ORDERED:
        points = sorted({float(value) for value in values if not isinstance(value, str)})
        return Region(intervals=tuple(((point, 0), (point, 1)) for point in points))
    return Region(values=frozenset(value for value in values if isinstance(value, bool | str)))


def _of_comparison(node: Comparison) -> Region | None:
    """The values of ``x > 5`` or of ``5 <= x``."""
    left, right, operator = node.left, node.right, node.operator
    if isinstance(left, Constant):
        left, right = right, left
        operator = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(operator, operator)
    if not isinstance(right, Constant) or isinstance(left, Constant):
        return None
    if operator in ("==", "!="):
        region = _of_values([right.value], kind=right.kind)
        return region if operator == "==" else _opposite(region)
    assert not isinstance(right.value, str), "texts have no order"
    limit = float(right.value)
    match operator:
        case "<":
            return Region(intervals=((LOWEST, (limit, 0)),))
        case "<=":
            return Region(intervals=((LOWEST, (limit, 1)),))
        case ">":
            return Region(intervals=(((limit, 1), HIGHEST),))
        case _:
            return Region(intervals=(((limit, 0), HIGHEST),))


def _opposite(region: Region) -> Region:
    """The values a condition does not take; missing stays unknown, so it is in neither."""
    intervals: list[Interval] = []
    start = LOWEST
    for low, high in region.intervals:
        if start < low:
            intervals.append((start, low))
        start = high
    if start < HIGHEST:
        intervals.append((start, HIGHEST))
    return Region(intervals=tuple(intervals), values=region.values, all_but=not region.all_but)


def _within(parts: Sequence[Region | None]) -> Region | None:
    """What two half-lines have in common."""
    intervals: list[Interval] = [(LOWEST, HIGHEST)]
    for part in parts:
        if part is None or part.values:
            return None
        intervals = [
            (max(low, other_low), min(high, other_high))
            for low, high in intervals
            for other_low, other_high in part.intervals
            if max(low, other_low) < min(high, other_high)
        ]
    return Region(intervals=tuple(intervals))


Atoms = frozenset[object]
_MISSING: Final = "missing value"
_OTHER: Final = "any other value"


def atoms(regions: Sequence[Region], *, kind: Kind) -> tuple[list[Atoms], Atoms]:
    """Regions of one input as sets of the smallest parts that tell them apart, and all parts."""
    if kind in ORDERED:
        cuts = sorted(
            {cut for region in regions for interval in region.intervals for cut in interval}
            | {LOWEST, HIGHEST}
        )
        segments = list(itertools.pairwise(cuts))
        sets: list[set[object]] = [
            {
                segment
                for segment in segments
                if any(low <= segment[0] and segment[1] <= high for low, high in region.intervals)
            }
            for region in regions
        ]
        universe: set[object] = set(segments)
    else:
        named = {value for region in regions for value in region.values}
        universe = {True, False} if kind is Kind.BOOLEAN else {*named, _OTHER}
        sets = [
            {value for value in universe if (value in region.values) is not region.all_but}
            for region in regions
        ]
    marked: list[Atoms] = [
        frozenset({*part, _MISSING} if region.missing else part)
        for part, region in zip(sets, regions, strict=True)
    ]
    return marked, frozenset(universe | {_MISSING})


def describe(atom: object) -> str:
    """A smallest part as a person reads it, for an error message (money in minor units)."""
    if not isinstance(atom, tuple):
        return str(atom)
    (low, low_side), (high, high_side) = atom
    if low == high:
        return f"{low:g}"
    left = "" if math.isinf(low) else f"{'>=' if low_side == 0 else '>'} {low:g}"
    right = "" if math.isinf(high) else f"{'<' if high_side == 0 else '<='} {high:g}"
    return " and ".join(filter(None, (left, right))) or "every value"
