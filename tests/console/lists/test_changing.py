"""Values come onto lists whole or not at all, and off black lists by four eyes."""

import json
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from fengkong.console.accounts.models import Operator
from fengkong.console.approvals.four_eyes import approve
from fengkong.console.audit.models import AuditEntry
from fengkong.console.lists import importing
from fengkong.console.lists.changing import (
    NewEntry,
    UndeclaredListError,
    UnlistableValueError,
    add_entries,
    in_force,
)
from fengkong.console.lists.importing import (
    DecidedImportError,
    UnreadableImportError,
    confirm_import,
    keep_preview,
    read_import,
    revert_import,
)
from fengkong.console.lists.models import ListEntry
from fengkong.console.lists.releasing import release
from fengkong.console.outbox.models import Job

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lists")]

CARD = "6222020200112233445"


def tomorrow() -> datetime:
    return timezone.now() + timedelta(days=1)


def entry(value: str = CARD, **more: object) -> NewEntry:
    return NewEntry(**{"value": value, "reason": "stolen", "expires_at": tomorrow()} | more)


def held(list_name: str = "blocked_cards") -> int:
    return ListEntry.objects.filter(in_force(), list_name=list_name).count()


def test_a_value_is_kept_masked_and_sealed(ann: Operator) -> None:
    (made,) = add_entries(ann, "blocked_cards", [entry()])
    kept = ListEntry.objects.get()
    assert kept.masked == "622202****3445"
    for column in ListEntry._meta.concrete_fields:
        assert CARD not in str(getattr(kept, column.attname)), column.name
        assert CARD.encode() not in bytes(kept.value_sealed)
    assert Job.objects.get().content == {"list": "blocked_cards"}
    leaf = json.loads(bytes(AuditEntry.objects.get().leaf))
    assert (leaf["action"], leaf["detail"]["entries"]) == ("add_list_entries", [made.pk])
    assert CARD not in str(leaf)


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": ""},
        {"value": " padded "},
        {"value": "x" * 129},
        {"value": "a\u202eb"},
        {"reason": "  "},
        {"expires_at": None},
        {"expires_at": datetime(2020, 1, 1, tzinfo=timezone.get_current_timezone())},
    ],
)
def test_all_of_them_or_none(ann: Operator, wrong: dict[str, object]) -> None:
    with pytest.raises(UnlistableValueError):
        add_entries(ann, "blocked_cards", [entry("good"), entry(**wrong)])
    assert not ListEntry.objects.exists()
    assert not Job.objects.exists()


def test_a_white_list_needs_no_end(ann: Operator) -> None:
    add_entries(ann, "trusted_devices", [entry("device-1", expires_at=None)])
    assert held("trusted_devices") == 1


def test_a_rule_sleeps_until_a_day(ann: Operator) -> None:
    with pytest.raises(UnlistableValueError):
        add_entries(ann, "snoozed.amount.large", [entry(expires_at=None)])
    add_entries(ann, "snoozed.amount.large", [entry()])
    assert held("snoozed.amount.large") == 1


def test_unknown_lists_are_refused(ann: Operator) -> None:
    with pytest.raises(UndeclaredListError):
        add_entries(ann, "blocked", [entry()])


def test_off_a_black_list_by_two_people(ann: Operator, bob: Operator) -> None:
    made = add_entries(ann, "blocked_cards", [entry("c1"), entry("c2")])
    ended, proposal = release(ann, "blocked_cards", reason="found", picked=[made[0].pk])
    assert (ended, held()) == (0, 2)
    assert proposal is not None
    approve(bob, proposal.pk)
    assert held() == 1
    gone = ListEntry.objects.get(pk=made[0].pk)
    assert (gone.ended_by, gone.ended_reason) == ("senior_analyst", "found")


def test_off_a_white_list_at_once(ann: Operator) -> None:
    (made,) = add_entries(ann, "trusted_devices", [entry("d")])
    assert release(ann, "trusted_devices", reason="sold", picked=[made.pk]) == (1, None)
    assert held("trusted_devices") == 0
    assert release(ann, "trusted_devices", reason="again", picked=[made.pk]) == (0, None)


def test_what_another_entry_holds_is_listed_anew(ann: Operator) -> None:
    first, second = (add_entries(ann, "trusted_devices", [entry("d", reason=r)])[0] for r in "ab")
    release(ann, "trusted_devices", reason="one is over", picked=[first.pk])
    (left,) = ListEntry.objects.filter(in_force())
    assert (left.reason, left.expires_at) == ("b", second.expires_at)
    assert left.pk not in {first.pk, second.pk}
    assert left.added_event != second.added_event


FILE = "value,reason,expires_at\nc1,lost,\nc2,,2999-01-01\n\n,none,\nc1,twice,\nc3,,yesterday\n"


def read(content: str | bytes) -> importing.Preview:
    data = content.encode() if isinstance(content, str) else content
    into = importing.declared_list("blocked_cards")
    return read_import(data, into, reason="given", expires_at=tomorrow())


def test_a_file_is_read_line_by_line() -> None:
    preview = read(FILE)
    assert [(e.value, e.reason) for e in preview.entries] == [("c1", "lost"), ("c2", "given")]
    assert preview.entries[1].expires_at is not None
    assert preview.entries[1].expires_at.year == 2999
    assert [fault.line for fault in preview.faults] == [5, 6, 7]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"value\n",
        b"\xff\xfe",
        b"value\0\n",
        b"who,why\na,b\n",
        b"value,colour\na,b\n",
        b'value\n"open\n',
        b"x\n" * 50_001,
        b"x" * (importing.BYTES_MAX + 1),
    ],
)
def test_what_is_no_such_file_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableImportError):
        read(content)


def test_a_file_of_bare_values() -> None:
    assert [e.value for e in read("\ufeffa\nb\r\nc").entries] == ["a", "b", "c"]


def test_an_import_is_confirmed_once_and_taken_back_whole(ann: Operator, bob: Operator) -> None:
    add_entries(ann, "blocked_cards", [entry("c1")])
    preview = read("a1\na2\nc1\n")
    assert preview.listed_already == 1
    kept = keep_preview(ann, "blocked_cards", preview, file_name="f.csv", reason="police")
    assert held() == 1
    assert b"a1" not in bytes(kept.preview or b"")
    confirm_import(ann, kept.pk)
    assert held() == 4
    with pytest.raises(DecidedImportError):
        confirm_import(ann, kept.pk)
    assert revert_import(bob, kept.pk, reason="wrong file") == 3
    assert [e.reason for e in ListEntry.objects.filter(in_force())] == ["stolen"]
    with pytest.raises(DecidedImportError):
        revert_import(bob, kept.pk, reason="again")
