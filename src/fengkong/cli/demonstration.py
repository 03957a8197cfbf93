"""`fengkong demo`: a simulated platform, decided day by day; its last day is shown."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from fengkong.cli.language import current_language, text
from fengkong.cli.screen import OUTPUT, progress, show_table, waiting
from fengkong.cli.sources import read_policy
from fengkong.core.instants import DAY_US, format_instant
from fengkong.decisions import verdict
from fengkong.decisions.decision import Decision
from fengkong.decisions.engine import Engine
from fengkong.decisions.outcome import DecisionColumns
from fengkong.decisions.policy import ALLOW, OUTCOMES
from fengkong.decisions.state import State
from fengkong.events.columns import EventColumns
from fengkong.simulation.agenda import SimulatedEvent
from fengkong.simulation.platform import Simulation
from fengkong.simulation.scenarios import shipped_scenarios

POLICIES: Final = ("account_protection", "payments", "transfers", "loan_applications")
"""The shipped policies that together watch the simulated platform."""
DAYS: Final = 8
"""Days simulated; all but the last give the windows a past."""
_BATCH: Final = 8192
_EXAMPLES_EACH: Final = 2


@dataclass(slots=True)
class Desk:
    """One policy at work: its engine, its state, and what it decided on the day shown."""

    engine: Engine
    state: State
    outcomes: Counter[str] = field(default_factory=Counter)
    examples: list[Decision] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The policy's title in the terminal's language."""
        return self.engine.policy.title.of(current_language())


@dataclass(slots=True)
class Day:
    """What is shown: truth by event of all days, and which events were not simply allowed."""

    first: int
    truth: dict[str, str | None] = field(default_factory=dict)
    decided: set[str] = field(default_factory=set)
    stopped: set[str] = field(default_factory=set)
    events: int = 0
    decisions: int = 0
    seconds: float = 0.0


def run(*, seed: int, customers: int) -> None:
    """Simulate, decide every event by every policy that knows it, and print the last day."""
    desks = _desks()
    simulation = Simulation(seed=seed, days=DAYS, customers=customers)
    day = Day(first=simulation.start + (DAYS - 1) * DAY_US)
    with waiting(text("demo.compiling")):
        _warm_up()
    with progress(text("demo.progress")) as told:
        for batch in _batches(simulation.events()):
            _decide(batch, desks, day)
            done = (batch[-1].event.occurred_at - simulation.start) / (DAYS * DAY_US)
            told(day.events, min(0.99, done))
    _show(desks, day, seed=seed, customers=customers)


def _desks() -> list[Desk]:
    engines = [Engine(read_policy(name)) for name in POLICIES]
    return [Desk(engine, engine.new_state()) for engine in engines]


def _warm_up() -> None:
    """Compile what is not compiled yet, on a few events of their own."""
    items = list(_batches(Simulation(seed=0, days=1, customers=20).events()))
    for desk in _desks():
        for batch in items:
            _columns = EventColumns.from_events([item.event for item in batch])
            for _ in desk.engine.decide_columns(_columns, desk.state):
                pass


def _batches(items: Iterator[SimulatedEvent]) -> Iterator[list[SimulatedEvent]]:
    batch: list[SimulatedEvent] = []
    for item in items:
        batch.append(item)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _decide(batch: list[SimulatedEvent], desks: list[Desk], day: Day) -> None:
    columns = EventColumns.from_events([item.event for item in batch])
    day.events += len(batch)
    for item in batch:
        if item.is_fraud:
            day.truth[item.event.id] = item.scenario
    for desk in desks:
        started = time.perf_counter()
        blocks = list(desk.engine.decide_columns(columns, desk.state))
        day.seconds += time.perf_counter() - started
        for block in blocks:
            day.decisions += len(block)
            _note(block, desk, day)


def _note(block: DecisionColumns, desk: Desk, day: Day) -> None:
    """Keep what the screen shows of a block."""
    outcomes = block.outcomes
    today = block.occurred_at >= day.first
    day.decided.update(map(str, block.ids))
    desk.outcomes.update(outcome for outcome, now in zip(outcomes, today, strict=True) if now)
    for i, outcome in enumerate(outcomes):
        if outcome == ALLOW:
            continue
        event = str(block.ids[i])
        day.stopped.add(event)
        hit = bool((block.judged.verdicts[i] == verdict.HIT).any())
        if hit and today[i] and event in day.truth and len(desk.examples) < _EXAMPLES_EACH:
            desk.examples.append(block.decision(i))


def _show(desks: list[Desk], day: Day, *, seed: int, customers: int) -> None:
    date = format_instant(day.first + DAY_US // 2)[:10]
    OUTPUT.print()
    OUTPUT.print(
        text("demo.title", date=date, customers=f"{customers:,}", seed=seed, days=DAYS - 1),
        style="bold",
    )
    order = tuple(reversed(OUTCOMES))
    show_table(
        text("demo.outcomes"),
        [text("column.policy"), text("column.decided"), *(text(f"outcome.{o}") for o in order)],
        [
            [desk.title, desk.outcomes.total(), *(desk.outcomes[outcome] for outcome in order)]
            for desk in desks
        ],
    )
    _show_scenarios(day)
    _show_examples(desks)
    rate = day.decisions / day.seconds if day.seconds else 0.0
    figures = {"events": f"{day.events:,}", "decisions": f"{day.decisions:,}"}
    seconds = f"{day.seconds:.1f}"
    OUTPUT.print(text("demo.speed", **figures, seconds=seconds, rate=f"{rate:,.0f}"))
    OUTPUT.print(text("demo.next"))


def _show_scenarios(day: Day) -> None:
    frauds: defaultdict[str, int] = defaultdict(int)
    caught: defaultdict[str, int] = defaultdict(int)
    good = disturbed = 0
    for event in day.decided:
        scenario = day.truth.get(event)
        stopped = event in day.stopped
        if scenario is None:
            good += 1
            disturbed += stopped
        else:
            frauds[scenario] += 1
            caught[scenario] += stopped
    titles = {name: scenario.title for name, scenario in shipped_scenarios().items()}
    rows = [
        [titles[name].of(current_language()), count, caught[name], f"{caught[name] / count:.0%}"]
        for name, count in sorted(frauds.items())
    ]
    columns = [
        text("column.scenario"),
        text("column.frauds"),
        text("column.caught"),
        text("column.share"),
    ]
    show_table(text("demo.scenarios"), columns, rows)
    share = f"{disturbed / good:.2%}" if good else "–"
    OUTPUT.print(text("demo.good", share=share, count=f"{disturbed:,}", total=f"{good:,}"))


def _show_examples(desks: list[Desk]) -> None:
    language = current_language()
    rows = []
    for desk in desks:
        for decision in desk.examples:
            sentence = decision.reasons.zh if language == "zh" else decision.reasons.en
            outcome = text(f"outcome.{decision.outcome}")
            rows.append([decision.event_type, decision.event_id, outcome, sentence])
    if rows:
        columns = [
            text("column.event"),
            text("column.id"),
            text("column.outcome"),
            text("column.reason"),
        ]
        OUTPUT.print()
        show_table(text("demo.examples"), columns, rows, left=4)
