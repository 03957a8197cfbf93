"""Small servers on this machine that stand for others' systems in a demonstration."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

BODY_BYTES_MAX: Final = 1 << 20
Taken = Callable[[str, Mapping[str, str], bytes], tuple[int, Mapping[str, Any]]]
"""Path, headers in small letters and body of a POST; status and answer."""


def listening(take: Taken) -> ThreadingHTTPServer:
    """A server on a free port of this machine that answers JSON, until it is shut down."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = min(int(self.headers.get("Content-Length") or 0), BODY_BYTES_MAX)
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, said = take(self.path, headers, self.rfile.read(size))
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
