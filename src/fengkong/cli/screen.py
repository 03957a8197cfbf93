"""What the command prints: data on stdout, progress and errors on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from fengkong.cli.language import chinese_errors, current_language, text
from fengkong.core.errors import Fault, FaultsError, RiskError

OUTPUT: Final = Console(highlight=False, soft_wrap=False)
ERRORS: Final = Console(stderr=True, highlight=False, soft_wrap=True)
FAULTS_SHOWN: Final = 50
_TEXT_LEAST: Final = 28
_TABLE_LEAST: Final = 100
"""Columns that a table gets even where the terminal has fewer: it is better wrapped than cut."""


def show_json(data: object) -> None:
    """Data as indented JSON on stdout."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2, sort_keys=False) + "\n")


def show_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, left: int = 1
) -> None:
    """A table on stdout; the first `left` columns are texts, the others figures, never broken."""
    OUTPUT.print(Text(title, style="italic"), soft_wrap=True)
    table = Table(header_style="bold", box=box.SIMPLE_HEAD)
    cells = [[_cell(value) for value in row] for row in rows]
    for index, column in enumerate(columns):
        widest = max((cell_len(row[index]) for row in cells), default=0)
        is_text = index < left
        table.add_column(
            column,
            justify="left" if is_text else "right",
            overflow="fold",
            min_width=min(widest, _TEXT_LEAST) if is_text else widest,
        )
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    OUTPUT.print(table, width=max(_TABLE_LEAST, OUTPUT.width), crop=False)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def show_error(error: RiskError) -> None:
    """An error or its faults on stderr: what, where, and the next step."""
    if not isinstance(error, FaultsError):
        _show_fault(error.fault())
        return
    ERRORS.print(Text(text("faults.count", count=error.total), style="bold red"))
    for fault in error.faults[:FAULTS_SHOWN]:
        _show_fault(fault)
    if error.total > FAULTS_SHOWN:
        ERRORS.print(text("faults.more", count=error.total - FAULTS_SHOWN))


def _show_fault(fault: Fault) -> None:
    chinese = chinese_errors().get(fault.code) if current_language() == "zh" else None
    where = [fault.source] if fault.source else []
    where += [text("faults.row", row=fault.row)] if fault.row is not None else []
    where += [text("faults.line", line=fault.line)] if fault.line is not None else []
    where += [text("faults.column", column=fault.column)] if fault.column is not None else []
    where += [fault.path] if fault.path != "$" else []
    heading = Text()
    if where:
        heading.append(", ".join(where) + ": ", style="bold")
    if chinese is not None:
        heading.append(f"{chinese['title']}：")
    heading.append(fault.message, style="red")
    heading.append(f" [{fault.code}]", style="dim")
    ERRORS.print(heading)
    step = fault.hint if chinese is None else chinese["hint"]
    if step:
        ERRORS.print(Text(f"  → {step}"))


@contextmanager
def progress(description: str) -> Iterator[Callable[[int, float], None]]:
    """A bar on stderr while something runs; it is told rows so far and the fraction done."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=ERRORS, transient=True) as bar:
        task = bar.add_task(description, total=1.0, rows="")

        def told(rows: int, fraction: float) -> None:
            bar.update(task, completed=fraction, rows=text("progress.rows", count=f"{rows:,}"))

        yield told


@contextmanager
def stages() -> Iterator[Callable[[str, float], None]]:
    """A bar on stderr over work in stages; it is told what begins and the fraction done."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=ERRORS, transient=True) as bar:
        task = bar.add_task("", total=1.0)

        def told(description: str, fraction: float) -> None:
            bar.update(task, description=description, completed=fraction)

        yield told


@contextmanager
def waiting(description: str) -> Iterator[None]:
    """A note on stderr while something takes a moment."""
    with ERRORS.status(description):
        yield
