"""A trigger as people read it: what it looks for, in the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import ngettext

from fengkong.console.alerts.words import typology_title
from fengkong.console.shell.spoken import said
from fengkong.console.warnings.words import LEVEL_WORDS
from fengkong.indicators.library_file import shipped_library

if TYPE_CHECKING:
    from fengkong.response.triggers import Trigger


def condition_of(trigger: Trigger) -> str:
    """What a machine looks for; empty for a trigger that a person decides about."""
    if trigger.indicator is not None and trigger.level is not None:
        known = shipped_library().indicators.get(trigger.indicator)
        title = trigger.indicator if known is None else said(known.title)
        return f"{title} ≥ {LEVEL_WORDS[trigger.level]}"
    if trigger.typology is not None:
        count = trigger.alerts or 1
        return ngettext("{count} alert: {typology}", "{count} alerts: {typology}", count).format(
            count=count, typology=typology_title(trigger.typology)
        )
    return ""
