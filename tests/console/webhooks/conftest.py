"""A receiver, and an administrator who may send to it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.console.operators import new_operator
from tests.console.webhooks.receiving import Receiver, serve

from fengkong.console.accounts.models import Operator


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    server = serve(made)
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def loopback_allowed(settings, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    settings.CONSOLE = replace(
        settings.CONSOLE, directory=tmp_path, webhook_networks=("127.0.0.0/8",)
    )


@pytest.fixture
def admin(db: None) -> Operator:
    return new_operator("system_admin", username="ada")


@pytest.fixture
def officer(db: None) -> Operator:
    return new_operator("compliance_officer", username="olga")
