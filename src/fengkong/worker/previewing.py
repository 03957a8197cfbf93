"""The preview process: answers the rule editor's questions over a Unix socket.

`python -m fengkong.worker.previewing DATA` runs it. A question and its answer are JSON behind a
length of four bytes; `do` is status, preview, spreads or bench. Only who owns the data directory
can open the socket.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from fengkong.console.governance.preview_socket import (
    STARTED,
    bound_address,
    read_message,
    socket_place,
    write_message,
)
from fengkong.core.errors import FaultsError, RiskError
from fengkong.core.instants import format_instant
from fengkong.decisions.policy import Policy
from fengkong.decisions.policy_file import load_policy
from fengkong.evaluation.explanation import Masking, UnknownEventError, explain
from fengkong.evaluation.held_history import HeldHistory
from fengkong.evaluation.preview import preview_rule
from fengkong.evaluation.spreads import Spread, spreads
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.columns import EventColumns
from fengkong.events.decoding import Decoder
from fengkong.service.opening import open_for_reading
from fengkong.service.settings import load_settings
from fengkong.worker.held_days import Days, HeldDays

POLL_S: Final = 2.0
_TIMEOUT_S: Final = 60.0
_CONNECTIONS_MAX: Final = 16
_NICE: Final = 5
_LOG: Final = logging.getLogger(__name__)


class NothingHeldError(RiskError):
    """The preview does not hold any days yet."""

    code = "preview.nothing_held"
    hint = "Wait until the newest days are read; the screen shows how far it is."


class Questions:
    """Answers questions about what is held."""

    def __init__(self, days: HeldDays) -> None:
        self._days = days
        self._decoder = Decoder(shipped_catalogue())
        self._spreads: tuple[int, dict[str, Spread]] | None = None

    def answer(self, question: dict[str, Any]) -> Any:
        """The answer as data; raises RiskErrors."""
        asked: dict[str, Callable[[dict[str, Any]], Any]] = {
            "status": self._status,
            "preview": self._preview,
            "spreads": self._spread,
            "bench": self._bench,
        }
        return asked[str(question["do"])](question)

    def _status(self, _question: dict[str, Any]) -> dict[str, Any]:
        with self._days.asked() as (days, _panel):
            held = None if days is None else days.held
            return {
                "building": self._days.building,
                "events": 0 if held is None else len(held),
                "last_at": _told(held),
                "position": 0 if days is None else days.position,
                "left_out": 0 if days is None else days.left_out,
                "live": None if held is None else held.policy.hash,
            }

    def _preview(self, question: dict[str, Any]) -> dict[str, Any]:
        draft = _policy(str(question["text"]))
        rule = question.get("rule")
        with self._days.asked() as (days, panel):
            return preview_rule(_held(days).held, draft, rule, panel=panel).to_data()

    def _spread(self, _question: dict[str, Any]) -> dict[str, Any]:
        with self._days.asked() as (days, _panel):
            held = _held(days).held
            if self._spreads is None or self._spreads[0] != held.version:
                self._spreads = (held.version, spreads(held))
            return {name: one.to_data() for name, one in self._spreads[1].items()}

    def _bench(self, question: dict[str, Any]) -> dict[str, Any]:
        """The event under the draft and under the live policy, each with every step."""
        draft = _policy(str(question["text"]))
        with self._days.asked() as (days, _panel):
            found = _held(days)
            batches, event_id = self._history_with(found, question)
            return {
                name: explain(policy, batches, event_id, masking=Masking.PERSONAL).to_data()
                for name, policy in (("draft", draft), ("live", found.held.policy))
                if _decides(policy, batches, event_id)
            }

    def _history_with(self, days: Days, question: dict[str, Any]) -> tuple[list[EventColumns], str]:
        """What is held up to the event that was picked, or all of it with a pasted one behind."""
        batches = [batch.columns for batch in days.held.batches]
        if "event_id" in question:
            event_id = str(question["event_id"])
            for place, columns in enumerate(batches):
                if (columns.ids == event_id).any():
                    return batches[: place + 1], event_id
            raise UnknownEventError(f"{event_id[:128]!r} is not among the days that are held")
        written = dict(question["event"])
        written.setdefault("id", "test-bench")
        written.setdefault("occurred_at", format_instant(max(days.held.last_at, 1)))
        event = self._decoder.decode(msgspec.json.encode(written))
        return [*batches, EventColumns.from_events([event])], event.id


def _told(held: HeldHistory | None) -> str | None:
    return format_instant(held.last_at) if held is not None and held.last_at else None


def _decides(policy: Policy, batches: list[EventColumns], event_id: str) -> bool:
    columns = batches[-1]
    row = int((columns.ids == event_id).arg_true()[0])
    return columns.catalogue.type_names[int(columns.types[row])] in policy.events


def _held(days: Days | None) -> Days:
    if days is None or not days.held.batches:
        raise NothingHeldError("no event of the newest days is held yet")
    return days


def _policy(text: str) -> Policy:
    return load_policy(text, source="policy", catalogue=shipped_catalogue())


class PreviewServer:
    """The socket, a thread for each who asks, and a thread that follows the journal."""

    def __init__(self, data: Path, days: HeldDays) -> None:
        self._place = socket_place(data)
        self._questions = Questions(days)
        self._days = days
        self._over = threading.Event()
        self._room = threading.BoundedSemaphore(_CONNECTIONS_MAX)

    def run(self, *, started: Callable[[], None] | None = None) -> None:
        """Serve until `stop`."""
        self._place.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
            with bound_address(self._place) as address:
                before = os.umask(0o177)
                try:
                    listening.bind(address)
                finally:
                    os.umask(before)
            listening.listen(_CONNECTIONS_MAX)
            listening.settimeout(0.5)
            follower = threading.Thread(target=self._follow, name="follower")
            follower.start()
            if started is not None:
                started()
            try:
                self._accept(listening)
            finally:
                self._over.set()
                follower.join()
                self._place.unlink(missing_ok=True)

    def stop(self) -> None:
        """Have it end."""
        self._over.set()

    def _accept(self, listening: socket.socket) -> None:
        while not self._over.is_set():
            try:
                asking, _ = listening.accept()
            except TimeoutError:
                continue
            asking.settimeout(_TIMEOUT_S)
            if not self._room.acquire(blocking=False):
                asking.close()
                continue
            threading.Thread(target=self._serve, args=(asking,), daemon=True).start()

    def _serve(self, asking: socket.socket) -> None:
        try:
            with asking, contextlib.suppress(OSError, EOFError, struct.error):
                question = msgspec.json.decode(read_message(asking))
                write_message(asking, msgspec.json.encode(self._answered(question)))
        finally:
            self._room.release()

    def _answered(self, question: Any) -> dict[str, Any]:
        try:
            return {"ok": True, "value": self._questions.answer(question)}
        except RiskError as error:
            faults = error.faults if isinstance(error, FaultsError) else (error.fault(),)
            return {
                "ok": False,
                "code": error.code,
                "message": error.message,
                "faults": [
                    {
                        name: getattr(fault, name)
                        for name in ("code", "message", "path", "hint", "line", "column")
                        if hasattr(fault, name)
                    }
                    for fault in faults
                ],
            }
        except (KeyError, TypeError, ValueError) as error:
            return {"ok": False, "code": "", "message": f"bad question: {error}", "faults": []}

    def _follow(self) -> None:
        while not self._over.is_set():
            try:
                busy = self._days.follow()
            except RiskError as error:
                _LOG.warning("the journal cannot be followed: %s", error)
                busy = False
            if not busy:
                self._over.wait(POLL_S)


def main() -> None:
    """Serve the preview of one data directory until told to end."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    os.nice(_NICE)
    data = Path(sys.argv[1])
    opened = open_for_reading(load_settings(data), environment=os.environ)
    try:
        server = PreviewServer(data, HeldDays(opened))
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: server.stop())
        server.run(started=lambda: print(STARTED, flush=True))  # noqa: T201 - for who started it
    finally:
        opened.close()


if __name__ == "__main__":
    main()
