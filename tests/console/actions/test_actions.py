"""Actions reach a real core system, signed, once, and stay on screen until it has confirmed."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone
from tests.console.actions.core_system import CoreSystem
from tests.console.journaled.test_intake import decided, entries
from tests.console.operators import Browser, new_operator

from fengkong.console.actions import sending
from fengkong.console.actions.connecting import add_system
from fengkong.console.actions.models import Action
from fengkong.console.actions.port import (
    InvalidActionError,
    UnknownSubjectError,
    ask,
    ask_many,
    open_actions,
    would_ask,
)
from fengkong.console.actions.sending import UnansweredActionError, send_action, sweep_actions
from fengkong.console.approvals.four_eyes import SameEyesError, approve
from fengkong.console.approvals.models import Proposal
from fengkong.console.journaled.intake import take_in
from fengkong.console.journaled.reading import ClearEntry
from fengkong.console.outbox.models import Job
from fengkong.console.webhooks.signing import signature_headers
from fengkong.events.event import Event

pytestmark = pytest.mark.django_db
WHOM, OTHER = f"{1:032x}", f"{2:032x}"


@pytest.fixture(autouse=True)
def decisions(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decisions about two subjects, and what the journal says of them in the clear."""
    (tmp_path / "keys").mkdir(mode=0o700)
    settings.CONSOLE = replace(
        settings.CONSOLE, directory=tmp_path, webhook_networks=("127.0.0.0/8",)
    )
    take_in(entries(decided(1, subject=WHOM), decided(2, subject=OTHER)))

    def clear(sequence: int) -> Any:
        values = {"customer": f"C{sequence}", "card": f"6222{sequence:012}"}
        event = Event(
            id="e", type="payment.initiated", occurred_at=0, currency="CNY", values=values
        )
        return replace(ClearEntry(leaf=None, leaf_bytes=b""), event=event)  # type: ignore[arg-type]

    monkeypatch.setattr(sending, "clear_entry", clear)


@pytest.fixture
def core() -> Iterator[CoreSystem]:
    """A core system that is connected."""
    made = CoreSystem()
    _row, made.secret = add_system(
        new_operator("system_admin"), name="core", url=made.url, actions=[]
    )
    yield made
    made.close()


def done(action: Action) -> Action:
    """The action after the worker was at it."""
    send_action(Job(kind="send_action", content={"action": action.pk}))
    return Action.objects.get(pk=action.pk)


def test_a_freeze_is_done_and_confirmed(core: CoreSystem) -> None:
    action = ask("freeze", WHOM, new_operator("analyst"), "mule account", alert_id="a1")
    assert action.state == "waiting"
    assert Job.objects.filter(kind="send_action", key=action.pk).exists()
    action = done(action)
    assert (action.state, action.reference, action.tries) == ("confirmed", "core-1", 1)
    assert core.frozen == {"C1"}
    assert not open_actions().exists()
    done(action)
    assert core.told == 1


def test_it_is_told_again_until_it_answers_and_done_once(core: CoreSystem) -> None:
    core.failing, core.says = 1, "accepted"
    action = ask("freeze", WHOM, new_operator("analyst"), "mule account")
    with pytest.raises(UnansweredActionError):
        done(action)
    assert list(open_actions()) == [action]
    assert done(action).state == "sent"
    Action.objects.update(told_at=timezone.now() - timedelta(minutes=5))
    Job.objects.all().delete()
    sweep_actions(Job(kind="sweep_actions"))
    assert Job.objects.filter(key=action.pk).exists()
    core.says = "done"
    assert done(action).state == "confirmed"
    assert (core.told, len(core.done)) == (3, 1)


def test_who_never_answers_is_given_up_on_and_can_be_told_again(core: CoreSystem) -> None:
    action = ask("freeze", WHOM, new_operator("analyst"), "mule account")
    Action.objects.update(
        state="sent", tries=sending.TRIES_MAX, told_at=timezone.now() - timedelta(minutes=5)
    )
    sweep_actions(Job(kind="sweep_actions"))
    assert Action.objects.get().state == "failed"
    assert list(open_actions()) == [action]


def test_the_core_system_answers_later_signed(core: CoreSystem) -> None:
    core.says = "accepted"
    action = done(ask("delay", WHOM, new_operator("analyst"), "call in progress"))
    body = json.dumps({"id": action.pk, "status": "done", "reference": "r9"}).encode()
    address = f"/actions/answers/{action.pk}/"

    def answered(secret: str, *, at: int) -> int:
        signed = signature_headers(message_id="m1", timestamp=at, body=body, secrets_valid=[secret])
        return (
            Client()
            .post(address, body, content_type="application/json", headers=signed)
            .status_code
        )

    now = int(time.time())
    wrong = "whsec_" + "A" * 44
    assert [answered(wrong, at=now), answered(core.secret, at=now - 999)] == [401, 401]
    assert Client().post("/actions/answers/none/", body, content_type="x/y").status_code == 401
    assert Action.objects.get().state == "sent"
    assert answered(core.secret, at=now) == 204
    assert (Action.objects.get().state, Action.objects.get().reference) == ("confirmed", "r9")


def test_lifting_and_freezing_many_need_two(core: CoreSystem) -> None:
    analyst, senior = new_operator("analyst"), new_operator("senior_analyst")
    freezes = ask_many("freeze", [WHOM, OTHER], senior, "a ring")
    lift = ask("lift", WHOM, analyst, "cleared by the bank")
    assert {one.state for one in (*freezes, lift)} == {"proposed"}
    assert done(lift).state == "proposed"
    ring, cleared = Proposal.objects.order_by("pk")
    with pytest.raises(SameEyesError):
        approve(senior, ring.pk)
    with pytest.raises(PermissionDenied):
        approve(analyst, ring.pk)
    approve(new_operator("senior_analyst"), ring.pk)
    assert {done(one).state for one in freezes} == {"confirmed"}
    assert core.frozen == {"C1", "C2"}
    approve(senior, cleared.pk)
    done(lift)
    assert core.frozen == {"C2"}


def test_a_limit_of_nought_is_one_persons_word_and_any_other_is_not() -> None:
    analyst = new_operator("analyst")
    limit = {"limit": "daily_transfer", "amount_minor": 100_000, "currency": "CNY"}
    assert ask("limit_change", WHOM, analyst, "low", content=limit).state == "proposed"
    nought = limit | {"amount_minor": 0}
    assert ask("limit_change", WHOM, analyst, "low", content=nought).state == "waiting"


@pytest.mark.parametrize(
    ("action", "why", "content"),
    [
        ("melt", "why", {}),
        ("freeze", " ", {}),
        ("limit_change", "why", {"limit": "daily_transfer"}),
        ("limit_change", "why", {"limit": "rainfall", "amount_minor": 1}),
        ("list_entry", "why", {}),
    ],
)
def test_what_cannot_be_is_refused(action: str, why: str, content: dict[str, Any]) -> None:
    with pytest.raises(InvalidActionError):
        ask(action, WHOM, new_operator("analyst"), why, content=content)


def test_an_unknown_subject_is_refused_and_a_dry_run_says_so() -> None:
    with pytest.raises(UnknownSubjectError):
        ask("freeze", "f" * 32, new_operator("analyst"), "why")
    with pytest.raises(PermissionDenied):
        ask("freeze", WHOM, new_operator("executive"), "why")
    ask("freeze", WHOM, new_operator("analyst"), "why")
    seen = would_ask("freeze", [WHOM, OTHER, "f" * 32])
    assert seen == {"new": [OTHER], "under_way": [WHOM], "unknown": ["f" * 32]}


def test_without_a_core_system_it_waits_on_screen(
    signed_in: Callable[..., Browser], settings: Any
) -> None:
    action = ask("freeze", WHOM, new_operator("analyst"), "mule account")
    assert done(action).state == "waiting"
    browser = signed_in("analyst")
    assert action.pk in browser.get("/actions/").content.decode()
    assert browser.get(f"/actions/one/{action.pk}/").status_code == 200
    made = CoreSystem()
    signed_in("system_admin").post("/actions/systems/", {"name": "core", "url": made.url})
    made.secret = sending.secret_of(sending.system_for("freeze"))  # type: ignore[arg-type]
    Action.objects.update(asked_at=timezone.now() - timedelta(minutes=5))
    sweep_actions(Job(kind="sweep_actions"))
    assert done(action).state == "confirmed"
    made.close()


def test_asked_for_and_withdrawn_on_screen(signed_in: Callable[..., Browser]) -> None:
    browser = signed_in("analyst")
    went = browser.post("/actions/ask/", {"kind": "freeze", "why": "mule account", "subject": WHOM})
    action = Action.objects.get()
    assert went.url == f"/actions/one/{action.pk}/"
    browser.post(f"/actions/one/{action.pk}/act/", {"act": "withdraw"})
    assert Action.objects.get().state == "withdrawn"
    assert signed_in("executive").get("/actions/").status_code == 200
    assert signed_in("executive").post("/actions/ask/").status_code == 403


@pytest.mark.parametrize("url", ["http://169.254.169.254/", "http://example.com/", "ftp://x/"])
def test_a_core_system_is_not_just_anywhere(url: str, signed_in: Callable[..., Browser]) -> None:
    browser = signed_in("system_admin")
    page = browser.post("/actions/systems/", {"name": "core", "url": url}).content.decode()
    assert "whsec_" not in page
