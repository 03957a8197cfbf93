"""Two models on the same events: how far apart they are, and how sure that is.

Both are judged on the rows that both give a probability for. The interval of a difference draws
the same entities for both, so that what they have in common cancels out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.evaluation.intervals import Estimate, estimate
from fengkong.evaluation.learning import HEADLINE
from fengkong.evaluation.model_folder import ModelFolder
from fengkong.evaluation.model_judgement import ROUNDS, Sample, drawn_figures
from fengkong.evaluation.report import Report
from fengkong.evaluation.sequential import brier_differences, confidence_sequence
from fengkong.evaluation.training_plan import JudgePart
from fengkong.evaluation.training_table import TableRequest, TrainingTable, training_table
from fengkong.events.columns import EventColumns

SHOWN: Final = (*HEADLINE, "ks", "recall")


class FigureDifference(Report, frozen=True, kw_only=True):
    """One figure of both models, and the second's minus the first's."""

    figure: str
    first: float | None
    second: float | None
    difference: Estimate

    @property
    def told_difference(self) -> str:
        """The difference with its interval."""
        one = self.difference
        if one.value is None or one.low is None or one.high is None:
            return "–"
        return f"{one.value:+.4f} ({one.low:+.4f} – {one.high:+.4f})"


class SequenceShown(Report, frozen=True, kw_only=True):
    """Whether the second model's squared errors are smaller, by a test that may be looked at daily.

    The mean difference event by event lies between `low` and `high` at all looks together with
    probability `level`; `standing` is better, worse or undecided, `decided_after` the number of
    events after which it was known (see `evaluation.sequential`).
    """

    low: float | None
    high: float | None
    level: float
    standing: str
    decided_after: int | None


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
    samples = [
        _sample(folder, table, common) for folder, table in zip(folders, tables, strict=True)
    ]
    values, draws = zip(
        *(drawn_figures(one, settings=settings, seed=seed, rounds=ROUNDS) for one in samples),
        strict=True,
    )
    return ModelComparison(
        first=folders[0].model.hash,
        second=folders[1].model.hash,
        rows=len(common),
        frauds=int(samples[0].fraud.sum()),
        seed=seed,
        rounds=ROUNDS,
        figures=tuple(_differences(values, draws)),
        sequence=_sequence(samples[0], samples[1]),
    )


def _sequence(first: Sample, second: Sample) -> SequenceShown:
    """The rows of both stand in the order of their events."""
    pairs = brier_differences(
        champion=first.probabilities,
        challenger=second.probabilities,
        fraud=first.fraud.astype(np.float64),
    )
    found = confidence_sequence(pairs)
    return SequenceShown(
        low=float(found.lower[-1]) if len(pairs) else None,
        high=float(found.upper[-1]) if len(pairs) else None,
        level=found.level,
        standing=str(found.standing),
        decided_after=found.decided_after,
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


def _differences(
    values: Sequence[dict[str, float | None]], draws: Sequence[NDArray[np.float64]]
) -> Iterator[FigureDifference]:
    first, second = values
    for index, name in enumerate(SHOWN):
        one, other = first[name], second[name]
        apart = None if one is None or other is None else other - one
        yield FigureDifference(
            figure=name,
            first=one,
            second=other,
            difference=estimate(apart, draws[1][:, index] - draws[0][:, index]),
        )
