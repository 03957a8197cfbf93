"""Fifty conditions by rule-engine (Python): one compiled list expression."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import rule_engine

from benchmarks.translation import RULE_ENGINE, as_one_list
from benchmarks.workers.conditions import take_part


def judge_of(conditions: list[str]) -> Callable[[Any], Any]:
    """A function of one row."""
    evaluate: Callable[[Any], Any] = rule_engine.Rule(
        as_one_list(conditions, dialect=RULE_ENGINE)
    ).evaluate
    return evaluate


if __name__ == "__main__":
    take_part(package="rule-engine", judge_of=judge_of)
