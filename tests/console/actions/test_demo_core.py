"""The demonstration's core system does what it is asked to once, if it is signed."""

import json
import time
import urllib.error
import urllib.request
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from tests.console.operators import new_operator

from fengkong.cli.demo_core import DemoCore, connected_demo_core
from fengkong.console.actions.models import CoreSystem
from fengkong.console.alerts.models import DeskMember
from fengkong.console.webhooks.signing import new_secret, signature_headers

ABOUT = {"customer": "C1"}


def told(core: DemoCore, action: str, number: str, *, secret: str) -> tuple[int, dict[str, Any]]:
    body = json.dumps({"data": {"id": number, "action": action, "about": ABOUT}}).encode()
    headers = signature_headers(
        message_id=f"msg_{number}", timestamp=int(time.time()), body=body, secrets_valid=[secret]
    )
    asked = urllib.request.Request(core.url, data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, {}


def test_it_freezes_and_lifts_once_and_only_signed() -> None:
    core = DemoCore(secret=new_secret())
    core.open()
    try:
        first = told(core, "freeze", "a1", secret=core.secret)
        assert first == (200, {"status": "done", "reference": "core-1"})
        assert told(core, "freeze", "a1", secret=core.secret) == first
        assert len(core.frozen) == 1
        assert told(core, "lift", "a2", secret=new_secret())[0] == 401
        assert len(core.frozen) == 1
        assert told(core, "lift", "a3", secret=core.secret)[1]["reference"] == "core-2"
        assert not core.frozen
    finally:
        core.close()


@pytest.mark.django_db
def test_it_is_connected_with_teams_and_takes_the_place_of_an_older_one(settings: Any) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("it closes its connection, which only a database in memory survives here")
    settings.CONSOLE = replace(settings.CONSOLE, webhook_networks=("127.0.0.0/8",))
    settings.CONSOLE.keys.mkdir(mode=0o700, exist_ok=True)
    core = DemoCore()
    core.open()
    try:
        assert not connected_demo_core(core), "nobody is there"
        for role in ("system_admin", "senior_analyst", "analyst"):
            new_operator(role, username=role)
        assert connected_demo_core(core)
        first = core.secret
        assert connected_demo_core(core)
    finally:
        core.close()
    assert core.secret != first
    assert list(CoreSystem.objects.values_list("active", flat=True)) == [False, True]
    assert len(DeskMember.objects.get(operator__username="analyst").teams) == 2
    assert DeskMember.objects.get(operator__username="senior_analyst").teams == []
