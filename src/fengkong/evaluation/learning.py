"""Learning: candidates are compared on earlier windows, one is chosen, calibrated, judged once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from fengkong.evaluation.lesson import Lesson, Values
from fengkong.evaluation.model_judgement import HEADLINE, ModelFigures, Sample, judge
from fengkong.evaluation.paired_figures import ChampionFigures
from fengkong.evaluation.report import PolicyStamp, Report, stamp
from fengkong.evaluation.training_plan import CalibrationKind, JudgePart, TruthPart
from fengkong.evaluation.training_windows import Window
from fengkong.scoring.calibration import Calibration
from fengkong.scoring.model import Model, ModelKind
from fengkong.scoring.probability_curves import fit_isotonic, fit_platt
from fengkong.scoring.trees import Tree

OnStep = Callable[[str, float], None]
"""Told what begins (``search``, ``validate``, ``fit``, ``judge``) and the fraction that is done."""


class Candidate(Report, frozen=True, kw_only=True):
    """One point of the search space and what it reached on each validation window, newest first."""

    values: dict[str, float | int]
    figures: tuple[dict[str, float | None], ...]
    mean: float | None
    chosen: bool


class WindowFigures(Report, frozen=True, kw_only=True):
    """The chosen candidate on one window: what it learned from and what it reached."""

    window: dict[str, str]
    training_rows: int
    training_frauds: int
    figures: ModelFigures


class TrainingReport(Report, frozen=True, kw_only=True):
    """What was tried, what was chosen, and how it did; `test` is None where its days are not there.

    `validation` are windows before the test, the newest first; the choice and the calibration were
    made on them alone. `journal` are the first and last entry of the journal that was read, None
    for files. `champion` is the present champion on the same test. `importance` is each input's
    share of what the trees gained, or of the spread of a scorecard's points.
    """

    training: str
    version: int
    title: dict[str, str]
    description: dict[str, str] | None
    kind: str
    policy: PolicyStamp
    currency: str
    seed: int
    inputs: tuple[dict[str, str], ...]
    chosen: dict[str, float | int]
    calibration: str
    window: dict[str, str]
    training_rows: int
    training_frauds: int
    truth: TruthPart
    judged_by: JudgePart
    compared_by: str
    candidates: tuple[Candidate, ...]
    validation: tuple[WindowFigures, ...]
    test: ModelFigures | None
    published: tuple[dict[str, Any], ...]
    importance: dict[str, float]
    journal: tuple[int, int] | None = None
    champion: ChampionFigures | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """The model and the report of its training."""

    model: Model
    report: TrainingReport


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """A model of an earlier window and the positions of the rows it is judged on."""

    window: Window
    model: Model
    at: NDArray[np.int64]


class _Steps:
    """Counts models that are fitted, for a progress bar."""

    def __init__(self, on_step: OnStep | None, *, total: int) -> None:
        self._on_step, self._total, self._done = on_step, total, 0

    def __call__(self, what: str) -> None:
        if self._on_step is not None:
            self._on_step(what, min(1.0, self._done / max(1, self._total)))
        self._done += 1


def learn(
    lesson: Lesson, *, window: Window, validation: Sequence[Window], on_step: OnStep | None = None
) -> Learned:
    """Search, choose, calibrate, train on everything before the test, and judge once.

    Raises a FaultsError with `TooFewFraudsError`, `OneClassError` or `AlwaysMissingError`, or
    `NothingLearnedError`, before anything is written.
    """
    plan = lesson.plan
    lesson.check(window)
    candidates = plan.candidates()
    searched = len(candidates) if len(candidates) > 1 else 0
    step = _Steps(on_step, total=(searched + 1) * len(validation) + 2)
    tried = [_try(lesson, one, validation, step) if searched else [] for one in candidates]
    means = [_mean(figures, by=plan.validation.by) for figures in tried]
    best = int(np.argmax([-np.inf if mean is None else mean for mean in means]))
    checked = [_check(lesson, one, candidates[best], step) for one in validation]
    calibration = _calibrated(lesson, checked)
    step("fit")
    model = lesson.fit(window, candidates[best], calibration=calibration)
    step("judge")
    report = _report(lesson, model, window=window, checked=checked, calibration=calibration)
    report = msgspec.structs.replace(
        report,
        chosen=candidates[best],
        candidates=tuple(
            Candidate(values=values, figures=tuple(figures), mean=mean, chosen=number == best)
            for number, (values, figures, mean) in enumerate(
                zip(candidates, tried, means, strict=True)
            )
        ),
    )
    return Learned(
        model=replace(model, about=replace(model.about, figures=summary(report))), report=report
    )


def _try(
    lesson: Lesson, values: Values, windows: Sequence[Window], step: _Steps
) -> list[dict[str, float | None]]:
    """What a candidate reaches on each window, with one bag: bags steady, they do not choose."""
    found = []
    for window in windows:
        step("search")
        model = lesson.fit(window, {**values, "bags": 1})
        sample = lesson.sample(model, window)
        if sample is None:
            continue
        figures = judge(sample, settings=lesson.plan.judge, seed=lesson.plan.seed, rounds=0)
        found.append({name: getattr(figures, name).value for name in (*HEADLINE, "ks", "recall")})
    return found


def _mean(figures: Sequence[dict[str, float | None]], *, by: str) -> float | None:
    """The mean over windows of what candidates are compared by."""
    names = HEADLINE if by == "mean" else (by,)
    values = [one[name] for one in figures for name in names]
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _check(lesson: Lesson, window: Window, values: Values, step: _Steps) -> _Checked:
    step("validate")
    model = lesson.fit(window, values)
    return _Checked(window=window, model=model, at=lesson.judged(window))


def _calibrated(lesson: Lesson, checked: Sequence[_Checked]) -> Calibration | None:
    """The curve that makes the pooled scores of the validation windows right on average."""
    how = lesson.plan.model.calibration
    if how is CalibrationKind.NONE or lesson.plan.model.kind is ModelKind.ANOMALY or not checked:
        return None
    table = lesson.table
    fraud = np.concatenate([table.fraud[one.at] for one in checked])
    if not fraud.any() or fraud.all():
        return None
    scores = np.concatenate([one.model.scores(table.rows[one.at]) for one in checked])
    if how is CalibrationKind.PLATT:
        # What the kernel puts into Platt's curve: of several bags the mean of their raw scores.
        return fit_platt(scores[:, 0] / checked[0].model.link.divisor, fraud=fraud)
    return fit_isotonic(scores[:, 1], fraud=fraud)


def _report(
    lesson: Lesson,
    model: Model,
    *,
    window: Window,
    checked: Sequence[_Checked],
    calibration: Calibration | None,
) -> TrainingReport:
    plan, about = lesson.plan, model.about.trained_on
    assert about is not None, "a model that was fitted knows on what"
    sample = lesson.sample(model, window)
    return TrainingReport(
        training=plan.name,
        version=plan.version,
        title=plan.title,
        description=plan.description,
        kind=str(plan.model.kind),
        policy=stamp(lesson.table.policy),
        currency=lesson.table.policy.scope.currency,
        seed=plan.seed,
        inputs=tuple(
            {"name": one.name, "kind": str(one.kind), "declaration": one.declaration}
            for one in model.inputs
        ),
        chosen={},
        calibration=str(plan.model.calibration) if calibration is not None else "none",
        window=window.told(),
        training_rows=about.rows,
        training_frauds=about.frauds,
        truth=plan.truth,
        judged_by=plan.judge,
        compared_by=plan.validation.by,
        candidates=(),
        validation=tuple(_validated(lesson, checked, calibration)),
        test=None if sample is None else judge(sample, settings=plan.judge, seed=plan.seed),
        published=tuple(msgspec.to_builtins(one) for one in plan.published),
        importance=importance_of(model),
        journal=lesson.positions,
    )


def _validated(
    lesson: Lesson, checked: Sequence[_Checked], calibration: Calibration | None
) -> Iterator[WindowFigures]:
    """Each validation window judged; only its calibration was made on it, and flatters."""
    for one in checked:
        if not len(one.at):
            continue
        model = one.model
        if calibration is not None:
            model = replace(model, calibration=calibration)
        learned = model.about.trained_on
        assert learned is not None, "a model that was fitted knows on what"
        sample = Sample(
            table=lesson.table,
            at=one.at,
            probabilities=model.probabilities(lesson.table.rows[one.at]),
        )
        yield WindowFigures(
            window=one.window.told(),
            training_rows=learned.rows,
            training_frauds=learned.frauds,
            figures=judge(sample, settings=lesson.plan.judge, seed=lesson.plan.seed),
        )


def importance_of(model: Model) -> dict[str, float]:
    """Each input's share of what the model says, the largest first.

    It is the mean size of the steps between a split's two sides, weighed by the rows that came by
    (of a scorecard: of its points).
    """
    sums = np.zeros(len(model.inputs))
    for tree in model.trees:
        if not len(tree.inputs):
            continue
        means, covers = _node_means(tree)
        for node, asked in enumerate(tree.inputs.tolist()):
            left, right = int(tree.left[node]), int(tree.right[node])
            a, b = means[left], means[right]
            p, q = covers[left], covers[right]
            sums[asked] += p * q / max(p + q, 1.0) * (a - b) ** 2
    total = sums.sum()
    shares = sums / total if total > 0 else sums
    order = np.argsort(-shares, kind="stable")
    return {model.inputs[index].name: float(f"{shares[index]:.4g}") for index in order.tolist()}


def _node_means(tree: Tree) -> tuple[dict[int, float], dict[int, float]]:
    """The mean leaf below each node or leaf, and the rows that came to it."""
    means = {~leaf: float(value) for leaf, value in enumerate(tree.values)}
    covers = {~leaf: float(cover) for leaf, cover in enumerate(tree.leaf_covers)}
    for node in _bottom_up(tree):
        left, right = int(tree.left[node]), int(tree.right[node])
        p, q = covers[left], covers[right]
        covers[node] = p + q
        means[node] = (p * means[left] + q * means[right]) / (p + q) if p + q else 0.0
    return means, covers


def _bottom_up(tree: Tree) -> list[int]:
    """The nodes of a tree, each after those below it."""
    order, pending = [], [0]
    while pending:
        node = pending.pop()
        order.append(node)
        pending += [int(c) for c in (tree.left[node], tree.right[node]) if c >= 0]
    return order[::-1]


def summary(report: TrainingReport) -> dict[str, Any]:
    """The figures that a model carries with it."""
    test = report.test
    return {
        "window": report.window,
        "chosen": report.chosen,
        "calibration": report.calibration,
        "validation": [
            {name: getattr(one.figures, name).value for name in HEADLINE}
            for one in report.validation
        ],
        "test": None
        if test is None
        else {
            name: msgspec.to_builtins(getattr(test, name)) for name in (*HEADLINE, "ks", "recall")
        },
    }
