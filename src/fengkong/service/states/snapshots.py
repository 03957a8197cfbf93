"""States on disk: sealed, named by the position they reach, believed only if everything fits.

A snapshot is a shortcut, never a truth: whatever is wrong with one, an older one or the journal
itself gives the same state.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from fengkong.core.errors import RiskError
from fengkong.journal.history import History
from fengkong.journal.port import Reading
from fengkong.protection.guarded_files import replace_guarded
from fengkong.protection.vault import Vault
from fengkong.service.refusals import InvalidSnapshotError
from fengkong.service.states.lanes import Lane

KEPT: Final = 3
"""Snapshots kept of each policy: the newest may be damaged."""
SNAPSHOT_SUFFIX: Final = ".snapshot"
_LOG: Final = logging.getLogger(__name__)


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot says of itself, before its arrays."""

    format: int
    sequence: int
    leaf: bytes
    policy: str
    lists: Any
    words: list[tuple[float, str]]


@dataclass(frozen=True, slots=True)
class SnapshotFile:
    """A file of the folder, by what its name says."""

    path: Path
    sequence: int
    policy: str


class SnapshotFolder:
    """The snapshots of one journal."""

    def __init__(self, directory: Path, *, vault: Vault) -> None:
        self.directory = directory
        self.vault = vault

    def files(self, *, policy: str | None = None) -> list[SnapshotFile]:
        """What is there, the newest first."""
        found = [snapshot_file(path) for path in self.directory.glob(f"*{SNAPSHOT_SUFFIX}")]
        wanted = [f for f in found if f is not None and policy in (None, f.policy)]
        return sorted(wanted, key=lambda file: file.sequence, reverse=True)

    def write(self, lane: Lane, *, sequence: int, leaf: bytes) -> Path:
        """Keep a lane's state at a position, durably; older ones beyond a few are removed."""
        policy = lane.policy.hash
        path = self.directory / f"{sequence:016d}-{policy[:32]}{SNAPSHOT_SUFFIX}"
        sealed = io.BytesIO()
        self.vault.seal_file(
            _encode(lane, sequence=sequence, leaf=leaf),
            sealed,
            context=_context(sequence, policy=policy),
        )
        replace_guarded(path, sealed.getvalue())
        for old in self.files(policy=policy[:32])[KEPT:]:
            old.path.unlink(missing_ok=True)
        return path

    def load_into(self, lane: Lane, *, history: History, upto: int) -> int:
        """Give a lane the newest usable state up to a position; the position it reaches, or 0."""
        policy = lane.policy.hash
        for file in self.files(policy=policy[:32]):
            if file.sequence > upto:
                continue
            try:
                self._load(file, lane, reading=history.reading)
            except (RiskError, OSError) as error:
                _LOG.warning("snapshot %s is not used: %s", file.path.name, error)
                lane.state = lane.engine.new_state()
                continue
            return file.sequence
        return 0

    def _load(self, file: SnapshotFile, lane: Lane, *, reading: Reading) -> None:
        policy = lane.policy.hash
        plain = io.BytesIO()
        with file.path.open("rb") as sealed:
            self.vault.open_file(sealed, plain, context=_context(file.sequence, policy=policy))
        head, windows = _decode(plain.getvalue())
        if (head.sequence, head.policy) != (file.sequence, policy):
            raise InvalidSnapshotError("it belongs to another policy or position")
        entry = reading.entry(file.sequence) if file.sequence else None
        if file.sequence and (entry is None or entry.leaf != head.leaf):
            raise InvalidSnapshotError("the journal has another entry at its position")
        lane.state = lane.engine.restore(
            {"windows": windows, "lists": head.lists, "words": head.words}
        )

    def forget_before(self, sequence: int) -> None:
        """Remove every snapshot of an earlier position."""
        for file in self.files():
            if file.sequence < sequence:
                file.path.unlink(missing_ok=True)


def _context(sequence: int, *, policy: str) -> str:
    """What a sealed snapshot is bound to beside its journal."""
    return f"snapshot {sequence} {policy}"


def _encode(lane: Lane, *, sequence: int, leaf: bytes) -> io.BytesIO:
    saved = lane.state.save()
    head = _Head(
        format=1,
        sequence=sequence,
        leaf=leaf,
        policy=lane.policy.hash,
        lists=saved["lists"],
        words=saved["words"],
    )
    buffer = io.BytesIO()
    encoded = msgspec.msgpack.encode(head)
    buffer.write(len(encoded).to_bytes(8, "big"))
    buffer.write(encoded)
    np.savez(buffer, **saved["windows"])
    buffer.seek(0)
    return buffer


def _decode(plain: bytes) -> tuple[_Head, Mapping[str, np.ndarray[Any, Any]]]:
    try:
        length = int.from_bytes(plain[:8], "big")
        head = msgspec.msgpack.decode(plain[8 : 8 + length], type=_Head)
        with np.load(io.BytesIO(plain[8 + length :]), allow_pickle=False) as arrays:
            return head, {name: arrays[name] for name in arrays.files}
    except (msgspec.MsgspecError, ValueError, OSError, KeyError) as error:
        raise InvalidSnapshotError(f"it cannot be read: {error}") from None


def snapshot_file(path: Path) -> SnapshotFile | None:
    """What a file's name says; None where it is no snapshot."""
    sequence, _, policy = path.name.removesuffix(SNAPSHOT_SUFFIX).partition("-")
    if not sequence.isdigit() or not policy:
        return None
    return SnapshotFile(path, int(sequence), policy)
