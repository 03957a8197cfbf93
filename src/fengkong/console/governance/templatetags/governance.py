"""Figures with intervals, bilingual texts and comparisons: ``{% load governance %}``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from fengkong.console.shell import spoken
from fengkong.console.shell.figures import NOTHING, share_text

register = template.Library()
_OPERATORS: Final = {
    ">": _("is above"),
    ">=": _("is at least"),
    "<": _("is below"),
    "<=": _("is at most"),
    "==": _("is"),
    "!=": _("is not"),
    "in": _("is one of"),
    "not in": _("is none of"),
    "is true": _("is true"),
    "is false": _("is not true"),
    "is missing": _("is missing"),
    "is present": _("is present"),
}


@register.filter
def operator_word(operator: str) -> str:
    """How the operator of a comparison is said."""
    return spoken.operator_word(operator)


@register.filter
def entity_title(name: str) -> str:
    """What an entity is called."""
    return spoken.field_title(name)


@register.simple_tag
def proportion(told: Mapping[str, Any] | None) -> SafeString:
    """A share with its 95 % interval and the counts behind it."""
    if told is None or told["value"] is None:
        return format_html("<span>{}</span>", NOTHING)
    return format_html(
        '<span class="fk-num">{}</span> <span class="fk-help fk-num">({} – {}) {} / {}</span>',
        *(share_text(told[part], digits=1) for part in ("value", "low", "high")),
        *(f"{told[part]:,}" for part in ("count", "total")),
    )


@register.simple_tag
def estimate(told: Mapping[str, Any] | None, unit: str = "") -> SafeString:
    """A figure with its 95 % interval."""
    if told is None or told["value"] is None:
        return format_html("<span>{}</span>", NOTHING)
    shown = format_html('<span class="fk-num">{} {}</span>', f"{told['value']:,.2f}", unit)
    if told["low"] is None:
        return shown
    interval = f"({told['low']:,.2f} – {told['high']:,.2f})"
    return format_html('{} <span class="fk-help fk-num">{}</span>', shown, interval)


@register.simple_tag
def said(text: Mapping[str, str] | None) -> str:
    """A text in the language of the page; a dash for none."""
    return spoken.said(text) or NOTHING


@register.simple_tag
def operator_words(value: str) -> str:
    """A comparison in words, with its sign where it has one."""
    words = str(_OPERATORS[value])
    return words if value.startswith("is") else f"{words} ({value})"
