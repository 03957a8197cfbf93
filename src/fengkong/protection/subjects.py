"""Whose data an event is: the one whose key seals it and whose request erases it."""

from __future__ import annotations

from typing import Final

from fengkong.events.event import Event
from fengkong.protection.normal_forms import normal_form

NOBODY: Final = "nobody"
"""The subject of what names no one: one key for all of it, never to be erased."""

SUBJECT_ENTITIES: Final = (
    *("customer", "account", "card", "id_number", "phone", "email", "device", "merchant"),
    *("payee", "terminal", "loan", "application", "insurance_policy", "claim", "order"),
    *("session", "ip"),
)
"""The fields that may name the subject, the surest first."""


def subject_of(event: Event) -> str:
    """Entity and value, such as ``customer:C1``: the first that the event has, else nobody."""
    values = event.values
    customer = values.get("customer")
    if isinstance(customer, str):
        return subject_text(customer, entity="customer")
    for entity in SUBJECT_ENTITIES:
        value = values.get(entity)
        if isinstance(value, str):
            return subject_text(value, entity=entity)
    return NOBODY


def subject_text(value: str, *, entity: str) -> str:
    """The subject that a value of an entity names, in its one spelling."""
    return f"{entity}:{normal_form(value, entity=entity)}"
