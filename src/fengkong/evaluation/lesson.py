"""One table and how to learn from it: a window of rows in, a model out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fengkong.core.errors import Fault, FaultsError, RiskError
from fengkong.evaluation.model_judgement import Sample
from fengkong.evaluation.report import stamp
from fengkong.evaluation.training_plan import TrainingPlan
from fengkong.evaluation.training_table import TrainingTable
from fengkong.evaluation.training_windows import Window, judged_rows, training_rows
from fengkong.scoring.binning import bins_of, fit_card
from fengkong.scoring.boosting import averaged, grow
from fengkong.scoring.calibration import Calibration
from fengkong.scoring.isolation import quantiles
from fengkong.scoring.model import About, Model, ModelKind, TrainedOn
from fengkong.scoring.optimal_binning import optimal_bins

_TREES, _ROWS = 200, 256
Values = dict[str, float | int]


class TooFewFraudsError(RiskError):
    """There are too few known frauds to learn from."""

    code = "training.too_few_frauds"
    hint = "Train on a longer history, wait for labels, or train an anomaly model without them."


class OneClassError(RiskError):
    """All rows have the same truth: there is nothing to tell apart."""

    code = "training.one_class"
    hint = "Check the window and where the truth comes from, or train an anomaly model."


class AlwaysMissingError(RiskError):
    """An input has no value in any row that is learned from."""

    code = "training.input_always_missing"
    hint = "Leave the input out, or check the mapping of the fields that it needs."


class NothingLearnedError(RiskError):
    """No input tells fraud from good business."""

    code = "training.nothing_learned"
    hint = "Declare features that can tell them apart."


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One table and how to learn from it.

    `positions` are the first and last entry of the journal that the table was read from, None for
    files.
    """

    table: TrainingTable
    plan: TrainingPlan
    positions: tuple[int, int] | None = None

    def chosen(self, window: Window) -> NDArray[np.bool_]:
        """The rows that are learned from; an anomaly model needs no truth."""
        labels = self.plan.model.kind is not ModelKind.ANOMALY
        return training_rows(self.table, window, labels_needed=labels)

    def about(self, *, frauds: int, rows: NDArray[np.int64]) -> About:
        """Who the model is."""
        at = self.table.occurred_at[rows]
        made_by = stamp(self.table.policy)
        first, last = self.positions or (None, None)
        return About(
            name=self.plan.name,
            version=str(self.plan.version),
            title=self.plan.bilingual_title,
            trained_on=TrainedOn(
                policy=made_by.name,
                policy_version=made_by.version,
                policy_hash=made_by.hash,
                starts_at=int(at.min()),
                ends_at=int(at.max()),
                rows=len(rows),
                frauds=frauds,
                first=first,
                last=last,
            ),
        )

    def fit(
        self,
        window: Window,
        candidate: Values,
        *,
        calibration: Calibration | None = None,
    ) -> Model:
        """The model that rows of a window give."""
        rows = np.flatnonzero(self.chosen(window))
        fraud = self.table.frauds_known(window.begin)[rows]
        about = self.about(frauds=int(fraud.sum()), rows=rows)
        inputs, matrix = self.table.inputs, self.table.rows[rows]
        if self.plan.model.kind is ModelKind.TREES:
            bags = list(
                grow(
                    matrix,
                    fraud=fraud,
                    inputs=inputs,
                    monotone=self.plan.monotone,
                    plan=self.plan.boosting(candidate),
                )
            )
            return averaged(bags, about=about, inputs=inputs, calibration=calibration)
        if self.plan.model.kind is ModelKind.SCORECARD:
            card = fit_card(
                matrix,
                fraud=fraud,
                inputs=inputs,
                monotone=self.plan.monotone,
                plan=self.plan.binning(candidate),
                binner=optimal_bins if self.plan.optimal else bins_of,
            )
            if card is None:
                raise NothingLearnedError("no input has enough information value")
            return Model.of_card(card, about=about, inputs=inputs, calibration=calibration)
        return self._forest(matrix, candidate, about=about)

    def _forest(self, matrix: NDArray[np.float64], candidate: Values, *, about: About) -> Model:
        from sklearn.ensemble import IsolationForest  # noqa: PLC0415 - only training pays

        chosen = {**self.plan.model.parameters, **candidate}
        forest = IsolationForest(
            n_estimators=int(chosen.get("trees", _TREES)),
            max_samples=min(int(chosen.get("rows", _ROWS)), len(matrix)),
            random_state=self.plan.seed,
        ).fit(matrix)
        return Model.of_isolation_forest(
            forest,
            about=about,
            inputs=self.table.inputs,
            calibration=quantiles(-forest.score_samples(matrix)),
        )

    def check(self, window: Window) -> None:
        """Refuse a window nothing can be learned from; all that is wrong raises one FaultsError."""
        rows = np.flatnonzero(self.chosen(window))
        fraud = self.table.frauds_known(window.begin)[rows]
        check_rows(self.table.rows[rows], fraud=fraud, lesson=self)

    def judged(self, window: Window) -> NDArray[np.int64]:
        """The positions of the rows that are judged in a window."""
        excluded = self.plan.judge.known_excluded
        return np.flatnonzero(judged_rows(self.table, window, known_excluded=excluded))

    def sample(self, model: Model, window: Window) -> Sample | None:
        """The rows that are judged in a window, with the model's probabilities."""
        at = self.judged(window)
        if not len(at):
            return None
        return Sample(
            table=self.table, at=at, probabilities=model.probabilities(self.table.rows[at])
        )


def check_rows(rows: NDArray[np.float64], *, fraud: NDArray[np.bool_], lesson: Lesson) -> None:
    """Refuse rows nothing can be learned from; all that is wrong raises one FaultsError."""
    faults: list[Fault] = []
    frauds, plan = int(fraud.sum()), lesson.plan
    if plan.model.kind is not ModelKind.ANOMALY:
        if not len(fraud) or frauds in (0, len(fraud)):
            message = f"{len(fraud)} rows with a known truth, {frauds} of them fraud"
            faults.append(OneClassError(message, path="$.truth").fault())
        elif frauds < plan.least_frauds:
            message = f"{frauds} frauds known in time, at least {plan.least_frauds} are asked for"
            faults.append(TooFewFraudsError(message, path="$.least_frauds").fault())
    if len(rows):
        empty = np.flatnonzero(np.isnan(rows).all(axis=0)).tolist()
        faults += [
            AlwaysMissingError(
                f"{plan.inputs[index]} is missing in all {len(rows)} rows",
                path=f"$.inputs[{index}]",
            ).fault()
            for index in empty
        ]
    if faults:
        raise FaultsError(faults)
