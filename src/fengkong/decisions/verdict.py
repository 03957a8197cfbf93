"""From the results of conditions to hits, points and outcomes; compiled, for one row or many."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fengkong.decisions.layout import rule_name
from fengkong.decisions.policy import Policy, Rule
from fengkong.rules.program import Program

NO, HIT, UNKNOWN = 0, 1, 2
NOTHING: Final = 127
"""A rank that is weaker than every outcome: the rule gives points only."""
# columns of a type's rules
_NUMBER, _CONDITION, _POINTS, _RANK, _UNKNOWN_RANK = range(5)


class Judged(NamedTuple):
    """verdicts uint8[n, rules] (no, hit, unknown), points float64[n], ranks int64[n]."""

    verdicts: NDArray[np.uint8]
    points: NDArray[np.float64]
    ranks: NDArray[np.int64]


class Judge:
    """Judges rows of results by the rules of a policy; the strongest outcome wins."""

    def __init__(self, policy: Policy, *, program: Program) -> None:
        order = policy.outcomes.order

        def rank(outcome: str | None) -> int:
            return NOTHING if outcome is None else order.index(outcome)

        self._rules = len(policy.rules)
        self._weakest = len(order) - 1
        rows = [
            (
                number,
                program.index(rule_name(rule)),
                rule.points,
                rank(rule.outcome),
                rank(_unknown_outcome(rule, policy)),
            )
            for number, rule in enumerate(policy.rules)
        ]
        # One table a type: only the rules that apply to it, in their order.
        self._tables = [
            np.array(
                [row for row, rule in zip(rows, policy.rules, strict=True) if name in rule.types],
                dtype=np.float64,
            ).reshape(-1, 5)
            for name in policy.catalogue.type_names
        ]
        self._all = np.concatenate([np.empty((0, 5)), *self._tables])
        lengths = [len(table) for table in self._tables]
        self._starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        thresholds = [(least, rank(name)) for name, least in policy.outcomes.thresholds.items()]
        self._thresholds = np.array(thresholds, dtype=np.float64).reshape(-1, 2)
        self._marks = np.zeros(max(1, self._rules), dtype=np.int64)
        self._marked = self._marks.data

    def rows(self, results: NDArray[np.float64], types: NDArray[np.int64]) -> Judged:
        """The verdicts on results float64[n, expressions] of events of some types, int64[n]."""
        count = len(results)
        verdicts = np.zeros((count, self._rules), dtype=np.uint8)
        points = np.empty(count)
        ranks = np.full(count, self._weakest, dtype=np.int64)
        judge_rows(
            results, types, self._all, self._starts, self._thresholds, verdicts, points, ranks
        )
        return Judged(verdicts, points, ranks)

    def row(self, results: NDArray[np.float64], number: int) -> tuple[float, int, list[int]]:
        """Points, rank and marks of one row: rule r hit is r, unknown is -1 - r."""
        points, rank, count = judge_row(
            results, self._tables[number], self._thresholds, self._marks
        )
        rank = min(rank, self._weakest)
        return points, rank, self._marked[:count].tolist() if count else []


def _unknown_outcome(rule: Rule, policy: Policy) -> str | None:
    if rule.unknown == "record":
        return None
    return rule.unknown or policy.unknown


@njit(cache=True, nogil=True)
def judge_row(results, table, thresholds, marks):
    """Judge one row by a type's table; returns points, rank and how many marks were made."""
    best = NOTHING
    total = 0.0
    count = 0
    for r in range(table.shape[0]):
        value = results[int(table[r, _CONDITION])]
        if value == 1.0:
            total += table[r, _POINTS]
            best = min(best, int(table[r, _RANK]))
            marks[count] = int(table[r, _NUMBER])
            count += 1
        elif np.isnan(value):
            best = min(best, int(table[r, _UNKNOWN_RANK]))
            marks[count] = -1 - int(table[r, _NUMBER])
            count += 1
    for t in range(thresholds.shape[0]):
        if total >= thresholds[t, 0]:
            best = min(best, int(thresholds[t, 1]))
    return total, best, count


@njit(cache=True, nogil=True)
def judge_rows(results, types, tables, starts, thresholds, verdicts, totals, outcomes):
    """Judge rows by their types' tables, one below the other from `starts`.

    verdicts uint8[n, rules] receives HIT or UNKNOWN; totals float64[n] the points; outcomes
    int64[n], which comes in as the weakest, the rank of the strongest of hits, unknowns and
    reached thresholds.
    """
    for i in range(results.shape[0]):
        best = outcomes[i]
        total = 0.0
        for r in range(starts[types[i]], starts[types[i] + 1]):
            value = results[i, int(tables[r, _CONDITION])]
            if value == 1.0:
                total += tables[r, _POINTS]
                best = min(best, int(tables[r, _RANK]))
                verdicts[i, int(tables[r, _NUMBER])] = HIT
            elif np.isnan(value):
                best = min(best, int(tables[r, _UNKNOWN_RANK]))
                verdicts[i, int(tables[r, _NUMBER])] = UNKNOWN
        for t in range(thresholds.shape[0]):
            if total >= thresholds[t, 0]:
                best = min(best, int(thresholds[t, 1]))
        totals[i] = total
        outcomes[i] = best
