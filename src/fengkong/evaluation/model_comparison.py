"""Two models on the same events: how far apart they are, and how sure that is.

Both are judged on the rows that both give a probability for, see `evaluation.paired_figures`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import polars as pl

from fengkong.evaluation.model_folder import ModelFolder
from fengkong.evaluation.model_judgement import ROUNDS, Sample
from fengkong.evaluation.paired_figures import (
    FigureDifference,
    SequenceShown,
    paired_figures,
    paired_sequence,
)
from fengkong.evaluation.report import Report
from fengkong.evaluation.training_plan import JudgePart
from fengkong.evaluation.training_table import TableRequest, TrainingTable, training_table
from fengkong.events.columns import EventColumns


class ModelComparison(Report, frozen=True, kw_only=True):
    """Two models on the same rows."""

    first: str
    second: str
    rows: int
    frauds: int
    seed: int
    rounds: int
    figures: tuple[FigureDifference, ...]
    sequence: SequenceShown


def compare_models(
    folders: Sequence[ModelFolder],
    settings: JudgePart,
    read: Callable[[], Iterable[EventColumns]],
    *,
    request: TableRequest,
    seed: int = 1,
) -> ModelComparison:
    """Both models on the events of the request's period; `read` gives the history, once a model.

    Raises `NoTruthError` where nothing says what was fraud.
    """
    tables = [_table(folder, read(), request=request) for folder in folders]
    known = [table.ids.filter(table.labelled) for table in tables]
    common = known[0].filter(known[0].is_in(known[1].implode()))
    first, second = (
        _sample(folder, table, common) for folder, table in zip(folders, tables, strict=True)
    )
    return ModelComparison(
        first=folders[0].model.hash,
        second=folders[1].model.hash,
        rows=len(common),
        frauds=int(first.fraud.sum()),
        seed=seed,
        rounds=ROUNDS,
        figures=tuple(paired_figures(first, second, settings=settings, seed=seed)),
        sequence=paired_sequence(first, second),
    )


def _table(
    folder: ModelFolder, batches: Iterable[EventColumns], *, request: TableRequest
) -> TrainingTable:
    inputs = folder.model.inputs
    asked = request.of_model(inputs)
    return training_table(folder.policy, batches, request=asked)


def _sample(folder: ModelFolder, table: TrainingTable, common: pl.Series) -> Sample:
    at = np.flatnonzero(table.ids.is_in(common.implode()).to_numpy())
    return Sample(table=table, at=at, probabilities=folder.model.probabilities(table.rows[at]))
