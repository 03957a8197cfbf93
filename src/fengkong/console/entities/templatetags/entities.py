"""Entities in templates: ``{% load entities %}``. What was given is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fengkong.console.entities.drawing import Line, outline
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
        Sign(kind, name.title, name.sign, outline(kind, radius=_LEGEND_RADIUS))
        for kind, name in sorted(kinds.items())
    ]


@register.simple_tag
def graph_lines(lines: Iterable[Line]) -> SafeString:
    """The links of a picture, as lines."""
    return format_html_join(
        "",
        '<line x1="{}" y1="{}" x2="{}" y2="{}" data-first="{}"/>',
        ((one.x1, one.y1, one.x2, one.y2, one.first_h) for one in lines),
    )


@register.simple_tag
def graph_nodes(nodes: Iterable[Node]) -> SafeString:
    """The entities of a picture: links, with what a script needs beside them.

    There are hundreds, so they are put together in one go, and what can be known from the graph
    (the address that expands one) stands there.
    """
    return format_html_join(
        "",
        '<a class="en-node en-kind-{}{}" href="{}" transform="translate({} {})" data-first="{}"{}>'
        "<title>{}\n{}</title>{}{}<text>{}</text>{}</a>",
        map(_drawn, nodes),
    )


def _drawn(node: Node) -> tuple[object, ...]:
    place, name = node.place, node.named
    title = name.title
    return (
        *(name.kind, _classes(node), entity_url(name.entity, name.kind), place.x, place.y),
        "" if node.first is None else int(node.first.timestamp()) // 3600,
        mark_safe(" data-opened") if node.key_is_opened else "",
        *(f"{title} {name.name}", _known_text(node)),
        *(_ring(node), _shape(name.kind, place.radius)),
        *("!" if node.is_fraud else title[:1], _label(node)),
    )


@lru_cache(64)
def _shape(kind: str, radius: float) -> SafeString:
    points = outline(kind, radius=radius)
    if points:
        return format_html('<polygon points="{}"/>', points)
    return format_html('<circle r="{}"/>', radius)


@register.simple_tag
def graph_row(node: Node, more: str, part: bool) -> SafeString:  # noqa: FBT001 - a template's
    """The node as a row of the table that says the same; `more` is the address that opens it."""
    name = node.named
    text = _("Take the hop back") if node.key_is_opened else _("Expand a hop")
    address = entity_url(name.entity, name.kind)
    return format_html(
        '<tr><td>{}</td><td class="fk-mono"><a data-drawer href="{}">{}</a></td>'
        '<td class="fk-num-cell">{}</td><td class="fk-num-cell">{}</td><td>{}</td><td>{}</td>'
        '<td>{}</td><td class="fk-actions"><a href="{}"{}>{}</a></td></tr>',
        *(name.title, address, name.name, node.hops, node.degree, day(node.first)),
        *(day(node.newest), _badges(node), more, _swap(more, part=part), text),
    )


def _swap(more: str, *, part: bool) -> SafeString:
    """In another page the graph alone is put in place of what it was."""
    if not part:
        return SafeString("")
    return format_html(
        ' hx-get="{}&part=1" hx-target="closest .en-graph" hx-swap="outerHTML"', more
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
    return format_html('<circle class="en-ring" r="{}"/>', round(node.place.radius * 1.45, 1))


def _label(node: Node) -> SafeString:
    if not node.labelled:
        return SafeString("")
    return format_html(
        '<text class="en-label" y="{}">{}</text>',
        *(round(node.place.radius * 1.5 + 13, 1), node.named.name[:18]),
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
