"""`python -m benchmarks.early_warning [NAME ...]`: the questions that are named, or all."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any, Final

from benchmarks.early_warning import (
    in_console,
    platforms,
    redemptions,
    scale,
    shared_data,
    stress,
    tails,
    to_message,
)


def _tell(text: str) -> None:
    print(text, file=sys.stderr)


QUESTIONS: Final[dict[str, Callable[[], dict[str, Any]]]] = {
    "stress": stress.figures,
    "tails": tails.figures,
    "redemptions": redemptions.figures,
    "platforms": platforms.figures,
    "wave": platforms.wave,
    "scale": lambda: scale.figures(tell=_tell),
    "console": lambda: in_console.figures(tell=_tell),
    "message": lambda: to_message.figures(tell=_tell),
}
_MADE: Final = frozenset({"scale", "console", "message"})
"""What runs on simulated data alone."""


def main(names: list[str]) -> int:
    """Print the figures as JSON; 2 for an unknown name, 1 where the data is not there."""
    unknown = [name for name in names if name not in QUESTIONS]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; there is {', '.join(QUESTIONS)}", file=sys.stderr)
        return 2
    if not (names and _MADE.issuperset(names)) and not shared_data.available():
        print(f"there is no data in {shared_data.FOLDER}", file=sys.stderr)
        return 1
    found = {name: QUESTIONS[name]() for name in names or QUESTIONS}
    print(json.dumps(found, ensure_ascii=False, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
