"""Two models' probabilities for the same rows: how far apart they are, and how sure that is.

The interval of a difference draws the same entities for both, so that what they have in common
cancels out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from fengkong.evaluation.intervals import Estimate, estimate
from fengkong.evaluation.model_judgement import HEADLINE, ROUNDS, Sample, drawn_figures
from fengkong.evaluation.report import Report
from fengkong.evaluation.sequential import Values, brier_differences, confidence_sequence
from fengkong.evaluation.training_plan import JudgePart

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


class ChampionFigures(Report, frozen=True, kw_only=True):
    """The present champion (first) beside a new model (second) on rows of the new one's test.

    `rows` are those that both give a probability for, `left_out` those that only the new one does;
    `learned_from_test` says that the champion learned from events of the test, which flatters it.
    """

    name: str
    version: str
    hash: str
    rows: int
    frauds: int
    left_out: int
    learned_from_test: bool
    seed: int
    rounds: int
    figures: tuple[FigureDifference, ...]
    sequence: SequenceShown


def paired_figures(
    first: Sample, second: Sample, *, settings: JudgePart, seed: int, rounds: int = ROUNDS
) -> Iterator[FigureDifference]:
    """Each figure of both, over the same rows in the same order, and its difference."""
    one, other = (
        drawn_figures(sample, settings=settings, seed=seed, rounds=rounds)
        for sample in (first, second)
    )
    for index, name in enumerate(SHOWN):
        before, after = one[0][name], other[0][name]
        apart = None if before is None or after is None else after - before
        yield FigureDifference(
            figure=name,
            first=before,
            second=after,
            difference=estimate(apart, other[1][:, index] - one[1][:, index]),
        )


def paired_sequence(first: Sample, second: Sample) -> SequenceShown:
    """Whose squared errors are smaller; the rows of both stand in the order of their events."""
    return sequence_shown(
        brier_differences(
            champion=first.probabilities,
            challenger=second.probabilities,
            fraud=first.fraud.astype(np.float64),
        )
    )


def sequence_shown(differences: Values) -> SequenceShown:
    """The bounds of the mean of differences float64[n] in [-1, 1], in the order of their events."""
    found = confidence_sequence(differences)
    return SequenceShown(
        low=float(found.lower[-1]) if len(differences) else None,
        high=float(found.upper[-1]) if len(differences) else None,
        level=found.level,
        standing=str(found.standing),
        decided_after=found.decided_after,
    )
