"""Link features: who shares what with whom and how money flows, in columns and one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from benchmarks.agreement import compare
from benchmarks.contestants import Contestant, running, take_turns
from benchmarks.report import Comparison, Figure, Goal
from benchmarks.settings import Settings
from benchmarks.transfers import CUSTOMERS, SEED

EVENTS: Final = 400_000
SINGLY: Final = 20_000
COMPARED: Final = 5_000
GOAL_US: Final = 10.0
_NAMES: Final = tuple(f"feature {number}" for number in range(1, 9))
_NOTES: Final = (
    "With links: eight link features over two graphs (`benchmarks/transfer_ring.yaml`). Without: "
    "one window in their place; everything else of a decision is in both.",
    "All times are processor time. One at a time is a whole decision, on links that "
    f"{EVENTS - SINGLY:,} events have filled; in columns the texts are hashed on this time too.",
)
_WAYS: Final = (("columns", True), ("columns", False), ("single", True), ("single", False))


def measure(settings: Settings) -> Comparison:
    """One by one gives what columns give; then events a second, and microseconds for one."""
    comparison = Comparison(
        name="links",
        title="Eight link features over two graphs",
        data=f"{EVENTS:,} simulated transfers between {CUSTOMERS:,} customers, seed {SEED}",
        notes=_NOTES,
    )
    facts = {"events": EVENTS, "singly": SINGLY, "compared": COMPARED}
    ways = [
        Contestant(
            name=f"{way}, {'with' if linked else 'without'} links",
            worker="links_fengkong",
            needs="fengkong",
            facts={**facts, "way": way, "linked": linked},
        )
        for way, linked in _WAYS
    ]
    with running(ways) as processes:
        answers = [process.answer(settings.folder / "answer.npy") for process in processes]
        comparison.agreements = [
            compare(
                answers[0],
                answers[2],
                contestant="one at a time, against columns",
                names=_NAMES,
                tolerance=0.0,
            )
        ]
        if not comparison.agrees:
            return comparison
        measured = take_turns(processes, rounds=settings.rounds, tell=settings.tell)
    found = [measured[contestant.label] for contestant in ways]
    comparison.figures = [
        _each("in columns, with links", found[0], events=EVENTS),
        _each("in columns, without", found[1], events=EVENTS),
        _each("one at a time, with links", found[2], events=1),
        _each("one at a time, without", found[3], events=1),
    ]
    columns, plain, *_ = comparison.figures
    comparison.goals = [
        Goal(
            name="eight link features, in columns",
            limit=GOAL_US,
            value=columns.median - plain.median,
            unit="µs/event",
            at_most=True,
        )
    ]
    return comparison


def _each(name: str, rounds: Sequence[Mapping[str, Any]], *, events: int) -> Figure:
    samples = tuple(1e6 * each["seconds"] / events for each in rounds)
    return Figure(name=name, unit="µs/event", samples=samples, threads=1)
