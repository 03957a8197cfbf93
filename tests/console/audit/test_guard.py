"""What changed without an entry is taken back."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import get_resolver, path

from fengkong.console.accounts.models import Operator
from fengkong.console.audit.actions import known_actions, register_actions
from fengkong.console.audit.guard import (
    UnrecordedChangeError,
    own_tables,
    recorded,
    recorded_job,
    recorded_views,
    unrecorded_tables,
)
from fengkong.console.audit.models import AuditEntry
from fengkong.console.audit.recording import record
from fengkong.console.audit.verification import begin, step
from fengkong.console.project.declared import public

CONSOLE = Path(__file__).resolve().parents[3] / "src" / "fengkong" / "console"


def run(act: Callable[[], object]) -> None:
    with transaction.atomic():
        recorded(act)()


def make() -> Operator:
    return Operator.objects.create(username="ann")


def note() -> AuditEntry:
    return record("bob", "try_it", target_kind="operator", target="ann")


def in_vain(act: Callable[[], object]) -> None:
    """Do something in a savepoint that is rolled back."""
    with transaction.atomic():
        act()
        transaction.set_rollback(True)


FORGOTTEN = [
    ("made", make),
    ("made in bulk", lambda: Operator.objects.bulk_create([Operator(username="ann")])),
    ("changed", lambda: Operator.objects.filter(username="eve").update(name="Eve")),
    ("removed", lambda: Operator.objects.filter(username="eve").delete()),
    ("by SQL", lambda: connection.cursor().execute("UPDATE accounts_operator SET name = 'x'")),
    ("recorded in vain", lambda: [make(), in_vain(note)]),
]
REMEMBERED = [
    ("nothing done", lambda: None),
    ("only read", lambda: list(Operator.objects.all())),
    ("made and recorded", lambda: [make(), note()]),
    ("recorded before", lambda: [note(), make()]),
    ("nothing changed", lambda: Operator.objects.filter(username="nobody").update(name="x")),
    ("undone", lambda: in_vain(make)),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("how", "act"), FORGOTTEN, ids=[row[0] for row in FORGOTTEN])
def test_what_was_not_recorded_is_taken_back(how: str, act: Callable[[], object]) -> None:
    Operator.objects.create(username="eve")
    before = list(Operator.objects.values())
    with pytest.raises(UnrecordedChangeError, match="accounts_operator"):
        run(act)
    assert list(Operator.objects.values()) == before
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(("how", "act"), REMEMBERED, ids=[row[0] for row in REMEMBERED])
def test_what_was_recorded_stays(how: str, act: Callable[[], object]) -> None:
    run(act)


@pytest.mark.django_db
def test_progress_of_a_verification_needs_no_entry() -> None:
    for _ in range(3):
        note()
    running = begin("eve")
    run(lambda: step(running, entries=1))


@pytest.mark.django_db(transaction=True)
def test_a_lasting_change_is_not_made() -> None:
    with pytest.raises(UnrecordedChangeError, match="outside"):
        recorded(make)()
    assert not Operator.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_every_transaction_of_a_job_is_checked() -> None:
    def job() -> None:
        with transaction.atomic():
            make()
            note()
        with transaction.atomic():
            Operator.objects.create(username="bob")
        Operator.objects.create(username="never reached")

    with pytest.raises(UnrecordedChangeError):
        recorded_job(job)()
    assert [one.username for one in Operator.objects.all()] == ["ann"]
    with transaction.atomic():  # whoever comes after is not under the guard
        Operator.objects.create(username="eve")


@pytest.mark.django_db(transaction=True)
def test_a_job_changes_nothing_outside_of_a_transaction() -> None:
    with pytest.raises(UnrecordedChangeError, match="outside"):
        recorded_job(make)()
    assert not Operator.objects.exists()


@public
def forgetful(request: HttpRequest) -> HttpResponse:
    make()
    return HttpResponse("done")


urlpatterns = [path("", forgetful)]
recorded_views(urlpatterns)


@pytest.mark.django_db
@pytest.mark.urls(__name__)
def test_a_request_that_forgets_is_rolled_back(client: Client) -> None:
    with pytest.raises(UnrecordedChangeError):
        client.post("/")
    assert not Operator.objects.exists()


def views() -> list[Callable[..., object]]:
    found, waiting = [], [*get_resolver().url_patterns]
    while waiting:
        pattern = waiting.pop()
        waiting += getattr(pattern, "url_patterns", [])
        if getattr(pattern, "callback", None) is not None:
            found.append(pattern.callback)
    return found


def test_every_view_is_under_the_guard() -> None:
    found = views()
    assert len(found) > 10
    assert [view for view in found if not getattr(view, "fengkong_recorded", False)] == []


def test_tables_without_entries_are_known_and_say_why() -> None:
    declared = unrecorded_tables()
    assert declared.keys() <= own_tables()
    assert all(len(reason) > 8 for reason in declared.values())


def recorded_names() -> set[str]:
    """The actions that the source records, where they are written out."""
    found = set()
    for source in CONSOLE.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            called = isinstance(node, ast.Call) and getattr(
                node.func, "id", getattr(node.func, "attr", "")
            )
            if called == "record" and len(node.args) > 1:
                constants = [n for n in ast.walk(node.args[1]) if isinstance(n, ast.Constant)]
                if not isinstance(node.args[1], ast.JoinedStr):
                    found |= {str(one.value) for one in constants}
    return found


def test_every_recorded_action_has_words() -> None:
    names = recorded_names()
    assert "export_ledger" in names
    assert names - known_actions().keys() == set()


def test_an_action_is_registered_once() -> None:
    with pytest.raises(AssertionError, match="twice"):
        register_actions({"export_ledger": "again"})
