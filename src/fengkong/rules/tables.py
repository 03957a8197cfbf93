"""Decision tables: rows of conditions on declared inputs, compiled to ordinary expressions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fengkong.core.errors import RiskError
from fengkong.rules.conditions import Atoms, Condition, atoms, parse_cell
from fengkong.rules.errors import (
    InvalidTableError,
    OverlappingRowsError,
    UnreachableRowError,
    nearest,
    raise_all,
)
from fengkong.rules.expressions import Expression, expression_of, parse
from fengkong.rules.kinds import Kind
from fengkong.rules.nodes import Choice, Constant, Logic, Negation, Node
from fengkong.rules.origins import NOWHERE, Origin
from fengkong.rules.parameters import in_minor_units
from fengkong.rules.reasons import Reason, parse_reason
from fengkong.rules.scope import Scope

ROWS_MAX: Final = 200
INPUTS_MAX: Final = 30
PIECES_MAX: Final = 2000
_TABLE_KEYS: Final = ("id", "title", "hit", "inputs", "rows", "otherwise")
_ROW_KEYS: Final = ("id", "when", "outcome", "points", "reason", "then")


class HitPolicy(StrEnum):
    """What happens when several rows fit."""

    FIRST = "first"
    """The first row that fits hits; a row that can never be first is an error."""
    UNIQUE = "unique"
    """Rows exclude each other; two that overlap are an error."""
    COLLECT = "collect"
    """Every row that fits hits."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its condition (with what the hit policy adds), and what it gives."""

    id: str
    when: Expression
    outcome: str | None
    points: float
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class DecisionTable:
    """A checked table; `outputs` are values chosen by the row that hits."""

    id: str
    hit: HitPolicy
    rows: tuple[Row, ...]
    outputs: Mapping[str, Expression]

    def expressions(self) -> Iterator[tuple[str, Expression]]:
        """Named expressions for a program: ``table.row`` for rows, ``table.output`` for outputs."""
        for row in self.rows:
            yield f"{self.id}.{row.id}", row.when
        for name, output in self.outputs.items():
            yield f"{self.id}.{name}", output


@dataclass(frozen=True, slots=True)
class _Draft:
    """A row before the hit policy is applied."""

    id: str
    conditions: tuple[Condition, ...]
    content: Mapping[str, object]
    origin: Origin

    def node(self) -> Node:
        """All cells of the row together."""
        parts = [condition.node for condition in self.conditions if condition.node is not None]
        if not parts:
            return Constant(Kind.BOOLEAN, value=True)
        return parts[0] if len(parts) == 1 else Logic("and", tuple(parts))


def _fault(kind: type[RiskError], message: str, origin: Origin) -> RiskError:
    line = origin.line if origin.source else None
    return kind(message, path=origin.path, source=origin.source, line=line)


def _check_keys(data: Mapping[object, object], known: Sequence[str], *, origin: Origin) -> None:
    for key in data:
        if key not in known:
            message = f"unknown key {str(key)[:40]!r}{nearest(str(key), known)}"
            raise _fault(InvalidTableError, message, origin)


def _inputs(data: object, *, scope: Scope, origin: Origin) -> dict[str, tuple[str, Kind]]:
    """Inputs by name: the source of the value and its kind."""
    if isinstance(data, list):
        data = {name: name for name in data if isinstance(name, str)} if data else None
    if not isinstance(data, Mapping) or not 0 < len(data) <= INPUTS_MAX:
        message = f"expected inputs: 1 to {INPUTS_MAX} names or name: expression"
        raise _fault(InvalidTableError, message, origin)
    inputs: dict[str, tuple[str, Kind]] = {}
    errors: list[RiskError] = []
    for name, source in data.items():
        try:
            expression = parse(str(source), scope=scope, origin=origin.inside(f".inputs.{name}"))
        except RiskError as error:
            errors.append(error)
        else:
            simple = str(source).replace(".", "").replace("_", "").isalnum()
            inputs[str(name)] = (str(source) if simple else f"({source})", expression.kind)
    raise_all(errors)
    return inputs


def _draft(
    content: object,
    *,
    number: int,
    inputs: Mapping[str, tuple[str, Kind]],
    scope: Scope,
    origin: Origin,
) -> _Draft:
    """A row with its cells checked."""
    if not isinstance(content, Mapping):
        raise _fault(InvalidTableError, f"row {number}: expected a mapping", origin)
    row_id = str(content.get("id", number))
    place = origin.inside(f".rows[{number - 1}]")
    _check_keys(content, _ROW_KEYS, origin=place)
    cells = content.get("when", {})
    if isinstance(cells, list) and len(cells) == len(inputs):
        cells = dict(zip(inputs, cells, strict=True))
    if not isinstance(cells, Mapping):
        message = f"row {row_id}: expected {len(inputs)} cells"
        raise _fault(InvalidTableError, message, place)
    conditions: list[Condition] = []
    errors: list[RiskError] = []
    for name in cells:
        if name not in inputs:
            message = f"row {row_id}: unknown input {str(name)[:40]!r}{nearest(str(name), inputs)}"
            errors.append(_fault(InvalidTableError, message, place))
    for name, (subject, kind) in inputs.items():
        inside = place.inside(f".when.{name}")
        try:
            conditions.append(
                parse_cell(
                    cells.get(name, "-"), subject=subject, kind=kind, scope=scope, origin=inside
                )
            )
        except RiskError as error:
            errors.append(error)
    raise_all(errors)
    return _Draft(row_id, tuple(conditions), content, place)


Box = tuple[Atoms, ...]


def boxes(drafts: Sequence[_Draft], kinds: Sequence[Kind]) -> list[Box | None]:
    """Each row as a box of smallest parts, one side per input; None where a cell is not known."""
    known = [draft for draft in drafts if all(condition.region for condition in draft.conditions)]
    columns: list[list[Atoms]] = []
    for position, kind in enumerate(kinds):
        regions = [
            condition.region
            for draft in known
            if (condition := draft.conditions[position]).region is not None
        ]
        columns.append(atoms(regions, kind=kind)[0])
    by_row = iter(zip(*columns, strict=True))
    return [next(by_row) if draft in known else None for draft in drafts]


def _without(box: Box, other: Box) -> list[Box]:
    """What is left of a box when another is taken out of it."""
    pieces: list[Box] = []
    rest = list(box)
    for side, (mine, theirs) in enumerate(zip(box, other, strict=True)):
        outside = mine - theirs
        if outside:
            pieces.append((*rest[:side], outside, *box[side + 1 :]))
        rest[side] = mine & theirs
        if not rest[side]:
            return [box]
    return pieces


def _unreachable(rows: Sequence[Box | None], number: int) -> bool:
    """Whether the rows before a row take all its cases."""
    box = rows[number]
    if box is None:
        return False
    left = [box]
    for earlier in rows[:number]:
        if earlier is not None:
            left = [piece for part in left for piece in _without(part, earlier)]
        if len(left) > PIECES_MAX:
            return False
    return not left


def _check_rows(
    drafts: Sequence[_Draft], kinds: Sequence[Kind], *, hit: HitPolicy
) -> list[RiskError]:
    """Rows that can never hit, and rows that overlap although they must not."""
    errors: list[RiskError] = []
    rows = boxes(drafts, kinds)
    for number, draft in enumerate(drafts):
        mine = rows[number]
        if mine is not None and not all(mine):
            message = f"row {draft.id} fits no value"
            errors.append(_fault(UnreachableRowError, message, draft.origin))
        elif hit is HitPolicy.FIRST and _unreachable(rows, number):
            message = f"row {draft.id} is never reached: the rows before it take all its cases"
            errors.append(_fault(UnreachableRowError, message, draft.origin))
        elif hit is HitPolicy.UNIQUE and mine is not None:
            for earlier, other in zip(drafts[:number], rows[:number], strict=True):
                if other is not None and all(a & b for a, b in zip(mine, other, strict=True)):
                    message = f"rows {earlier.id} and {draft.id} have cases in common"
                    errors.append(_fault(OverlappingRowsError, message, draft.origin))
    return errors


def _outputs(
    drafts: Sequence[_Draft], otherwise: object, *, hit: HitPolicy, scope: Scope, origin: Origin
) -> dict[str, Expression]:
    """Values chosen by the first row that fits."""
    if otherwise is None and not any("then" in draft.content for draft in drafts):
        return {}
    if hit is HitPolicy.COLLECT:
        raise _fault(InvalidTableError, "a collecting table gives no values", origin)
    if not isinstance(otherwise, Mapping) or not otherwise:
        message = "then needs otherwise: the values when no row hits"
        raise _fault(InvalidTableError, message, origin)
    chains: dict[str, Node] = {}
    for name, value in otherwise.items():
        chains[str(name)] = _value(value, scope=scope, origin=origin.inside(f".otherwise.{name}"))
    for draft in reversed(drafts):
        then = draft.content.get("then")
        if not isinstance(then, Mapping) or set(map(str, then)) != set(chains):
            message = f"row {draft.id}: then must give {', '.join(sorted(chains))}"
            raise _fault(InvalidTableError, message, draft.origin)
        condition = draft.node()
        for name, value in then.items():
            chosen = _value(value, scope=scope, origin=draft.origin.inside(f".then.{name}"))
            if chosen.kind is not chains[name].kind:
                message = f"row {draft.id}: {name} must be {chains[name].kind} in every row"
                raise _fault(InvalidTableError, message, draft.origin)
            chains[name] = Choice(chosen.kind, condition, chosen, chains[name])
    return {
        name: expression_of(node, source=f"{name} of the first row that fits", origin=origin)
        for name, node in chains.items()
    }


def _value(value: object, *, scope: Scope, origin: Origin) -> Constant:
    """A plain value; ``{money: 500}`` is an amount in major units."""
    if isinstance(value, Mapping) and set(value) == {"money"}:
        amount = value["money"]
        if isinstance(amount, int | float) and abs(amount) <= 1e13:
            return Constant(Kind.MONEY, in_minor_units(amount, scale=scope.scale))
    if isinstance(value, bool):
        return Constant(Kind.BOOLEAN, value)
    if isinstance(value, int | float) and abs(value) <= 1e15:
        return Constant(Kind.NUMBER, float(value))
    if isinstance(value, str):
        return Constant(Kind.TEXT, value)
    raise _fault(InvalidTableError, f"expected a plain value, was {str(value)[:40]!r}", origin)


def _rows(drafts: Sequence[_Draft], *, hit: HitPolicy, scope: Scope) -> tuple[Row, ...]:
    """Rows with the condition that the hit policy makes of them."""
    rows: list[Row] = []
    errors: list[RiskError] = []
    earlier: Node | None = None
    for draft in drafts:
        own = draft.node()
        node = own
        if hit is HitPolicy.FIRST and earlier is not None:
            node = Logic("and", (own, Negation(earlier)))
        earlier = own if earlier is None else Logic("or", (earlier, own))
        try:
            rows.append(_row(draft, node=node, scope=scope))
        except RiskError as error:
            errors.append(error)
    raise_all(errors)
    return tuple(rows)


def _row(draft: _Draft, *, node: Node, scope: Scope) -> Row:
    """One row with its outcome, points and reason."""
    outcome, points = draft.content.get("outcome"), draft.content.get("points", 0)
    if outcome is not None and not isinstance(outcome, str):
        message = f"row {draft.id}: outcome must be a text"
        raise _fault(InvalidTableError, message, draft.origin)
    if isinstance(points, bool) or not isinstance(points, int | float) or not abs(points) <= 1e6:
        message = f"row {draft.id}: points must be a number up to a million"
        raise _fault(InvalidTableError, message, draft.origin)
    reason = None
    if "reason" in draft.content:
        inside = draft.origin.inside(".reason")
        reason = parse_reason(draft.content["reason"], scope=scope, origin=inside)
    cells = " , ".join(condition.text for condition in draft.conditions)
    when = expression_of(node, source=f"row {draft.id}: {cells}", origin=draft.origin)
    return Row(draft.id, when, outcome, float(points), reason)


def parse_table(data: object, *, scope: Scope, origin: Origin = NOWHERE) -> DecisionTable:
    """A decision table from plain data, with every fault that can be found at once."""
    if not isinstance(data, Mapping) or not isinstance(data.get("id"), str):
        raise _fault(InvalidTableError, "expected a table with an id", origin)
    _check_keys(data, _TABLE_KEYS, origin=origin)
    try:
        hit = HitPolicy(str(data.get("hit", HitPolicy.FIRST)))
    except ValueError:
        message = f"hit must be one of {', '.join(HitPolicy)}"
        raise _fault(InvalidTableError, message, origin) from None
    inputs = _inputs(data.get("inputs"), scope=scope, origin=origin)
    contents = data.get("rows")
    if not isinstance(contents, list) or not 0 < len(contents) <= ROWS_MAX:
        raise _fault(InvalidTableError, f"expected 1 to {ROWS_MAX} rows", origin)
    drafts: list[_Draft] = []
    errors: list[RiskError] = []
    for number, content in enumerate(contents, start=1):
        try:
            drafts.append(_draft(content, number=number, inputs=inputs, scope=scope, origin=origin))
        except RiskError as error:
            errors.append(error)
    ids = [draft.id for draft in drafts]
    errors += [
        _fault(InvalidTableError, f"two rows are called {draft.id}", draft.origin)
        for position, draft in enumerate(drafts)
        if draft.id in ids[:position]
    ]
    errors += _check_rows(drafts, [kind for _, kind in inputs.values()], hit=hit)
    raise_all(errors)
    return DecisionTable(
        id=data["id"],
        hit=hit,
        rows=_rows(drafts, hit=hit, scope=scope),
        outputs=_outputs(drafts, data.get("otherwise"), hit=hit, scope=scope, origin=origin),
    )
