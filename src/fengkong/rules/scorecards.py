"""Additive scorecards: base points plus points for the bin of each characteristic.

Bins cover every value exactly once, with one bin for missing, so a scorecard never has an
unknown result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fengkong.core.errors import RiskError
from fengkong.rules.conditions import Condition, atoms, describe, parse_cell
from fengkong.rules.errors import InvalidScorecardError, nearest, raise_all
from fengkong.rules.expressions import Expression, expression_of, parse
from fengkong.rules.kinds import Kind
from fengkong.rules.nodes import Arithmetic, Choice, Constant, IsMissing, Node
from fengkong.rules.origins import NOWHERE, Origin
from fengkong.rules.reasons import Reason, parse_reason
from fengkong.rules.scope import Scope

CHARACTERISTICS_MAX: Final = 100
BINS_MAX: Final = 50
POINTS_MAX: Final = 1e6
OTHERWISE: Final = "otherwise"


@dataclass(frozen=True, slots=True)
class Bin:
    """Some values of a characteristic and their points."""

    range: str
    points: float


@dataclass(frozen=True, slots=True)
class Characteristic:
    """One input with its bins; `points` gives the points of an event's bin."""

    id: str
    points: Expression
    bins: tuple[Bin, ...]
    reason: Reason | None

    @property
    def best(self) -> float:
        """The most points of any bin; what an event has less is why its total is lower."""
        return max(one.points for one in self.bins)


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A checked scorecard."""

    id: str
    base: float
    characteristics: tuple[Characteristic, ...]
    total: Expression

    def expressions(self) -> Iterator[tuple[str, Expression]]:
        """Named expressions for a program: ``card.characteristic`` each, and ``card`` the total."""
        for characteristic in self.characteristics:
            yield f"{self.id}.{characteristic.id}", characteristic.points
        yield self.id, self.total


def _fault(message: str, origin: Origin) -> InvalidScorecardError:
    line = origin.line if origin.source else None
    return InvalidScorecardError(message, path=origin.path, source=origin.source, line=line)


def _points(value: object, *, what: str, origin: Origin) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _fault(f"{what}: expected points, was {str(value)[:40]!r}", origin)
    if not abs(value) <= POINTS_MAX:
        raise _fault(f"{what}: expected at most {POINTS_MAX:g} points", origin)
    return float(value)


def _check_cover(
    bins: Sequence[tuple[str, Condition]], *, name: str, kind: Kind, origin: Origin
) -> list[RiskError]:
    """Overlaps and gaps between bins; the bin `otherwise` fills every gap but missing."""
    errors: list[RiskError] = []
    regions = [condition.region for _, condition in bins]
    known = [region for region in regions if region is not None]
    if len(known) < len(regions):
        return [_fault(f"{name}: the ranges of bins must be literals", origin)]
    sets, universe = atoms(known, kind=kind)
    covered: set[object] = set()
    for position, (text, _) in enumerate(bins):
        if text == OTHERWISE:
            covered |= universe - {"missing value"}
            continue
        errors += [
            _fault(f"{name}: bins {bins[other][0]} and {text} overlap", origin)
            for other in range(position)
            if sets[position] & sets[other]
        ]
        if not sets[position]:
            errors.append(_fault(f"{name}: bin {text} takes no value", origin))
        covered |= sets[position]
    gaps = [describe(atom) for atom in universe - covered]
    if gaps:
        errors.append(_fault(f"{name}: no bin for {'; '.join(sorted(gaps)[:5])}", origin))
    return errors


def _bins(
    data: object, *, name: str, subject: str, kind: Kind, scope: Scope, origin: Origin
) -> list[tuple[Bin, Condition]]:
    """The checked bins of a characteristic."""
    if not isinstance(data, list) or not 0 < len(data) <= BINS_MAX:
        raise _fault(f"{name}: expected 1 to {BINS_MAX} bins", origin)
    bins: list[tuple[Bin, Condition]] = []
    errors: list[RiskError] = []
    for number, content in enumerate(data):
        place = origin.inside(f".bins[{number}]")
        if not isinstance(content, Mapping) or set(content) != {"range", "points"}:
            errors.append(_fault(f"{name}: a bin is {{range, points}}", place))
            continue
        text = str(content["range"])
        try:
            points = _points(content["points"], what=f"{name}, bin {text}", origin=place)
            cell = "not missing" if text == OTHERWISE else content["range"]
            condition = parse_cell(cell, subject=subject, kind=kind, scope=scope, origin=place)
            bins.append((Bin(text, points), condition))
        except RiskError as error:
            errors.append(error)
    if any(one.range == OTHERWISE for one, _ in bins[:-1]):
        errors.append(_fault(f"{name}: the bin otherwise stands last", origin))
    raise_all(errors)
    named = [(one.range, condition) for one, condition in bins]
    raise_all(_check_cover(named, name=name, kind=kind, origin=origin))
    return bins


def _characteristic(data: object, *, scope: Scope, origin: Origin) -> Characteristic:
    """One characteristic from ``{id, input, bins, reason}``."""
    if not isinstance(data, Mapping) or not isinstance(data.get("id"), str):
        raise _fault("expected a characteristic with an id", origin)
    name = data["id"]
    known = ("id", "input", "bins", "reason")
    for key in data:
        if key not in known:
            raise _fault(f"{name}: unknown key {str(key)[:40]!r}{nearest(str(key), known)}", origin)
    source = str(data.get("input", name))
    given = parse(source, scope=scope, origin=origin.inside(".input"))
    bins = _bins(
        data.get("bins"),
        name=name,
        subject=f"({source})",
        kind=given.kind,
        scope=scope,
        origin=origin,
    )
    reason = None
    if "reason" in data:
        reason = parse_reason(data["reason"], scope=scope, origin=origin.inside(".reason"))
    node = _chain(given.node, bins)
    return Characteristic(
        id=name,
        points=expression_of(node, source=f"points of {name}", origin=origin),
        bins=tuple(one for one, _ in bins),
        reason=reason,
    )


def _chain(subject: Node, bins: Sequence[tuple[Bin, Condition]]) -> Node:
    """Missing first, then bin by bin; the last bin needs no question, since bins cover all."""
    missing = [one for one, condition in bins if condition.region and condition.region.missing]
    others = [pair for pair in bins if not (pair[1].region and pair[1].region.missing)]
    node: Node = Constant(Kind.NUMBER, (others[-1][0] if others else missing[0]).points)
    for one, condition in reversed(others[:-1]):
        assert condition.node is not None, "only the bin for missing can be anything"
        node = Choice(Kind.NUMBER, condition.node, Constant(Kind.NUMBER, one.points), node)
    absent = Constant(Kind.NUMBER, missing[0].points)
    return Choice(Kind.NUMBER, IsMissing(subject), absent, node)


def parse_scorecard(data: object, *, scope: Scope, origin: Origin = NOWHERE) -> Scorecard:
    """A scorecard from plain data, with every fault that can be found at once."""
    if not isinstance(data, Mapping) or not isinstance(data.get("id"), str):
        raise _fault("expected a scorecard with an id", origin)
    contents = data.get("characteristics")
    if not isinstance(contents, list) or not 0 < len(contents) <= CHARACTERISTICS_MAX:
        raise _fault(f"expected 1 to {CHARACTERISTICS_MAX} characteristics", origin)
    base = _points(data.get("base", 0), what="base", origin=origin)
    characteristics: list[Characteristic] = []
    errors: list[RiskError] = []
    for number, content in enumerate(contents):
        place = origin.inside(f".characteristics[{number}]")
        try:
            characteristics.append(_characteristic(content, scope=scope, origin=place))
        except RiskError as error:
            errors.append(error)
    ids = [characteristic.id for characteristic in characteristics]
    if len(set(ids)) < len(ids):
        errors.append(_fault("two characteristics have the same id", origin))
    raise_all(errors)
    node: Node = Constant(Kind.NUMBER, base)
    for characteristic in characteristics:
        node = Arithmetic(Kind.NUMBER, "add", node, characteristic.points.node)
    return Scorecard(
        id=data["id"],
        base=base,
        characteristics=tuple(characteristics),
        total=expression_of(node, source=f"points of {data['id']}", origin=origin),
    )
