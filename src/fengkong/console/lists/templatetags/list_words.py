"""Titles of policies and of the catalogue, in the reader's language: ``{% load list_words %}``."""

from __future__ import annotations

from django import template

from fengkong.console.shell.figures import reading_language
from fengkong.core.bilingual import Bilingual
from fengkong.events.catalogue import shipped_catalogue

register = template.Library()


@register.simple_tag
def words(text: Bilingual) -> str:
    """A text in the language of the page."""
    return text.zh if reading_language() == "zh" else text.en


@register.simple_tag
def field_title(name: str) -> str:
    """The title of a field of the catalogue; its name where the catalogue has no such field."""
    field = shipped_catalogue().fields.get(name)
    return name if field is None else words(field.title)
