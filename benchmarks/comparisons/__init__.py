"""What is compared, and the order in which `python3 run.py bench` measures it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from benchmarks.comparisons import (
    console,
    decisions,
    desk,
    features,
    growth,
    links,
    models,
    rules,
    service,
    start,
)
from benchmarks.report import Comparison
from benchmarks.settings import Settings

COMPARISONS: Final[dict[str, Callable[[Settings], Comparison]]] = {
    "features": features.measure,
    "rules": rules.measure,
    "models": models.measure,
    "decisions": decisions.measure,
    "links": links.measure,
    "growth": growth.measure,
    "start": start.measure,
    "service": service.measure,
    "console": console.measure,
    "desk": desk.measure,
}
"""Each by its name on the command line."""
