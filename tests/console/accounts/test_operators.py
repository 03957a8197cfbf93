"""Inviting, locking, releasing, resetting, and ending sessions."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from fengkong.console.accounts.models import Invitation, Operator, SignedIn
from fengkong.console.approvals.models import Proposal
from fengkong.console.audit.models import AuditEntry

pytestmark = pytest.mark.django_db
Browsers = Callable[..., Any]
PASSWORD = "corret-Pferd-42-battery"


def act(browser: Any, name: str, operator: Operator, **content: str) -> Any:
    return browser.post(reverse(name, args=[operator.username]), content)


def recorded(action: str) -> int:
    return AuditEntry.objects.filter(action=action).count()


def test_an_invited_operator_enrols_once(
    signed_in: Browsers, client: Client, clock: Any, code_now: Any
) -> None:
    browser = signed_in("system_admin")
    form = {"username": "Bob.Li", "name": "李博", "email": ""}
    answer = browser.post(reverse("invite_operator"), form)
    page = browser.get(answer["Location"]).content.decode()
    link = re.search(r"http://testserver(/accounts/enrol/[\w-]{43}/)", page)[1]  # type: ignore[index]
    assert link not in browser.get(answer["Location"]).content.decode()  # shown once
    assert Operator.objects.get(username="bob.li").roles() == set()
    assert recorded("invite_operator") == 1

    assert client.get(link).status_code == 200
    weak = client.post(link, {"password": "short1", "again": "short1"})
    assert weak.status_code == 200
    differs = client.post(link, {"password": PASSWORD, "again": PASSWORD + "x"})
    assert differs.status_code == 200
    answer = client.post(link, {"password": PASSWORD, "again": PASSWORD})
    assert answer["Location"] == reverse("account_login")
    assert client.get(link).status_code == 404
    assert client.post(link, {"password": "x", "again": "x"}).status_code == 404
    answer = client.post(reverse("account_login"), {"login": "BOB.LI", "password": PASSWORD})
    assert answer.status_code == 302
    assert client.get("/")["Location"] == reverse("mfa_index")


def test_a_link_expires_and_a_new_one_voids_the_old(
    signed_in: Browsers, make_operator: Callable[..., Operator], client: Client, clock: Any
) -> None:
    bob = make_operator("analyst", username="bob")
    browser = signed_in("system_admin")
    links = []
    for _ in range(2):
        act(browser, "renew_invitation", bob)
        page = browser.get(reverse("operator", args=["bob"])).content.decode()
        links.append(re.search(r"/accounts/enrol/[\w-]+/", page)[0])  # type: ignore[index]
    assert [client.get(link).status_code for link in links] == [404, 200]
    clock.move(hours=71, minutes=59)
    assert client.get(links[1]).status_code == 200
    clock.move(minutes=2)
    assert client.get(links[1]).status_code == 404
    assert client.get(reverse("enrol", args=["guess"])).status_code == 404
    stored = Invitation.objects.values_list("secret_hash", flat=True)
    assert not any(link.split("/")[3] in stored for link in links)


def test_a_name_is_taken_once(signed_in: Browsers) -> None:
    browser = signed_in("system_admin")
    for name, expected in (("bob", 302), ("BOB", 200), ("b b", 200), ("-x", 200)):
        form = {"username": name, "name": "Bob"}
        assert browser.post(reverse("invite_operator"), form).status_code == expected, name


def test_a_lock_ends_everything_at_once(
    signed_in: Browsers, make_operator: Callable[..., Operator], browser_of: Browsers
) -> None:
    bob = make_operator("analyst", username="bob", password=PASSWORD)
    bobs, admin = browser_of(bob), signed_in("security_admin")
    assert bobs.get("/").status_code == 200
    assert act(admin, "lock_operator", bob).status_code == 200  # no reason
    act(admin, "lock_operator", bob, reason="left the firm")
    assert bobs.get("/").status_code == 302
    assert not SignedIn.objects.filter(operator=bob).exists()
    act(admin, "release_operator", bob)
    assert bobs.get("/").status_code == 302  # the old session is gone for good
    bob.refresh_from_db()
    assert bob.is_active
    assert (recorded("lock_operator"), recorded("release_operator")) == (1, 1)


def test_release_also_lifts_a_lockout(
    signed_in: Browsers, make_operator: Callable[..., Operator], client: Client, clock: Any
) -> None:
    bob = make_operator("analyst", username="bob", password=PASSWORD)
    for number in range(5):
        client.post(reverse("account_login"), {"login": "bob", "password": f"wrong{number}"})
    right = {"login": "bob", "password": PASSWORD}
    assert client.post(reverse("account_login"), right).status_code == 429
    admin = signed_in("security_admin")
    assert "bob" in admin.get(reverse("operators"), {"state": "out"}).content.decode()
    act(admin, "release_operator", bob)
    assert client.post(reverse("account_login"), right).status_code == 302


@pytest.mark.parametrize("name", ["lock_operator", "reset_factors", "change_roles"])
def test_nobody_does_it_to_themselves(
    signed_in: Browsers, make_operator: Callable[..., Operator], name: str
) -> None:
    make_operator("security_admin")
    admin = signed_in("security_admin")
    before = AuditEntry.objects.count()
    answer = act(admin, name, admin.operator, reason="me", has_analyst="on")
    assert answer.status_code == 302
    added = AuditEntry.objects.values_list("action", "target")[
        : AuditEntry.objects.count() - before
    ]
    attempt = ("refuse_own_hands", admin.operator.username)
    assert list(added) == ([attempt] if name == "change_roles" else [])
    assert Authenticator.objects.filter(user=admin.operator).exists()
    assert not Proposal.objects.exists()


def test_the_last_administrator_is_not_locked(
    signed_in: Browsers, make_operator: Callable[..., Operator]
) -> None:
    system = make_operator("system_admin", username="sys")
    admin = signed_in("security_admin")
    act(admin, "lock_operator", system, reason="try")
    system.refresh_from_db()
    assert system.is_active
    make_operator("system_admin", username="sys2")
    act(admin, "lock_operator", system, reason="try")
    system.refresh_from_db()
    assert not system.is_active


def test_factors_are_reset_by_the_security_administrator(
    signed_in: Browsers, make_operator: Callable[..., Operator], browser_of: Browsers
) -> None:
    bob = make_operator("analyst", username="bob", password=PASSWORD)
    bobs = browser_of(bob)
    assert act(signed_in("system_admin"), "reset_factors", bob, reason="x").status_code == 403
    act(signed_in("security_admin"), "reset_factors", bob, reason="lost phone")
    assert not Authenticator.objects.filter(user=bob).exists()
    assert bobs.get("/").status_code == 302
    assert browser_of(bob).get("/")["Location"] == reverse("mfa_index")
    removed = AuditEntry.objects.get(action="remove_factor")
    assert removed.actor.startswith("security_admin")


def test_sessions_are_ended_by_whom_they_concern(
    signed_in: Browsers, make_operator: Callable[..., Operator], browser_of: Browsers
) -> None:
    bob = make_operator("analyst", username="bob")
    one, two, eve = browser_of(bob), browser_of(bob), signed_in("senior_analyst")
    first = SignedIn.objects.get(session_key=one.session.session_key)
    address = reverse("end_session", args=[first.handle])
    assert eve.post(address).status_code == 404
    assert one.get("/").status_code == 200
    assert two.post(address)["Location"] == reverse("own_page")
    assert one.get("/").status_code == 302
    third = browser_of(bob)
    two.post(reverse("end_other_sessions"))
    assert (third.get("/").status_code, two.get("/").status_code) == (302, 200)
    second = SignedIn.objects.get(session_key=two.session.session_key)
    security = signed_in("security_admin")
    security.post(reverse("end_session", args=[second.handle]))
    assert two.get("/").status_code == 302
    four = browser_of(bob)
    assert act(signed_in("system_admin"), "end_sessions", bob).status_code == 403
    act(security, "end_sessions", bob)
    assert four.get("/").status_code == 302
    assert (recorded("end_session"), recorded("end_sessions")) == (2, 2)


def test_a_session_that_was_ended_is_not_written_back(
    make_operator: Callable[..., Operator], browser_of: Browsers
) -> None:
    from django.contrib.sessions.backends.base import UpdateError

    browser = browser_of(make_operator("analyst"))
    running = browser.session
    running["more"] = 1
    SignedIn.objects.all().delete()
    with pytest.raises(UpdateError):
        running.save()
    assert browser.get("/").status_code == 302


def test_dangerous_acts_ask_who_is_there(
    signed_in: Browsers, make_operator: Callable[..., Operator], clock: Any
) -> None:
    bob = make_operator("analyst", username="bob")
    admin = signed_in("security_admin")
    admin.operator.set_password(PASSWORD)
    admin.operator.save()
    admin.force_login(admin.operator)  # the change of password ended the session; no proof yet
    answer = act(admin, "lock_operator", bob, reason="left")
    assert answer["Location"].startswith(reverse("account_reauthenticate"))
    bob.refresh_from_db()
    assert bob.is_active
    wrong = admin.post(answer["Location"], {"password": "wrong", "next": answer["Location"]})
    assert wrong.status_code == 200
    page = reverse("lock_operator", args=["bob"])
    proven = admin.post(answer["Location"], {"password": PASSWORD, "next": page})
    assert proven["Location"] == reverse("operator", args=["bob"])
    bob.refresh_from_db()
    assert not bob.is_active  # what was posted was done after the proof
    clock.move(minutes=4, seconds=59)
    assert act(admin, "release_operator", bob)["Location"] == reverse("operator", args=["bob"])
    clock.move(seconds=2)
    assert "verify" in act(admin, "lock_operator", bob, reason="x")["Location"]


def test_what_was_kept_for_the_proof_needs_the_permission_still(
    signed_in: Browsers, make_operator: Callable[..., Operator], clock: Any
) -> None:
    bob = make_operator("analyst", username="bob")
    admin = signed_in("security_admin")
    admin.operator.set_password(PASSWORD)
    admin.operator.save()
    admin.force_login(admin.operator)
    answer = act(admin, "lock_operator", bob, reason="left")
    admin.operator.grants.all().delete()
    page = reverse("lock_operator", args=["bob"])
    proven = admin.post(answer["Location"], {"password": PASSWORD, "next": page})
    assert proven.status_code == 403
    bob.refresh_from_db()
    assert bob.is_active


def test_a_part_of_a_page_is_asked_for_anew(
    signed_in: Browsers, make_operator: Callable[..., Operator], clock: Any
) -> None:
    bob = make_operator("analyst", username="bob")
    admin = signed_in("security_admin")
    clock.move(minutes=6)
    answer = admin.post(
        reverse("end_sessions", args=[bob.username]),
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/people/bob/"},
    )
    assert answer.status_code == 204
    assert answer["HX-Redirect"] == "/accounts/verify/?next=%2Fpeople%2Fbob%2F"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, {"ann", "bob", "cid"}),
        ({"q": "BO"}, {"bob"}),
        ({"role": "analyst"}, {"ann", "bob"}),
        ({"role": "regulator"}, set()),
        ({"state": "locked"}, {"cid"}),
        ({"state": "no_factor"}, {"bob"}),
        ({"state": "active", "role": "analyst"}, {"ann"}),
        ({"state": "nonsense"}, {"ann", "bob", "cid"}),
    ],
)
def test_the_list_shows_exactly_what_was_asked(
    signed_in: Browsers,
    make_operator: Callable[..., Operator],
    query: dict[str, str],
    names: set[str],
) -> None:
    make_operator("analyst", username="ann", password=PASSWORD)
    bob = make_operator("analyst", username="bob", password=PASSWORD)
    Authenticator.objects.filter(user=bob).delete()
    cid = make_operator("executive", username="cid")
    Operator.objects.filter(pk=cid.pk).update(is_active=False)
    browser = signed_in("audit_admin")
    found = {o.username for o, _ in browser.get(reverse("operators"), query).context["rows"]}
    assert found - {browser.operator.username} == names
