"""Two hundred trees by Fengkong's scorer, read from the booster that LightGBM trained."""

from __future__ import annotations

from pathlib import Path

import lightgbm
import numpy as np

from benchmarks.workers.conversation import arguments
from benchmarks.workers.model_rows import Rows, take_part
from fengkong.core.bilingual import Bilingual
from fengkong.scoring.inputs import Input, InputKind
from fengkong.scoring.model import About, Model


def main() -> None:
    """Take part in the way that was asked for."""
    facts = arguments()
    rows = np.load(facts["rows"])
    booster = lightgbm.Booster(model_str=Path(facts["booster"]).read_text(encoding="utf-8"))
    inputs = [
        Input(name=f"input_{number}", kind=InputKind.NUMBER, declaration="field")
        for number in range(rows.shape[1])
    ]
    about = About(name="bench", version="1", title=Bilingual(zh="基准", en="Benchmark"))
    model = Model.of_lightgbm(booster, about=about, inputs=inputs)
    buffer = np.empty((len(rows), 2))

    def score(some: Rows) -> None:
        model.score_into(some, buffer[: len(some)])

    take_part(
        package="fengkong", rows=rows, way=facts["way"], score=score, out=lambda: buffer[:, 1]
    )


if __name__ == "__main__":
    main()
