"""The library of indicators in force: the shipped one with the thresholds that were approved."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

from fengkong.console.warnings.models import ThresholdChange
from fengkong.indicators.indicator import Indicator, Library
from fengkong.indicators.library_file import shipped_library
from fengkong.indicators.thresholds import DatedRule, Fixed, Thresholds


def library_in_force() -> Library:
    """Every indicator with its thresholds as approved until now."""
    shipped = shipped_library()
    changes = ThresholdChange.objects.order_by("indicator", "effective_from")
    found = dict(shipped.indicators)
    for name, of_one in groupby(changes, key=lambda change: change.indicator):
        if name in found:
            found[name] = with_changes(found[name], list(of_one))
    return Library(found, shipped.sources, shipped.references)


def with_changes(indicator: Indicator, changes: list[ThresholdChange]) -> Indicator:
    """An indicator with thresholds from their days on, in place of those of the same day."""
    rules = {one.effective_from: one for one in indicator.thresholds.rules}
    for change in changes:
        rule = Fixed(change.yellow, change.orange, change.red)
        rules[change.effective_from] = DatedRule(change.effective_from, rule, change.reference)
    ordered = tuple(rules[day] for day in sorted(rules))
    return replace(indicator, thresholds=replace(indicator.thresholds, rules=ordered))


def with_threshold(thresholds: Thresholds, rule: Fixed) -> Thresholds:
    """The same thresholds with one rule for all time, as a back-test asks."""
    first = thresholds.rules[0].effective_from
    return replace(thresholds, rules=(DatedRule(first, rule, "proposed"),))
