"""Drift of labels and calibration is told by days whose truth is known, and by frauds enough."""

from dataclasses import dataclass, field
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from fengkong.evaluation.judgements import Period
from fengkong.evaluation.model_watch import FRAUDS_LEAST, Periods, Watched, watch
from fengkong.evaluation.retraining import Lengths, newest_start, watched_periods
from fengkong.evaluation.training_table import TrainingTable
from fengkong.scoring.model import Model, ModelKind, TrainedOn

DAY = 86_400_000_000
DELAY = 7 * DAY
EVENTS_A_DAY = 100


@dataclass(frozen=True)
class Named:
    name: str = "constant"
    version: str = "1"


@dataclass
class Constant:
    """A model without inputs that gives every event the same probability."""

    probability: float
    kind: ModelKind = ModelKind.TREES
    inputs: tuple[()] = ()
    about: Named = field(default_factory=Named)

    def probabilities(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.full(len(rows), self.probability)


@dataclass
class Days:
    """The columns of a table that a watch looks at: so many frauds of a hundred events each day."""

    frauds: list[int]
    last_told: int = 0
    """How many days at the end have no fraud yet, since nobody has complained."""

    def table(self) -> TrainingTable:
        rows = len(self.frauds) * EVENTS_A_DAY
        at = np.arange(rows) * (DAY // EVENTS_A_DAY)
        fraud = np.arange(rows) % EVENTS_A_DAY < np.repeat(self.frauds, EVENTS_A_DAY)
        fraud[rows - self.last_told * EVENTS_A_DAY :] = False
        return cast("TrainingTable", _Columns(at, fraud))


class _Columns:
    def __init__(self, at: NDArray[np.int64], fraud: NDArray[np.bool_]) -> None:
        self.occurred_at, self.fraud = at, fraud
        self.rows = np.empty((len(at), 0))
        self.labelled = np.ones(len(at), dtype=np.bool_)
        self.mature_at = at + DELAY

    def __len__(self) -> int:
        return len(self.occurred_at)


def figures(days: Days, *, now: Period, truth: Period | None = None) -> dict[str, Watched]:
    model = cast("Model", Constant(probability=0.05))
    periods = Periods(then=Period(until=20 * DAY), now=now, truth=truth)
    return {one.what: one for one in watch(model, days.table(), periods=periods).figures}


def test_days_whose_truth_is_not_known_yet_are_no_drift() -> None:
    """The last week has no fraud yet; taken for good it would look like the end of all fraud."""
    days = Days(frauds=[5] * 40, last_told=7)
    found = figures(days, now=Period(since=33 * DAY))
    assert found.keys() == {"score"}
    found = figures(days, now=Period(since=33 * DAY), truth=Period(since=26 * DAY, until=33 * DAY))
    assert found["labels"].lamp == found["calibration"].lamp == "green"
    assert found["labels"].now == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("frauds", "lamp"),
    [(5, "green"), (9, "amber"), (14, "red"), (2, "amber"), (1, "red"), (0, "red")],
)
def test_the_share_of_fraud_has_its_lamp_and_none_at_all_is_one(frauds: int, lamp: str) -> None:
    days = Days(frauds=[5] * 20 + [frauds] * 20)
    found = figures(days, now=Period(since=21 * DAY, until=31 * DAY))
    assert found["labels"].lamp == lamp
    assert found["labels"].now == pytest.approx(frauds / EVENTS_A_DAY)
    assert np.isfinite(found["labels"].value)


@pytest.mark.parametrize(("frauds", "told"), [(FRAUDS_LEAST // 4, True), (4, False)])
def test_few_frauds_say_nothing(frauds: int, told: bool) -> None:
    """Four days of four frauds, four expected a day: fewer than twenty."""
    days = Days(frauds=[4] * 20 + [frauds] * 20)
    found = figures(days, now=Period(since=21 * DAY, until=25 * DAY))
    assert ("labels" in found) is told


def test_the_newest_window_ends_where_truth_is_known() -> None:
    lengths = Lengths(watched=3 * DAY, delay=DELAY, window=14 * DAY, test=5 * DAY)
    assert newest_start(end=60 * DAY, lengths=lengths) == (60 - 7 - 5 - 7 - 14) * DAY
    trained = TrainedOn(
        policy="p", policy_version=1, policy_hash="", starts_at=3 * DAY, ends_at=20 * DAY, rows=9,
        frauds=1,
    )  # fmt: skip
    periods = watched_periods(trained, end=60 * DAY, lengths=lengths)
    assert periods.then == Period(since=3 * DAY, until=20 * DAY + 1)
    assert periods.now == Period(since=57 * DAY, until=60 * DAY + 1)
    assert periods.truth == Period(since=50 * DAY, until=53 * DAY + 1)
