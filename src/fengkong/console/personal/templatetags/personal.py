"""Personal data in templates: ``{% load personal %}``."""

from __future__ import annotations

from typing import Any

from django import template

from fengkong.console.personal.masking import masked as mask_value
from fengkong.console.personal.masking import may_be_revealed

register = template.Library()


@register.filter
def masked(value: object, name: str) -> object:
    """A field's value as it may be shown: ``{{ value|masked:"phone" }}``."""
    return mask_value(name, value)


@register.inclusion_tag("personal/value.html", takes_context=True)
def personal_value(
    context: template.Context, sequence: int, name: str, value: object
) -> dict[str, Any]:
    """A value of an entry, masked, with the way to reveal it for those who may."""
    link = reveal_link(context, sequence, name)
    return {**link, "shown": mask_value(name, value), "is_there": value not in (None, "")}


@register.inclusion_tag("personal/reveal_link.html", takes_context=True)
def reveal_link(context: template.Context, sequence: int, name: str) -> dict[str, Any]:
    """The way to reveal a field of an entry; nothing for those who may not."""
    operator = getattr(context.get("request"), "user", None)
    may = operator is not None and operator.is_authenticated and operator.may("personal.reveal")
    return {"name": name, "sequence": sequence, "may_reveal": may and may_be_revealed(name)}
