"""Every address, with every method, as every role and as a stranger: exactly as declared.

Addresses are asked from Django, so that a new one is visited without being named here; one that
declares nothing fails, and so does one whose arguments have no sample.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from http.cookies import SimpleCookie
from unittest import mock
from zlib import crc32

import pytest
from django.db import transaction
from django.http import HttpResponseBase
from django.template.backends.django import Template
from django.test import Client, override_settings
from django.urls import reverse
from pytest_django.plugin import DjangoDbBlocker
from tests.console.operators import browser_of, new_operator
from tests.console.permissions.samples import ABSENT, FINER, OWN, SAMPLES, SEES_ALL

from fengkong.console.accounts.duties import ROLES, permissions_of
from fengkong.console.accounts.models import Operator
from fengkong.console.project.addresses import Address, addresses
from fengkong.console.project.declared import Access, needs, operators, public

pytestmark = pytest.mark.django_db
METHODS = ("GET", "POST")
OTHER_METHODS = ("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE")
STRANGER, NOBODY = "stranger", "nobody"
ADDRESSES = addresses()
DOOR = Client(HTTP_HOST="localhost")


@dataclass(frozen=True)
class Visitor:
    """Somebody at the door: a stranger, or an operator with a role, or with none."""

    name: str
    operator: Operator | None
    cookies: SimpleCookie
    samples: dict[str, dict[str, object]]

    def may(self, permission: str | None) -> bool:
        if permission is None:
            return self.operator is not None
        return permission in permissions_of({self.name})

    def visit(self, address: Address, method: str, samples: dict[str, object]) -> HttpResponseBase:
        DOOR.cookies = SimpleCookie(self.cookies.output(header="", sep=";"))
        with changes_undone():
            answer = DOOR.generic(method, address.path(samples))
            answer.close()
        return answer


@contextmanager
def changes_undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def visitors(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[list[Visitor]]:
    signed_in_for = override_settings(ACCOUNT_REAUTHENTICATION_TIMEOUT=3_600)
    with django_db_blocker.unblock(), changes_undone(), signed_in_for:
        made = []
        for name in (NOBODY, *ROLES):
            operator = new_operator(*([name] if name in ROLES else []), username=name, password="x")
            samples = {part: sample(operator) for part, sample in SAMPLES.items()}
            browser = browser_of(operator, HTTP_HOST="localhost")
            made.append(Visitor(name, operator, browser.cookies, samples))
        made.insert(0, Visitor(STRANGER, None, SimpleCookie(), made[0].samples))
        # The newest link is the one that works.
        secret = made[-1].samples["accounts"]["secret"]
        for visitor in made:
            visitor.samples["accounts"]["secret"] = secret
        yield made


def outcome(answer: HttpResponseBase) -> str:
    """What became of a visit: signed in first, refused, not found, failed, or let in."""
    if answer.status_code == 302 and answer["Location"].startswith(reverse("account_login")):
        return "sign in"
    names = {403: "refused", 404: "not found"}
    return names.get(answer.status_code, "failed" if answer.status_code >= 500 else "let in")


def expected(visitor: Visitor, access: Access, method: str) -> str:
    if access.public:
        return "let in"
    if visitor.operator is None:
        return "sign in"
    return "let in" if visitor.may(access.asked_by(method)) else "refused"


def values_for(address: Address, visitor: Visitor) -> dict[str, object]:
    values = visitor.samples.get(address.part, {})
    missing = set(address.arguments) - set(values)
    assert not missing, f"tests/console/permissions/samples.py lacks {missing} for {address.route}"
    return values


LEADS_BACK = {
    *("mfa_authenticate", "mfa_login_webauthn", "account_logout", "mfa_reauthenticate_webauthn")
}
"""Addresses that lead who signs out, or fails in the middle of signing in, to its start."""


EVERY_ADDRESS = pytest.mark.parametrize("address", ADDRESSES, ids=lambda a: a.route or "/")


@EVERY_ADDRESS
def test_every_visitor_gets_what_is_declared(address: Address, visitors: list[Visitor]) -> None:
    """Every visit is made; its page is drawn for one of those let in, and one of those refused.

    Most of the time goes into drawing pages that only differ by a name and a menu; which roles see
    an address drawn is told by its name, so that together the addresses draw them for every role.
    """
    drawn = drawn_for(address, visitors)
    assert wrong_answers(address, visitors, METHODS, drawn=drawn) == []


@pytest.mark.nightly
@EVERY_ADDRESS
def test_every_page_is_drawn_for_every_visitor(address: Address, visitors: list[Visitor]) -> None:
    assert wrong_answers(address, visitors, METHODS) == []


@pytest.mark.nightly
@EVERY_ADDRESS
def test_every_other_method_is_declared_too(address: Address, visitors: list[Visitor]) -> None:
    assert wrong_answers(address, visitors, OTHER_METHODS) == []


def drawn_for(address: Address, visitors: list[Visitor]) -> set[str]:
    """The names of a visitor of each expected outcome, by turns over the addresses."""
    alike: dict[str, list[str]] = {}
    for visitor in visitors:
        for method in METHODS if address.access else ():
            due = expected(visitor, address.access, method)
            alike.setdefault(f"{method} {due}", []).append(visitor.name)
    turn = crc32(address.route.encode())
    return {names[turn % len(names)] for names in alike.values()}


@contextmanager
def undrawn() -> Iterator[None]:
    """Templates are found and given their context, and not drawn."""
    with mock.patch.object(Template, "render", return_value=""):
        yield


def also_told(address: Address) -> set[str]:
    """What else somebody may be told whom an address lets in, where it says so."""
    told = set()
    if address.name in LEADS_BACK:
        told.add("sign in")
    if address.name in ABSENT:
        told.add("not found")
    if address.name in FINER:
        told.add("refused")
    return told


def wrong_answers(
    address: Address,
    visitors: list[Visitor],
    methods: tuple[str, ...],
    *,
    drawn: set[str] | None = None,
) -> list[str]:
    """Where a visitor got something else than the address declares; pages of `drawn`, or of all."""
    if address.access is None:
        return [f"{address.route} declares nobody who may use it"]
    wrong = []
    for visitor in visitors:
        values = values_for(address, visitor)
        for method in methods:
            with nullcontext() if drawn is None or visitor.name in drawn else undrawn():
                seen = outcome(visitor.visit(address, method, values))
            due = expected(visitor, address.access, method)
            if seen != due and not (due == "let in" and seen in also_told(address)):
                wrong.append(f"{method} {address.route} as {visitor.name}: {seen}, declared {due}")
    return wrong


@pytest.mark.parametrize(
    "address", [a for a in ADDRESSES if a.name in OWN], ids=lambda address: address.name
)
def test_what_is_somebody_elses_is_not_found(address: Address, visitors: list[Visitor]) -> None:
    owner = next(visitor for visitor in visitors if visitor.name == NOBODY)
    values = values_for(address, owner)
    for visitor in visitors[2:]:
        all_seen = visitor.may(SEES_ALL[address.name]) if address.name in SEES_ALL else False
        answer = visitor.visit(address, "POST", values)
        assert outcome(answer) == ("let in" if all_seen else "not found"), visitor.name


def test_own_things_are_named_rightly() -> None:
    assert {a.name for a in ADDRESSES} >= OWN


def test_what_does_not_exist_is_not_found_by_anybody(visitors: list[Visitor]) -> None:
    nowhere = Address("no/such/page/", "", lambda request: None, None)
    for visitor in visitors:
        assert outcome(visitor.visit(nowhere, "GET", {})) == "not found"


def test_objects_that_do_not_exist_are_not_found(visitors: list[Visitor]) -> None:
    absent = {"username": "no-such-operator", "pk": 10**9, "handle": "0" * 20, "secret": "guess"}
    for address in ADDRESSES:
        if address.part != "accounts" or not address.arguments:
            continue
        assert address.access is not None
        for visitor in visitors:
            for method in ("GET", "POST"):
                answer = visitor.visit(address, method, absent)
                due = expected(visitor, address.access, method)
                shown = "not found" if due == "let in" else due
                assert answer.status_code == 405 or outcome(answer) == shown, (
                    f"{method} {address.route} as {visitor.name}: {answer.status_code}"
                )


@pytest.mark.parametrize(
    ("declare", "name", "due"),
    [
        (lambda view: view, "system_admin", "refused"),
        (public, STRANGER, "let in"),
        (operators, STRANGER, "sign in"),
        (operators, NOBODY, "let in"),
        (needs("audit.view"), "audit_admin", "let in"),
        (needs("audit.view"), "analyst", "refused"),
        (needs("audit.view", act="audit.verify"), "regulator", "let in"),
    ],
)
def test_a_new_address_is_judged_by_its_declaration(
    visitors: list[Visitor],
    monkeypatch: pytest.MonkeyPatch,
    declare: Callable[..., Callable[..., object]],
    name: str,
    due: str,
) -> None:
    from django.http import HttpResponse
    from django.urls import clear_url_caches, path

    from fengkong.console.project import urls

    view = declare(lambda request: HttpResponse("in"))
    planted = path("planted/", view, name="planted")
    monkeypatch.setattr(urls, "urlpatterns", [planted, *urls.urlpatterns])
    clear_url_caches()
    try:
        found = next(a for a in addresses() if a.name == "planted")
        visitor = next(v for v in visitors if v.name == name)
        assert outcome(visitor.visit(found, "GET", {})) == due
    finally:
        monkeypatch.undo()
        clear_url_caches()
