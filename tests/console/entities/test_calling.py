"""Names as blind indexes: who bears one, and what erasing leaves of them."""

import pytest
from tests.console.entities.events_of_tests import blind, entries, event, hexed, key

from fengkong.console.entities.calling import called
from fengkong.console.entities.models import Called
from fengkong.console.journaled.intake import forget_all, take_in
from fengkong.console.journaled.seen import SeenCall

pytestmark = pytest.mark.django_db
CHEN, LI = blind("full_name", "chen"), blind("full_name", "li")


def call(name: bytes, customer: str, *, by: str = "") -> SeenCall:
    return SeenCall(name, blind("customer", customer), blind("customer", by or customer))


@pytest.fixture
def told(db: None) -> None:
    """Two are called Chen, C2 by another's event too; C3 is called Li, and was Chen before."""
    calls = [call(CHEN, "C1"), call(CHEN, "C2"), call(CHEN, "C2", by="C3"), call(LI, "C3")]
    made = [event(n, customer=f"C{n}") for n in (1, 2, 3)]
    take_in(entries(*made, calls=calls))
    take_in(entries(after=3, calls=[call(CHEN, "C3"), *calls]))


def test_all_who_bear_a_name_are_found_once(told: None) -> None:
    assert set(called(CHEN)) == {key("customer", f"C{n}") for n in (1, 2, 3)}
    assert called(LI) == [key("customer", "C3")]
    assert called(blind("full_name", "che")) == []
    assert Called.objects.count() == 5


def test_the_erased_bear_no_name_and_have_named_nobody(told: None) -> None:
    take_in(entries(after=4, erased=(hexed("customer", "C3"),)))
    assert set(called(CHEN)) == {key("customer", "C1"), key("customer", "C2")}
    assert called(LI) == []
    assert Called.objects.count() == 2
    take_in(entries(after=5, erased=(hexed("customer", "C2"),)))
    assert called(CHEN) == [key("customer", "C1")]


def test_names_are_forgotten_with_the_read_model(told: None) -> None:
    forget_all()
    assert not Called.objects.exists()
