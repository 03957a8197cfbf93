"""From declared features to a plan: what the kernel computes and what it must be given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fengkong.core.errors import Fault, FaultsError
from fengkong.events.catalogue import TEXT_LIKE, Field, Kind
from fengkong.events.spelling import did_you_mean
from fengkong.features.declarations import Aggregate, InvalidFeatureError, WindowFeature
from fengkong.features.rows import write_rows
from fengkong.features.tree import StreamSpec, Tree

FIXED_MAX: Final = 2**53
"""Largest fixed-point value the kernel squares and sums."""

_SUMMABLE: Final = frozenset({Kind.MONEY, Kind.NUMBER, Kind.INTEGER, Kind.BOOLEAN})
_ORDERED: Final = _SUMMABLE | {Kind.INSTANT}
_COMPARABLE: Final = _ORDERED | TEXT_LIKE
_ARGUMENT_KINDS: Final = {
    Aggregate.SUM: _SUMMABLE,
    Aggregate.MEAN: _SUMMABLE,
    Aggregate.STD: _SUMMABLE,
    Aggregate.MIN: _ORDERED,
    Aggregate.MAX: _ORDERED,
    Aggregate.DISTINCT: _COMPARABLE,
    Aggregate.FIRST: _COMPARABLE,
    Aggregate.LAST: _COMPARABLE,
    Aggregate.SHARE: TEXT_LIKE | {Kind.BOOLEAN},
    Aggregate.SEEN_BEFORE: TEXT_LIKE | {Kind.BOOLEAN},
    Aggregate.DISTANCE: frozenset({Kind.PLACE}),
    Aggregate.SPEED: frozenset({Kind.PLACE}),
    Aggregate.COUNT: _COMPARABLE | {Kind.PLACE},
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the kernel computes and what it must be given.

    `keyspaces` are tuples of field names whose hashes are the keys; `streams` say which events
    are members; `cells` are the input columns (``place.lat`` for a place); `scales` their
    fixed-point scales; `columns` is the width of the output, of which the features come first.
    """

    features: tuple[WindowFeature, ...]
    keyspaces: tuple[tuple[str, ...], ...]
    streams: tuple[StreamSpec, ...]
    cells: tuple[str, ...]
    scales: NDArray[np.float64]
    rows: NDArray[np.int64]
    columns: int
    slot_widths: tuple[int, ...]
    row_widths: tuple[int, ...]
    stream_counts: tuple[int, ...]
    span: int

    @property
    def names(self) -> tuple[str, ...]:
        """The features in the order of the output columns."""
        return tuple(feature.name for feature in self.features)


def result_kind(feature: WindowFeature, *, fields: Mapping[str, Field]) -> Kind:
    """The kind of value a feature has: money for a sum of money, text for the last city."""
    aggregate = feature.aggregate
    if aggregate in (Aggregate.FIRST, Aggregate.LAST, Aggregate.MIN, Aggregate.MAX):
        assert feature.argument is not None, "the parser demands a field"
        return fields[feature.argument].kind
    if aggregate is Aggregate.SEEN_BEFORE:
        return Kind.BOOLEAN
    if aggregate in (Aggregate.SUM, Aggregate.MEAN, Aggregate.STD):
        assert feature.argument is not None, "the parser demands a field"
        kind = fields[feature.argument].kind
        return kind if kind is Kind.MONEY else Kind.NUMBER
    return Kind.NUMBER


def compile_plan(
    features: Sequence[WindowFeature],
    *,
    fields: Mapping[str, Field],
    default_types: Sequence[str],
) -> Plan:
    """The plan of declared features; all faults of all declarations raise one FaultsError.

    `default_types` are the event types of a feature that names none.
    """
    check_features(features, fields=fields)
    tree = Tree(fields=fields, default_types=tuple(sorted(default_types)))
    for column, feature in enumerate(features):
        tree.add(feature, column=column)
    rows = write_rows(tree)
    return Plan(
        features=tuple(features),
        keyspaces=tuple(tree.keyspaces),
        streams=tuple(stream.spec for stream in tree.ordered_streams()),
        cells=tuple(tree.cells),
        scales=np.array([tree.scale(cell) for cell in tree.cells], dtype=np.float64),
        rows=rows.rows,
        columns=tree.columns,
        slot_widths=tuple(rows.slot_widths),
        row_widths=tuple(rows.row_widths),
        stream_counts=tuple(
            sum(stream.keyspace == k for stream in tree.streams) for k in range(len(tree.keyspaces))
        ),
        span=rows.span,
    )


def check_features(features: Sequence[WindowFeature], *, fields: Mapping[str, Field]) -> None:
    """Refuse features whose fields do not exist or do not fit; all faults raise one FaultsError."""
    faults = [fault for feature in features for fault in _faults(feature, fields=fields)]
    if faults:
        raise FaultsError(faults)


def _faults(feature: WindowFeature, *, fields: Mapping[str, Field]) -> Iterable[Fault]:
    path = f"$.features.{feature.name}"
    names = list(feature.over) + ([feature.argument] if feature.argument else [])
    for name in names:
        if name not in fields:
            message = f"unknown field {name!r}{did_you_mean(name, fields)}"
            yield InvalidFeatureError(message, path=path).fault()
    if any(name not in fields for name in names):
        return
    for name in feature.over:
        if fields[name].kind not in TEXT_LIKE | {Kind.BOOLEAN}:
            message = f"{name} is {fields[name].kind}; `over` takes entities, words or booleans"
            yield InvalidFeatureError(message, path=path).fault()
    if feature.argument is None:
        return
    argument = fields[feature.argument]
    allowed = _ARGUMENT_KINDS[feature.aggregate]
    if argument.kind not in allowed:
        message = (
            f"{feature.aggregate}({argument.name}): {argument.name} is {argument.kind}; expected "
            f"{', '.join(sorted(allowed))}"
        )
        yield InvalidFeatureError(message, path=path).fault()
    if argument.label and feature.delayed == 0:
        message = f"{argument.name} is a truth that is known later; add `delayed 7d`"
        yield InvalidFeatureError(message, path=path).fault()
