"""The attack scenarios as declared in the shipped packs: titles, techniques, parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from fengkong.core.bilingual import Bilingual
from fengkong.core.errors import RiskError
from fengkong.events.spelling import did_you_mean


class UnknownScenarioError(RiskError):
    """A scenario is asked for that does not exist."""

    code = "simulation.unknown_scenario"
    hint = "Give the name of a shipped scenario, `all` or `none`."


class InvalidScenarioParameterError(RiskError):
    """A parameter of a scenario does not exist or has a value outside its range."""

    code = "simulation.invalid_parameter"
    hint = "Give a parameter of the scenario a value within its range."


@dataclass(frozen=True, slots=True)
class Technique:
    """A technique of the MITRE Fight Fraud Framework, by id and name."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ScenarioParameter:
    """A number that shapes a scenario, with its range."""

    value: float
    minimum: float
    maximum: float
    title: Bilingual


@dataclass(frozen=True, slots=True)
class Scenario:
    """An attack, or a stress, that can be switched on.

    One campaign always has its main phase on the first day (`lead_days` after it began); others
    begin at `campaigns_per_1000` customers a day. `lasts_days` is the longest a campaign acts.
    """

    name: str
    title: Bilingual
    description: Bilingual
    is_fraud: bool
    techniques: tuple[Technique, ...]
    campaigns_per_1000: float
    lead_days: int
    lasts_days: int
    parameters: Mapping[str, ScenarioParameter]

    def values(self, overrides: Mapping[str, float]) -> dict[str, float]:
        """The parameters' values with some of them replaced."""
        values = {name: parameter.value for name, parameter in self.parameters.items()}
        for name, value in overrides.items():
            self._check(name, value=value)
            values[name] = float(value)
        return values

    def _check(self, name: str, *, value: float) -> None:
        parameter = self.parameters.get(name)
        if parameter is None:
            raise InvalidScenarioParameterError(
                f"{self.name} has no parameter {name[:64]!r}{did_you_mean(name, self.parameters)}"
            )
        if not parameter.minimum <= value <= parameter.maximum:
            raise InvalidScenarioParameterError(
                f"{self.name}.{name} is {value:g}, expected {parameter.minimum:g} to "
                f"{parameter.maximum:g}"
            )


@cache
def shipped_scenarios() -> Mapping[str, Scenario]:
    """All scenarios by name, in the order of their names."""
    folder = files("fengkong") / "packs" / "scenarios"
    documents = [
        yaml.safe_load(entry.read_text(encoding="utf-8"))
        for entry in folder.iterdir()
        if entry.name.endswith(".yaml")
    ]
    scenarios = [_scenario(document) for document in documents]
    return {scenario.name: scenario for scenario in sorted(scenarios, key=lambda s: s.name)}


def chosen_scenarios(names: Iterable[str]) -> tuple[Scenario, ...]:
    """The scenarios with these names, each once, in the order of their names.

    `all` stands for every scenario and `none` for no scenario.
    """
    shipped = shipped_scenarios()
    asked: set[str] = set()
    for name in names:
        if name == "all":
            asked.update(shipped)
        elif name in shipped:
            asked.add(name)
        elif name != "none":
            known = [*shipped, "all", "none"]
            raise UnknownScenarioError(f"no scenario {name[:64]!r}{did_you_mean(name, known)}")
    return tuple(shipped[name] for name in sorted(asked))


def _scenario(document: Mapping[str, Any]) -> Scenario:
    return Scenario(
        name=document["scenario"],
        title=Bilingual(**document["title"]),
        description=Bilingual(**document["description"]),
        is_fraud=document["is_fraud"],
        techniques=tuple(Technique(**entry) for entry in document["techniques"]),
        campaigns_per_1000=float(document["campaigns_per_1000"]),
        lead_days=int(document["lead_days"]),
        lasts_days=int(document["lasts_days"]),
        parameters={
            name: ScenarioParameter(
                value=float(entry["value"]),
                minimum=float(entry["minimum"]),
                maximum=float(entry["maximum"]),
                title=Bilingual(**entry["title"]),
            )
            for name, entry in document["parameters"].items()
        },
    )
