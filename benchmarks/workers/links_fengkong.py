"""Link features by Fengkong: transfers in columns, or one by one, with links or without.

Without links the same policy counts one window, so the difference is what links cost.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.platform_events import batches
from benchmarks.transfers import transfer_columns
from benchmarks.workers.conversation import arguments, serve
from fengkong.decisions.engine import Engine
from fengkong.decisions.policy_file import load_policy
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.columns import EventColumns

POLICY: Final = Path(__file__).resolve().parents[1] / "transfer_ring.yaml"
_WINDOW: Final = "features:\n  customer_count_24h: count() over customer last 24h\n"


def new_engine(*, linked: bool) -> Engine:
    """The policy of the benchmark, with its link features or with a window in their place."""
    text = POLICY.read_text(encoding="utf-8")
    if not linked:
        text = text.split("features:", maxsplit=1)[0] + _WINDOW
    return Engine(load_policy(text, source=POLICY.name, catalogue=shipped_catalogue()))


def in_columns(engine: Engine, parts: list[EventColumns]) -> NDArray[np.float64]:
    """The features of all transfers, a row each."""
    state = engine.new_state()
    names = engine.policy.feature_names
    tables = [b.feature_frame() for part in parts for b in engine.decide_columns(part, state)]
    return np.concatenate([table.select(names).cast(float).to_numpy() for table in tables])


def one_by_one(engine: Engine, columns: EventColumns) -> NDArray[np.float64]:
    """The same, every event by itself."""
    state = engine.new_state()
    decisions = [engine.decide(event, state) for event in columns.to_events()]
    rows = [list(one.features.values()) for one in decisions if one is not None]
    return np.array(rows, dtype=np.float64)


def time_each(engine: Engine, warm: list[EventColumns], last: EventColumns) -> dict[str, float]:
    """Seconds of processor time of a decision on links that earlier events have filled."""
    state, events = engine.new_state(), last.to_events()
    for part in warm:
        for _ in engine.decide_columns(part, state):
            pass
    start = time.process_time()
    for event in events:
        engine.decide(event, state)
    return {"seconds": (time.process_time() - start) / len(events)}


def time_all(engine: Engine, parts: list[EventColumns]) -> dict[str, float]:
    """Seconds of processor time of all transfers in columns."""
    start = time.process_time()
    in_columns(engine, parts)
    return {"seconds": time.process_time() - start}


def main() -> None:
    """Take part in the way that was asked for."""
    facts: dict[str, Any] = arguments()
    engine = new_engine(linked=facts["linked"])
    columns = transfer_columns(events=facts["events"])
    beginning = columns.take(np.arange(facts["compared"]))
    if facts["way"] == "single":
        split = len(columns) - facts["singly"]
        warm = list(batches(columns.take(np.arange(split))))
        last = columns.take(np.arange(split, len(columns)))
        serve(
            package="fengkong",
            work=lambda: one_by_one(engine, beginning),
            clock=lambda _work: time_each(engine, warm, last),
        )
        return
    parts = list(batches(columns))
    serve(
        package="fengkong",
        work=lambda: in_columns(engine, list(batches(beginning))),
        clock=lambda _work: time_all(engine, parts),
    )


if __name__ == "__main__":
    main()
