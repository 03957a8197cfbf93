"""What is unusual is seen, by whom it may be seen, and closed by another."""

import ast
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from tests.console.operators import sign_in

from fengkong import console
from fengkong.console.accounts.models import Operator, RoleGrant
from fengkong.console.approvals.four_eyes import acts
from fengkong.console.audit.actions import known_actions
from fengkong.console.audit.models import AuditEntry, Verification
from fengkong.console.audit.recording import record
from fengkong.console.insiders.counting import counted
from fengkong.console.insiders.measuring import Hours, counts_until
from fengkong.console.insiders.models import InsiderAlert, LookUp
from fengkong.console.insiders.watches import LEDGER, LOOSENING, WATCHES, Watch, judged, loosening
from fengkong.console.insiders.watching import (
    ClosedAlertError,
    close_alert,
    raise_alerts,
    set_working_hours,
    visible_alerts,
)
from fengkong.console.outbox.jobs import kinds
from fengkong.console.outbox.models import Job

DAY = date(2026, 11, 30)
"""A Monday, and a working day."""
WATCH = Watch(title="t", hint="h", absolute=100, factor=3.0, least=20)


@pytest.mark.parametrize(
    ("observed", "history", "limit"),
    [
        (100, [], None),
        (101, [], 100),
        (101, [50] * 4, 100),  # too few days to know what is usual
        (20, [1] * 5, None),  # below the least nothing is unusual
        (21, [1] * 5, 20),
        (30, [10] * 5, None),
        (31, [10] * 5, 30),
        (31, [1, 1, 10, 90, 90], 30),  # the median, which a few wild days do not move
        (101, [90] * 28, 100),  # the absolute bound holds whoever it is
    ],
)
def test_when_a_day_is_unusual(observed: int, history: list[int], limit: int | None) -> None:
    found = judged(WATCH, observed=observed, history=history)
    assert (None if found is None else found.limit) == limit


@pytest.mark.parametrize(
    ("hours", "day", "at", "inside"),
    [
        (Hours(), DAY, time(8), True),
        (Hours(), DAY, time(7, 59), False),
        (Hours(), DAY, time(19, 59), True),
        (Hours(), DAY, time(20), False),
        (Hours(), date(2026, 11, 29), time(12), False),  # a Sunday
        (Hours(weekends=True), date(2026, 11, 29), time(12), True),
        (Hours(), date(2026, 10, 1), time(12), False),  # a holiday on a Thursday
        (Hours(), date(2026, 10, 10), time(12), True),  # a Saturday that is worked (调休)
        (Hours(time(22), time(6)), DAY, time(23), True),
        (Hours(time(22), time(6)), date(2026, 12, 1), time(5, 59), True),
        (Hours(time(22), time(6)), DAY, time(6), False),
        (Hours(time(22), time(6)), DAY, time(3), False),  # the night that began on Sunday
    ],
)
def test_working_hours(hours: Hours, day: date, at: time, inside: bool) -> None:
    assert hours.contain(datetime.combine(day, at)) is inside


def operator(name: str, role: str) -> Operator:
    made = Operator.objects.create_user(name)
    RoleGrant.objects.create(operator=made, role=role)
    return made


@pytest.fixture
def ann(db) -> Operator:
    return operator("ann", "analyst")


@pytest.fixture
def sec(db) -> Operator:
    return operator("sec", "security_admin")


def moment(day: date, hour: int) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(hour)))


def looked(who: Operator, count: int, *, day: date = DAY, hour: int = 10, what: str = "decision"):
    LookUp.objects.create(operator=who, what=what, hour=moment(day, hour), count=count)


def acted(
    who: Operator, action: str, count: int, monkeypatch: pytest.MonkeyPatch, *, hour: int = 10
) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment(DAY, hour))
    with transaction.atomic():
        for number in range(count):
            record(who, action, target_kind="test", target=str(number))
    monkeypatch.undo()


@pytest.mark.django_db
def test_look_ups_are_counted_by_the_hour(ann: Operator) -> None:
    for target in ("p-1", "p-1", "p-2", "p-1", ""):
        counted(ann, "decision", target)
    counted(ann, "person", "p-1")
    found = {one.what: one.count for one in LookUp.objects.all()}
    assert found == {"decision": 4, "person": 1}
    assert "p-1" not in str(LookUp.objects.values())


@pytest.mark.django_db
@pytest.mark.parametrize("more", [0, 1])
def test_look_ups_beyond_their_bound(ann: Operator, more: int) -> None:
    looked(ann, WATCHES["look_ups"].absolute - 10)
    looked(ann, 10 + more, what="person")
    assert raise_alerts(DAY) == more
    assert raise_alerts(DAY) == 0  # again says nothing new
    assert [a.kind for a in InsiderAlert.objects.all()] == ["look_ups"] * more


@pytest.mark.django_db
def test_a_quiet_operator_who_looks_at_much(ann: Operator) -> None:
    for back in range(1, 8):
        looked(ann, 10, day=DAY - timedelta(days=back))
    looked(ann, 61)
    assert raise_alerts(DAY) == 1
    alert = InsiderAlert.objects.get()
    assert (alert.observed, alert.limit, alert.usual) == (61, 60, 10.0)
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action) == ("system", "raise_insider_alert")
    assert b"ann" not in bytes(entry.leaf)


@pytest.mark.django_db
def test_an_alert_of_the_day_grows(ann: Operator) -> None:
    bound = WATCHES["look_ups"].absolute
    looked(ann, bound + 1)
    raise_alerts(DAY)
    LookUp.objects.update(count=bound + 100)
    assert raise_alerts(DAY) == 0
    LookUp.objects.update(count=2 * bound)
    assert raise_alerts(DAY) == 1
    assert InsiderAlert.objects.get().observed == 2 * bound


ACTS = [
    ("reveal_personal_data", "reveals", 10),
    ("download_export", "exports", 10),
    ("loosen_it", "loosened", 10),
    ("work_on_something", "night_work", 3),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("action", "kind", "hour"), ACTS)
@pytest.mark.parametrize("more", [0, 1])
def test_acts_beyond_their_bound(
    ann: Operator, monkeypatch: pytest.MonkeyPatch, action: str, kind: str, hour: int, more: int
) -> None:
    monkeypatch.setitem(LOOSENING, "loosen_it", "a test")
    acted(ann, action, WATCHES[kind].absolute + more, pytest.MonkeyPatch(), hour=hour)
    assert raise_alerts(DAY) == more
    assert [a.kind for a in InsiderAlert.objects.all()] == [kind] * more


@pytest.mark.django_db
def test_night_work_follows_the_hours_of_the_operator(ann: Operator, sec: Operator) -> None:
    looked(ann, 61, hour=22)
    assert counts_until(DAY).of["night_work", ann.pk, DAY] == 61
    set_working_hours(sec, ann, starts_at=time(14), ends_at=time(23), weekends=False)
    assert ("night_work", ann.pk, DAY) not in counts_until(DAY).of
    with pytest.raises(PermissionDenied):
        set_working_hours(sec, sec, starts_at=time(0), ends_at=time(23), weekends=True)
    entry = AuditEntry.objects.first()
    assert (entry.action, entry.detail["before"]) == ("set_working_hours", None)


@pytest.mark.django_db
def test_refused_requests_are_counted(ann: Operator, client: Client) -> None:
    sign_in(client, ann)
    for address in ("audit:entries", "insiders:alerts", "audit:entries"):
        assert client.get(reverse(address)).status_code == 403
    assert LookUp.objects.get(what="refused").count == 3


def alert_about(who: Operator | None) -> InsiderAlert:
    return InsiderAlert.objects.create(kind="reveals", operator=who, day=DAY, observed=99, limit=40)


@pytest.mark.django_db
def test_nobody_sees_or_closes_an_alert_about_themselves(ann: Operator, sec: Operator) -> None:
    vera = operator("vera", "audit_admin")
    about_ann, about_sec, about_nobody = map(alert_about, (ann, sec, None))
    assert set(visible_alerts(sec)) == {about_ann, about_nobody}
    assert set(visible_alerts(vera)) == {about_ann, about_sec, about_nobody}
    assert not visible_alerts(ann).exists()
    with pytest.raises(InsiderAlert.DoesNotExist):
        close_alert(sec, about_sec.pk, reason="it was me, all is well")
    with pytest.raises(PermissionDenied):
        close_alert(vera, about_ann.pk, reason="only sees them")
    closed = close_alert(sec, about_ann.pk, reason="a campaign, agreed before")
    assert (closed.state, closed.closed_by) == ("closed", sec)
    with pytest.raises(ClosedAlertError):
        close_alert(sec, about_ann.pk, reason="once more, please")
    assert AuditEntry.objects.get().action == "close_insider_alert"


@pytest.mark.django_db
def test_the_screens(ann: Operator, sec: Operator, client: Client) -> None:
    mine, other = alert_about(sec), alert_about(ann)
    sign_in(client, sec)
    page = client.get(reverse("insiders:alerts"), {"kind": "reveals"}).content.decode()
    assert reverse("insiders:alert", args=[other.pk]) in page
    assert reverse("insiders:alert", args=[mine.pk]) not in page
    assert client.get(reverse("insiders:alert", args=[mine.pk])).status_code == 404
    assert client.post(reverse("insiders:close", args=[mine.pk])).status_code == 404
    assert client.get(reverse("insiders:alert", args=[other.pk])).status_code == 200
    client.post(reverse("insiders:close", args=[other.pk]), {"reason": "no"})
    other.refresh_from_db()
    assert other.state == "open"
    client.post(reverse("insiders:close", args=[other.pk]), {"reason": "known and agreed"})
    other.refresh_from_db()
    assert other.state == "closed"
    hours = reverse("insiders:hours", args=["ann"])
    assert client.get(hours).status_code == 200
    client.post(hours, {"starts_at": "22:00", "ends_at": "06:00"})
    assert ann.working_hours.starts_at == time(22)
    assert client.get(reverse("insiders:hours", args=["sec"])).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_broken_ledger_is_an_alert(ann: Operator) -> None:
    Verification.objects.create(
        started_by="system", upto=9, previous="", frontier=b"", state="broken", entry=4
    )
    handler = kinds()["watch_insiders"].handler
    for _ in range(2):
        handler(Job())
    alert = InsiderAlert.objects.get()
    assert (alert.kind, alert.operator, alert.observed) == (LEDGER, None, 4)


def recorded_in_source() -> set[str]:
    """Texts that the console's code hands to whatever records: `record(...)`, `_record(...)`."""
    found: set[str] = set()
    for path in Path(console.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("record"):
                texts = (one.value for one in node.args if isinstance(one, ast.Constant))
                found |= {text for text in texts if isinstance(text, str)}
    return found


def test_what_loosens_is_what_is_recorded() -> None:
    """A name that no code records would watch nothing."""
    decided = {f"{verb}_{kind}" for verb in ("approve", "reject") for kind in acts()}
    recorded = recorded_in_source()
    assert "stop_policy" in recorded
    assert "approve_release" not in decided
    assert loosening().keys() <= recorded | decided
    assert loosening().keys() <= known_actions().keys()
    assert {"approve_change_role", "approve_release_listed", "roll_back_policy"} <= set(loosening())
