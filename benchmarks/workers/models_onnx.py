"""Two hundred trees by ONNX Runtime, converted from the booster with onnxmltools."""

from __future__ import annotations

from pathlib import Path

import lightgbm
import numpy as np
import onnxmltools
import onnxruntime
from onnxmltools.convert.common.data_types import FloatTensorType

from benchmarks.workers.conversation import arguments
from benchmarks.workers.model_rows import Rows, take_part


def main() -> None:
    """Take part in the way that was asked for."""
    facts = arguments()
    rows = np.load(facts["rows"]).astype(np.float32)
    booster = lightgbm.Booster(model_str=Path(facts["booster"]).read_text(encoding="utf-8"))
    converted = onnxmltools.convert_lightgbm(
        booster,
        initial_types=[("rows", FloatTensorType([None, rows.shape[1]]))],
        zipmap=False,
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        converted.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    latest: list[Rows] = []

    def score(some: Rows) -> None:
        latest[:] = session.run(["probabilities"], {"rows": some})

    take_part(
        package="onnxruntime",
        rows=rows,
        way=facts["way"],
        score=score,
        out=lambda: latest[0][:, 1],
    )


if __name__ == "__main__":
    main()
