"""Fifty conditions by CEL (`common-expression-language`, Rust): one compiled list expression."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cel

from benchmarks.translation import CEL, as_one_list
from benchmarks.workers.conditions import take_part


def judge_of(conditions: list[str]) -> Callable[[Any], Any]:
    """A function of one row."""
    return cel.compile(as_one_list(conditions, dialect=CEL)).execute


if __name__ == "__main__":
    take_part(package="common-expression-language", judge_of=judge_of)
