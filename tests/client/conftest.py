"""A scripted HTTP server: answers in the order it was told, or dies in the middle."""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest


@dataclass
class Script:
    """What a server does to one request after another; `seen` are the requests, whole."""

    listener: socket.socket
    steps: list[bytes | None]
    seen: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def run(self) -> None:
        while self.steps:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        while self.steps:
            request = _request(connection)
            if request is None:
                return
            self.seen.append(request)
            step = self.steps.pop(0)
            if step is None:
                return
            connection.sendall(step)
            if b"connection: close" in step or b"content-length: 9999" in step:
                return


def _request(connection: socket.socket) -> bytes | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65_536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = int(lengths[0].split(b":")[1]) if lengths else 0
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


@pytest.fixture
def scripted() -> Iterator[Callable[..., Script]]:
    """Starts servers that follow a script; None in it drops the connection without an answer."""
    running: list[tuple[Script, threading.Thread]] = []

    def start(*steps: bytes | None) -> Script:
        listener = socket.create_server(("127.0.0.1", 0))
        script = Script(listener, list(steps))
        thread = threading.Thread(target=script.run)
        thread.start()
        running.append((script, thread))
        return script

    yield start
    for script, thread in running:
        script.listener.shutdown(socket.SHUT_RDWR)
        script.listener.close()
        thread.join(timeout=10)
        assert not thread.is_alive()
