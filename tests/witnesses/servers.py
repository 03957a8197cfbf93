"""HTTP servers on a free port of this machine, in a thread of their own."""

import contextlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextlib.contextmanager
def running(server: ThreadingHTTPServer) -> Iterator[str]:
    """A server while it answers; its address."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Shelf(ThreadingHTTPServer):
    """Keeps what is PUT and gives it back, as a firm's object store would; may be told to fail."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Keeping)
        self.kept: dict[str, bytes] = {}
        self.puts = 0
        self.fails_with = 0
        self.waits_s = 0.0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/journals/one"


class _Keeping(BaseHTTPRequestHandler):
    server: Shelf

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.server.waits_s)
        if not self.server.fails_with:
            self.server.kept[self.path] = body
            self.server.puts += 1
        self._reply(self.server.fails_with or 204, b"")

    def do_GET(self) -> None:
        time.sleep(self.server.waits_s)
        content = self.server.kept.get(self.path)
        status = self.server.fails_with or (404 if content is None else 200)
        self._reply(status, content or b"")

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if status in (301, 302, 307):
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""
