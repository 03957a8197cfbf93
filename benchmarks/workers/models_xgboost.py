"""Two hundred trees of XGBoost's own, by its quickest predict on an array, with one thread."""

from __future__ import annotations

import numpy as np
import xgboost

from benchmarks.comparisons.models import LEAVES, SEED, TREES
from benchmarks.workers.conversation import arguments
from benchmarks.workers.model_rows import Rows, take_part


def main() -> None:
    """Take part in the way that was asked for."""
    facts = arguments()
    told = {
        "objective": "binary:logistic",
        "max_leaves": LEAVES,
        "max_depth": 0,
        "grow_policy": "lossguide",
        "nthread": 1,
        "seed": SEED,
    }
    learned = xgboost.DMatrix(np.load(facts["learned"]), np.load(facts["truth"]))
    booster = xgboost.train(told, learned, TREES)
    latest: list[Rows] = []

    def score(some: Rows) -> None:
        latest[:] = [booster.inplace_predict(some)]

    take_part(
        package="xgboost-cpu",
        rows=np.load(facts["rows"]).astype(np.float32),
        way=facts["way"],
        score=score,
        out=lambda: latest[0],
    )


if __name__ == "__main__":
    main()
