"""A small core system over real HTTP: it freezes and lifts customers, once for each action."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from fengkong.console.webhooks.signing import InvalidSignatureError, verify


class CoreSystem:
    """`says` is its answer (done, accepted, refused); `failing` is how often it fails first.

    `done` has every action once, by its id, however often it was told.
    """

    def __init__(self) -> None:
        self.secret = ""
        self.says = "done"
        self.failing = 0
        self.told = 0
        self.done: dict[str, dict[str, Any]] = {}
        self.frozen: set[str] = set()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/actions"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def take(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        self.told += 1
        if self.failing:
            self.failing -= 1
            return 503, {}
        try:
            verify(headers, body=body, secret=self.secret, now=int(time.time()))
        except InvalidSignatureError:
            return 401, {}
        data = json.loads(body)["data"]
        if data["id"] not in self.done and self.says != "refused":
            self.done[data["id"]] = data
            customer = data["about"]["customer"]
            if data["action"] == "freeze":
                self.frozen.add(customer)
            elif data["action"] == "lift":
                self.frozen.discard(customer)
        return 200, {"status": self.says, "reference": f"core-{len(self.done)}"}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        system = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, said = system.take(headers, body)
                content = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_args: object) -> None:
                pass

        return Handler
