"""What becomes of bad rows: all faults reported at the end, or the rows written aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Self

import msgspec

from fengkong.core.errors import FAULTS_KEPT, Fault, FaultsError, RiskError


class UnwritableFileError(RiskError):
    """A file that should take results cannot be written."""

    code = "file.unwritable"
    hint = "Choose another place, or make room and rights for it."


class SkipBad:
    """Writes bad rows aside as JSON lines, with their faults, and counts them.

    Each line has `source`, `row`, `faults` (code, message, path, hint) and `data`, the row as it
    was read. The rows may hold personal data: keep the file as safely as the source.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self.faults = 0
        self._file: BinaryIO | None = None

    def write(self, *, source: str, row: int, faults: Sequence[Fault], data: object) -> None:
        """One bad row."""
        line = {
            "source": source,
            "row": row,
            "faults": [
                {"code": fault.code, "message": fault.message, "path": fault.path}
                | ({"hint": fault.hint} if fault.hint else {})
                for fault in faults
            ],
            "data": data,
        }
        try:
            if self._file is None:
                self._file = self.path.open("wb")
            self._file.write(_encoded(line) + b"\n")
        except OSError as error:
            raise UnwritableFileError(str(error), source=str(self.path)) from None
        self.rows += 1
        self.faults += len(faults)

    def close(self) -> None:
        """Everything written is in the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(slots=True)
class FaultLog:
    """Collects the faults of a stream: the first thousand and the count, or all of them aside."""

    skip_bad: SkipBad | None = None
    kept: list[Fault] = field(default_factory=list)
    total: int = 0

    @property
    def stopped(self) -> bool:
        """Whether the stream is already lost and is only read on for its other faults."""
        return self.total > 0 and self.skip_bad is None

    def bad_row(self, *, source: str, row: int, faults: Sequence[Fault], data: object) -> None:
        """Note one bad row."""
        if self.skip_bad is not None:
            self.skip_bad.write(source=source, row=row, faults=faults, data=data)
        else:
            self.total += len(faults)
            self.kept += faults[: FAULTS_KEPT - len(self.kept)]

    def finish(self) -> None:
        """Raise what was collected, if anything was; complete the file aside."""
        if self.skip_bad is not None:
            self.skip_bad.close()
        if self.total:
            raise FaultsError(self.kept, total=self.total)


def _encoded(line: dict[str, object]) -> bytes:
    return msgspec.json.encode(line, enc_hook=str)
