"""Receivers of notices: real HTTP and SMTP servers on loopback."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tests.console.operators import new_operator
from tests.console.webhooks.receiving import Receiver, serve

from fengkong.console.accounts.models import Operator
from fengkong.console.notices import changing
from fengkong.console.notices.changing import Terms
from fengkong.console.notices.models import Channel

TAKEN = {
    "dingtalk": b'{"errcode":0,"errmsg":"ok"}',
    "feishu": b'{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}',
    "wecom": b'{"errcode":0,"errmsg":"ok"}',
    "webhook": b"",
}


@dataclass
class MailServer:
    """What a mail server was given; it answers `refusal` to who it sends to, where that is set."""

    mails: list[str] = field(default_factory=list)
    to: list[str] = field(default_factory=list)
    refusal: str = ""
    port: int = 0


def _smtp(kept: MailServer) -> socketserver.ThreadingTCPServer:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 loopback")
            while line := self.rfile.readline().decode().strip():
                verb = line[:4].upper()
                if verb == "RCPT":
                    kept.to.append(line[8:].strip("<>:"))
                    self._say(kept.refusal or "250 ok")
                elif verb == "DATA":
                    self._say("354 go on")
                    lines = iter(self.rfile.readline, b".\r\n")
                    kept.mails.append(b"".join(lines).decode())
                    self._say("250 taken")
                elif verb == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 ok")

        def _say(self, text: str) -> None:
            self.wfile.write(text.encode() + b"\r\n")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    kept.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


@pytest.fixture
def mail_server(settings) -> Iterator[MailServer]:
    kept = MailServer()
    server = _smtp(kept)
    settings.CONSOLE = replace(settings.CONSOLE, mail_server=f"smtp://127.0.0.1:{kept.port}")
    yield kept
    server.shutdown()
    server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    server = serve(made)
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def loopback_allowed(settings, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    settings.CONSOLE = replace(
        settings.CONSOLE,
        directory=tmp_path,
        webhook_networks=("127.0.0.0/8",),
        public_address="https://risk.example",
    )


@pytest.fixture
def admin(db: None) -> Operator:
    return new_operator("system_admin", username="ada")


@pytest.fixture
def commander(db: None) -> Operator:
    return new_operator("incident_commander", username="carl")


@pytest.fixture
def channel_of(admin: Operator, commander: Operator, receiver: Receiver) -> Callable[..., Channel]:
    """Makes a channel of a kind that the receiver answers as that kind does, with a route."""

    def make(kind: str, *, level: str = "yellow", after_minutes: int = 0, **more: str) -> Channel:
        receiver.answer(200, body=TAKEN.get(kind, b""))
        said = {"name": kind, "address": receiver.url + "?access_token=t0p", "language": "en"}
        channel = changing.add_channel(admin, Terms(kind=kind, **said | more))
        changing.add_route(
            commander, channel=channel, group="", level=level, after_minutes=after_minutes
        )
        return channel

    return make
