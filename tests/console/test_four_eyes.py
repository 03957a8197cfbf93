"""What one operator proposes another approves, and the ledger names both."""

import json
from collections.abc import Iterator

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from fengkong.console.accounts.models import Operator, RoleGrant
from fengkong.console.approvals import four_eyes
from fengkong.console.approvals.four_eyes import (
    Act,
    DecidedProposalError,
    SameEyesError,
    approve,
    propose,
    reject,
    withdraw,
)
from fengkong.console.approvals.models import Proposal
from fengkong.console.audit.models import AuditEntry
from fengkong.console.audit.recording import FIRST_PREVIOUS, leaf_hash, record

pytestmark = pytest.mark.django_db


def operator(name: str, role: str) -> Operator:
    made = Operator.objects.create_user(name)
    RoleGrant.objects.create(operator=made, role=role)
    return made


@pytest.fixture
def performed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    done: list[str] = []
    act = Act("try", "policies.edit", "policies.approve", lambda p, by: done.append(p.target))
    monkeypatch.setitem(four_eyes._ACTS, "try_policy", act)
    return done


def proposed(by: Operator) -> Proposal:
    return propose(by, "try_policy", target="payments", reason="more cards", content={"n": 1})


def test_two_people_do_it(performed: list[str]) -> None:
    ann, bob = operator("ann", "analyst"), operator("bob", "senior_analyst")
    proposal = approve(bob, proposed(ann).pk)
    assert performed == ["payments"]
    assert (proposal.state, proposal.decided_by) == ("approved", bob)
    entries = [json.loads(bytes(e.leaf)) for e in AuditEntry.objects.order_by("sequence")]
    assert [(e["actor"], e["action"]) for e in entries] == [
        ("ann", "propose_try_policy"),
        ("bob", "approve_try_policy"),
    ]
    assert entries[1]["detail"]["proposed_by"] == "ann"


def test_who_proposes_does_not_approve(performed: list[str]) -> None:
    bob = operator("bob", "senior_analyst")
    proposal = proposed(bob)
    with pytest.raises(SameEyesError):
        approve(bob, proposal.pk)
    with pytest.raises(PermissionDenied):
        approve(operator("eve", "executive"), proposal.pk)
    with pytest.raises(PermissionDenied):
        proposed(Operator.objects.get(username="eve"))
    assert performed == []


@pytest.mark.parametrize("end", ["approve", "reject", "withdraw"])
def test_decided_once(performed: list[str], end: str) -> None:
    ann, bob = operator("ann", "analyst"), operator("bob", "senior_analyst")
    number = proposed(ann).pk
    if end == "approve":
        approve(bob, number)
    elif end == "reject":
        reject(bob, number, remark="too strict")
    else:
        withdraw(ann, number)
    for again in (
        lambda: approve(bob, number),
        lambda: reject(bob, number, remark=""),
        lambda: withdraw(ann, number),
    ):
        with pytest.raises(DecidedProposalError):
            again()
    assert performed == (["payments"] if end == "approve" else [])


def test_an_act_that_fails_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(proposal: Proposal, by: Operator) -> None:
        raise OSError("the service is away")

    monkeypatch.setitem(
        four_eyes._ACTS, "try_policy", Act("try", "policies.edit", "policies.approve", fail)
    )
    number = proposed(operator("ann", "analyst")).pk
    with pytest.raises(OSError, match="away"):
        approve(operator("bob", "senior_analyst"), number)
    assert Proposal.objects.get(pk=number).state == "open"
    assert AuditEntry.objects.count() == 1


def test_entries_are_chained() -> None:
    with transaction.atomic():
        for number in range(5):
            record("system", "try_it", target_kind="test", target=str(number))
    previous = FIRST_PREVIOUS
    for place, entry in enumerate(AuditEntry.objects.order_by("sequence"), start=1):
        content = json.loads(bytes(entry.leaf))
        assert (content["sequence"], content["previous"]) == (place, previous)
        assert leaf_hash(bytes(entry.leaf)) == bytes(entry.leaf_hash)
        previous = bytes(entry.leaf_hash).hex()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_recorded_outside_of_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="outside"):
        record("system", "try_it", target_kind="test", target="1")
