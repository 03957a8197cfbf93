"""Link and code reach the core system signed, once it takes them, and then are kept no more."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.console.actions.core_system import CoreSystem as Listening
from tests.console.operators import new_operator

from fengkong.console.actions.models import CoreSystem
from fengkong.console.actions.sending import UnansweredActionError, secret_context
from fengkong.console.audit.models import AuditEntry
from fengkong.console.configuration import ConsoleSettings
from fengkong.console.customers import delivering
from fengkong.console.customers.confirming import ask_customer, revoke
from fengkong.console.customers.delivering import deliver
from fengkong.console.customers.models import Confirmation
from fengkong.console.journaled.models import Decision
from fengkong.console.journaled.reading import ClearEntry
from fengkong.console.outbox.models import Job
from fengkong.console.personal.sealing import seal_text
from fengkong.console.webhooks.signing import verify
from fengkong.events.event import Event

pytestmark = pytest.mark.django_db
SECRET = "whsec_" + "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


class Asking(Listening):
    """A core system that sends links and codes; `links` are those it got."""

    def __init__(self) -> None:
        super().__init__()
        self.secret, self.links = SECRET, list[dict[str, Any]]()

    def take(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        if self.failing:
            self.failing -= 1
            return 503, {}
        verify(headers, body=body, secret=self.secret, now=int(time.time()))
        self.links.append(json.loads(body))
        return 200, {}


@pytest.fixture
def core(
    decided: None, folder: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Asking]:
    """A core system that is connected; the journal's entry is made here."""
    event = Event(
        id="e", type="payment.initiated", occurred_at=0, currency="CNY", values={"customer": "C1"}
    )
    entry = ClearEntry(leaf=None, leaf_bytes=b"", event=event)  # type: ignore[arg-type]
    monkeypatch.setattr(delivering, "clear_entry", lambda _sequence: entry)
    listening = Asking()
    settings.CONSOLE = ConsoleSettings(directory=folder, webhook_networks=("127.0.0.0/8",))
    sealed = seal_text(SECRET, context=secret_context("core"))
    CoreSystem.objects.create(name="core", url=listening.url, secret=sealed, created_by="sam")
    yield listening
    listening.close()


def test_it_is_told_until_it_has_taken_link_and_code(core: Asking) -> None:
    decision = Decision.objects.order_by("sequence").first()
    assert decision is not None
    made = ask_customer(new_operator("analyst"), decision.event_id, minutes=30)
    job = Job.objects.get(kind="deliver_confirmation")
    assert decision.event_id not in json.dumps(job.content)
    core.failing = 1
    with pytest.raises(UnansweredActionError):
        deliver(job)
    assert not core.links
    deliver(job)
    deliver(job)  # again, as after a worker that died: it was taken, so it is not told twice
    (told,) = core.links
    assert told["type"] == "confirmation.requested"
    assert told["data"]["event_id"] == decision.event_id
    assert len(told["data"]["code"]) == 6
    assert told["data"]["confirm_at"].startswith("/customers/confirm/")
    assert told["data"]["about"] == {"customer": "C1"}
    made.refresh_from_db()
    assert bytes(made.delivery_sealed) == b""
    assert made.sent_at is not None
    assert AuditEntry.objects.filter(action="deliver_confirmation").count() == 1


def test_what_was_taken_back_is_not_told(core: Asking) -> None:
    decision = Decision.objects.order_by("sequence").first()
    assert decision is not None
    analyst = new_operator("analyst")
    made = ask_customer(analyst, decision.event_id, minutes=10)
    revoke(analyst, made.pk)
    deliver(Job.objects.get(kind="deliver_confirmation"))
    assert core.links == []
    assert Confirmation.objects.get().state == "revoked"
