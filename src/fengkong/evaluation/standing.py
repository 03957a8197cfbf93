"""How a challenger stands against the champion, from what both said of recorded events.

It may be asked every day. The truth of an event is what was known of it after the delay, whatever
is told later, and pairs count in the order in which their truth became known: so a look of
yesterday saw the beginning of what a look of today sees, and the confidence sequence (see
`evaluation.sequential`) holds over all looks together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.core.errors import RiskError
from fengkong.core.instants import format_instant
from fengkong.evaluation.paired_figures import SequenceShown, sequence_shown
from fengkong.evaluation.report import Report
from fengkong.evaluation.sequential import Values, brier_differences

DECISIONS: Final = pl.Schema(
    {
        "event_id": pl.String,
        "occurred_at": pl.Int64,
        "champion": pl.Float64,
        "challenger": pl.Float64,
        "challenged": pl.Boolean,
    }
)
LABELS: Final = pl.Schema({"event_id": pl.String, "known_at": pl.Int64, "is_fraud": pl.Boolean})


class NoChallengerError(RiskError):
    """Nothing was decided beside a challenger, so that none can be compared."""

    code = "evaluation.no_challenger"
    hint = "Publish a policy with a challenger, or shadow one, and let events come."


class InvalidCostError(RiskError):
    """The cost of stopping a good event is not between nothing and a fraud let through."""

    code = "evaluation.invalid_cost"
    hint = "Give a cost from 0 to 1, in frauds let through."


class Side(Report, frozen=True, kw_only=True):
    """One of the two: a model or a policy, by name, version and hash."""

    name: str
    version: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What champion and challenger said of events, and what was told about events.

    `decisions` has the columns of `DECISIONS`: probabilities of models, or 1 where a policy stopped
    the event and 0 where not; `challenged` where the challenger decided. `labels` has those of
    `LABELS`. `until` (us) is the newest instant of the journal.
    """

    champion: Side
    challenger: Side
    decisions: pl.DataFrame
    labels: pl.DataFrame
    until: int


class ErrorSide(Report, frozen=True, kw_only=True):
    """Figures of one side: of a model its mean squared error, of a policy what it stopped."""

    error: float | None
    stopped_frauds: int | None = None
    stopped_good: int | None = None


class StandingReport(Report, frozen=True, kw_only=True):
    """How the challenger stands: `sequence` is of the mean difference of errors, event by event.

    `events` were decided beside the challenger, `challenged` of them by it; of `pairs` the truth is
    known, `frauds` of them. Above 0 the challenger's errors are smaller.
    """

    champion: Side
    challenger: Side
    events: int
    challenged: int
    pairs: int
    frauds: int
    first: str | None
    last: str | None
    champion_figures: ErrorSide
    challenger_figures: ErrorSide
    sequence: SequenceShown


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Events whose truth is known, in the order in which it became known; float64[n] each."""

    champion: Values
    challenger: Values
    fraud: Values
    occurred_at: NDArray[np.int64]


def settled(recorded: Recorded, *, delay: int) -> Pairs:
    """The pairs whose truth is known: fraud where a label said so within the delay (us)."""
    within = (
        recorded.labels.lazy()
        .join(recorded.decisions.lazy().select("event_id", "occurred_at"), on="event_id")
        .filter(pl.col("known_at") <= pl.col("occurred_at") + delay)
        .sort("known_at", maintain_order=True)
        .group_by("event_id")
        .agg(pl.col("is_fraud").last())
    )
    known = (
        recorded.decisions.lazy()
        .filter(pl.col("occurred_at") + delay <= recorded.until)
        .join(within, on="event_id", how="left", maintain_order="left")
        .sort("occurred_at", maintain_order=True)
        .collect()
    )
    return Pairs(
        champion=known["champion"].to_numpy(),
        challenger=known["challenger"].to_numpy(),
        fraud=known["is_fraud"].fill_null(value=False).cast(pl.Float64).to_numpy(),
        occurred_at=known["occurred_at"].to_numpy(),
    )


def model_standing(recorded: Recorded, *, delay: int) -> StandingReport:
    """Whether a challenging model's squared errors are smaller than the champion's."""
    pairs = settled(recorded, delay=delay)
    differences = brier_differences(
        champion=pairs.champion, challenger=pairs.challenger, fraud=pairs.fraud
    )
    errors = [(said - pairs.fraud) ** 2 for said in (pairs.champion, pairs.challenger)]
    sides = [ErrorSide(error=_mean(one)) for one in errors]
    return _report(recorded, pairs, differences, sides)


def policy_standing(recorded: Recorded, *, delay: int, good_cost: float) -> StandingReport:
    """Whether a challenging policy errs less: a fraud let through is 1, a good event stopped less.

    `good_cost` (0 to 1) says how much less. Raises `InvalidCostError`.
    """
    if not 0.0 <= good_cost <= 1.0:
        raise InvalidCostError(f"a cost of {good_cost}")
    pairs = settled(recorded, delay=delay)
    errors, sides = [], []
    for stopped in (pairs.champion, pairs.challenger):
        error = pairs.fraud * (1.0 - stopped) + good_cost * (1.0 - pairs.fraud) * stopped
        errors.append(error)
        sides.append(
            ErrorSide(
                error=_mean(error),
                stopped_frauds=int((pairs.fraud * stopped).sum()),
                stopped_good=int(((1.0 - pairs.fraud) * stopped).sum()),
            )
        )
    return _report(recorded, pairs, errors[0] - errors[1], sides)


def _report(
    recorded: Recorded, pairs: Pairs, differences: Values, sides: list[ErrorSide]
) -> StandingReport:
    many = len(differences)
    return StandingReport(
        champion=recorded.champion,
        challenger=recorded.challenger,
        events=recorded.decisions.height,
        challenged=int(recorded.decisions["challenged"].sum()),
        pairs=many,
        frauds=int(pairs.fraud.sum()),
        first=format_instant(int(pairs.occurred_at[0])) if many else None,
        last=format_instant(int(pairs.occurred_at[-1])) if many else None,
        champion_figures=sides[0],
        challenger_figures=sides[1],
        sequence=sequence_shown(differences),
    )


def _mean(values: Values) -> float | None:
    return float(values.mean()) if len(values) else None
