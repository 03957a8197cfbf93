"""The terms on which decisions become alerts: what the desk set, or what comes with Fengkong.

Everything is exact: shares and exchange rates are fractions, so that a sum does not depend on the
order or the batches in which decisions come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Final

import yaml

from fengkong.core.bilingual import Bilingual
from fengkong.core.money import exponent

OTHER: Final = "other"
MODEL: Final = "model"
RANDOM_SAMPLE: Final = "random_sample"
"""The typology of allowed decisions that are reviewed at random."""


@dataclass(frozen=True, slots=True)
class Typology:
    """A way of fraud: whose inbox its alerts lie in, and how soon somebody should have looked."""

    id: str
    title: Bilingual
    team: str
    sla_minutes: int
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Terms:
    """Parsed terms; `content` is what they were parsed from."""

    content: Mapping[str, Any]

    @cached_property
    def outcomes(self) -> frozenset[str]:
        """The outcomes of which an alert is made."""
        return frozenset(self.content["outcomes"])

    @cached_property
    def window_us(self) -> int:
        """How long after an alert was opened further decisions join it, in microseconds."""
        return int(self.content["window_hours"]) * 3_600_000_000

    @cached_property
    def random_share(self) -> float:
        """The share of allowed decisions that is reviewed at random; 0 is none."""
        return float(self.content.get("random_share", 0))

    @cached_property
    def currency(self) -> str:
        """The currency of expected losses."""
        return str(self.content["currency"])

    @cached_property
    def minutes_per_doubling(self) -> int:
        """How much earlier an alert ranks for each doubling of its expected loss."""
        return int(self.content["minutes_per_doubling"])

    @cached_property
    def typologies(self) -> dict[str, Typology]:
        """Every typology by its id."""
        return {
            name: Typology(
                id=name,
                title=Bilingual(**one["title"]),
                team=str(one["team"]),
                sla_minutes=int(one["sla_minutes"]),
                rules=tuple(one["rules"]),
            )
            for name, one in self.content["typologies"].items()
        }

    @cached_property
    def teams(self) -> dict[str, Bilingual]:
        """Every team and what it is called."""
        return {name: Bilingual(**one["title"]) for name, one in self.content["teams"].items()}

    @cached_property
    def _by_prefix(self) -> dict[str, str]:
        return {rule: one.id for one in self.typologies.values() for rule in one.rules}

    def typology_of_rule(self, rule: str) -> str:
        """The typology of a rule that names none: by the first part of its id."""
        return self._by_prefix.get(rule.partition(".")[0], OTHER)

    def typology(self, name: str) -> Typology:
        """A typology; one that a policy names and nobody declared is treated as `other`."""
        return self.typologies.get(name) or self.typologies[OTHER]

    def probability(self, outcome: str) -> Fraction:
        """The chance of fraud of a decision of which no model said one."""
        return Fraction(self.content["probability"].get(outcome, "0"))

    def at_risk(self, outcome: str) -> Fraction:
        """The share of an amount that is lost if nobody looks."""
        return Fraction(self.content["at_risk"].get(outcome, "0"))

    def in_own_currency(self, amount_minor: int, currency: str) -> Fraction:
        """Minor units of the desk's currency; an amount of an unknown rate counts one to one."""
        if currency == self.currency or not currency:
            return Fraction(amount_minor)
        rate = Fraction(self.content["exchange_rates"].get(currency, "1"))
        scale = Fraction(10) ** (exponent(self.currency) - exponent(currency))
        return amount_minor * rate * scale


@cache
def shipped_content() -> dict[str, Any]:
    """The terms that come with Fengkong, as their file has them."""
    text = (files("fengkong") / "packs" / "alerts" / "terms.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


@dataclass(frozen=True, slots=True)
class ReasonCode:
    """Why an alert was closed; `dispositions` are those it may stand for."""

    code: str
    title: Bilingual
    dispositions: frozenset[str]


@cache
def reason_codes() -> dict[str, ReasonCode]:
    """Every reason code, in the order of the file."""
    text = (files("fengkong") / "packs" / "alerts" / "reasons.yaml").read_text(encoding="utf-8")
    return {
        code: ReasonCode(code, Bilingual(**one["title"]), frozenset(one["dispositions"]))
        for code, one in yaml.safe_load(text).items()
    }
