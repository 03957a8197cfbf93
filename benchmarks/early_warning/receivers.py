"""Receivers of messages on the loopback: webhooks, group robots, and a mail server.

Each notes when which message arrived, whole; robots answer as real ones do, with a code in a body.
"""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

Arrivals = list[tuple[float, str, bytes]]
"""When (of the monotonic clock, in seconds), by which kind of channel, and what."""
ROBOTS: Final = {
    "dingtalk": b'{"errcode":0,"errmsg":"ok"}',
    "feishu": b'{"code":0,"msg":"success","data":{}}',
    "wecom": b'{"errcode":0,"errmsg":"ok"}',
}
_BEGINS: Final = {"EHLO": b"250 loopback", "DATA": b"354 go on", "QUIT": b"221 bye"}


@contextmanager
def hook(arrivals: Arrivals, kind: str = "webhook", *, takes_s: float = 0.0) -> Iterator[str]:
    """The address of a server for one kind of channel that answers after so many seconds."""
    said = ROBOTS.get(kind, b"")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            arrivals.append((time.monotonic(), kind, body))
            time.sleep(takes_s)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with _serving(server) as port:
        yield f"http://127.0.0.1:{port}/{kind}?key=k"


@contextmanager
def mail_server(arrivals: Arrivals) -> Iterator[str]:
    """The address of a mail server that takes everything."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say(b"220 loopback")
            while verb := self.rfile.readline()[:4].decode("ascii", "replace").upper():
                self._say(_BEGINS.get(verb, b"250 ok"))
                if verb == "DATA":
                    mail = b"".join(iter(self.rfile.readline, b".\r\n"))
                    arrivals.append((time.monotonic(), "email", _text(mail)))
                    self._say(b"250 taken")
                elif verb == "QUIT":
                    return

        def _say(self, line: bytes) -> None:
            self.wfile.write(line + b"\r\n")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    with _serving(server) as port:
        yield f"smtp://127.0.0.1:{port}"


def _text(mail: bytes) -> bytes:
    body = message_from_bytes(mail, policy=policy.default).get_body(("plain",))
    return b"" if body is None else str(body.get_content()).encode()


@contextmanager
def _serving(server: socketserver.TCPServer) -> Iterator[int]:
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
