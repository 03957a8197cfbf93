"""The command line: measure what was asked for, show it, write it, and say whether it holds."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from benchmarks import payments
from benchmarks.comparisons import COMPARISONS
from benchmarks.console_store import DECISIONS
from benchmarks.contestants import ContestantError
from benchmarks.machine import describe_machine
from benchmarks.peers import versions
from benchmarks.screen import Screen
from benchmarks.settings import Settings
from benchmarks.speed_page import write_pages

ROUNDS: Final = 5
PIPED_COLUMNS: Final = 120
GROWTH_EVENTS_MAX: Final = 10_000_000
_ROUNDS_MAX: Final = 1_000


def main(arguments: Sequence[str]) -> int:
    """Exit code: 0 measured, 1 results disagree or a contestant failed, 2 bad use."""
    wishes = _wishes(arguments)
    names = list(dict.fromkeys(wishes.names)) or list(COMPARISONS)
    # Only figures go to stdout; progress is for the person who waits.
    progress = Console(stderr=True)
    screen = Screen(Console(width=None if sys.stdout.isatty() else PIPED_COLUMNS))
    with tempfile.TemporaryDirectory(prefix="fengkong-bench-") as folder:
        settings = Settings(
            rounds=wishes.rounds,
            payments=payments.prepare(folder=Path(folder), events_max=wishes.events),
            folder=Path(folder),
            growth_events_max=wishes.growth_events,
            recovery_entries=wishes.recovery_entries,
            decisions=wishes.decisions,
            tell=lambda text: progress.print(f"[dim]{text}[/dim]", highlight=False),
        )
        whole: dict[str, Any] = {
            "machine": describe_machine(),
            "peers": versions(),
            "rounds": wishes.rounds,
            "comparisons": [],
        }
        screen.show_about(whole)
        try:
            agreed = [_measure(name, settings, screen, whole, wishes.json) for name in names]
        except ContestantError as error:
            progress.print(f"[bold red]{error}")
            return 1
    if wishes.write_docs:
        write_pages(whole)
    return 0 if all(agreed) else 1


def _measure(
    name: str, settings: Settings, screen: Screen, whole: dict[str, Any], file: Path | None
) -> bool:
    """Show and write one comparison as soon as it is there; whether all results agree."""
    comparison = COMPARISONS[name](settings)
    screen.show(comparison)
    whole["comparisons"].append(comparison.to_json())
    if file is not None:
        text = json.dumps(whole, ensure_ascii=False, indent=1)
        file.write_text(text + "\n", encoding="utf-8")
    return comparison.agrees


def _wishes(arguments: Sequence[str]) -> argparse.Namespace:
    parser = _parser()
    wishes = parser.parse_args(arguments)
    if wishes.json is not None and not wishes.json.absolute().parent.is_dir():
        parser.error(f"--json: there is no folder {wishes.json.parent}")
    return wishes


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 run.py bench",
        description="Measure Fengkong beside other tools. Results are compared before times are; "
        "when they disagree, the exit code is 1.",
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", type=_name,
        help=f"what to measure: {', '.join(COMPARISONS)} (all)",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument(
        "--rounds", type=_whole(1, _ROUNDS_MAX), default=ROUNDS, metavar="N",
        help=f"rounds of every contestant ({ROUNDS})",
    )  # fmt: skip
    parser.add_argument(
        "--events", type=_whole(1_000, payments.SIMULATED_EVENTS * 10), metavar="N",
        help="only the first N card payments, for a quick look",
    )  # fmt: skip
    parser.add_argument(
        "--growth-events", type=_whole(100_000, 100_000_000), default=GROWTH_EVENTS_MAX,
        metavar="N", help=f"the largest step of growth ({GROWTH_EVENTS_MAX:,})",
    )  # fmt: skip
    parser.add_argument(
        "--recovery-entries", type=_whole(1_000, 10_000_000), default=0, metavar="N",
        help="with `service`: also come back with a journal of N entries (4 kB each)",
    )  # fmt: skip
    parser.add_argument(
        "--decisions", type=_whole(1_000, 10_000_000), default=DECISIONS, metavar="N",
        help=f"with `console`: decisions in its store ({DECISIONS:,})",
    )  # fmt: skip
    parser.add_argument(
        "--write-docs", action="store_true",
        help="put tables and plot into docs/explanation (for a quiet machine)",
    )  # fmt: skip
    return parser


def _name(text: str) -> str:
    if text not in COMPARISONS:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(COMPARISONS)}")
    return text


def _whole(low: int, high: int) -> Any:
    def read(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(f"expected {low:,} to {high:,}, was {number:,}")
        return number

    read.__name__ = "whole number"
    return read
