"""The error tree: every error has a stable code, a path to the fault and a next step.

Errors are also data (`Fault`), so that one pass over a file can report all of them at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

FAULTS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one place of one input.

    `path` is a JSON-path-like place inside the item (``$.amount``); `row`, `line` and `column`
    count from 1 and are None where they mean nothing.
    """

    code: str
    message: str
    path: str = "$"
    hint: str = ""
    source: str | None = None
    line: int | None = None
    column: int | None = None
    row: int | None = None

    def __str__(self) -> str:
        """What, where and the next step, in one line."""
        where = [self.source] if self.source else []
        where += [f"row {self.row}"] if self.row is not None else []
        where += [f"line {self.line}"] if self.line is not None else []
        where += [f"column {self.column}"] if self.column is not None else []
        where += [f"at {self.path}"] if self.path != "$" else []
        prefix = f"{', '.join(where)}: " if where else ""
        suffix = f" {self.hint}" if self.hint else ""
        return f"{prefix}{self.message} [{self.code}]{suffix}"


class RiskError(Exception):
    """Something given to Fengkong cannot be used as it is."""

    code: ClassVar[str] = "risk.error"
    hint: ClassVar[str] = ""

    def __init__(
        self,
        message: str,
        *,
        path: str = "$",
        source: str | None = None,
        line: int | None = None,
        column: int | None = None,
        row: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.source = source
        self.line = line
        self.column = column
        self.row = row

    def fault(self) -> Fault:
        """The same error as data."""
        return Fault(
            code=self.code,
            message=self.message,
            path=self.path,
            hint=self.hint,
            source=self.source,
            line=self.line,
            column=self.column,
            row=self.row,
        )

    def __str__(self) -> str:
        return str(self.fault())


class FaultsError(RiskError):
    """Several faults of one input, reported together."""

    code = "input.faults"
    hint = "Correct the faults listed and try again."

    def __init__(self, faults: Sequence[Fault], *, total: int | None = None) -> None:
        assert faults, "a FaultsError without faults says nothing"
        self.faults = tuple(faults[:FAULTS_KEPT])
        self.total = len(faults) if total is None else total
        shown = "" if self.total == len(self.faults) else f" (first {len(self.faults)} shown)"
        super().__init__(f"{self.total} fault{'s' if self.total != 1 else ''}{shown}")

    def __str__(self) -> str:
        return "\n".join([self.message, *(str(fault) for fault in self.faults)])
