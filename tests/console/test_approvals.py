"""The inbox: who sees which proposal, what can be done with it, and when it runs out."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from tests.console.operators import an_hour_later, sign_in

from fengkong.console.accounts.models import Operator, RoleGrant
from fengkong.console.approvals import four_eyes, queries
from fengkong.console.approvals.four_eyes import (
    Act,
    ExpiredProposalError,
    approve,
    expire_old,
    propose,
)
from fengkong.console.approvals.models import Proposal
from fengkong.console.audit.actions import action_words
from fengkong.console.audit.models import AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def done(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    acts: list[str] = []
    act = Act(
        "Try a policy",
        "policies.edit",
        "policies.approve",
        lambda proposal, by: acts.append(proposal.target),
        describe=lambda proposal: [("Cards", proposal.content["n"])],
        lasts=timedelta(days=2),
    )
    monkeypatch.setitem(four_eyes._ACTS, "try_policy", act)
    return acts


def operator(name: str, role: str) -> Operator:
    made = Operator.objects.create_user(name)
    RoleGrant.objects.create(operator=made, role=role)
    return made


@pytest.fixture
def people() -> dict[str, Operator]:
    roles = {"ann": "analyst", "bob": "senior_analyst", "cai": "compliance_officer"}
    return {name: operator(name, role) for name, role in roles.items()} | {
        "eve": operator("eve", "executive")
    }


def proposed(by: Operator) -> Proposal:
    return propose(by, "try_policy", target="payments", reason="more cards", content={"n": 17})


@pytest.fixture
def signed_in(client: Client) -> Callable[[Operator], Client]:
    def enter(who: Operator) -> Client:
        sign_in(client, who)
        return client

    return enter


SEEN = [("ann", "mine"), ("bob", "open"), ("cai", "open"), ("eve", None)]


@pytest.mark.parametrize(("who", "box"), SEEN)
def test_a_proposal_is_seen_by_whom_it_concerns(
    people: dict[str, Operator],
    signed_in: Callable[[Operator], Client],
    who: str,
    box: str | None,
) -> None:
    number = proposed(people["ann"]).pk
    client = signed_in(people[who])
    for name in ("open", "mine", "decided"):
        page = client.get(reverse("approvals"), {"box": name}).content.decode()
        assert ("payments" in page) is (name == box)
    answer = client.get(reverse("proposal", args=[number]))
    assert answer.status_code == (404 if box is None else 200)
    if box is not None:
        page = answer.content.decode()
        assert "17" in page
        assert ("approve/" in page, "withdraw/" in page) == (box == "open", box == "mine")


def test_approval_on_the_screen(
    people: dict[str, Operator], signed_in: Callable[[Operator], Client], done: list[str]
) -> None:
    number = proposed(people["ann"]).pk
    client = signed_in(people["bob"])
    client.post(reverse("approve_proposal", args=[number]), {"remark": "well"})
    found = Proposal.objects.get()
    assert (found.state, found.decided_by, found.remark) == ("approved", people["bob"], "well")
    assert done == ["payments"]
    again = client.post(reverse("approve_proposal", args=[number]), follow=True)
    assert done == ["payments"]
    assert again.status_code == 200


def test_nobody_approves_their_own(
    people: dict[str, Operator], signed_in: Callable[[Operator], Client], done: list[str]
) -> None:
    number = proposed(people["bob"]).pk
    page = signed_in(people["bob"]).post(reverse("approve_proposal", args=[number]), follow=True)
    assert page.status_code == 200
    assert (Proposal.objects.get().state, done) == ("open", [])


def test_a_rejection_says_why(
    people: dict[str, Operator], signed_in: Callable[[Operator], Client]
) -> None:
    number = proposed(people["ann"]).pk
    client = signed_in(people["bob"])
    client.post(reverse("reject_proposal", args=[number]), {"remark": "  "})
    assert Proposal.objects.get().state == "open"
    client.post(reverse("reject_proposal", args=[number]), {"remark": "too strict"})
    assert Proposal.objects.get().state == "rejected"


def test_only_the_proposer_withdraws(
    people: dict[str, Operator], signed_in: Callable[[Operator], Client]
) -> None:
    number = proposed(people["ann"]).pk
    address = reverse("withdraw_proposal", args=[number])
    assert signed_in(people["bob"]).post(address).status_code == 403
    signed_in(people["ann"]).post(address)
    assert Proposal.objects.get().state == "withdrawn"


def test_who_sees_nothing_decides_nothing(
    people: dict[str, Operator], signed_in: Callable[[Operator], Client]
) -> None:
    number = proposed(people["ann"]).pk
    client = signed_in(people["eve"])
    for name in ("approve", "reject", "withdraw"):
        answer = client.post(reverse(f"{name}_proposal", args=[number]), {"remark": "x"})
        assert answer.status_code == 404


def test_approval_asks_again_who_is_there(
    people: dict[str, Operator], signed_in: Callable[[Operator], Client], done: list[str]
) -> None:
    number = proposed(people["ann"]).pk
    client = signed_in(people["bob"])
    an_hour_later(client)
    answer = client.post(reverse("approve_proposal", args=[number]))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_reauthenticate"))
    assert (Proposal.objects.get().state, done) == ("open", [])


@pytest.mark.parametrize(
    ("waited", "state"),
    [
        (timedelta(days=2, seconds=-5), "open"),
        (timedelta(days=2), "expired"),
        (timedelta(days=9), "expired"),
    ],
)
def test_proposals_run_out(people: dict[str, Operator], waited: timedelta, state: str) -> None:
    number = proposed(people["ann"]).pk
    Proposal.objects.update(expires_at=timezone.now() + timedelta(days=2) - waited)
    if state == "expired":
        with pytest.raises(ExpiredProposalError):
            approve(people["bob"], number)
    assert expire_old() == (state == "expired")
    assert expire_old() == 0
    assert Proposal.objects.get().state == state
    entry = AuditEntry.objects.first()
    assert entry.action == ("expire_try_policy" if state == "expired" else "propose_try_policy")
    assert "Try a policy" in action_words(entry.action)


def test_the_auditor_sees_what_was_decided(people: dict[str, Operator]) -> None:
    vera = operator("vera", "audit_admin")
    approve(people["bob"], proposed(people["ann"]).pk)
    assert queries.decided(vera).count() == 1
    assert queries.to_decide(vera).count() == 0
