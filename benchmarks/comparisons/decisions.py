"""Full decisions: twenty features over five entities, fifty rules, with reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from benchmarks.agreement import compare
from benchmarks.contestants import Contestant, Process, running, take_turns
from benchmarks.platform_events import SEED
from benchmarks.report import Comparison, Figure, Goal
from benchmarks.settings import Settings

EVENTS: Final = 400_000
SINGLY: Final = 20_000
COMPARED: Final = 5_000
REPLAY_GOAL: Final = 100_000.0
SINGLE_GOAL: Final = 25.0
_NAMES: Final = tuple(["outcome", "points"] + [f"value {number}" for number in range(3, 73)])
_NOTES: Final = (
    "`replay` ends with the table that a replay writes: outcome, points, hits, features, and the "
    "reasons in both languages. `judged` is the same without that table, as a backtest uses it.",
    "One at a time starts from a decoded event and ends with a decision that explains itself; "
    f"the windows hold the {EVENTS - SINGLY:,} events before.",
)


def measure(settings: Settings) -> Comparison:
    """One by one gives what columns give; then decisions a second, and microseconds for one."""
    comparison = Comparison(
        name="decisions",
        title="Full decisions: 20 features over 5 entities, 50 rules, one core",
        data=f"{EVENTS:,} simulated payments, seed {SEED}",
        notes=_NOTES,
    )
    facts = {"events": EVENTS, "singly": SINGLY, "compared": COMPARED}
    ways = [
        Contestant(
            name=way, worker="decisions_fengkong", needs="fengkong", facts={**facts, "way": way}
        )
        for way in ("replay", "judged", "single")
    ]
    with running(ways) as processes:
        comparison.agreements = [_agreement(processes, settings)]
        if not comparison.agrees:
            return comparison
        measured = take_turns(processes, rounds=settings.rounds, tell=settings.tell)
    by_way = {contestant.name: measured[contestant.label] for contestant in ways}
    comparison.figures = [
        _rate("replay, with reasons and features", by_way["replay"]),
        _rate("judged only", by_way["judged"]),
        _latency("one at a time, median", by_way["single"], "median"),
        _latency("one at a time, 99 of 100", by_way["single"], "p99"),
        _latency("one at a time, 999 of 1000", by_way["single"], "p999"),
    ]
    comparison.goals = _goals(comparison.figures)
    return comparison


def _agreement(processes: Sequence[Process], settings: Settings) -> Any:
    """Outcome, points, every rule and every feature of the first decisions."""
    answers = {
        process.contestant.name: process.answer(settings.folder / "answer.npy")
        for process in processes
        if process.contestant.name != "judged"
    }
    return compare(
        answers["replay"],
        answers["single"],
        contestant="one at a time, against replay",
        names=_NAMES,
        tolerance=0.0,
    )


def _rate(name: str, rounds: Sequence[Mapping[str, Any]]) -> Figure:
    samples = tuple(EVENTS / each["seconds"] for each in rounds)
    return Figure(name=name, unit="decisions/s", samples=samples, threads=1)


def _latency(name: str, rounds: Sequence[Mapping[str, Any]], quantile: str) -> Figure:
    samples = tuple(each[quantile] * 1e6 for each in rounds)
    return Figure(name=name, unit="µs", samples=samples, threads=1)


def _goals(figures: Sequence[Figure]) -> list[Goal]:
    replayed, _, median, *_ = figures
    return [
        Goal(
            name="replay on one core", limit=REPLAY_GOAL, value=replayed.median, unit="decisions/s"
        ),
        Goal(
            name="one at a time, median",
            limit=SINGLE_GOAL,
            value=median.median,
            unit="µs",
            at_most=True,
        ),
    ]
