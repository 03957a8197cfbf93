"""The probabilities of a model for the events of a period, as event id and probability."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from fengkong.decisions.engine import Engine
from fengkong.evaluation.judgements import Period
from fengkong.evaluation.model_folder import ModelFolder
from fengkong.evaluation.report import Report
from fengkong.evaluation.table_file import table_file
from fengkong.evaluation.training_table import InputReader
from fengkong.events.columns import EventColumns

SCORES: Final = pl.Schema({"event_id": pl.String, "probability": pl.Float64})


class ScoreSummary(Report, frozen=True, kw_only=True):
    """What was written: every decided event of the period, the others only warmed the windows."""

    model: str
    version: str
    hash: str
    events: int
    rows: int
    mean_probability: float | None


def scored_events(
    folder: ModelFolder, batches: Iterable[EventColumns], *, period: Period
) -> Iterator[pl.DataFrame]:
    """Frames of event_id and probability, a row a decided event of the period, in their order.

    Inputs are what the engine knew when it decided each event, whatever the period.
    """
    engine, model = Engine(folder.policy), folder.model
    state, reader = engine.new_state(), InputReader.of_model(folder.policy, model.inputs)
    decides = np.array(
        [name in folder.policy.events for name in engine.policy.catalogue.type_names]
    )
    for columns in batches:
        decided, done = np.flatnonzero(decides[columns.types]), 0
        for block in engine.decide_columns(columns, state):
            at = decided[done : done + len(block)]
            done += len(block)
            inside = np.flatnonzero(period.holds(block.occurred_at))
            if not len(inside):
                continue
            matrix = reader.matrix(columns.take(at[inside]), block.feature_frame()[inside])
            ids = pl.Series(columns.ids).gather(pl.Series(at[inside], dtype=pl.UInt32))
            yield pl.DataFrame(
                {"event_id": ids.cast(pl.String), "probability": model.probabilities(matrix)}
            )


def write_scores(
    folder: ModelFolder, batches: Iterable[EventColumns], *, period: Period, out: Path
) -> ScoreSummary:
    """Write the frames of `scored_events` as one table."""
    model = folder.model
    events, rows, total = 0, 0, 0.0

    def counted() -> Iterator[EventColumns]:
        nonlocal events
        for columns in batches:
            events += len(columns)
            yield columns

    with table_file(out, empty=pl.DataFrame(schema=SCORES)) as table:
        for frame in scored_events(folder, counted(), period=period):
            table.append(frame)
            rows, total = rows + len(frame), total + float(frame["probability"].to_numpy().sum())
    return ScoreSummary(
        model=model.about.name,
        version=model.about.version,
        hash=model.hash,
        events=events,
        rows=rows,
        mean_probability=total / rows if rows else None,
    )
