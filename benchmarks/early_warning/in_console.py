"""What early warning costs in the console: following a journal, computing anew, one more day.

The journal is a real one: simulated payments that the service's own parts decided and sealed, read
and opened by the follower of the worker. Then every source of the library lies delivered by day
over three years (random tables, as `scale` fills them), and the worker's job computes all
indicators into the console's database (SQLite): all anew, again when every file was delivered
again, and when nothing is new.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.early_warning.scale import DAYS, filled, starting_on
from fengkong.indicators.library_file import shipped_library

ENTRIES: Final = 100_000


def figures(*, entries: int = ENTRIES, tell: Callable[[str], None] = print) -> dict[str, Any]:
    """Wall and processor seconds; for the journal also microseconds an entry."""
    from benchmarks.long_journal import fill

    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="fengkong-warnings-") as written:
        data = Path(written) / "data"
        fill(data, entries=entries, tell=tell)
        _start(data)
        count = _timed(found, "follow the journal", _follow, tell)
        spent = found["follow the journal"]["processor_seconds"]
        found["follow the journal"]["microseconds_an_entry"] = round(1e6 * spent / count, 1)
        found["entries"] = count
        found |= _computing(data / "sources", tell)
    return found


def _computing(sources: Path, tell: Callable[[str], None]) -> dict[str, Any]:
    from django.utils import timezone

    from fengkong.console.warnings.computing import recompute
    from fengkong.console.warnings.models import Reading

    found: dict[str, Any] = {}
    library, rng = shipped_library(), np.random.default_rng(1)
    begin = timezone.localdate() - timedelta(days=DAYS - 1)
    for name in library.sources:
        table = starting_on(filled(library, name, rng), begin)
        table.write_parquet(sources / f"{name}.parquet")
    _timed(found, "everything anew", lambda: recompute(everything=True), tell)
    found["readings"] = Reading.objects.count()
    for place in sources.glob("*.parquet"):
        os.utime(place)
    _timed(found, "every file delivered again", recompute, tell)
    _timed(found, "nothing new", recompute, tell)
    return found


def _start(data: Path) -> None:
    from fengkong.console.project.setup import bring_schema_up_to_date, start_django

    start_django(data)
    bring_schema_up_to_date()


def _follow() -> int:
    """Follow the journal to its end; how many entries it has."""
    from fengkong.console.warnings.journal.journal_rows import journal_rows

    rows, before = journal_rows(), -1
    while rows.after != before:
        before = rows.after
        rows.step()
    return rows.after


def _timed(
    found: dict[str, Any], name: str, step: Callable[[], int], tell: Callable[[str], None]
) -> int:
    wall, processor = time.perf_counter(), time.process_time()
    result = step()
    found[name] = {
        "seconds": round(time.perf_counter() - wall, 1),
        "processor_seconds": round(time.process_time() - processor, 1),
    }
    tell(f"{name}: {found[name]}")
    return result
