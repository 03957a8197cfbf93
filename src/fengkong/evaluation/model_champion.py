"""A newly trained model beside the present champion, on the rows of its test.

The champion sees each event with the features of its own policy; the truth and the settings are
those that the new model is judged by.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import msgspec
import numpy as np
import polars as pl

from fengkong.core.errors import RiskError
from fengkong.decisions.policy import Policy
from fengkong.evaluation.judgements import Period
from fengkong.evaluation.learning import Learned
from fengkong.evaluation.lesson import Lesson
from fengkong.evaluation.model_folder import ModelFolder
from fengkong.evaluation.model_judgement import ROUNDS, Sample
from fengkong.evaluation.model_scores import SCORES, scored_events
from fengkong.evaluation.paired_figures import ChampionFigures, paired_figures, paired_sequence
from fengkong.evaluation.training_windows import Window
from fengkong.events.columns import EventColumns


class OtherEventsError(RiskError):
    """The champion decides other events than the new model: no row can be judged for both."""

    code = "model.other_events"
    hint = "Give a champion whose policy decides the same types of events, or none."


def check_champion(champion: ModelFolder, policy: Policy) -> None:
    """Raises `OtherEventsError` before hours of work where nothing could be compared."""
    if not set(champion.policy.events) & set(policy.events):
        message = f"{champion.path} decides {', '.join(sorted(champion.policy.events))}"
        raise OtherEventsError(message)


def beside_champion(
    learned: Learned,
    champion: ModelFolder,
    batches: Iterable[EventColumns],
    *,
    lesson: Lesson,
    window: Window,
) -> Learned:
    """The same model, its report with the champion's figures on the rows of the test.

    `batches` is the history that the lesson was read from. The report stays as it is where the
    test has no row that both give a probability for.
    """
    period = Period(since=window.begin, until=window.end)
    scores = pl.concat(
        [pl.DataFrame(schema=SCORES), *scored_events(champion, batches, period=period)]
    )
    judged, table = lesson.judged(window), lesson.table
    asked = pl.DataFrame({"event_id": table.ids.gather(pl.Series(judged, dtype=pl.UInt32))})
    found = asked.join(scores, on="event_id", how="left", maintain_order="left")["probability"]
    at = judged[found.is_not_null().to_numpy()]
    if not len(at):
        return learned
    old = Sample(table=table, at=at, probabilities=found.drop_nulls().to_numpy())
    new = replace(old, probabilities=learned.model.probabilities(table.rows[at]))
    about, trained = champion.model.about, champion.model.about.trained_on
    assert trained is not None, "a folder's model is refused where it does not say"
    settings, seed = lesson.plan.judge, lesson.plan.seed
    figures = ChampionFigures(
        name=about.name,
        version=about.version,
        hash=champion.model.hash,
        rows=len(at),
        frauds=int(np.count_nonzero(old.fraud)),
        left_out=len(judged) - len(at),
        learned_from_test=trained.ends_at >= window.begin,
        seed=seed,
        rounds=ROUNDS,
        figures=tuple(paired_figures(old, new, settings=settings, seed=seed)),
        sequence=paired_sequence(old, new),
    )
    return replace(learned, report=msgspec.structs.replace(learned.report, champion=figures))
