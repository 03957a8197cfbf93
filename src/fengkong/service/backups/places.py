"""Directories that come into being whole: filled beside their place, then renamed into it."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fengkong.service.backups.errors import OccupiedPlaceError, UnwritableBackupError


@contextmanager
def coming_into_being(target: Path) -> Iterator[Path]:
    """A directory to fill; when the block ends well, everything of it is synced and it is `target`.

    Until then `target` is absent or empty, whatever happens. What a killed process left beside it
    is removed by the next. Raises OccupiedPlaceError, and UnwritableBackupError for whatever the
    disk refuses within the block.
    """
    check_vacant(target)
    try:
        with _coming_into_being(target.absolute()) as folder:
            yield folder
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise UnwritableBackupError(f"{where}{error.strerror or error}") from error


@contextmanager
def _coming_into_being(target: Path) -> Iterator[Path]:
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.unfinished")
    turn = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _take(turn, unfinished)
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        try:
            yield unfinished
            sync_tree(unfinished)
            check_vacant(target)
            unfinished.rename(target)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        os.fsync(turn)
    finally:
        os.close(turn)


def check_vacant(target: Path) -> None:
    """Refuse a place that holds anything."""
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise OccupiedPlaceError(f"{target} is not a directory")
    if target.exists() and any(target.iterdir()):
        raise OccupiedPlaceError(f"{target} is not empty")


def _take(turn: int, unfinished: Path) -> None:
    try:
        fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        message = f"another process makes a directory in {unfinished.parent} just now"
        raise OccupiedPlaceError(message) from None


def sync_tree(directory: Path) -> None:
    """Have every file and folder of a directory on its disk."""
    for path in (directory, *directory.rglob("*")):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def copy_file(source: Path, target: Path, *, noted: Callable[[bytes], None] | None = None) -> None:
    """A new file of mode 0600 with the bytes of another; `noted` sees every byte that was copied.

    Raises FileNotFoundError where the source is gone.
    """
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with source.open("rb") as reading:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as writing:
            while chunk := reading.read(1 << 20):
                if noted is not None:
                    noted(chunk)
                writing.write(chunk)
