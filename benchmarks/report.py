"""What a run found: figures, what they were compared with, and what was asked of them."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured quantity over the rounds. `threads` is 0 where threads do not matter."""

    name: str
    unit: str
    samples: tuple[float, ...]
    threads: int = 0
    note: str = ""

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return statistics.median(self.samples)

    def to_json(self) -> dict[str, Any]:
        """With the samples, so that anybody can draw other conclusions."""
        spread = {"median": self.median, "min": min(self.samples), "max": max(self.samples)}
        return {**asdict(self), **spread}


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What was asked of a figure. Below is better when `at_most`, else above is."""

    name: str
    limit: float
    value: float
    unit: str
    at_most: bool = False

    @property
    def reached(self) -> bool:
        """Whether the value is on the good side of the limit."""
        return self.value <= self.limit if self.at_most else self.value >= self.limit

    def to_json(self) -> dict[str, Any]:
        """With the verdict."""
        return {**asdict(self), "reached": self.reached}


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Whether a contestant gave our results. `compared` is the number of values."""

    contestant: str
    compared: int
    differing: int
    largest_difference: float
    tolerance: float
    example: str = ""

    @property
    def agrees(self) -> bool:
        """Whether no value differs, and there were some."""
        return self.differing == 0 and self.compared > 0

    def to_json(self) -> dict[str, Any]:
        """With the verdict."""
        return {**asdict(self), "agrees": self.agrees}


@dataclass(kw_only=True)
class Comparison:
    """Everything about one comparison. `absent` says why a contestant could not take part."""

    name: str
    title: str
    data: str
    agreements: Sequence[Agreement] = ()
    figures: list[Figure] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    absent: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()

    @property
    def agrees(self) -> bool:
        """Whether every contestant gave the same results; without that no time is shown."""
        return all(agreement.agrees for agreement in self.agreements)

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "name": self.name,
            "title": self.title,
            "data": self.data,
            "agrees": self.agrees,
            "agreements": [agreement.to_json() for agreement in self.agreements],
            "figures": [figure.to_json() for figure in self.figures],
            "goals": [goal.to_json() for goal in self.goals],
            "absent": dict(self.absent),
            "notes": list(self.notes),
        }
