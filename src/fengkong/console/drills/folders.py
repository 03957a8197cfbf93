"""The directories of sandboxes: below the data directory, one for each live run, gone after it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_BELOW: Final = "drills"


def folder_of(data: Path, run: int) -> Path:
    """Where the sandbox of a run lies."""
    return data / _BELOW / str(run)


def folders(data: Path) -> list[tuple[int, Path]]:
    """Every directory of a sandbox that there is, with the number of its run."""
    return [(int(one.name), one) for one in (data / _BELOW).glob("[0-9]*") if one.name.isdecimal()]
