"""Past cases that were like this one, and how they ended: a measured similarity, part by part.

Four parts, each between 0 and 1, are weighted and added: the same typology; the rules that hit, by
the share of all rules of both that hit in both (Jaccard, 1901); the exposure, by how many times one
is the other (1 where equal, 0 from a thousandfold on, in between by the logarithm); the same
channel. Every part is shown, so that a reader can see why a case is called similar and judge for
themselves. Of closed cases the newest are compared, those of the same typology first.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fengkong.console.cases.models import Case

WEIGHTS: Final = {"typology": 0.35, "rules": 0.35, "exposure": 0.2, "channel": 0.1}
COMPARED_MAX: Final = 400
SHOWN: Final = 8
LEAST: Final = 0.3
"""What is less alike is not shown."""
_THOUSANDFOLD: Final = 3.0
_COLUMNS: Final = (
    *("id", "typology", "rules", "exposure_minor", "currency", "channel", "outcome"),
    *("reason_code", "closed_at", "opened_at", "state"),
)


@dataclass(frozen=True, slots=True)
class Traits:
    """What of a case is compared; `exposure_minor` is in minor units of `currency`."""

    typology: str
    rules: frozenset[str]
    exposure_minor: int
    currency: str
    channel: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two cases are, in all and part by part, each between 0 and 1."""

    typology: float
    rules: float
    exposure: float
    channel: float
    shared_rules: tuple[str, ...]

    @property
    def similarity(self) -> float:
        """The weighted sum of the parts."""
        return float(sum(weight * getattr(self, part) for part, weight in WEIGHTS.items()))


@dataclass(frozen=True, slots=True)
class SimilarCase:
    """A past case and how it is like the one at hand."""

    case: Case
    likeness: Likeness


def likeness_of(one: Traits, other: Traits) -> Likeness:
    """How alike two cases are; the same both ways round."""
    both, either = one.rules & other.rules, one.rules | other.rules
    return Likeness(
        typology=float(one.typology == other.typology),
        rules=len(both) / len(either) if either else 0.0,
        exposure=_same_size(one, other),
        channel=float(bool(one.channel) and one.channel == other.channel),
        shared_rules=tuple(sorted(both)),
    )


def traits_of(case: Case) -> Traits:
    """What of a case is compared."""
    return Traits(
        typology=case.typology,
        rules=frozenset(case.rules),
        exposure_minor=case.exposure_minor,
        currency=case.currency,
        channel=case.channel,
    )


def similar_cases(case: Case) -> list[SimilarCase]:
    """The closed cases that are most like this one, the most alike first; newer before older."""
    mine = traits_of(case)
    found = [SimilarCase(one, likeness_of(mine, traits_of(one))) for one in _candidates(case)]
    found = [one for one in found if one.likeness.similarity >= LEAST]
    return sorted(found, key=lambda one: (-one.likeness.similarity, -one.case.pk))[:SHOWN]


def endings_of(found: Sequence[SimilarCase]) -> list[tuple[str, int]]:
    """How many of these cases ended how, the most frequent ending first."""
    return Counter(str(one.case.get_outcome_display()) for one in found).most_common()


def _candidates(case: Case) -> list[Case]:
    closed = Case.objects.filter(state=Case.State.CLOSED).exclude(pk=case.pk).only(*_COLUMNS)
    same = closed.filter(typology=case.typology).order_by("-closed_at")[:COMPARED_MAX]
    found = list(same)
    if len(found) < COMPARED_MAX // 2:
        others = closed.exclude(typology=case.typology).order_by("-opened_at", "-id")
        found += list(others[: COMPARED_MAX // 2])
    return found


def _same_size(one: Traits, other: Traits) -> float:
    if one.currency != other.currency or min(one.exposure_minor, other.exposure_minor) <= 0:
        return float(one.exposure_minor == other.exposure_minor and one.currency == other.currency)
    apart = abs(math.log10(one.exposure_minor / other.exposure_minor))
    return max(0.0, 1.0 - apart / _THOUSANDFOLD)
