"""The kinds of entities, and the fields in which an event names them.

Numbers stand in the index for both: the place in `KINDS` and in `FIELDS`. Add at the end only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fengkong.events.catalogue import shipped_catalogue

KINDS: Final = (
    *("customer", "account", "card", "device", "ip", "merchant", "payee", "phone", "email"),
    *("id_number", "address", "employer", "terminal", "loan", "application", "insurance_policy"),
    "claim",
)
FIELDS: Final = (
    *("customer", "account", "card", "device", "ip", "merchant", "payee", "payee_account"),
    *("phone", "email", "id_number", "address", "employer", "employer_phone", "contact_phone"),
    *("referrer", "guarantor", "insured_person", "beneficiary", "shipping_address"),
    *("previous_phone", "previous_email", "previous_device", "terminal", "loan", "application"),
    *("insurance_policy", "claim"),
)
LEFT_OUT: Final[Mapping[str, str]] = {
    "event": "an event's id is found in the journal",
    "original_event": "an event's id is found in the journal",
    "order": "an order is one event's: its id leads nowhere else",
    "session": "a session lives for minutes, with one customer",
    "fund": "a product that is sold to everybody",
    "instrument": "a product that is sold to everybody",
}
"""Entity fields of the catalogue that are not indexed, and why."""

NAME: Final = "full_name"
"""The field whose one spelling every name has, before it becomes a blind index."""
CALLED: Final[Mapping[str, tuple[str, ...]]] = {
    "full_name": ("customer",),
    "payee_name": ("payee", "payee_account"),
    "merchant_name": ("merchant",),
}
"""Fields that hold a name, and the fields of the same event whose entities they name."""
KIND_OF_FIELD: Final[Mapping[str, str]] = {
    name: shipped_catalogue().fields[name].entity or "" for name in FIELDS
}
FIELD_NUMBERS: Final[Mapping[str, int]] = {name: number for number, name in enumerate(FIELDS)}
KIND_NUMBERS: Final[Mapping[str, int]] = {name: number for number, name in enumerate(KINDS)}
KIND_NUMBER_OF_FIELD: Final = tuple(KIND_NUMBERS[KIND_OF_FIELD[name]] for name in FIELDS)
"""The number of its kind for each field's number."""
