"""One spelling for one person: what is done to a value before it becomes a blind index.

The fold for texts, in this order: format characters that nobody sees are dropped, Unicode NFKC
(full-width letters and digits become plain), Unicode case folding (so ß and SS are both ss), the
Turkish İ and ı become i, runs of blanks become one blank. Texts that differ in nothing else are
one.

A form is its own form, whatever the text: where a step leaves a mark beside the letter it joins,
or a letter that folds again, all steps are done once more, until nothing changes.

Identifiers that a firm gives out (customer, account, device, merchant) keep their case: C1 and c1
may be two customers. No rule guesses that two mailboxes are one because of dots or plus signs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

_DOTTED_I: Final = "i\u0307"
_PHONE_MARKS: Final = re.compile(r"[\s\-‐-―−.()/]")
_MOBILE: Final = re.compile(r"(?:86)?(1[3-9]\d{9})")
_LANDLINE: Final = re.compile(r"0([1-9]\d{8,10})")
_MARKS: Final = re.compile(r"[\s\-‐-―−]")
_OLD_RESIDENT: Final = re.compile(r"\d{6}\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}")
_CHECK_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_LETTERS: Final = "10X98765432"


def normal_form(value: str, *, entity: str) -> str:
    """The one spelling of a value of an entity of the catalogue; never fails."""
    form = _FORMS.get(entity, plain)
    return form(value) if value.isascii() else _settled(form, value)


def plain(text: str) -> str:
    """Full-width to plain, without characters nobody sees; case is kept."""
    if text.isascii():
        return text.strip()
    return unicodedata.normalize("NFKC", _without_hidden(text)).strip()


def folded(text: str) -> str:
    """A text as the fold above leaves it."""
    return _folded_once(text) if text.isascii() else _settled(_folded_once, text)


def phone_form(text: str) -> str:
    """`+`, country code and number; a number without country code is read as Chinese.

    What is not a number of digits (masked, with an extension) is only folded.
    """
    number = _PHONE_MARKS.sub("", plain(text))
    digits = number.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return folded(text)
    while digits.startswith("00") and len(digits) > 2:
        digits = digits[2:]
        number = "+" + digits
    if number.startswith("+860"):
        return "+86" + number[4:].lstrip("0")
    if number.startswith("+"):
        return number
    mobile = _MOBILE.fullmatch(number)
    landline = _LANDLINE.fullmatch(number)
    found = mobile or landline
    return f"+86{found[1]}" if found else number


def email_form(text: str) -> str:
    """A mail address folded, without blanks."""
    return "".join(folded(text).split())


def id_number_form(text: str) -> str:
    """An identity number in capitals without blanks or hyphens.

    A Chinese number of 15 digits becomes the one of 18 that replaced it; a number whose check digit
    is wrong stays as it is.
    """
    number = _MARKS.sub("", plain(text)).upper()
    if not (number.isascii() and _OLD_RESIDENT.fullmatch(number)):
        return number
    longer = number[:6] + "19" + number[6:]
    total = sum(int(digit) * weight for digit, weight in zip(longer, _CHECK_WEIGHTS, strict=True))
    return longer + _CHECK_LETTERS[total % 11]


def card_form(text: str) -> str:
    """A card number without blanks and hyphens; a token that stands for one is kept as it is."""
    number = _MARKS.sub("", plain(text))
    return number if number.isascii() and number.isdigit() else plain(text)


def _folded_once(text: str) -> str:
    text = plain(text).casefold()
    if not text.isascii():
        text = text.replace(_DOTTED_I, "i").replace("ı", "i")
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.split())


def _settled(form: Callable[[str], str], text: str) -> str:
    """A text once a form no longer changes it.

    It ends: what is dropped, folded or joined does not come back, and there is only so much of it.
    """
    while (once_more := form(text)) != text:
        text = once_more
    return text


def _without_hidden(text: str) -> str:
    return "".join(letter for letter in text if unicodedata.category(letter) != "Cf")


_FORMS: Final[Mapping[str, Callable[[str], str]]] = {
    "phone": phone_form,
    "email": email_form,
    "id_number": id_number_form,
    "card": card_form,
    "address": folded,
    "employer": folded,
    "full_name": folded,
}
