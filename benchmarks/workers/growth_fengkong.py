"""Time and memory of the window state: one size, one process.

`way` is `stream` (payments of the simulated stream, the keys growing with it) or `sparse` (every
payment has a customer and a terminal of its own). Memory is what the process has in use beyond
what it had before the first event; the raw columns and the compiled kernel are there before.
"""

from __future__ import annotations

import gc
import json
import time
from typing import Any, Final

import numpy as np
import polars as pl
import psutil

from benchmarks.payments import SEED
from benchmarks.platform_events import BATCH_ROWS
from benchmarks.workers.conversation import arguments
from benchmarks.workers.windows_fengkong import advance, declared, plan_of
from fengkong.features.state import Limits, WindowState
from fengkong.simulation.cards import card_stream

_MEMORY_MAX: Final = 64 * 1024**3


def raw_columns(*, events: int, way: str) -> pl.DataFrame:
    """What the features read."""
    stream = card_stream(rows=events, seed=SEED)
    names = ("occurred_at", "customer", "terminal", "amount", "is_fraud")
    frame = pl.DataFrame({name: stream[name] for name in names})
    frame = frame.with_columns(pl.col("is_fraud").cast(pl.Int64))
    number = pl.int_range(events, dtype=pl.Int64)
    return frame if way == "stream" else frame.with_columns(customer=number, terminal=number)


def measure(*, events: int, way: str) -> dict[str, Any]:
    """Seconds, bytes, and how many entities there were."""
    plan = plan_of(declared())
    payments = raw_columns(events=events, way=way)
    advance(WindowState(plan), payments.head(1_000))
    state = WindowState(plan, limits=Limits(memory_bytes=_MEMORY_MAX))
    process = psutil.Process()
    gc.collect()
    before, seconds = process.memory_info().rss, 0.0
    for start in range(0, events, BATCH_ROWS):
        part = payments.slice(start, BATCH_ROWS)
        clock = time.perf_counter()
        advance(state, part)
        seconds += time.perf_counter() - clock
    gc.collect()
    return {
        "events": events,
        "seconds": seconds,
        "resident_bytes": process.memory_info().rss - before,
        "allocated_bytes": state.size_bytes,
        "keys": int(np.sum(list(state.live_keys.values()))),
    }


if __name__ == "__main__":
    facts = arguments()
    print(json.dumps(measure(events=facts["events"], way=facts["way"])))
