"""`fengkong up` with journal and console on PostgreSQL: it starts, and every main screen opens."""

import http.client
import importlib.util
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmarks.console_screens import Browser
from psycopg.conninfo import conninfo_to_dict
from tests.browser.made import PASSWORD
from tests.browser.signing_in import SECRET
from tests.browser.test_rule_path import payment
from tests.browser.whole_system import WholeSystem, make_operators, running_system, wait_for
from tests.console.governance.versions import TEXT

from fengkong.console.accounts.duties import ROLES

pytestmark = pytest.mark.nightly
EVENTS = 60


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    place = Path(__file__).resolve().parents[1] / "journal" / "postgres_server.py"
    spec = importlib.util.spec_from_file_location("browser_tests_postgres_server", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if reason := module.missing():
        pytest.skip(reason)
    started = module.PostgresServer().start()
    yield started
    started.stop()


def address_of(server: Any) -> str:
    place = conninfo_to_dict(server.new_database())
    return f"postgresql:///{place['dbname']}?host={place['host']}&user={place['user']}"


@pytest.fixture(scope="module")
def system(server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeSystem]:
    folder = tmp_path_factory.mktemp("postgres")
    data = folder / "data"
    data.mkdir(mode=0o700)
    (data / "service.yaml").write_text(f'store: "{address_of(server)}"\n')
    (data / "console.yaml").write_text(f'database: "{address_of(server)}"\n')
    make_operators(data, f"walker:{','.join(ROLES)}", "bob:senior_analyst")
    first = folder / "policy.yaml"
    first.write_text(TEXT, encoding="utf-8")
    with running_system(data, str(first)) as running:
        yield running


@pytest.fixture(scope="module")
def decided(system: WholeSystem) -> WholeSystem:
    """The system once it has decided some events, and its worker has seen them."""
    with system.traffic() as traffic:
        for number in range(EVENTS):
            one = payment(number) | {
                "device": f"d{number % 3}",
                "amount": f"{number * 200 + 20}.00",
            }
            traffic.decide(one)
    return system


def browser_of(system: WholeSystem, who: str) -> Browser:
    browser = Browser(int(system.console.rsplit(":", 1)[1]))
    until = time.monotonic() + 70  # a code is used once: the next one comes within half a minute
    while True:
        try:
            browser.sign_in(who, password=PASSWORD, secret=SECRET)
        except AssertionError:
            assert time.monotonic() < until, f"{who} cannot sign in"
            time.sleep(5)
        else:
            return browser


@pytest.fixture(scope="module")
def walker(decided: WholeSystem) -> Iterator[Browser]:
    browser = browser_of(decided, "walker")
    yield browser
    browser.close()


def page(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status == 200, (path, answer.status)
    return answer.body.decode()


def test_nothing_is_kept_beside(decided: WholeSystem) -> None:
    assert not (decided.data / "console.db").exists()
    assert not (decided.data / "journal.db").exists()


def test_decisions_reach_the_screens(walker: Browser) -> None:
    newest = f"e{EVENTS - 1}"
    wait_for(lambda: newest in page(walker, "/decisions/"))
    large = page(walker, "/decisions/?rule=amount.large")
    assert newest in large
    assert ">e1<" not in large
    assert newest in page(walker, f"/decisions/?event={newest}")


def test_a_decision_is_read_from_the_journal(walker: Browser) -> None:
    wait_for(lambda: f"e{EVENTS - 1}" in page(walker, "/decisions/"))
    number = re.search(r"/decisions/(\d+)/", page(walker, "/decisions/"))
    assert number is not None
    assert "The event as it was received" in page(walker, f"/decisions/{number[1]}/")


SCREENS = (
    *("/", "/live/", "/live/?period=7d", "/live/stream/", "/live/features/", "/live/models/"),
    *("/live/health/", "/decisions/", "/policies/", "/policies/parameters/", "/policies/models/"),
    *("/policies/new/", "/lists/", "/lists/blocked_devices/", "/approvals/", "/audit/"),
    *("/people/", "/insiders/", "/webhooks/", "/tokens/", "/alerts/", "/jobs/"),
    *("/live/features/device_card_distinct_1d/", "/audit/?action=sign_in", "/personal/exports/"),
)


@pytest.mark.parametrize("path", SCREENS)
def test_every_main_screen_opens(walker: Browser, path: str) -> None:
    assert page(walker, path)


def test_a_list_takes_an_entry_and_the_service_knows_it(
    decided: WholeSystem, walker: Browser
) -> None:
    ends = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86_400))
    said = {"values": "d-bad", "reason": "stolen", "expires_on": ends}
    assert walker.post("/lists/blocked_devices/add/", said).status == 302
    with decided.traffic() as traffic:

        def outcome() -> str:
            number = time.monotonic_ns()
            one = payment(number) | {"device": "d-bad", "amount": "20.00"}
            return str(traffic.decide(one)["decision"]["outcome"])

        wait_for(lambda: outcome() == "deny", every=0.5)


def test_the_live_stream_tells_of_what_comes(decided: WholeSystem, walker: Browser) -> None:
    port = int(decided.console.rsplit(":", 1)[1])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/live/stream/events", headers={"Cookie": walker.cookies})
    answer = connection.getresponse()
    assert answer.status == 200
    number = time.monotonic_ns()
    with decided.traffic() as traffic:
        traffic.decide(payment(number))
    seen = b""
    while f"e{number}".encode() not in seen:
        seen += answer.read1(65_536)
    connection.close()
