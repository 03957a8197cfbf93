"""Acts in words and blocks of a document in templates: ``{% load case_words %}``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html, format_html_join

from fengkong.console.audit.actions import action_words
from fengkong.console.audit.entry_words import changes_of, facts_of_entry
from fengkong.evaluation.document import Block, Grid, Heading, Paragraph

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from fengkong.console.audit.models import AuditEntry

register = template.Library()


@register.simple_tag
def act_words(action: str) -> str:
    """An act in words."""
    return action_words(action)


@register.filter
def entry_facts(entry: AuditEntry) -> list[tuple[str, str]]:
    """What an entry of the ledger says, and what it changed."""
    changed = [
        (str(one.name), f"{one.before or '–'} → {one.after or '–'}") for one in changes_of(entry)
    ]
    return changed + [(str(name), value) for name, value in facts_of_entry(entry)]


@register.simple_tag
def paper_block(block: Block) -> SafeString | str:
    """A block of a document as HTML; everything in it is escaped."""
    if isinstance(block, Heading):
        return format_html("<h{0}>{1}</h{0}>", min(block.level + 1, 6), block.text)
    if isinstance(block, Paragraph):
        return format_html("<p>{}</p>", block.text)
    if isinstance(block, Grid):
        head = format_html_join("", '<th scope="col">{}</th>', ((one,) for one in block.columns))
        rows = format_html_join(
            "",
            "<tr>{}</tr>",
            ((format_html_join("", "<td>{}</td>", ((c,) for c in row)),) for row in block.rows),
        )
        return format_html(
            '<table class="table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>', head, rows
        )
    return ""
