"""Sources that the worker gets by itself: guarded, examined, and a failure is a warning."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from tests.console.operators import browser_of, new_operator

from fengkong.console.accounts.models import Operator
from fengkong.console.audit.models import AuditEntry
from fengkong.console.outbox.models import Job
from fengkong.console.warnings.computing import recompute
from fengkong.console.warnings.models import PullResult, RaisedWarning, SourcePull, SourceStatus
from fengkong.console.warnings.pulling import InvalidPullError, pull_due, pull_now, set_pull
from fengkong.console.webhooks.destinations import RefusedDestinationError
from fengkong.indicators.library_file import shipped_library

pytestmark = pytest.mark.django_db
UPKEEP = shipped_library().source("upkeep")


@dataclass
class Site:
    """What lies behind the address, and how it was asked."""

    port: int = 0
    status: int = 200
    body: bytes = b""
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/upkeep.csv?all=1"


@pytest.fixture
def site(settings) -> Iterator[Site]:
    settings.CONSOLE = replace(settings.CONSOLE, webhook_networks=("127.0.0.0/8",))
    found = Site(body=f"day,backup_age_hours\n{timezone.localdate()},5\n".encode())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(found.status)
            if found.status == 302:
                self.send_header("Location", "/elsewhere.csv")
            self.send_header("Content-Length", str(len(found.body)))
            self.end_headers()
            self.wfile.write(found.body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


def set_by(officer: Operator, site: Site, minutes: int = 5) -> SourcePull:
    set_pull(officer, UPKEEP, address=site.address, every_minutes=minutes)
    return SourcePull.objects.get()


def test_a_source_is_got_by_schedule_with_its_token(
    site: Site, officer: Operator, data_directory: Path
) -> None:
    token = data_directory / "keys" / "pull.upkeep"
    token.write_text("secret-token\n", encoding="utf-8")
    set_by(officer, site)
    pull_due(Job())
    pull_due(Job())
    assert len(site.asked) == 1, "not before its time"
    assert site.asked[0]["authorization"] == "Bearer secret-token"
    PullResult.objects.update(at=timezone.now() - timedelta(minutes=6))
    pull_due(Job())
    assert len(site.asked) == 2
    recompute()
    assert SourceStatus.objects.get(pk="upkeep").state == "partial"
    assert AuditEntry.objects.filter(action="set_pull", target="upkeep").count() == 1


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (500, b"", "answered 500"),
        (302, b"", "answered 302"),
        (200, b"no table at all", "cannot be read"),
        (200, b"day,nothing\n2026-01-01,1\n", "columns are missing"),
        (200, b"\x00\x01\x02", "cannot be read"),
    ],
)
def test_what_cannot_be_taken_leaves_what_was_there(
    site: Site, officer: Operator, data_directory: Path, status: int, body: bytes, said: str
) -> None:
    pull = set_by(officer, site)
    assert pull_now(UPKEEP, pull).failures == 0
    place = data_directory / "sources" / "upkeep.csv"
    before = place.read_bytes()
    site.status, site.body = status, body
    result = pull_now(UPKEEP, pull)
    assert result.failures == 1
    assert said in result.said_en
    assert place.read_bytes() == before


def test_three_failures_make_the_source_stale_and_a_warning(site: Site, officer: Operator) -> None:
    pull = set_by(officer, site)
    pull_now(UPKEEP, pull)
    recompute()
    site.status = 503
    for _ in range(3):
        recompute()
        assert SourceStatus.objects.get(pk="upkeep").state == "partial"
        pull_now(UPKEEP, pull)
    recompute()
    assert SourceStatus.objects.get(pk="upkeep").state == "stale"
    warning = RaisedWarning.objects.get(indicator="source:upkeep", state="open")
    assert "3 pulls failed: answered 503" in warning.sentence_en
    site.status = 200
    pull_now(UPKEEP, pull)
    recompute()
    assert RaisedWarning.objects.get(pk=warning.pk).state == "closed"


def test_only_public_addresses_or_named_networks_and_only_who_may(
    settings, officer: Operator
) -> None:
    settings.CONSOLE = replace(settings.CONSOLE, webhook_networks=())
    for address in (
        "https://127.0.0.1/upkeep.csv",
        "https://169.254.169.254/latest.json",
        "http://10.0.0.1/upkeep.csv",
        "https://user:secret@example.com/upkeep.csv",
    ):
        with pytest.raises(RefusedDestinationError):
            set_pull(officer, UPKEEP, address=address, every_minutes=5)
    for address, minutes in (("https://example.com/upkeep", 5), ("https://e.com/a.csv", 0)):
        with pytest.raises(InvalidPullError):
            set_pull(officer, UPKEEP, address=address, every_minutes=minutes)
    analyst = new_operator("analyst", username="ann")
    with pytest.raises(PermissionDenied):
        set_pull(analyst, UPKEEP, address="", every_minutes=5)


def test_an_address_that_has_become_forbidden_is_not_asked(
    site: Site, officer: Operator, settings
) -> None:
    pull = set_by(officer, site)
    settings.CONSOLE = replace(settings.CONSOLE, webhook_networks=())
    result = pull_now(UPKEEP, pull)
    assert result.failures == 1
    assert site.asked == []


def test_the_page_of_a_source_sets_pulls_and_ends_it(site: Site, officer: Operator) -> None:
    browser = browser_of(officer, HTTP_ACCEPT_LANGUAGE="en")
    address = "/warnings/sources/upkeep/"
    given = {"address": site.address, "minutes": 15}
    answer = browser.post(f"{address}pull/", given, follow=True)
    assert "The worker does so from now on." in answer.content.decode()
    assert browser.post(f"{address}pull/now/", follow=True).status_code == 200
    assert Job.objects.filter(kind="pull_source").exists()
    pull_now(UPKEEP, SourcePull.objects.get())
    text = browser.get(address).content.decode()
    assert "got from its address" in text
    assert "backup_age_hours" in text
    browser.post(f"{address}pull/", {"address": "", "minutes": ""})
    assert not SourcePull.objects.exists()
    assert browser.post(f"{address}pull/now/").status_code == 404
    assert browser.get("/warnings/sources/none/").status_code == 404
