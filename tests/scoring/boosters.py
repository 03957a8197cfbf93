"""Random boosters of LightGBM, with data of every kind, and rows to ask them about."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from fengkong.scoring.inputs import Input, InputKind

CATEGORIES = 70
TINY = (0.0, -0.0, 1e-35, -1e-35, 5e-36, 1.0000000180025095e-35, 1e-30, -1e-30)
STRANGE = (*TINY, np.inf, -np.inf, np.nan, 1e300, -1e300, -0.5, -1.0, 40.5, 2.0**31, 2.0**33)


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A booster with its parameters, its columns, and rows to ask it about."""

    booster: lightgbm.Booster
    inputs: list[Input]
    rows: NDArray[np.float64]
    told: dict[str, Any]


def some_inputs(count: int, *, categorical: Sequence[int] = ()) -> list[Input]:
    """Inputs of numbers, some of them categories."""
    words = tuple(f"w{code}" for code in range(CATEGORIES))
    return [
        Input(
            name=f"input_{number}",
            kind=InputKind.CATEGORY if number in categorical else InputKind.NUMBER,
            declaration="field",
            categories=words if number in categorical else (),
        )
        for number in range(count)
    ]


def random_rows(dice: np.random.Generator, *, rows: int, columns: int) -> NDArray[np.float64]:
    """Numbers of many shapes: smooth, whole, mostly zero, tiny; some missing."""
    matrix = dice.normal(size=(rows, columns))
    shapes = dice.integers(0, 4, columns)
    matrix[:, shapes == 1] = np.round(matrix[:, shapes == 1] * 3)
    matrix[:, shapes == 2] *= dice.random((rows, (shapes == 2).sum())) < 0.3
    matrix[:, shapes == 3] *= 1e-34
    matrix[dice.random(matrix.shape) < 0.1] = np.nan
    return matrix


def train(seed: int) -> Trained:
    """A booster with dice for its data and its parameters."""
    dice = np.random.default_rng(seed)
    columns, rows = int(dice.integers(2, 7)), 400
    matrix = random_rows(dice, rows=rows, columns=columns)
    categorical = sorted(dice.choice(columns, int(dice.integers(0, columns)), replace=False))
    for column in categorical:
        matrix[:, column] = dice.integers(0, int(dice.integers(2, CATEGORIES)), rows)
        matrix[dice.random(rows) < 0.05, column] = np.nan
    signal = np.nan_to_num(matrix).clip(-5, 5) @ dice.normal(size=columns)
    truth = (np.sin(signal) + dice.normal(size=rows) * 0.5 > 0.3).astype(float)
    told = {
        "objective": "binary",
        "boosting": str(dice.choice(["gbdt", "rf", "dart", "goss"])),
        "bagging_freq": 1,
        "bagging_fraction": 0.7,
        "use_missing": bool(dice.random() < 0.8),
        "zero_as_missing": bool(dice.random() < 0.4),
        "num_leaves": int(dice.integers(2, 40)),
        "min_data_in_leaf": int(dice.integers(1, 20)) if dice.random() < 0.95 else 350,
        "max_cat_to_onehot": int(dice.integers(1, 8)),
        "min_data_per_group": 5,
        "cat_smooth": 1.0,
        "sigmoid": float(dice.choice([1.0, 0.7])),
        "seed": seed,
        "num_threads": 1,
        "verbose": -1,
    }
    if told["boosting"] == "goss":
        del told["bagging_freq"], told["bagging_fraction"]
    data = lightgbm.Dataset(matrix, truth, categorical_feature=[int(c) for c in categorical])
    booster = lightgbm.train(told, data, int(dice.integers(1, 25)))
    asked = np.concatenate([matrix, random_rows(dice, rows=100, columns=columns)])
    strange = dice.random(asked.shape) < 0.1
    asked[strange] = dice.choice(STRANGE, strange.sum())
    return Trained(
        booster=booster,
        inputs=some_inputs(columns, categorical=[int(c) for c in categorical]),
        rows=asked,
        told=told,
    )
