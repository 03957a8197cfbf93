"""`fengkong operator`: the first operators of an installation, made where its data are.

Who may use this already holds the keys of the data directory. Even so it makes only what is
missing: an administrator's duty that nobody holds. All others are invited in the console.
"""

from __future__ import annotations

import getpass
import secrets
import string
from pathlib import Path
from typing import Final

from fengkong.cli.language import text
from fengkong.cli.screen import ERRORS, OUTPUT, show_json, show_table
from fengkong.console.project.setup import bring_schema_up_to_date, start_django
from fengkong.core.instants import format_instant

PASSWORD_LENGTH: Final = 20
_LETTERS: Final = string.ascii_letters.translate(str.maketrans("", "", "lIO"))
_DIGITS: Final = "23456789"


def create(data: Path, username: str, *, role: str, name: str) -> None:
    """Make the first holder of an administrator's duty; print a password that is shown once.

    Raises UnknownRoleError, DutyHeldError, and TakenNameError of accounts.
    """
    _start(data)
    from fengkong.console.accounts.first_operators import make_first  # noqa: PLC0415 - needs Django

    password = one_time_password()
    made = make_first(username, role=role, name=name, password=password, by=_by())
    ERRORS.print(text("operator.create.once", name=made.username), markup=False)
    OUTPUT.print(password, markup=False)


def restore(data: Path, username: str) -> None:
    """Give an administrator who cannot sign in a new password, shown once; factors are removed.

    Raises UnknownOperatorError and NotAdministratorError.
    """
    _start(data)
    from fengkong.console.accounts.first_operators import restore_access  # noqa: PLC0415

    password = one_time_password()
    found = restore_access(username, password=password, by=_by())
    ERRORS.print(text("operator.create.once", name=found.username), markup=False)
    OUTPUT.print(password, markup=False)


def show(data: Path, *, as_json: bool) -> None:
    """Print all operators with their roles."""
    _start(data)
    from fengkong.console.accounts.models import Operator  # noqa: PLC0415 - needs Django

    rows = [
        {
            "username": one.username,
            "name": one.name,
            "roles": " ".join(sorted(one.roles())),
            "active": one.is_active,
            "last_login": one.last_login
            and format_instant(int(one.last_login.timestamp()) * 1_000_000),
        }
        for one in Operator.objects.order_by("username")
    ]
    if as_json:
        show_json(rows)
        return
    columns = [
        text("column.username"),
        text("column.name"),
        text("column.roles"),
        text("column.active"),
        text("column.last_login"),
    ]
    cells = [[_cell(value) for value in row.values()] for row in rows]
    show_table(text("operator.list.title"), columns, cells, left=5)


def one_time_password() -> str:
    """Some 115 bits of dice, letters and digits that are not mistaken for each other."""
    alphabet = _LETTERS + _DIGITS
    while True:
        drawn = "".join(secrets.choice(alphabet) for _ in range(PASSWORD_LENGTH))
        if set(drawn) & set(_DIGITS) and set(drawn) & set(_LETTERS):
            return drawn


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return text("answer.yes") if value else text("answer.no")
    return value


def _start(data: Path) -> None:
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    start_django(data)
    bring_schema_up_to_date()


def _by() -> str:
    """Who the ledger names: the account of the machine, which is no operator."""
    return f"command:{getpass.getuser()}"[:64]
