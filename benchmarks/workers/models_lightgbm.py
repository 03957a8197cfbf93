"""Two hundred trees by LightGBM's own predict, with one thread."""

from __future__ import annotations

from pathlib import Path

import lightgbm
import numpy as np

from benchmarks.workers.conversation import arguments
from benchmarks.workers.model_rows import Rows, take_part


def main() -> None:
    """Take part in the way that was asked for."""
    facts = arguments()
    booster = lightgbm.Booster(model_str=Path(facts["booster"]).read_text(encoding="utf-8"))
    latest: list[Rows] = []

    def score(some: Rows) -> None:
        latest[:] = [booster.predict(some, num_threads=1)]

    take_part(
        package="lightgbm",
        rows=np.load(facts["rows"]),
        way=facts["way"],
        score=score,
        out=lambda: latest[0],
    )


if __name__ == "__main__":
    main()
