"""A journal verified by a process of its own, while this one folds it into states.

The two share nothing but the journal. What the other process says is believed only where it fits
what was read here; whatever else becomes of it, killed or at odds, is for its owner to look into.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from fengkong.journal.entries import Entry
from fengkong.service.settings import Settings

_COMMAND: Final = (sys.executable, "-m", "fengkong.worker.verification")


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What is verified: the entries behind `after` of a journal, against a key and second places.

    `folded_after` is where the leaves begin that its asker reads as well.
    """

    settings: Settings
    verifier: str
    after: int
    folded_after: int


class Remark(msgspec.Struct, frozen=True, kw_only=True, tag="remark"):
    """A line of the other process's log, to be logged here."""

    level: int
    source: str
    text: str


class Agreement(msgspec.Struct, frozen=True, kw_only=True, tag="agreement"):
    """What both must have found: entries in all, the root of their tree, what the leaves are."""

    size: int
    root: bytes
    leaves: bytes


class LeavesDigest:
    """One digest of all leaves behind an entry, to see that two have read the same."""

    def __init__(self, *, after: int) -> None:
        self._at = after
        self._digest = sha256()

    def over(self, entries: Sequence[Entry]) -> None:
        """Take in those of some entries in order that come next."""
        new = [entry.leaf for entry in entries if entry.sequence > self._at]
        if new:
            self._at = entries[-1].sequence
            # a leaf is one line of JSON, so lines cannot be cut in two ways
            self._digest.update(b"\n".join([b"", *new]))

    def digest(self) -> bytes:
        """The digest of what has gone by."""
        return self._digest.digest()


class Verifying:
    """The other process, from its start until it has said what it found or has ended."""

    def __init__(
        self, task: Task, *, environment: Mapping[str, str], progress: Callable[[int], None]
    ) -> None:
        self._found: Agreement | None = None
        self._progress = progress
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **environment},
        )
        self._listener = threading.Thread(target=self._listen, name="verifying", daemon=True)
        self._listener.start()
        self._tell(task)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """It is not asked for anything more; what it still does is in vain."""
        self._process.kill()
        self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None, "it was started with pipes"
            pipe.close()

    @property
    def in_vain(self) -> bool:
        """Whether it has ended without having found everything well."""
        return not self._listener.is_alive() and self._found is None

    def found(self) -> Agreement | None:
        """What it found, once it has ended; None where something is wrong, with it or with that."""
        self._listener.join()
        return self._found if self._process.wait() == 0 else None

    def _tell(self, task: Task) -> None:
        assert self._process.stdin is not None, "it was started with a pipe"
        line = encode_task(task) + b"\n"
        try:
            os.write(self._process.stdin.fileno(), line)  # it is shorter than what a pipe holds
        except BrokenPipeError:
            return  # it has ended already, which the listener sees

    def _listen(self) -> None:
        """Its lines: entries gone over so far, at the end what it found."""
        assert self._process.stdout is not None, "it was started with a pipe"
        for line in self._process.stdout:
            try:
                said = _decode_line(line)
            except msgspec.MsgspecError:
                continue  # half a line, where it was killed
            if isinstance(said, int):
                self._progress(said)
            elif isinstance(said, Remark):
                logging.getLogger(said.source).log(said.level, "%s", said.text)
            else:
                self._found = said


def encode_task(task: Task) -> bytes:
    """A task as one line of JSON; it may name a password, so it is no argument of a command."""
    return msgspec.json.encode(task, enc_hook=str)


def decode_task(line: bytes) -> Task:
    """The task of a line."""

    def path(_type: type, value: object) -> Path:
        return Path(str(value))

    return msgspec.json.decode(line, type=Task, dec_hook=path)


_decode_line: Final = msgspec.json.Decoder(int | Remark | Agreement).decode
