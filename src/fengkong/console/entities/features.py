"""The features of an entity as its newest decisions saw them: now, and over time.

A feature of an entity is one that the policy counts over it. The values stand in the journal, in
the decisions themselves; of the newest decisions so many are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from fengkong.console.entities.kinds import KIND_OF_FIELD
from fengkong.console.entities.queries import sequences_of
from fengkong.console.journaled.models import Decision
from fengkong.console.journaled.reading import UnknownEntryError, clear_entry
from fengkong.console.live.judgement import Judgement
from fengkong.console.live.titles import feature_titles, policy_of
from fengkong.console.shell.charts import Chart, Series
from fengkong.core.errors import RiskError
from fengkong.decisions.policy import Policy

READ_MAX: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureNow:
    """A feature's newest value; `series` has the older ones too, oldest first."""

    name: str
    title: str
    value: str
    declared: str
    series: Sequence[float | None]
    can_be_drawn: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturesSeen:
    """The features of an entity; `moments` are those of the series, `read` decisions were read."""

    features: Sequence[FeatureNow]
    moments: Sequence[datetime]
    newest: Decision | None
    read: int


def features_of(kind: str, entity: str) -> FeaturesSeen:
    """What the newest decisions about an entity's events saw of it."""
    rows = _decisions(entity)
    newest, history = None, []
    for row in rows:
        content = _content(row.sequence)
        if content is not None:
            history.append((row, content))
            newest = newest or (row, content)
    if newest is None:
        return FeaturesSeen(features=[], moments=[], newest=None, read=0)
    row, (event, decision) = newest
    policy = policy_of(row.policy_hash)
    judgement = Judgement(decision, event=event, policy=policy)
    own = _names_over(kind, policy)
    older = history[::-1]
    features = [
        FeatureNow(
            name=one.name,
            title=one.title,
            value=one.value,
            declared=one.declared,
            series=(series := [_number(made[1]["features"], one.name) for _, made in older]),
            can_be_drawn=one.name not in judgement.hidden
            and sum(value is not None for value in series) > 1,
        )
        for one in judgement.features()
        if one.name in own
    ]
    return FeaturesSeen(
        features=features,
        moments=[one.occurred_at for one, _ in older],
        newest=row,
        read=len(history),
    )


def chart_of(seen: FeaturesSeen, name: str) -> Chart | None:
    """One feature over the decisions that were read; None where there is nothing to draw."""
    drawn = [one for one in seen.features if one.can_be_drawn]
    chosen = next((one for one in drawn if one.name == name), drawn[0] if drawn else None)
    if chosen is None:
        return None
    return Chart(
        title=chosen.title,
        kind="line",
        labels=[f"{timezone.localtime(at):%F %T}" for at in seen.moments],
        series=[Series(chosen.title, list(chosen.series), "blue")],
        unit="number",
    )


def _decisions(entity: str) -> list[Decision]:
    sequences = sequences_of(entity, limit=READ_MAX)
    found = Decision.objects.filter(sequence__in=sequences, erased=False)
    return list(found.order_by("-occurred_at", "-sequence"))


def _content(sequence: int) -> tuple[Any, Mapping[str, Any]] | None:
    try:
        entry = clear_entry(sequence)
    except UnknownEntryError:
        return None
    except (RiskError, OSError):
        return None
    return None if entry.event is None or entry.decision is None else (entry.event, entry.decision)


def _names_over(kind: str, policy: Policy | None) -> set[str]:
    """The features that a policy counts over a kind of entity."""
    if policy is None:
        return set()
    known = feature_titles(policy).keys()
    over = {
        one.name
        for one in policy.windows
        if any(KIND_OF_FIELD.get(field, field) == kind for field in one.over)
    }
    over |= {one.name for one in policy.links if KIND_OF_FIELD.get(one.over, one.over) == kind}
    return over & known


def _number(features: Mapping[str, Any], name: str) -> float | None:
    value = features.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)
