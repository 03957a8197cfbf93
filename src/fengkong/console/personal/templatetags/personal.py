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
    request = context.get("request")
    operator = getattr(request, "user", None)
    may = operator is not None and operator.is_authenticated and operator.may("personal.reveal")
    return {
        "shown": mask_value(name, value),
        "name": name,
        "sequence": sequence,
        "may_reveal": may and value not in (None, "") and may_be_revealed(name),
    }
