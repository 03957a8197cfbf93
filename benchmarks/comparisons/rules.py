"""Fifty rules over forty fields, one row at a time, beside three expression engines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from benchmarks.agreement import compare
from benchmarks.contestants import Contestant, Process, running, split_absent, take_turns
from benchmarks.forty_fields import conditions, rows
from benchmarks.report import Agreement, Comparison, Figure, Goal
from benchmarks.settings import Settings

ROWS: Final = 5_000
SEED: Final = 50
RATIO: Final = 10.0
"""How many times faster than the best peer we mean to be."""
OURS: Final = {
    "Fengkong": "mapping",
    "Fengkong, from cells": "cells",
    "Fengkong, in columns": "columns",
}
PEERS: Final = {
    "zen-engine": ("rules_zen", "zen", "list"),
    "zen-engine, decision graph": ("rules_zen", "zen", "graph"),
    "CEL": ("rules_cel", "cel", "list"),
    "rule-engine": ("rules_rule_engine", "rule_engine", "list"),
}
_NOTES: Final = (
    "The peers get the same conditions, translated from one syntax tree, as one list expression: "
    "the fastest of the ways tried with each. zen-engine's decision graph is shown beside it.",
    "Each gets a mapping of forty values and gives fifty truths. Ours picks the fields out, hashes "
    "the words (hashes of recent words are remembered) and runs. `from cells` starts from the row "
    "of numbers in which the engine holds fields and features; `in columns` is how a replay runs.",
)


def measure(settings: Settings) -> Comparison:
    """Agreement on every rule of every row, then microseconds a row."""
    present, absent = split_absent(_contestants(settings))
    comparison = Comparison(
        name="rules",
        title="Fifty rules over forty fields, one row at a time",
        data=f"{ROWS:,} random rows (seed {SEED}), one thread",
        absent=absent,
        notes=_NOTES,
    )
    with running(present) as processes:
        comparison.agreements = _agreements(processes, settings)
        if not comparison.agrees:
            return comparison
        measured = take_turns(processes, rounds=settings.rounds, tell=settings.tell)
    comparison.figures = [
        Figure(
            name=contestant.name,
            unit="µs/row",
            samples=tuple(each["seconds"] * 1e6 for each in measured[contestant.label]),
            threads=1,
        )
        for contestant in present
    ]
    comparison.goals = _goals(comparison.figures)
    return comparison


def _contestants(settings: Settings) -> list[Contestant]:
    file = settings.folder / "rows.json"
    file.write_text(json.dumps(rows(count=ROWS, seed=SEED)), encoding="utf-8")
    facts = {"rows": str(file)}
    ours = [
        Contestant(
            name=name, worker="rules_fengkong", needs="fengkong", facts={**facts, "way": way}
        )
        for name, way in OURS.items()
    ]
    peers = [
        Contestant(name=name, worker=worker, needs=needs, facts={**facts, "way": way})
        for name, (worker, needs, way) in PEERS.items()
    ]
    return [*ours, *peers]


def _agreements(processes: Sequence[Process], settings: Settings) -> list[Agreement]:
    found, ours, names = [], None, conditions()
    for process in processes:
        settings.tell(f"results of {process.contestant.label}")
        answer = process.answer(settings.folder / "answer.npy")
        if ours is None:
            ours = answer
            continue
        name = process.contestant.name
        found.append(compare(ours, answer, contestant=name, names=names, tolerance=0.0))
    return found


def _goals(figures: Sequence[Figure]) -> list[Goal]:
    medians = {figure.name: figure.median for figure in figures}
    peers = {name: median for name, median in medians.items() if name in PEERS}
    if not peers:
        return []
    best = min(peers, key=lambda name: peers[name])
    return [
        Goal(
            name=f"times faster than the best ({best}), {start}",
            limit=RATIO,
            value=peers[best] / medians[ours],
            unit="x",
        )
        for ours, start in (
            ("Fengkong", "from the same mapping"),
            ("Fengkong, from cells", "from cells"),
        )
    ]
