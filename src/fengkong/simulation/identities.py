"""Names, phones, identity numbers and addresses of people who do not exist.

Identity numbers have a right check digit and a county code (99) that is assigned to nobody;
phone numbers use segments that, to our knowledge, no carrier was given; e-mail hosts end in
`.example`. The same number always gives the same person.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, Final

from fengkong.simulation.geography import cities
from fengkong.simulation.seeds import mixed_40, mixed_64
from fengkong.simulation.world_data import world_document

_SEGMENTS: Final = ("160", "161", "163", "164", "168", "169")
_CHECK_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS: Final = "10X98765432"
_PREFIXES: Final = {
    "customer": "c",
    "account": "a",
    "card": "k",
    "device": "d",
    "payee": "p",
    "merchant": "m",
    "terminal": "t",
    "loan": "l",
    "application": "q",
    "insurance_policy": "i",
    "claim": "h",
    "session": "s",
    "order": "o",
    "complaint": "g",
    "project": "j",
}
_SALTS: Final = {kind: position + 11 for position, kind in enumerate(_PREFIXES)}


@lru_cache(maxsize=1 << 17)
def entity_id(kind: str, number: int) -> str:
    """The opaque identifier of an entity: a letter for the kind and ten hexadecimal digits."""
    return f"{_PREFIXES[kind]}{mixed_40(number, salt=_SALTS[kind]):010x}"


def full_name(number: int) -> str:
    """A Chinese name."""
    names = _names()
    mixed = mixed_64(number, salt=1)
    # Frequent surnames stand first: squaring a uniform prefers them.
    surname: str = names["surnames"][int((mixed % 1000 / 1000) ** 2 * len(names["surnames"]))]
    given: str = names["given"]
    first, second = mixed // 1000 % len(given), mixed // 10**6 % len(given)
    return surname + given[first] + (given[second] if mixed >> 40 & 3 else "")


def phone(number: int, *, generation: int = 0) -> str:
    """A mobile number with country code; a later generation is the same person's new number."""
    mixed = mixed_64(number * 16 + generation, salt=2)
    return f"+86{_SEGMENTS[mixed % 6]}{mixed // 6 % 10**8:08d}"


def email(number: int, *, generation: int = 0) -> str:
    """An address at a host that cannot exist."""
    mixed = mixed_64(number * 16 + generation, salt=3)
    hosts = _names()["email_hosts"]
    return f"u{mixed >> 24:010x}@{hosts[mixed % len(hosts)]}"


def street_address(number: int, *, city: int) -> str:
    """A home in a city, as written on a form."""
    mixed = mixed_64(number, salt=4)
    streets = _names()["streets"]
    street = streets[mixed % len(streets)]
    house, flat = mixed // 97 % 980 + 1, mixed // 10**5 % 28 * 100 + mixed // 10**8 % 8 + 101
    return f"{cities().names_zh[city]}市{street}{house}号{flat}室"


def employer(number: int) -> str:
    """A firm's name."""
    mixed = mixed_64(number, salt=5)
    firms = _names()["employers"]
    return f"{firms[mixed % len(firms)]}{number % 10**6:04d}有限公司"


def id_number(number: int, *, city: int, birth_year: int, female: bool) -> str:
    """An 18-digit identity number with a right check digit and an unassigned county."""
    mixed = mixed_64(number, salt=6)
    month, day = mixed % 12 + 1, mixed // 12 % 28 + 1
    order = mixed // 400 % 499 * 2 + (0 if female else 1)
    digits = f"{cities().divisions[city]}99{birth_year}{month:02d}{day:02d}{order:03d}"
    return digits + check_digit(digits)


def check_digit(digits: str) -> str:
    """The last character of an identity number (GB 11643, ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, _CHECK_WEIGHTS, strict=True))
    return _CHECK_DIGITS[total % 11]


@cache
def _names() -> dict[str, Any]:
    return world_document("names")
