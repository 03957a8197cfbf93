"""Full decisions by Fengkong, in one of three ways.

`replay`: events in columns to the table of decisions that a replay writes (outcome, points, hits,
reasons in both languages, features). `judged`: the same without writing the sentences and lists,
as a backtest needs it. `single`: events one by one to decisions with reasons, on windows that
have been filled by earlier events; each decision is timed by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.platform_events import batches, payment_columns
from benchmarks.workers.conversation import arguments, serve, timed
from fengkong.decisions.decision import Decision
from fengkong.decisions.engine import Engine
from fengkong.decisions.policy_file import load_policy
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.columns import EventColumns
from fengkong.events.event import Event

POLICY: Final = Path(__file__).resolve().parents[1] / "fifty_rules_policy.yaml"


def new_engine() -> Engine:
    """The policy of the benchmark, compiled."""
    text = POLICY.read_text(encoding="utf-8")
    return Engine(load_policy(text, source=POLICY.name, catalogue=shipped_catalogue()))


def replay(engine: Engine, parts: list[EventColumns]) -> list[pl.DataFrame]:
    """The tables of decisions."""
    state = engine.new_state()
    return [block.frame() for part in parts for block in engine.decide_columns(part, state)]


def judge(engine: Engine, parts: list[EventColumns]) -> int:
    """The number of decisions that do not allow."""
    state = engine.new_state()
    outcomes = (
        outcome
        for part in parts
        for block in engine.decide_columns(part, state)
        for outcome in block.outcomes
    )
    return sum(outcome != "allow" for outcome in outcomes)


def row_of_table(table: pl.DataFrame, engine: Engine) -> NDArray[np.float64]:
    """What is compared of a table: outcome and points, hits as bits of rules, features."""
    policy = engine.policy
    order = {name: rank for rank, name in enumerate(policy.outcomes.order)}
    hits = [set(names) for names in table["hits"].to_list()]
    cells = [
        np.array([order[name] for name in table["outcome"].to_list()], dtype=np.float64),
        table["points"].to_numpy(),
        *(
            np.array([rule.id in names for names in hits], dtype=np.float64)
            for rule in policy.rules
        ),
        *(table[name].cast(pl.Float64).fill_null(float("nan")) for name in policy.feature_names),
    ]
    return np.column_stack([np.asarray(column, dtype=np.float64) for column in cells])


def row_of_decision(decision: Decision, engine: Engine) -> list[float]:
    """The same of one decision."""
    policy = engine.policy
    hits = {hit.rule for hit in decision.hits}
    values = [decision.features[name] for name in policy.feature_names]
    return [
        float(policy.outcomes.rank(decision.outcome)),
        decision.points,
        *(float(rule.id in hits) for rule in policy.rules),
        *(float("nan") if value is None else float(value) for value in values),
    ]


def time_each(
    engine: Engine, warm: list[EventColumns], events: list[Event]
) -> dict[str, list[float] | float]:
    """Seconds of each decision by itself, as median and upper percentiles."""
    state = engine.new_state()
    for part in warm:
        for _ in engine.decide_columns(part, state):
            pass
    took = np.empty(len(events))
    clock = time.perf_counter_ns
    for number, event in enumerate(events):
        start = clock()
        engine.decide(event, state)
        took[number] = clock() - start
    median, p99, p999 = np.quantile(took / 1e9, (0.5, 0.99, 0.999)).tolist()
    return {"median": median, "p99": p99, "p999": p999}


def main() -> None:
    """Take part in the way that was asked for."""
    facts = arguments()
    engine = new_engine()
    columns = payment_columns(events=facts["events"])
    compared = facts["compared"]
    if facts["way"] == "single":
        first = columns.take(np.arange(len(columns) - facts["singly"]))
        last = columns.take(np.arange(len(columns) - facts["singly"], len(columns))).to_events()
        warm = list(batches(first))
        beginning = columns.take(np.arange(compared)).to_events()

        def decide_beginning() -> NDArray[np.float64]:
            state = engine.new_state()
            decisions = [engine.decide(event, state) for event in beginning]
            return np.array([row_of_decision(d, engine) for d in decisions if d is not None])

        serve(
            package="fengkong",
            work=decide_beginning,
            clock=lambda _work: time_each(engine, warm, last),
        )
        return
    parts = list(batches(columns))
    beginning_parts = list(batches(columns.take(np.arange(compared))))
    work: Callable[[], Any] = lambda: replay(engine, parts)  # noqa: E731
    if facts["way"] == "judged":
        work = lambda: judge(engine, parts)  # noqa: E731
    serve(
        package="fengkong",
        work=lambda: row_of_table(pl.concat(replay(engine, beginning_parts)), engine),
        clock=lambda _work: timed(work),
    )


if __name__ == "__main__":
    main()
