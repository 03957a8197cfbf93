"""Entities in templates: ``{% load entities %}``. What was given is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fengkong.console.entities.drawing import outline
from fengkong.console.entities.picture import Node
from fengkong.console.shell.templatetags.fk import badge, day

register = template.Library()
_TONES: Final = {"black": "red", "white": "green", "grey": "grey"}
_LEGEND_RADIUS: Final = 10.5
_NOBODY: Final = "0" * 32


@dataclass(frozen=True, slots=True)
class Sign:
    """A kind as the legend shows it."""

    kind: str
    title: str
    sign: str
    outline: str


@register.filter
def plain(value: Any) -> str:
    """A number as SVG and scripts read it, whatever the language of the page."""
    return str(value)


@register.filter
def entity_url(entity: str, kind: str) -> str:
    """The address of an entity: ``{{ one.entity|entity_url:one.kind }}``."""
    return _address_of_kind(kind).replace(_NOBODY, entity)


@lru_cache(64)
def _address_of_kind(kind: str) -> str:
    """The address of an entity of a kind, for one to be put in: a net has hundreds."""
    return reverse("entities:entity", args=[kind, _NOBODY])


@register.filter
def list_tone(colour: str) -> str:
    """The tone of a list's colour."""
    return _TONES.get(colour, "grey")


@register.filter
def legend(nodes: Iterable[Node]) -> list[Sign]:
    """The kinds that a picture has, each once."""
    kinds = {one.named.kind: one.named for one in nodes}
    return [
        Sign(kind, name.title, name.sign, outline(kind, (0.0, 0.0), radius=_LEGEND_RADIUS))
        for kind, name in sorted(kinds.items())
    ]


@register.simple_tag
def graph_node(node: Node, more: str, part: bool) -> SafeString:  # noqa: FBT001 - a template's
    """A node of the picture: a link, with what a script needs beside it."""
    place, name, known = node.place, node.named, _known_text(node)
    shape = (
        format_html('<polygon points="{}"/>', place.outline)
        if place.outline
        else format_html('<circle cx="{}" cy="{}" r="{}"/>', place.x, place.y, place.radius)
    )
    return format_html(
        '<a class="en-node en-kind-{}{}" href="{}" data-x="{}" data-y="{}" data-more="{}" '
        'data-title="{}" data-known="{}" data-first="{}"{}><title>{}</title>{}{}{}{}</a>',
        *(name.kind, _classes(node), entity_url(name.entity, name.kind), place.x, place.y),
        *(_address(more, part=part), f"{name.title} {name.name}", known),
        "" if node.first is None else int(node.first.timestamp()) // 3600,
        mark_safe(" data-opened") if node.key_is_opened else "",
        f"{name.title} {name.name}. {known}",
        *(_ring(node), shape, _letter(node), _label(node)),
    )


@register.simple_tag
def graph_row(node: Node, more: str, part: bool) -> SafeString:  # noqa: FBT001 - a template's
    """The node as a row of the table that says the same."""
    name = node.named
    text = _("Take the hop back") if node.key_is_opened else _("Expand a hop")
    address = entity_url(name.entity, name.kind)
    return format_html(
        '<tr><td>{}</td><td class="fk-mono"><a data-drawer href="{}">{}</a></td>'
        '<td class="fk-num-cell">{}</td><td class="fk-num-cell">{}</td><td>{}</td><td>{}</td>'
        '<td>{}</td><td class="fk-actions"><a href="{}"{}>{}</a></td></tr>',
        *(name.title, address, name.name, node.hops, node.degree, day(node.first)),
        *(day(node.newest), _badges(node), _page(more), _swap(more, part=part), text),
    )


def _page(more: str) -> str:
    return f"{_graph_address()}{more}"


@lru_cache(1)
def _graph_address() -> str:
    return reverse("entities:graph")


def _address(more: str, *, part: bool) -> str:
    return f"{_page(more)}&part=1" if part else _page(more)


def _swap(more: str, *, part: bool) -> SafeString:
    """In another page the graph alone is put in place of what it was."""
    if not part:
        return SafeString("")
    return format_html(
        ' hx-get="{}" hx-target="closest .en-graph" hx-swap="outerHTML"', _address(more, part=True)
    )


def _classes(node: Node) -> str:
    names = {
        "en-focus": node.is_focus,
        "en-hub": node.is_hub,
        "en-fraud": node.is_fraud,
        "en-alerted": bool(node.alerts),
    }
    return "".join(f" {name}" for name, holds in names.items() if holds)


def _ring(node: Node) -> SafeString:
    if not (node.is_focus or node.is_hub or node.is_fraud or node.alerts):
        return SafeString("")
    place = node.place
    return format_html(
        '<circle class="en-ring" cx="{}" cy="{}" r="{}"/>',
        *(place.x, place.y, round(place.radius * 1.45, 1)),
    )


def _letter(node: Node) -> SafeString:
    place = node.place
    letter = "!" if node.is_fraud else node.named.sign
    return format_html('<text class="en-letter" x="{}" y="{}">{}</text>', place.x, place.y, letter)


def _label(node: Node) -> SafeString:
    if not node.labelled:
        return SafeString("")
    place = node.place
    return format_html(
        '<text class="en-label" x="{}" y="{}">{}</text>',
        *(place.x, round(place.y + place.radius * 1.5 + 13, 1), node.named.name[:18]),
    )


def _known_text(node: Node) -> str:
    parts = [ngettext("%(n)s link", "%(n)s links", node.degree) % {"n": node.degree}]
    if node.is_fraud:
        parts.append(_("confirmed fraud"))
    if node.alerts:
        parts.append(ngettext("%(n)s open alert", "%(n)s open alerts", node.alerts))
        parts[-1] %= {"n": node.alerts}
    if node.is_hub:
        parts.append(_("hub"))
    return ", ".join(parts)


def _badges(node: Node) -> SafeString:
    found = []
    if node.is_fraud:
        found.append(badge(_("Confirmed fraud"), "red"))
    if node.alerts:
        text = ngettext("%(n)s open alert", "%(n)s open alerts", node.alerts) % {"n": node.alerts}
        found.append(badge(text, "amber"))
    if node.is_hub:
        found.append(badge(_("Hub"), "grey"))
    return SafeString(" ".join(found))
