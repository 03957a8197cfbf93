"""Who asks, behind a reverse proxy and without one, however the headers are forged."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from fengkong.console.accounts.lockout import ADDRESS_FAILURES_MAX
from fengkong.console.accounts.models import Operator, SignedIn
from fengkong.console.audit.models import AuditEntry
from fengkong.console.configuration import load_console_settings
from fengkong.console.project.behind_proxies import address_of, client_of
from fengkong.core.errors import FaultsError

PROXY, OUTER, BROWSER, FORGED = "10.0.0.5", "10.0.0.6", "203.0.113.9", "198.51.100.1"
TRUSTED = [ip_network("10.0.0.0/24"), ip_network("2001:db8:1::/64")]
PASSWORD = "corret-Pferd-42-battery"


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        (BROWSER, BROWSER),
        (f"{BROWSER}, {OUTER}", BROWSER),
        (f"{FORGED}, {BROWSER}", BROWSER),  # the browser wrote the first one itself
        (f"{FORGED},{BROWSER} ,{OUTER}", BROWSER),
        (f"{OUTER}, {BROWSER}", BROWSER),  # pretends to be a proxy
        ("", PROXY),
        ("unknown", PROXY),
        (f"{FORGED}, nonsense", PROXY),
        (f"{FORGED}, nonsense, {OUTER}", OUTER),
        (f"{BROWSER}:4711", BROWSER),
        ("[2001:db8:2::7]:4711", "2001:db8:2::7"),
        ("2001:db8:2::7, 2001:db8:1::1", "2001:db8:2::7"),
        (f"::ffff:{BROWSER}", BROWSER),
        (", ".join([FORGED, *[OUTER] * 100]), OUTER),  # further back than anybody stands
        ("<script>", PROXY),
    ],
)
def test_who_asked(forwarded: str, expected: str) -> None:
    assert str(client_of(ip_address(PROXY), forwarded, trusted=TRUSTED)) == expected


@given(st.text(max_size=60))
def test_what_a_browser_writes_before_its_address_changes_nothing(written: str) -> None:
    found = client_of(ip_address(PROXY), f"{written}, {BROWSER}", trusted=TRUSTED)
    assert str(found) == BROWSER


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_none(written: str) -> None:
    found = address_of(written)
    assert found is None or ip_address(str(found)) == found


@pytest.fixture
def ann(make_operator: Callable[..., Operator]) -> Operator:
    return make_operator("analyst", username="ann", password=PASSWORD)


@pytest.fixture
def behind(settings: Any) -> None:
    settings.CONSOLE = replace(settings.CONSOLE, trusted_proxies=("10.0.0.0/24",))


def fail(browser: Client, *, peer: str, forwarded: str, name: str = "ann") -> Any:
    return browser.post(
        "/accounts/login/",
        {"login": name, "password": "wrong"},
        REMOTE_ADDR=peer,
        headers={"X-Forwarded-For": forwarded, "X-Real-Ip": FORGED, "Forwarded": f"for={FORGED}"},
    )


def recorded() -> set[str]:
    return {e.detail["address"] for e in AuditEntry.objects.filter(action="refuse_sign_in")}


@pytest.mark.django_db
def test_without_the_setting_no_header_is_believed(ann: Operator, client: Client) -> None:
    fail(client, peer=PROXY, forwarded=BROWSER)
    assert recorded() == {PROXY}
    assert set(AccessAttempt.objects.values_list("ip_address", flat=True)) == {PROXY}


@pytest.mark.django_db
@pytest.mark.usefixtures("behind")
def test_ledger_and_lockout_see_the_browser(ann: Operator, client: Client) -> None:
    fail(client, peer=PROXY, forwarded=f"{FORGED}, {BROWSER}")
    assert recorded() == {BROWSER}
    assert set(AccessAttempt.objects.values_list("ip_address", flat=True)) == {BROWSER}


@pytest.mark.django_db
@pytest.mark.usefixtures("behind")
def test_one_that_is_no_proxy_is_not_believed(ann: Operator, client: Client) -> None:
    fail(client, peer=BROWSER, forwarded=FORGED)
    assert recorded() == {BROWSER}


@pytest.mark.django_db
@pytest.mark.usefixtures("behind")
def test_an_address_that_fails_too_often_locks_itself_out_and_not_the_proxy(ann: Operator) -> None:
    AccessAttempt.objects.create(
        username="many", ip_address=BROWSER, failures_since_start=ADDRESS_FAILURES_MAX
    )
    for number in range(3):  # another forged address each time
        answer = fail(Client(), peer=PROXY, forwarded=f"198.51.100.{number}, {BROWSER}", name="bo")
        assert answer.status_code == 429
    assert fail(Client(), peer=PROXY, forwarded="203.0.113.10", name="bo").status_code != 429


@pytest.mark.django_db
@pytest.mark.usefixtures("behind")
def test_a_session_says_where_it_began(ann: Operator, code_of: Callable[[], str]) -> None:
    browser = Client(REMOTE_ADDR=PROXY, headers={"X-Forwarded-For": BROWSER})
    browser.post("/accounts/login/", {"login": "ann", "password": PASSWORD})
    browser.post("/accounts/login/factor/", {"code": code_of()})
    assert SignedIn.objects.get(operator=ann).address == BROWSER


@pytest.fixture
def code_of() -> Callable[[], str]:
    import time

    from tests.console.operators import TOTP_SECRET

    from fengkong.cli.authenticator import code_at

    return lambda: code_at(TOTP_SECRET, seconds=int(time.time()))


@pytest.mark.django_db
@pytest.mark.usefixtures("behind")
@pytest.mark.parametrize(
    ("peer", "proto", "secure"),
    [(PROXY, "https", True), (PROXY, "http", False), (PROXY, "", False), (BROWSER, "https", False)],
)
def test_https_ends_at_the_proxy(client: Client, peer: str, proto: str, secure: bool) -> None:
    headers = {"X-Forwarded-Proto": proto, "X-Forwarded-For": BROWSER}
    answer = client.get("/accounts/login/", REMOTE_ADDR=peer, headers=headers)
    assert answer.wsgi_request.is_secure() is secure


def test_the_setting_is_checked(tmp_path: Any) -> None:
    (tmp_path / "console.yaml").write_text("trusted_proxies: [10.0.0.0/24, 10.0.0.300]\n")
    with pytest.raises(FaultsError, match="not a network"):
        load_console_settings(tmp_path)
    (tmp_path / "console.yaml").write_text("trusted_proxies: 10.0.0.5\n")
    assert load_console_settings(tmp_path).trusted_proxies == ("10.0.0.5",)
