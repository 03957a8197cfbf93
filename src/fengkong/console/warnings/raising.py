"""Raises warnings where levels rise, closes them where they are back, and has people told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final, Protocol

import polars as pl
from django.utils import timezone

from fengkong.console.audit.recording import SYSTEM, record
from fengkong.console.notices.raising import Raised, raise_notice, resolve_notice
from fengkong.console.warnings.models import RaisedWarning
from fengkong.core.bilingual import Bilingual
from fengkong.indicators.assessment import Assessment, Value
from fengkong.indicators.drilldown import a_week_before, movers
from fengkong.indicators.indicator import Indicator
from fengkong.indicators.level import Level
from fengkong.indicators.sources import Source, SourceReport, SourceState
from fengkong.indicators.warnings import EarlyWarning, warning_of

SOURCE: Final = "source:"
"""Before the id of a source, in warnings about it."""
_GROUP_OF_OWNER: Final = {
    "credit_risk": "credit",
    "market_risk": "market",
    "liquidity": "liquidity",
    "treasury": "funds",
    "platform": "technical",
    "security": "technical",
    "compliance": "compliance",
}
_OLD: Final = timedelta(days=2)
"""A level that a day so long ago had calls nobody any more."""


class _Computed(Protocol):
    @property
    def assessments(self) -> Sequence[Assessment]: ...
    @property
    def values(self) -> Sequence[Value]: ...
    @property
    def impacts(self) -> Mapping[date, float | None]: ...


def judge_indicator(
    indicator: Indicator, computed: _Computed, *, table: pl.DataFrame | None
) -> None:
    """Open, worsen or close the warning of an indicator by its newest day."""
    if not computed.assessments:
        return
    newest = computed.assessments[-1]
    if newest.level is Level.NO_DATA:
        return  # its source is warned of, once for all of its indicators
    known = _open(indicator.id)
    if newest.level is Level.GREEN:
        if known is not None:
            _close(known)
        return
    before = Level.GREEN if known is None else Level(known.level)
    if known is None and newest.day < timezone.localdate() - _age_max(indicator):
        return
    found = warning_of(
        indicator,
        newest,
        before=before,
        history=computed.values,
        impact=computed.impacts.get(newest.day),
    )
    if found is None:
        return
    parts = _moved(indicator, table, day=newest.day)
    _say(found, known, parts=parts)


def judge_source(source: Source, report: SourceReport) -> None:
    """A source that is stale or broken is itself a warning."""
    name = SOURCE + source.id
    known = _open(name)
    if report.state.usable:
        if known is not None:
            _close(known)
        return
    if known is not None:
        return
    fault = report.faults[0] if report.faults else Bilingual(zh="", en="")
    warning = RaisedWarning.objects.create(
        indicator=name,
        group=_GROUP_OF_OWNER.get(source.owner, "technical"),
        level=Level.YELLOW.value if report.state is SourceState.STALE else Level.ORANGE.value,
        owner=source.owner,
        sentence_zh=f"数据源「{source.title.zh}」不可用：{fault.zh}"[:400],
        sentence_en=f"Source {source.title.en} cannot be used: {fault.en}"[:400],
        day=timezone.localdate(),
    )
    _tell(warning, more=Bilingual(zh="", en=""))


def _say(found: EarlyWarning, known: RaisedWarning | None, *, parts: list[list[object]]) -> None:
    sentence = found.sentence()
    facts = {
        "level": found.assessment.level.value,
        "likelihood": found.likelihood,
        "impact_minor": found.impact_minor,
        "movers": parts,
        "sentence_zh": sentence.zh[:400],
        "sentence_en": sentence.en[:400],
        "day": found.assessment.day,
    }
    if known is None:
        known = RaisedWarning.objects.create(
            indicator=found.indicator.id,
            group=found.indicator.group.value,
            owner=found.owner,
            playbook=found.playbook or "",
            **facts,
        )
    else:
        for name, value in facts.items():
            setattr(known, name, value)
        known.save()
    _tell(known, more=found.indicator.meaning)


def _tell(warning: RaisedWarning, *, more: Bilingual) -> None:
    """Record a warning, and have those told whom the routes name."""
    detail = {"indicator": warning.indicator, "level": warning.level, "day": str(warning.day)}
    record(SYSTEM, "raise_warning", target_kind="warning", target=warning.indicator, detail=detail)
    notice = raise_notice(
        Raised(
            key=f"warning:{warning.indicator}",
            group=warning.group,
            level=warning.level,
            title=(warning.sentence_zh[:200], warning.sentence_en[:200]),
            text=(more.zh, more.en),
            path=f"/warnings/{warning.pk}/",
        )
    )
    if warning.notice != notice.pk:
        warning.notice = notice.pk
        warning.save(update_fields=("notice",))


def _open(name: str) -> RaisedWarning | None:
    """The open warning of an indicator or a source."""
    return RaisedWarning.objects.filter(indicator=name, state=RaisedWarning.State.OPEN).first()


def _close(warning: RaisedWarning) -> None:
    warning.state, warning.closed_at = RaisedWarning.State.CLOSED, timezone.now()
    warning.save(update_fields=("state", "closed_at"))
    detail = {"indicator": warning.indicator, "level": warning.level}
    record(SYSTEM, "close_warning", target_kind="warning", target=warning.indicator, detail=detail)
    resolve_notice(f"warning:{warning.indicator}")


def _moved(indicator: Indicator, table: pl.DataFrame | None, *, day: date) -> list[list[object]]:
    if table is None or not indicator.segments:
        return []
    found = movers(indicator, table, day=day, against=a_week_before(day), at_most=5)
    return [[one.segment, one.part, one.before, one.now, one.moved] for one in found]


def _age_max(indicator: Indicator) -> timedelta:
    """How old a day may be that still calls people: what its source takes, and a little more."""
    return timedelta(days=indicator.source.fresh_within_days) + _OLD
