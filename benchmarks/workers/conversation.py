"""How a contestant's process talks: a JSON line in, a JSON line out.

``{"do": "answer", "file": F}`` computes once and saves the results with numpy in F;
``{"do": "round"}`` does the same work against the clock; the end of the input ends the process.
Anything that a library prints goes to stderr.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from importlib import metadata
from typing import Any

import numpy as np


def arguments() -> dict[str, Any]:
    """What the process was started with: one JSON object."""
    given = json.loads(sys.argv[1])
    assert isinstance(given, dict), "the first argument is an object"
    return given


def timed(work: Callable[[], object]) -> dict[str, float]:
    """Seconds on the clock, and of processor time in all threads, that some work takes."""
    processor, clock = time.process_time(), time.perf_counter()
    work()
    return {
        "seconds": time.perf_counter() - clock,
        "processor_seconds": time.process_time() - processor,
    }


def serve(
    *,
    package: str,
    work: Callable[[], Any],
    results: Callable[[Any], np.ndarray[Any, Any]] = np.asarray,
    clock: Callable[[Callable[[], Any]], dict[str, Any]] = timed,
    about: dict[str, Any] | None = None,
) -> None:
    """Answer until the input ends. `results` turns what `work` gives into an array to compare."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def reply(facts: dict[str, Any]) -> None:
        replies.write(json.dumps(facts) + "\n")
        replies.flush()

    reply({"ready": True, "version": metadata.version(package), **(about or {})})
    for line in sys.stdin:
        wish = json.loads(line)
        if wish["do"] == "answer":
            np.save(wish["file"], results(work()))
            reply({"saved": wish["file"]})
        elif wish["do"] == "round":
            reply(clock(work))
        else:
            raise ValueError(f"cannot do {wish['do']!r}")
