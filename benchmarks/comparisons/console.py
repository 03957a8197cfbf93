"""The console with a million decisions: every screen over HTTP."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from typing import Any, Final

from benchmarks.console_screens import Browser, served, visited
from benchmarks.contestants import environment
from benchmarks.payments import ROOT
from benchmarks.report import Comparison, Figure, Goal
from benchmarks.settings import Settings

SCREEN_MS_MAX: Final = 300.0
PAGE_KB_MAX: Final = 500.0
SLOWEST_SHOWN: Final = 15
VISITS: Final = 4
"""Visits of a screen in each round."""


def measure(settings: Settings) -> Comparison:
    """p50 and p95 of every screen with so many decisions in the store; the first page's size."""
    data = settings.folder / "console"
    data.mkdir(mode=0o700)
    settings.tell(f"console: filling the store with {settings.decisions:,} decisions")
    told = json.loads(_run("-m", "benchmarks.console_store", str(data), str(settings.decisions)))
    settings.tell(
        f"console: {told['alerts']:,} alerts; visiting {len(told['addresses'])} addresses"
    )
    with served(data, port=free_port()) as console:
        browser = Browser(console.port)
        browser.sign_in(told["username"], password=told["password"], secret=told["secret"])
        first_page = browser.first_page_bytes("/")
        visits = visited(console, browser, told["addresses"], rounds=settings.rounds * VISITS)
        browser.close()
    return compared(told, visits, first_page=first_page)


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        found: int = listening.getsockname()[1]
        return found


def compared(told: dict[str, Any], visits: list[dict[str, Any]], *, first_page: int) -> Comparison:
    """What the visits show."""
    visits = sorted(visits, key=lambda visit: -quantile(visit["wall"], 0.95))
    figures = [
        Figure(
            name=visit["address"],
            unit="ms",
            samples=tuple(1000 * one for one in visit["wall"]),
            note=(
                f"p95 {1000 * quantile(visit['wall'], 0.95):.0f} ms; processor p50 "
                f"{1000 * quantile(visit['cpu'], 0.5):.0f}, p95 "
                f"{1000 * quantile(visit['cpu'], 0.95):.0f} ms; {visit['bytes']:,} bytes"
            ),
        )
        for visit in visits[:SLOWEST_SHOWN]
    ]
    every = [one for visit in visits for one in visit["wall"]]
    used = max(quantile(visit["cpu"], 0.95) for visit in visits)
    goals = [
        _at_most("p95 of the slowest screen", 1000 * quantile(visits[0]["wall"], 0.95), "ms"),
        _at_most("processor time of the dearest screen, p95", 1000 * used, "ms"),
        _at_most("p95 of all screens", 1000 * quantile(every, 0.95), "ms"),
        _at_most("largest page without its assets", _largest(visits), "KB"),
        _at_most("first page with its assets, packed", first_page / 1000, "KB"),
    ]
    notes = [f"{len(visits)} screens, seen by who may see all of them"]
    if told["unfilled"]:
        notes.append(f"not visited, as nothing of theirs is there: {', '.join(told['unfilled'])}")
    return Comparison(
        name="console", title=f"The console with {told['decisions']:,} decisions",
        data=f"made decisions of thirty days, 50,000 subjects, {told['alerts']:,} alerts",
        figures=figures, goals=goals, notes=notes,
    )  # fmt: skip


def _at_most(name: str, value: float, unit: str) -> Goal:
    limit = SCREEN_MS_MAX if unit == "ms" else PAGE_KB_MAX
    return Goal(name=name, limit=limit, value=value, unit=unit, at_most=True)


def _largest(visits: list[dict[str, Any]]) -> float:
    return float(max(visit["bytes"] for visit in visits)) / 1000


def quantile(samples: list[float], share: float) -> float:
    """The value that this share of the samples stays at or under."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *arguments],
        cwd=ROOT, env=environment(threads=1), stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return done.stdout
