"""The features of every event as a table: for training, and for comparing with others."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import polars as pl

from fengkong.decisions.engine import Engine
from fengkong.decisions.policy import Policy
from fengkong.evaluation.report import PolicyStamp, Report, stamp
from fengkong.evaluation.table_file import table_file
from fengkong.events.columns import EventColumns
from fengkong.rules.kinds import Kind

_COLUMN_TYPES: Final = {Kind.BOOLEAN: pl.Boolean, Kind.TEXT: pl.String}


class FeatureSummary(Report, frozen=True, kw_only=True):
    """What a table of features holds."""

    policy: PolicyStamp
    events: int
    rows: int
    features: tuple[str, ...]


def write_features(policy: Policy, batches: Iterable[EventColumns], *, out: Path) -> FeatureSummary:
    """Write event_id and one column per declared feature, a row a decided event, in their order.

    Each row holds what the engine knew when it decided: nothing of the future leaks into it.
    """
    engine = Engine(policy)
    state = engine.new_state()
    events = rows = 0
    with table_file(out, empty=empty_features(policy)) as table:
        for columns in batches:
            events += len(columns)
            for block in engine.decide_columns(columns, state):
                if len(block):
                    rows += len(block)
                    table.append(block.feature_frame())
    return FeatureSummary(
        policy=stamp(policy), events=events, rows=rows, features=policy.feature_names
    )


def empty_features(policy: Policy) -> pl.DataFrame:
    """The columns of a table of features, without rows."""
    kinds = {name: policy.scope.names[name] for name in policy.feature_names}
    columns = {name: _COLUMN_TYPES.get(kind, pl.Float64) for name, kind in kinds.items()}
    return pl.DataFrame(schema={"event_id": pl.String, **columns})
