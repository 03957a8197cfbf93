"""The core system of a demonstration: over loopback, and it does what it is asked to.

It checks the signature as a real one must, acknowledges every action with a reference of its own,
and holds nothing but who is frozen now.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import connection, transaction

from fengkong.cli.language import current_language
from fengkong.cli.loopback import listening
from fengkong.console.accounts.models import Operator
from fengkong.console.actions.connecting import add_system, toggle_system
from fengkong.console.actions.models import Action, CoreSystem
from fengkong.console.actions.port import ask
from fengkong.console.alerts.models import Alert
from fengkong.console.alerts.organising import current_terms, set_member
from fengkong.console.webhooks.signing import InvalidSignatureError, verify
from fengkong.core.bilingual import Bilingual
from fengkong.service.clock import wall_clock

if TYPE_CHECKING:
    from http.server import ThreadingHTTPServer

NAME: Final = "demo-core"
_SECOND_US: Final = 1_000_000
_WHY: Final = Bilingual(
    zh="资金数分钟内转出；演示数据", en="Money passed on within minutes; shown by the demonstration"
)
_TEAMS: Final = {"analyst": 2, "senior_analyst": 0, "credit_officer": 1}
"""How many of the teams each is in; 0 is all of them."""


@dataclass(slots=True)
class DemoCore:
    """Runs from `opened` to `close`; `done` has each action's reference, once, by its id."""

    secret: str = ""
    done: dict[str, str] = field(default_factory=dict)
    frozen: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Where it takes actions."""
        assert self._server is not None, "it is open"
        return f"http://127.0.0.1:{self._server.server_address[1]}/actions"

    def open(self) -> None:
        """Listen on a free port, until `close`."""
        self._server = listening(lambda _path, headers, body: self.take(headers, body))

    def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def take(self, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, str]]:
        """Do an action that is signed; told again it has the same answer."""
        try:
            verify(headers, body=body, secret=self.secret, now=wall_clock() // _SECOND_US)
        except InvalidSignatureError:
            return 401, {}
        told: dict[str, Any] = json.loads(body)["data"]
        with self._lock:
            reference = self.done.setdefault(told["id"], f"core-{len(self.done) + 1}")
            who = json.dumps(told["about"], sort_keys=True)
            if told["action"] == "freeze":
                self.frozen.add(who)
            elif told["action"] == "lift":
                self.frozen.discard(who)
        return 200, {"status": "done", "reference": reference}


def opened_demo_core() -> DemoCore:
    """A core system that listens until it is closed, connected where demo operators are."""
    core = DemoCore()
    core.open()
    connected_demo_core(core)
    return core


def connected_demo_core(core: DemoCore) -> bool:
    """Connect it, and put people into teams; False where there are no demo operators.

    Needs a started Django. The core system of an earlier demonstration, at whose address nobody
    listens any more, is switched off, and this one takes its place under another name.
    """
    try:
        admin = Operator.objects.filter(username="system_admin").first()
        if admin is None or not settings.CONSOLE.webhook_networks:
            return False
        for old in CoreSystem.objects.filter(name__startswith=NAME, active=True):
            toggle_system(admin, old.pk)
        count = CoreSystem.objects.count()
        name = NAME if not count else f"{NAME}-{count + 1}"
        _system, core.secret = add_system(admin, name=name, url=core.url, actions=[])
        _organise()
        return True
    finally:
        connection.close()


def frozen_in_demo() -> int:
    """Have the subject of the dearest alert of a case frozen; how many were asked for."""
    try:
        worker = Operator.objects.filter(username="analyst").first()
        alert = (
            Alert.objects.exclude(case_id=None).exclude(subject="").order_by("-expected_loss_minor")
        ).first()
        if worker is None or alert is None or Action.objects.exists():
            return 0
        ask(
            *("freeze", alert.subject, worker, _WHY.of(current_language())),
            case_id=str(alert.case_id),
            alert_id=alert.pk,
        )
        return 1
    finally:
        connection.close()


@transaction.atomic
def _organise() -> None:
    senior = Operator.objects.filter(username="senior_analyst").first()
    if senior is None:
        return
    teams = list(current_terms().teams)
    for username, count in _TEAMS.items():
        one = Operator.objects.filter(username=username).first()
        if one is not None:
            set_member(senior, one, teams=teams[:count] if count < len(teams) else [], skills=[])
