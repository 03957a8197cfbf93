"""A value is shown in the clear with a reason, within limits, and the ledger says so."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from tests.console.operators import an_hour_later, sign_in

from fengkong.console.accounts.models import Operator
from fengkong.console.audit.models import AuditEntry
from fengkong.console.journaled.models import Decision
from fengkong.console.journaled.reading import UnknownEntryError
from fengkong.console.personal.models import Reveal
from fengkong.console.personal.revealing import (
    DAY_MAX,
    HOUR_MAX,
    NotRevealedError,
    TooManyRevealsError,
    UnreasonedRevealError,
    reveal,
    reveals_left,
)

pytestmark = pytest.mark.django_db
PHONE = "13812341234"
WHY = {"reason": "case", "text": "case 2026-117"}


@pytest.fixture
def ann(operator: Callable[..., Operator]) -> Operator:
    return operator("ann", "analyst")


def test_a_reveal_is_recorded_without_the_value(ann: Operator, decisions: list[Decision]) -> None:
    place = decisions[2].sequence
    assert reveal(ann, sequence=place, field="phone", **WHY) == PHONE
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action) == ("ann", "reveal_personal_data")
    assert (entry.target, entry.detail) == (str(place), {"field": "phone", "reason": "case"})
    assert PHONE.encode() not in bytes(entry.leaf)
    kept = Reveal.objects.values().get()
    assert PHONE not in str(kept)
    assert (kept["field"], kept["text"]) == ("phone", WHY["text"])


@pytest.mark.parametrize(
    ("field", "more", "error"),
    [
        ("phone", {"reason": "curiosity"}, UnreasonedRevealError),
        ("phone", {"text": "  because "}, UnreasonedRevealError),
        ("phone", {"text": ""}, UnreasonedRevealError),
        ("password", {}, NotRevealedError),
        ("amount", {}, NotRevealedError),
        ("full_name", {}, NotRevealedError),
        ("nothing", {}, NotRevealedError),
        ("phone", {"sequence": 9_999}, UnknownEntryError),
    ],
)
def test_what_is_not_revealed(
    ann: Operator, decisions: list[Decision], field: str, more: dict, error: type[Exception]
) -> None:
    asked = {"sequence": decisions[0].sequence, "field": field} | WHY | more
    with pytest.raises(error):
        reveal(ann, **asked)
    assert not Reveal.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("role", ["executive", "audit_admin", "regulator", "system_admin"])
def test_who_may_not(
    operator: Callable[..., Operator], decisions: list[Decision], role: str
) -> None:
    with pytest.raises(PermissionDenied):
        reveal(operator("eve", role), sequence=decisions[0].sequence, field="phone", **WHY)


def look(who: Operator, count: int, *, ago: timedelta) -> None:
    Reveal.objects.bulk_create(
        Reveal(operator=who, sequence=1, field="phone", at=timezone.now() - ago, **WHY)
        for _ in range(count)
    )


@pytest.mark.parametrize(
    ("in_the_hour", "before", "left"),
    [
        (0, 0, HOUR_MAX),
        (HOUR_MAX - 1, 0, 1),
        (HOUR_MAX, 0, 0),
        (0, DAY_MAX - 1, 1),
        (0, DAY_MAX, 0),
        (1, DAY_MAX - 1, 0),
    ],
)
def test_limits(
    ann: Operator, decisions: list[Decision], in_the_hour: int, before: int, left: int
) -> None:
    look(ann, in_the_hour, ago=timedelta(minutes=59))
    look(ann, before, ago=timedelta(hours=2))
    look(ann, 100, ago=timedelta(days=1, minutes=1))
    assert reveals_left(ann) == left
    asked = {"sequence": decisions[0].sequence, "field": "phone"} | WHY
    if left:
        assert reveal(ann, **asked) == PHONE
        assert reveals_left(ann) == left - 1
    else:
        with pytest.raises(TooManyRevealsError):
            reveal(ann, **asked)


def test_the_screen_asks_then_shows_for_a_while(
    ann: Operator, decisions: list[Decision], client: Client
) -> None:
    sign_in(client, ann)
    address = reverse("personal:reveal", args=[decisions[0].sequence, "phone"])
    assert PHONE not in client.get(address).content.decode()
    assert PHONE not in client.post(address, {"reason": "case", "text": "x"}).content.decode()
    answer = client.post(address, WHY)
    page = answer.content.decode()
    assert PHONE in page
    assert "no-store" in answer["Cache-Control"]
    back = reverse("personal:masked", args=[decisions[0].sequence, "phone"])
    assert f'hx-get="{back}"' in page
    assert client.get(back).content.decode().strip() == "138****1234"
    look(ann, HOUR_MAX, ago=timedelta())
    refused = client.post(address, WHY)
    assert (refused.status_code, PHONE in refused.content.decode()) == (429, False)
    never = reverse("personal:reveal", args=[decisions[0].sequence, "password"])
    assert client.post(never, WHY).status_code == 404


def test_the_masked_value_on_a_page(ann: Operator, rf, operator: Callable[..., Operator]) -> None:
    from django.template import Context, Template

    template = Template('{% load personal %}{% personal_value 7 "phone" value %}')
    for who, offered in ((ann, True), (operator("eve", "executive"), False)):
        request = rf.get("/")
        request.user = who
        page = template.render(Context({"request": request, "value": PHONE}))
        assert "138****1234" in page
        assert PHONE not in page
        assert (reverse("personal:reveal", args=[7, "phone"]) in page) is offered


def test_a_reveal_asks_again_who_is_there(
    ann: Operator, client: Client, decisions: list[Decision]
) -> None:
    """Within the page the answer leads to the proof; nothing was shown or counted."""
    sign_in(client, ann)
    an_hour_later(client)
    address = reverse("personal:reveal", args=(decisions[2].sequence, "phone"))
    assert client.get(address).status_code == 200
    answer = client.post(address, WHY, headers={"HX-Request": "true"})
    assert PHONE not in answer.content.decode()
    assert reverse("account_reauthenticate") in str(answer.headers)
    assert not Reveal.objects.exists()
