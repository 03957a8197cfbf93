"""Files for SQLite that fail on purpose: an SQLite VFS between a store and the real disk.

    with FaultyFiles("faulty") as files:
        store = SqliteStore.open(path, vfs=files.name)
        files.arm(Fault.NO_SPACE, at=7)             # the 7th call from now fails, once
        files.arm(Fault.BROKEN, at=7, lasting=True)   # ... and every one after it, until disarm()
        files.calls                                   # what was called since arm() or watch()

A power cut drops what was written since the last sync of each file:

        files.cut()             # from now on nothing reaches the disk, every call fails
        store.close()           # may fail; a dead process does not close at all
        files.after_cut(keep=lambda: dice.random() < 0.5)   # which unsynced writes had arrived

With `lying=True` a sync is acknowledged and does nothing: the control run that must lose.
The WAL's shared memory is not a file here; it is thrown away by `after_cut`, as a restart does.
"""

import contextlib
import enum
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import apsw


class Fault(enum.Enum):
    """What goes wrong."""

    BROKEN = "EIO"
    NO_SPACE = "ENOSPC"
    SHORT = "short write"


FAILING_CALLS = frozenset(
    {"xOpen", "xDelete", "xRead", "xWrite", "xTruncate", "xSync", "xFileSize"},
)
_IOERR = {
    "xOpen": apsw.SQLITE_CANTOPEN,
    "xDelete": apsw.SQLITE_IOERR_DELETE,
    "xRead": apsw.SQLITE_IOERR_READ,
    "xWrite": apsw.SQLITE_IOERR_WRITE,
    "xTruncate": apsw.SQLITE_IOERR_TRUNCATE,
    "xSync": apsw.SQLITE_IOERR_FSYNC,
    "xFileSize": apsw.SQLITE_IOERR_FSTAT,
}
_NO_ROOM_NEEDED = {"xRead", "xFileSize", "xDelete"}


@dataclass
class _Change:
    """A write, or a truncation where `data` is None, with what it replaced."""

    offset: int
    data: bytes | None
    before: bytes
    size_before: int


@dataclass
class _Armed:
    fault: Fault
    at: int
    lasting: bool


@dataclass
class _Record:
    """What of a file is not synced yet."""

    changes: list[_Change] = field(default_factory=list)


class FaultyFiles(apsw.VFS):
    """A VFS over the usual one; see the module."""

    def __init__(self, name: str, *, lying: bool = False) -> None:
        self.name = name
        self.calls: list[str] = []
        self.failed = 0
        self._lying = lying
        self._turn = threading.RLock()
        self._armed: _Armed | None = None
        self._dead = False
        self._records: dict[str, _Record] = {}
        super().__init__(name, "")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.unregister()

    def watch(self) -> None:
        """Count calls from here."""
        with self._turn:
            self.calls.clear()
            self.failed = 0

    def arm(self, fault: Fault, *, at: int, lasting: bool = False) -> None:
        """Let the call number `at` from now fail, from 1; and all after it, where `lasting`."""
        with self._turn:
            self.watch()
            self._armed = _Armed(fault, at, lasting)

    def disarm(self) -> None:
        """The disk is well again."""
        with self._turn:
            self._armed = None

    def cut(self) -> None:
        """The power goes: every call fails from here on, until `after_cut`."""
        with self._turn:
            self._dead = True

    def after_cut(self, *, keep: Callable[[], bool] = lambda: False) -> None:
        """Undo what was not synced, except the writes that `keep` says had arrived."""
        with self._turn:
            for name, record in self._records.items():
                if Path(name).exists():
                    _undo(Path(name), record.changes, keep=keep)
                Path(f"{name.removesuffix('-wal')}-shm").unlink(missing_ok=True)
            self._records.clear()
            self._dead = False

    def meet(self, call: str) -> Fault | None:
        """Count a call; the fault that it meets."""
        with self._turn:
            self.calls.append(call)
            if self._dead:
                self.failed += 1
                return Fault.BROKEN
            armed = self._armed
            if armed is None or call not in FAILING_CALLS:
                return None
            number = len(self.calls)
            if number < armed.at or (number > armed.at and not armed.lasting):
                return None
            if armed.fault is not Fault.BROKEN and call in _NO_ROOM_NEEDED:
                return None
            self.failed += 1
            return armed.fault

    def changed(self, name: str, change: _Change) -> None:
        with self._turn:
            self._records.setdefault(name, _Record()).changes.append(change)

    def synced(self, name: str) -> None:
        with self._turn:
            if not self._lying:
                self._records.pop(name, None)

    def excepthook(self, kind: Any, error: Any, traceback: Any) -> None:
        """Planted failures are not news."""

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        _raise(self.meet("xOpen"), "xOpen")
        return _FaultyFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802 - SQLite's name
        _raise(self.meet("xDelete"), "xDelete")
        super().xDelete(filename, syncdir)
        with self._turn:
            self._records.pop(filename, None)


class _FaultyFile(apsw.VFSFile):
    def __init__(self, files: FaultyFiles, name: Any, flags: list[int]) -> None:
        self._files = files
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else (name or "")
        super().__init__("", name, flags)

    def excepthook(self, kind: Any, error: Any, traceback: Any) -> None:
        """Planted failures are not news."""

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802 - SQLite's name
        _raise(self._files.meet("xRead"), "xRead")
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        fault = self._files.meet("xWrite")
        if fault is Fault.SHORT:
            data = bytes(data)[: len(data) // 2]
            self._note(offset, data)
            super().xWrite(data, offset)
        _raise(fault, "xWrite")
        self._note(offset, bytes(data))
        super().xWrite(data, offset)

    def xTruncate(self, size: int) -> None:  # noqa: N802 - SQLite's name
        _raise(self._files.meet("xTruncate"), "xTruncate")
        self._note(size, None)
        super().xTruncate(size)

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        _raise(self._files.meet("xSync"), "xSync")
        super().xSync(flags)
        self._files.synced(self._name)

    def xFileSize(self) -> int:  # noqa: N802 - SQLite's name
        _raise(self._files.meet("xFileSize"), "xFileSize")
        return super().xFileSize()

    def _note(self, offset: int, data: bytes | None) -> None:
        size = super().xFileSize()
        count = max(0, (size if data is None else min(offset + len(data), size)) - offset)
        before = super().xRead(count, offset) if count else b""
        self._files.changed(self._name, _Change(offset, data, before, size))


def _raise(fault: Fault | None, call: str) -> None:
    if fault is None:
        return
    code = _IOERR[call] if fault is Fault.BROKEN or call == "xOpen" else apsw.SQLITE_FULL
    raise apsw.exception_for(code)


def _undo(path: Path, changes: list[_Change], *, keep: Callable[[], bool]) -> None:
    descriptor = os.open(path, os.O_RDWR)
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, descriptor)
        for change in reversed(changes):
            os.pwrite(descriptor, change.before, change.offset)
            os.ftruncate(descriptor, change.size_before)
        for change in changes:
            if not keep():
                continue
            if change.data is None:
                os.ftruncate(descriptor, change.offset)
            else:
                os.pwrite(descriptor, change.data, change.offset)
