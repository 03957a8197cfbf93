"""How personal data are shown: by the class of their field (JR/T 0171-2020) and by what they are.

- C3 (passwords, codes, biometrics) is never shown, whoever asks; such fields are refused at the
  door already, this is the second lock.
- C2 (who somebody is, what they own) is masked by its kind: a phone shows three digits and four.
- C1 is shown, but for devices and addresses in the network, which lead to a person.

What was judged about a transaction itself (its amount, its purpose) stays visible, or nobody could
judge. `masked(name, value)` is what a screen shows; it never raises, whatever the value is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, Literal

from fengkong.events.catalogue import Field, Kind, shipped_catalogue
from fengkong.protection.forbidden import is_forbidden

PersonalClass = Literal["C1", "C2", "C3"]
HIDDEN: Final = "***"
"""What stands where nothing of a value may be seen, not even its length."""

JUDGED: Final = frozenset(
    """
    amount loan_amount loan_term_months loan_purpose annual_rate purpose fund_units side quantity
    price leverage insured_amount claim_cause loss_at due_at days_past_due principal_amount
    interest_amount remaining_principal held_days is_fraud label_kind loss_amount recovered_amount
    repayment_kind
    """.split()
)
"""Fields of class C2 that say what was done, not who somebody is: what was judged."""

_COMPOUND: Final = (
    "欧阳 太史 端木 上官 司马 东方 独孤 南宫 夏侯 诸葛 尉迟 公孙 慕容 宇文 长孙 司徒 轩辕 令狐 "
    "皇甫 澹台"
).split()
_DISTRICT: Final = re.compile(r"^.{1,30}?(?:自治区|省|市|州|盟|区|县|旗)")
_PART: Final = re.compile(r"\S+")

Mask = Callable[[str], str]


def mask_phone(text: str) -> str:
    """Three digits and the last four: 138****1234."""
    digits = re.sub(r"[\s\-]", "", text)
    if len(digits) < 8:
        return HIDDEN
    prefix = digits.removeprefix("+86")
    return f"{prefix[:3]}****{prefix[-4:]}" if len(prefix) >= 8 else HIDDEN


def mask_id_number(text: str) -> str:
    """Three characters and the last two: 110****1X."""
    return _ends(text, first=3, last=2, least=10)


def mask_card(text: str) -> str:
    """The last four digits, and the six that name the issuer (PCI DSS 4.0.1, 3.4.1)."""
    return _ends(re.sub(r"[\s\-]", "", text), first=6, last=4, least=13)


def mask_account(text: str) -> str:
    """The last four characters."""
    return _ends(text, first=0, last=4, least=8)


def mask_name(text: str) -> str:
    """The surname of a Chinese name (张*, 欧阳**), the first letter of each part of another."""
    text = text.strip()
    if text and all("\u3400" <= letter <= "\u9fff" or letter == "·" for letter in text):
        surname = 2 if text[:2] in _COMPOUND and len(text) > 2 else 1
        return text[:surname] + "*" * max(1, len(text) - surname)
    return _PART.sub(lambda part: f"{part[0][0]}***", text) or HIDDEN


def mask_email(text: str) -> str:
    """The first letter and the domain: z***@example.com."""
    name, at, domain = text.strip().rpartition("@")
    return f"{name[0]}***@{domain}" if at and name and domain else HIDDEN


def mask_address(text: str) -> str:
    """The province or city where it is named first, nothing more."""
    found = _DISTRICT.match(text.strip())
    return f"{found[0]}{HIDDEN}" if found else HIDDEN


def mask_device(text: str) -> str:
    """The first two and the last two characters."""
    return _ends(text, first=2, last=2, least=8)


def mask_ip(text: str) -> str:
    """The network, not the host: 203.0.*.*, 2001:db8:*."""
    parts = text.strip().split(".")
    if len(parts) == 4:
        return f"{parts[0]}.{parts[1]}.*.*"
    groups = text.strip().split(":")
    return f"{groups[0]}:{groups[1]}:*" if len(groups) > 2 and groups[0] else HIDDEN


def mask_text(text: str) -> str:
    """The first character of a text of some length."""
    return f"{text[0]}{HIDDEN}" if len(text) > 6 else HIDDEN


def mask_all(_text: str) -> str:
    """Nothing."""
    return HIDDEN


BY_ENTITY: Final[Mapping[str, Mask]] = {
    "phone": mask_phone,
    "id_number": mask_id_number,
    "card": mask_card,
    "account": mask_account,
    "payee": mask_account,
    "email": mask_email,
    "address": mask_address,
    "employer": mask_text,
    "device": mask_device,
    "ip": mask_ip,
}
"""The mask of each entity that is masked."""

BY_FIELD: Final[Mapping[str, Mask]] = {
    "full_name": mask_name,
    "payee_name": mask_name,
    "user_agent": mask_text,
}
"""Masks of fields that are no entity."""


def class_of(name: str) -> PersonalClass | None:
    """The class of a field; None where it is not personal. A forbidden name is always C3."""
    if is_forbidden(name):
        return "C3"
    field = shipped_catalogue().fields.get(name)
    return None if field is None else field.personal


def mask_of(name: str) -> Mask | None:
    """How a field is masked; None where it is shown as it is.

    A field that the catalogue does not know is not masked by its name: `masked` hides its texts.
    """
    if class_of(name) == "C3":
        return mask_all
    if name in BY_FIELD:
        return BY_FIELD[name]
    field = shipped_catalogue().fields.get(name)
    if field is None or field.personal is None:
        return None
    if field.entity is not None and field.entity in BY_ENTITY:
        return BY_ENTITY[field.entity]
    return None if field.personal == "C1" or name in JUDGED else _by_kind(field)


def may_be_revealed(name: str) -> bool:
    """Whether a field is masked and of a class that may be revealed with a reason."""
    return mask_of(name) is not None and class_of(name) != "C3"


def masked(name: str, value: object) -> object:
    """What a screen shows of a field's value; None stays None."""
    if value is None:
        return None
    mask = mask_of(name)
    if mask is None:
        known = name in shipped_catalogue().fields
        return mask_text(value) if not known and isinstance(value, str) else value
    if not isinstance(value, str):
        return HIDDEN
    return mask(value) if value else value


def masked_values(values: Mapping[str, object]) -> dict[str, object]:
    """Every value of an event as a screen shows it."""
    return {name: masked(name, value) for name, value in values.items()}


def masked_subject(text: str) -> str:
    """A subject such as ``phone:13812341234`` as it may be shown."""
    entity, separator, value = text.partition(":")
    if not separator:
        return HIDDEN
    mask = BY_ENTITY.get(entity, mask_device)
    return f"{entity}:{mask(value)}"


def _by_kind(field: Field) -> Mask:
    return mask_text if field.kind in (Kind.TEXT, Kind.ENTITY) else mask_all


def _ends(text: str, *, first: int, last: int, least: int) -> str:
    """The ends of a text; nothing of one so short that the ends would be most of it."""
    text = text.strip()
    return f"{text[:first]}****{text[-last:]}" if len(text) >= least else HIDDEN
