"""What the processes of attacks said: one small file a run, in the data directory.

Whatever writes to a file does so at its end, so it may be cut while it is written.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO, Final

BYTES_MAX: Final = 64 * 1024
"""The worker cuts a longer file to its second half."""
FILES_MAX: Final = 20
"""The files of earlier runs are removed."""
LINES_SHOWN: Final = 20
_BELOW: Final = "drill-logs"
_SHOWN_BYTES: Final = 4 * 1024


def open_log(data: Path, run: int) -> IO[bytes]:
    """The file of a run, to be written at its end."""
    path = _path(data, run)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    return path.open("ab")


def last_lines(data: Path, run: int) -> list[str]:
    """The last lines that the attack of a run wrote, at most `LINES_SHOWN`."""
    try:
        with _path(data, run).open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _SHOWN_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()][-LINES_SHOWN:]


def keep_logs_small(data: Path) -> None:
    """Cut what became too long, and remove what is old."""
    numbered = ((int(one.stem), one) for one in (data / _BELOW).glob("*.log"))
    for place, (_run, path) in enumerate(sorted(numbered, reverse=True)):
        if place >= FILES_MAX:
            path.unlink(missing_ok=True)
        elif path.stat().st_size > BYTES_MAX:
            _cut(path)


def _cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-BYTES_MAX // 2, 2)
        kept = file.read().partition(b"\n")[2]
        file.seek(0)
        file.write(kept)
        file.truncate()


def _path(data: Path, run: int) -> Path:
    return data / _BELOW / f"{run}.log"
