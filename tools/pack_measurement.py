"""How a shipped policy does on simulated months: what it stops, what it misses, whom it hurts.

The truth is the simulator's own, not the labels that arrive late. An event counts as stopped when
its outcome is anything but `allow`; nothing that was stopped is taken out of the stream, so the
figures are those of a policy that runs silently beside the business.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from fengkong.core.instants import DAY_US
from fengkong.decisions.engine import Engine
from fengkong.decisions.outcome import DecisionColumns
from fengkong.decisions.policy import Policy
from fengkong.decisions.policy_file import load_policy
from fengkong.decisions.verdict import HIT
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.columns import EventColumns
from fengkong.simulation.agenda import SimulatedEvent
from fengkong.simulation.platform import Simulation

BATCH_EVENTS = 20_000
SIMULATED = ("payments", "account_protection", "transfers", "loan_applications")
"""Packs that are measured on the simulator."""


@dataclass(slots=True)
class Count:
    """Events and money, and how much of both was stopped. Money is in minor units."""

    events: int = 0
    stopped: int = 0
    money: int = 0
    money_stopped: int = 0

    def add(self, *, stopped: int, money: int) -> None:
        """Count one event; `stopped` is 1 or 0."""
        self.events += 1
        self.stopped += stopped
        self.money += money
        self.money_stopped += money * stopped

    @property
    def share(self) -> float:
        """Stopped events of all events."""
        return self.stopped / self.events if self.events else 0.0

    @property
    def money_share(self) -> float:
        """Stopped money of all money."""
        return self.money_stopped / self.money if self.money else 0.0


@dataclass(slots=True)
class Measurement:
    """Counts of one policy over any number of simulations.

    `frauds` are counted by scenario; `stopped` holds the scenario (None: good) and the rules that
    hit of every event that was stopped.
    """

    rules: tuple[str, ...]
    good: Count = field(default_factory=Count)
    frauds: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    hits: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    fraud_hits: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    stopped: list[tuple[str | None, NDArray[np.bool_]]] = field(default_factory=list)

    def add(
        self,
        decisions: DecisionColumns,
        *,
        scenarios: Sequence[str | None],
        money: Sequence[int],
        start: int,
    ) -> None:
        """Count a block of decisions from an instant on; a scenario of None is a good event."""
        hits = np.asarray(decisions.judged.verdicts) == HIT
        counted = np.asarray(decisions.occurred_at) >= start
        for row, outcome in enumerate(decisions.outcomes):
            if not counted[row]:
                continue
            scenario, stops = scenarios[row], outcome != "allow"
            count = self.good if scenario is None else self.frauds[scenario]
            count.add(stopped=int(stops), money=money[row])
            if stops:
                self.stopped.append((scenario, hits[row]))
        frauds = counted & np.array([scenario is not None for scenario in scenarios])
        for column, rule in enumerate(self.rules):
            self.hits[rule] += int((hits[:, column] & counted).sum())
            self.fraud_hits[rule] += int((hits[:, column] & frauds).sum())

    @property
    def stopped_frauds(self) -> int:
        """Stopped frauds of all scenarios."""
        return sum(count.stopped for count in self.frauds.values())

    @property
    def recall(self) -> float:
        """Stopped frauds of all frauds."""
        events = sum(count.events for count in self.frauds.values())
        return self.stopped_frauds / events if events else 0.0

    @property
    def precision(self) -> float:
        """Frauds of all that was stopped."""
        stopped = self.stopped_frauds + self.good.stopped
        return self.stopped_frauds / stopped if stopped else 0.0

    def precision_of(self, scenario: str) -> float:
        """Frauds of all that was stopped by the rules that catch a scenario.

        A rule catches it that hits at least a twentieth of what was stopped of it.
        """
        own = [hits for name, hits in self.stopped if name == scenario]
        if not own:
            return 0.0
        catching = np.mean(own, axis=0) >= 0.05
        names = [name for name, hits in self.stopped if (hits & catching).any()]
        return sum(name is not None for name in names) / len(names) if names else 0.0


def pack_text(pack: str, *, file: str = "policy.yaml") -> str:
    """The text of a file of a shipped pack."""
    return (files("fengkong") / "packs" / pack / file).read_text(encoding="utf-8")


def shipped_policy(pack: str) -> Policy:
    """The policy of a shipped pack."""
    return load_policy(pack_text(pack), source=f"{pack}/policy.yaml", catalogue=shipped_catalogue())


def measure(
    policies: Sequence[Policy], *, simulations: Sequence[Simulation], skip_days: int
) -> dict[str, Measurement]:
    """What each policy does on all simulations together, the first days of each not counted.

    The skipped days still fill the windows: a policy without history is not a fair policy.
    """
    measurements = {
        policy.name: Measurement(tuple(rule.id for rule in policy.rules)) for policy in policies
    }
    for simulation in simulations:
        start = simulation.start + skip_days * DAY_US
        engines = [Engine(policy) for policy in policies]
        states = [engine.new_state() for engine in engines]
        for batch in _batches(simulation):
            columns = EventColumns.from_events([item.event for item in batch])
            truth = {item.event.id: item for item in batch}
            for engine, state in zip(engines, states, strict=True):
                for decisions in engine.decide_columns(columns, state):
                    items = [truth[identifier] for identifier in decisions.ids]
                    measurements[engine.policy.name].add(
                        decisions,
                        scenarios=[i.scenario if i.is_fraud else None for i in items],
                        money=[_money(item) for item in items],
                        start=start,
                    )
    return measurements


def _batches(simulation: Simulation) -> Iterator[list[SimulatedEvent]]:
    batch: list[SimulatedEvent] = []
    for item in simulation.events():
        batch.append(item)
        if len(batch) == BATCH_EVENTS:
            yield batch
            batch = []
    if batch:
        yield batch


def _money(item: SimulatedEvent) -> int:
    values = item.event.values
    money = values.get("amount", values.get("loan_amount", 0))
    assert isinstance(money, int), "amounts are whole minor units"
    return money
