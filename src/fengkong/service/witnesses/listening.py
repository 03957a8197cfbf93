"""A witness over HTTP (C2SP tlog-witness): `POST /add-checkpoint`, and nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from fengkong.core.errors import RiskError
from fengkong.ledger.witness import Cosigned, MalformedSubmissionError, Refusal, Submission
from fengkong.service.witnesses.folder import WitnessFolder

PATH: Final = "/add-checkpoint"
BODY_BYTES_MAX: Final = 64 * 1024
REQUEST_S: Final = 10.0
THREADS_MAX: Final = 32
_SIZE: Final = "text/x.tlog.size"
_TEXT: Final = "text/plain; charset=utf-8"


def witness_server(
    folder: WitnessFolder,
    *,
    host: str,
    port: int,
    clock: Callable[[], float] = time.time,
) -> ThreadingHTTPServer:
    """A server that listens already; `serve_forever` answers until `shutdown`."""
    turns = threading.BoundedSemaphore(THREADS_MAX)

    class Answering(BaseHTTPRequestHandler):
        """One connection."""

        timeout = REQUEST_S
        protocol_version = "HTTP/1.1"
        server_version = "fengkong-witness"
        sys_version = ""

        def do_POST(self) -> None:
            """Consider a checkpoint."""
            with turns:
                self._reply(*self._answer())

        def log_message(self, *_arguments: Any) -> None:
            """Keep quiet; what was cosigned stands in the folder."""

        def _answer(self) -> tuple[int, bytes, str]:
            length = self.headers.get("Content-Length", "")
            if self.path != PATH:
                return 404, b"nothing is here\n", _TEXT
            if not length.isdigit() or int(length) > BODY_BYTES_MAX:
                return 400, b"say how long the body is, at most 64 KiB\n", _TEXT
            try:
                submission = Submission.parse(self.rfile.read(int(length)))
                found = folder.answer(submission, at_s=int(clock()))
            except MalformedSubmissionError as error:
                return 400, f"{error.message}\n".encode(), _TEXT
            except (RiskError, OSError):
                return 500, b"the witness cannot remember just now\n", _TEXT
            if isinstance(found, Cosigned):
                return 200, found.body, _TEXT
            size = found.reason is Refusal.WRONG_OLD_SIZE
            return found.status, found.body, _SIZE if size else _TEXT

        def _reply(self, status: int, body: bytes, media: str) -> None:
            self.close_connection = True
            self.send_response(status)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

    return ThreadingHTTPServer((host, port), Answering)
