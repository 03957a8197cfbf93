"""Training gradient boosted trees: LightGBM with the same answer for the same rows and seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fengkong.scoring.calibration import Calibration
from fengkong.scoring.image import Link
from fengkong.scoring.inputs import Input, InputKind
from fengkong.scoring.lightgbm_text import LightgbmModel, read_lightgbm
from fengkong.scoring.model import About, Model, ModelKind
from fengkong.scoring.separation import Floats, Truths

THREADS: Final = 2
"""LightGBM adds up histograms thread by thread: a fixed number gives the same trees everywhere."""
_FIXED: Final = {
    "objective": "binary",
    "boost_from_average": True,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": THREADS,
    "verbosity": -1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostingPlan:
    """How trees are grown.

    `parameters` are LightGBM's own names; `rounds` trees a bag; `bags` boosters with seeds of
    their own are averaged in their raw scores; `good_share` of the good rows is drawn for each
    bag and weighed by its inverse, so that probabilities stay those of all rows;
    `fraud_weight` multiplies the weight of frauds (class imbalance; it shifts probabilities, so a
    calibration must follow); `monotone` names inputs: 1 when more never means less risk, -1 when
    it never means more.
    """

    parameters: dict[str, float | int | bool]
    rounds: int = 200
    bags: int = 1
    good_share: float = 1.0
    fraud_weight: float = 1.0
    seed: int = 1


def draw_rows(fraud: Truths, *, good_share: float, seed: int) -> NDArray[np.int64]:
    """Positions of all frauds and of a share of the good rows, in order."""
    if good_share >= 1.0:
        return np.arange(len(fraud))
    dice = np.random.default_rng(seed)
    return np.flatnonzero(fraud | (dice.random(len(fraud)) < good_share))


def grow(
    rows: Floats,
    *,
    fraud: Truths,
    inputs: Sequence[Input],
    monotone: dict[str, int],
    plan: BoostingPlan,
) -> Iterator[LightgbmModel]:
    """The bags one after another: rows float64[n, inputs] in a model's units, fraud bool[n]."""
    import lightgbm  # noqa: PLC0415 - two seconds that only training pays

    for bag in range(plan.bags):
        chosen = draw_rows(fraud, good_share=plan.good_share, seed=plan.seed + bag)
        truth = fraud[chosen]
        weights = np.where(truth, plan.fraud_weight, 1.0 / plan.good_share)
        data = lightgbm.Dataset(
            rows[chosen],
            label=truth.astype(np.float64),
            weight=weights,
            feature_name=[one.name for one in inputs],
            categorical_feature=[
                index for index, one in enumerate(inputs) if one.kind is InputKind.CATEGORY
            ],
            free_raw_data=True,
        )
        booster = lightgbm.train(
            {
                **_FIXED,
                **plan.parameters,
                **_constraints(inputs, monotone),
                "seed": plan.seed + bag,
            },
            data,
            num_boost_round=plan.rounds,
        )
        yield read_lightgbm(booster.model_to_string())


def _constraints(inputs: Sequence[Input], monotone: dict[str, int]) -> dict[str, Any]:
    """What LightGBM is told of directions; nothing where there are none."""
    directions = [monotone.get(one.name, 0) for one in inputs]
    return {"monotone_constraints": directions} if any(directions) else {}


def averaged(
    bags: Sequence[LightgbmModel],
    *,
    about: About,
    inputs: Sequence[Input],
    calibration: Calibration | None = None,
) -> Model:
    """One model of several boosters: its raw score is the mean of theirs."""
    assert bags, "a model has trees"
    return Model(
        about=about,
        kind=ModelKind.TREES,
        inputs=tuple(inputs),
        trees=tuple(tree for bag in bags for tree in bag.trees),
        link=Link(factor=bags[0].sigmoid, divisor=float(len(bags))),
        calibration=calibration,
    )
