"""What the contestants on conditions share: the rows, and time for each of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.forty_fields import conditions
from benchmarks.workers.conversation import arguments, serve

SECONDS_MIN: Final = 0.5
"""A round lasts at least as long, so that caches and the processor's clock are warm."""


def seconds_each(work: Callable[[], object], *, count: int) -> dict[str, float]:
    """Seconds for each of `count` items that some work treats, repeated for long enough."""
    passes, start = 0, time.perf_counter()
    while True:
        work()
        passes += 1
        seconds = time.perf_counter() - start
        if seconds >= SECONDS_MIN:
            return {"seconds": seconds / passes / count}


def take_part(*, package: str, judge_of: Callable[[list[str]], Callable[[Any], Any]]) -> None:
    """Answer with fifty truths for each row; in a round, judge the rows one after the other.

    `judge_of` compiles conditions to a function of one row (a mapping of forty fields).
    """
    facts = arguments()
    rows = json.loads(Path(facts["rows"]).read_text(encoding="utf-8"))
    judge = judge_of(conditions())

    def pass_through(_work: Callable[[], Any]) -> dict[str, float]:
        return seconds_each(lambda: [judge(row) for row in rows], count=len(rows))

    serve(
        package=package,
        work=lambda: [list(judge(row)) for row in rows],
        results=lambda judged: np.array(judged, dtype=np.float64),
        clock=pass_through,
    )
