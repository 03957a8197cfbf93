"""Dispositions become labels: once, after the time of undo, with the entities of their events."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from tests.console.alerts.making import read, reviewed
from tests.console.operators import new_operator

from fengkong.client.errors import UnreachableError, refusal
from fengkong.console.alerts import labelling
from fengkong.console.alerts.closing import dispose, reopen, undo
from fengkong.console.alerts.labelling import send_alert_labels
from fengkong.console.alerts.models import Alert, Closing
from fengkong.console.audit.models import AuditEntry
from fengkong.console.journaled.reading import ClearEntry
from fengkong.console.outbox.models import Job
from fengkong.events.event import Event

pytestmark = pytest.mark.django_db


class KeptService:
    """Keeps events by their ids, as the service does; `down` answers nothing."""

    def __init__(self) -> None:
        self.events: dict[str, dict[str, Any]] = {}
        self.down = False

    @contextmanager
    def client(self, **_: Any) -> Iterator["KeptService"]:
        yield self

    def record_many(self, events: list[dict[str, Any]]) -> list[Any]:
        if self.down:
            raise UnreachableError("no answer")
        return [self._recorded(event) for event in events]

    def _recorded(self, event: dict[str, Any]) -> Any:
        if self.events.setdefault(event["id"], event) != event:
            return refusal(409, {"code": "service.idempotency_conflict", "title": "", "detail": ""})
        return {"sequence": len(self.events)}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> KeptService:
    kept = KeptService()
    monkeypatch.setattr(labelling, "service_client", kept.client)

    def clear(sequence: int) -> Any:
        values = {"card": f"k{sequence}", "amount": 9_000, "channel": "app"}
        event = Event(id="e", type="payment.initiated", occurred_at=0, values=values)
        return replace(ClearEntry(leaf=None, leaf_bytes=b""), event=event)  # type: ignore[arg-type]

    monkeypatch.setattr(labelling, "clear_entry", clear)
    read(reviewed(1), reviewed(2))
    return kept


def closed_as(disposition: str, reason: str) -> Closing:
    return dispose([Alert.objects.get().pk], disposition, reason, new_operator("analyst"))


def send(closing: Closing) -> None:
    send_alert_labels(Job(kind="send_alert_labels", content={"closing": closing.pk}))


@pytest.mark.parametrize(
    ("disposition", "reason", "told"),
    [
        ("confirmed_fraud", "mule_account", [(True, "fraud", "investigator")] * 2),
        ("false_positive", "usual_behaviour", [(False, "cleared", "investigator")] * 2),
        ("customer_confirmed", "confirmed_by_call", [(False, "cleared", "customer")] * 2),
        ("suspicious", "documents_missing", []),
    ],
)
def test_a_disposition_says_what_it_says(
    service: KeptService, disposition: str, reason: str, told: list[Any]
) -> None:
    closing = closed_as(disposition, reason)
    send(closing)
    labels = list(service.events.values())
    assert [(x["is_fraud"], x["label_kind"], x["label_source"]) for x in labels] == told
    assert [x["event"] for x in labels] == ["e-1", "e-2"][: len(told)]
    assert [x["card"] for x in labels] == ["k1", "k2"][: len(told)]
    assert not any("amount" in x or "channel" in x for x in labels)
    closing.refresh_from_db()
    assert (closing.labels, closing.labelled_at is not None) == (len(told), True)


def test_a_label_is_sent_once_however_often_it_is_tried(service: KeptService) -> None:
    closing = closed_as("confirmed_fraud", "mule_account")
    service.down = True
    with pytest.raises(UnreachableError):
        send(closing)
    service.down = False
    send(closing)
    Closing.objects.update(labelled_at=None)  # the worker died before it wrote that down
    send(closing)
    assert len(service.events) == 2
    assert AuditEntry.objects.filter(action="send_alert_labels").count() == 2


def test_what_was_undone_or_opened_again_is_not_sent(service: KeptService) -> None:
    operator = new_operator("analyst")
    alert = Alert.objects.get().pk
    undone = dispose([alert], "confirmed_fraud", "mule_account", operator)
    undo(undone.pk, operator)
    opened = dispose([alert], "confirmed_fraud", "mule_account", operator)
    reopen(alert, operator, reason="a mistake")
    for closing in (undone, opened):
        send(closing)
    assert not service.events


def test_a_newer_disposition_sends_a_newer_label(service: KeptService) -> None:
    first = closed_as("confirmed_fraud", "mule_account")
    send(first)
    reopen(Alert.objects.get().pk, new_operator("analyst"), reason="new papers")
    send(closed_as("false_positive", "usual_behaviour"))
    assert [x["is_fraud"] for x in service.events.values()] == [True, True, False, False]
