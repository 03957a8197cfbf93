"""How people are told in a demonstration: two robots of a chat, a duty roster, an escalation.

The robots are a small server on this machine that keeps what it is told in a file of the data
directory; so a warning's way to people is seen whole, in the log of deliveries and in the file.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.db import connection, transaction
from django.utils import timezone

from fengkong.cli.language import current_language
from fengkong.cli.loopback import listening
from fengkong.console.accounts.models import Operator
from fengkong.console.notices import changing
from fengkong.console.notices.changing import Terms
from fengkong.console.notices.models import Channel
from fengkong.console.notices.signs import ANY

if TYPE_CHECKING:
    from http.server import ThreadingHTTPServer

MESSAGES: Final = "demo-messages.jsonl"
_DESK: Final = {"zh": "钉钉 · 风险值班群", "en": "DingTalk · risk on duty"}
_LEAD: Final = {"zh": "飞书 · 应急指挥", "en": "Feishu · incident command"}
_ESCALATED_MINUTES: Final = 15
_SHIFTS: Final = {
    **dict.fromkeys(("credit", "market", "liquidity", "funds"), "credit_officer"),
    **dict.fromkeys(("operational", "technical"), "incident_commander"),
    "fraud": "senior_analyst",
    "compliance": "compliance_officer",
}
"""Who is on duty for which kind of risk."""


def started_robots(data: Path) -> ThreadingHTTPServer:
    """A server that takes what robots of DingTalk and Feishu take, until it is shut down."""
    kept, turn = data / MESSAGES, threading.Lock()

    def take(path: str, _headers: Mapping[str, str], body: bytes) -> tuple[int, Mapping[str, Any]]:
        with suppress(ValueError):
            said = {
                "at": timezone.localtime().isoformat(timespec="seconds"),
                "robot": path.split("?", maxsplit=1)[0].strip("/"),
                "message": json.loads(body),
            }
            with turn, kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps(said, ensure_ascii=False) + "\n")
        return 200, {"errcode": 0, "errmsg": "ok", "code": 0, "msg": "success"}

    return listening(take)


def made_demo_channels(port: int) -> int:
    """Channels, routes and shifts; how many channels. None where there are some.

    Needs a started Django, and the roles' demo operators.
    """
    try:
        admin = Operator.objects.filter(username="system_admin").first()
        commander = Operator.objects.filter(username="incident_commander").first()
        if admin is None or commander is None or Channel.objects.exists():
            return 0
        with transaction.atomic():
            return _made(admin, commander, port=port)
    finally:
        connection.close()


def _made(admin: Operator, commander: Operator, *, port: int) -> int:
    language = current_language()
    desk, lead = (
        changing.add_channel(
            admin,
            Terms(
                name=names[language],
                kind=kind,
                language=language,
                address=f"http://127.0.0.1:{port}/{kind}?access_token=demonstration",
                secret="SECdemonstration",  # noqa: S106 - of a robot on this machine
            ),
        )
        for kind, names in (("dingtalk", _DESK), ("feishu", _LEAD))
    )
    changing.add_route(commander, channel=desk, group=ANY, level="orange", after_minutes=0)
    changing.add_route(
        commander, channel=lead, group=ANY, level="red", after_minutes=_ESCALATED_MINUTES
    )
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    for group, username in _SHIFTS.items():
        operator = Operator.objects.filter(username=username).first()
        if operator is not None:
            ends = now + timedelta(days=7)
            changing.add_shift(
                commander, group=group, operator=operator, starts_at=now, ends_at=ends
            )
    return 2
