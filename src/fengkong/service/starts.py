"""Whether the service before this one ended in good order: a file of the data directory says so."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

FILE: Final = "starts.json"


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a service runs or ended without saying so, and how many ended so."""

    running: bool
    unclean: int


class Starts:
    """The starts of one data directory's service. What cannot be read is a first start."""

    def __init__(self, directory: Path) -> None:
        self._place = directory / FILE
        self.unclean = 0
        """How many services of this directory ended without order: killed, or without power."""

    def begin(self) -> None:
        """Note that a service runs, and whether the one before had ended in good order."""
        kept = self._kept()
        self.unclean = kept.unclean + kept.running
        self._keep(running=True)

    def end(self) -> None:
        """Note that it ends in good order."""
        self._keep(running=False)

    def _kept(self) -> _Kept:
        try:
            return msgspec.json.decode(self._place.read_bytes(), type=_Kept)
        except (OSError, msgspec.DecodeError):
            return _Kept(running=False, unclean=0)

    def _keep(self, *, running: bool) -> None:
        new = self._place.with_suffix(".new")
        with new.open("wb") as file:
            file.write(msgspec.json.encode(_Kept(running=running, unclean=self.unclean)))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._place)
