"""A small real journal beside the console, its read model, and operators."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from fengkong.console.accounts.models import Operator, RoleGrant
from fengkong.console.configuration import load_console_settings
from fengkong.console.journaled import reading
from fengkong.console.journaled.models import Decision

sys.path.insert(0, str(Path(__file__).parents[2] / "desk"))

PHONE = "13812341234"
COUNT = 6


@pytest.fixture(scope="session")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory whose service has decided some payments with phones and mailboxes."""
    from desk_of_tests import payment, send, serve

    directory = tmp_path_factory.mktemp("answered")
    events = [
        payment(number, phone=PHONE, email=f"zhang{number}@example.com", note="=1+1")
        for number in range(COUNT)
    ]
    serve(directory, lambda service: send(service, *events))
    return directory


@pytest.fixture
def data(answered: Path, tmp_path: Path, settings) -> Iterator[Path]:
    """The console's data directory: the journal, and files of the test's own."""
    directory = tmp_path / "data"
    shutil.copytree(answered / "data", directory)
    with (directory / "service.yaml").open("a") as file:
        file.write(f"second_places: {tmp_path / 'second'}\n")
    settings.CONSOLE = load_console_settings(directory)
    yield directory
    opened = reading._OPENED.pop(str(directory), None)
    if opened is not None:
        opened.reading.close()


@pytest.fixture
def decisions(data: Path, db) -> list[Decision]:
    """The read model of the journal."""
    from fengkong.worker.tail import Tail

    with reading.opened_history() as history:
        tail = Tail(history)
        while tail.step():
            pass
    assert django_settings.CONSOLE.directory == data
    return list(Decision.objects.order_by("sequence"))


@pytest.fixture
def operator(db) -> Callable[..., Operator]:
    def make(name: str, *roles: str) -> Operator:
        made = Operator.objects.create_user(name)
        for role in roles:
            RoleGrant.objects.create(operator=made, role=role)
        return made

    return make
