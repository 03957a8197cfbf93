"""Lists as a policy declares them, and operators who may change them."""

import sys
from pathlib import Path

import pytest

from fengkong.console.accounts.models import Operator, RoleGrant
from fengkong.console.lists import changing
from fengkong.console.lists.declared import DeclaredList
from fengkong.core.bilingual import Bilingual

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "cli")]


def declared(name: str, colour: str, of: str) -> DeclaredList:
    title = Bilingual(zh="名单", en=name)
    return DeclaredList(name=name, of=of, entity=of, title=title, colour=colour, rules=("r",))


LISTS = {
    "blocked_cards": declared("blocked_cards", "black", "card"),
    "snoozed.amount.large": declared("snoozed.amount.large", "white", "card"),
    "trusted_devices": declared("trusted_devices", "white", "device"),
}


@pytest.fixture
def lists(monkeypatch: pytest.MonkeyPatch) -> dict[str, DeclaredList]:
    monkeypatch.setattr(changing, "live_lists", lambda: LISTS)
    return LISTS


def operator_with(role: str) -> Operator:
    made = Operator.objects.create_user(role)
    RoleGrant.objects.create(operator=made, role=role)
    return made


@pytest.fixture
def ann(db: None) -> Operator:
    return operator_with("analyst")


@pytest.fixture
def bob(db: None) -> Operator:
    return operator_with("senior_analyst")
