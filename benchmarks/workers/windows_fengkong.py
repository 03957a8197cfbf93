"""The twelve window features by Fengkong: keys hashed, cells laid out, windows advanced.

On two threads the features of each entity go to a state and a thread of their own: the kernel
lets go of Python's lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.handbook import DECLARATIONS, NAMES
from benchmarks.workers.conversation import arguments, serve
from fengkong.core.hashing import hash_series
from fengkong.events.catalogue import shipped_catalogue
from fengkong.features.declarations import WindowFeature, parse_feature
from fengkong.features.plan import Plan, compile_plan
from fengkong.features.state import WindowState

Cells = NDArray[np.float64]


def plan_of(features: Sequence[WindowFeature]) -> Plan:
    """The plan of some features over payments."""
    return compile_plan(
        features, fields=shipped_catalogue().fields, default_types=["payment.initiated"]
    )


def declared() -> list[WindowFeature]:
    """The twelve features."""
    return [parse_feature(text, name=name) for name, text in DECLARATIONS.items()]


def plans(*, threads: int) -> list[Plan]:
    """One plan of all features, or one for each entity."""
    features = declared()
    if threads == 1:
        return [plan_of(features)]
    by_entity = groupby(sorted(features, key=lambda f: f.over), key=lambda f: f.over)
    return [plan_of(list(group)) for _, group in by_entity]


BATCH = 65_536
"""Rows taken at a time, as a replay takes them: the memory of one batch serves the next."""


def advance(state: WindowState, payments: pl.DataFrame) -> Cells:
    """Feature values of raw columns, in their order."""
    values = np.empty((payments.height, len(state.plan.features)))
    for start in range(0, payments.height, BATCH):
        part = payments.slice(start, BATCH)
        values[start : start + part.height] = advance_batch(state, part)
    return values


def advance_batch(state: WindowState, payments: pl.DataFrame) -> Cells:
    """Feature values of one batch."""
    plan = state.plan
    hashes = [hash_series(payments[entity]) for (entity,) in plan.keyspaces]
    cells = np.empty((payments.height, len(plan.cells)))
    for column, name in enumerate(plan.cells):
        cells[:, column] = payments[name].to_numpy()
    return state.advance(
        times=payments["occurred_at"].to_numpy(),
        keys=np.stack(hashes, axis=1),
        members=np.ones((payments.height, len(plan.streams)), dtype=np.uint8),
        cells=cells,
    ).values


def run(
    payments: pl.DataFrame, *, planned: Sequence[Plan], pool: ThreadPoolExecutor
) -> list[Cells]:
    """The values of each plan."""
    states = [WindowState(plan) for plan in planned]
    if len(states) == 1:
        return [advance(states[0], payments)]
    return list(pool.map(lambda state: advance(state, payments), states))


def in_order(values: Sequence[Cells], *, planned: Sequence[Plan]) -> Cells:
    """One matrix with the columns in the order of NAMES."""
    names = [name for plan in planned for name in plan.names]
    return np.hstack(values)[:, [names.index(name) for name in NAMES]]


def main() -> None:
    """Take part."""
    facts = arguments()
    payments = pl.read_parquet(facts["path"])
    planned = plans(threads=facts["threads"])
    pool = ThreadPoolExecutor(max_workers=facts["threads"])
    serve(
        package="fengkong",
        work=lambda: run(payments, planned=planned, pool=pool),
        results=lambda values: in_order(values, planned=planned),
    )


if __name__ == "__main__":
    main()
