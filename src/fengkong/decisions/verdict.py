"""From the results of conditions to hits, points and outcomes; compiled, for one row or many."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

NO, HIT, UNKNOWN = 0, 1, 2
NOTHING: Final = 127
"""A rank that is weaker than every outcome: the rule gives points only."""


@njit(cache=True, nogil=True)
def judge(
    results, types, conditions, applicable, points, ranks, unknown_ranks, thresholds, threshold_ranks,
    verdicts, totals, outcomes,
):  # fmt: skip
    """Judge rows.

    results float64[n, expressions]; types int64[n]; conditions int64[rules], the column of each
    rule's condition; applicable uint8[types, rules]; verdicts uint8[n, rules] receives NO, HIT or
    UNKNOWN; totals float64[n] the points; outcomes int64[n] the rank of the outcome, which is
    the strongest (smallest) of hits, unknowns and reached thresholds; it comes in as the weakest.
    """
    for i in range(results.shape[0]):
        best = outcomes[i]
        total = 0.0
        for r in range(conditions.shape[0]):
            verdict = NO
            if applicable[types[i], r]:
                value = results[i, conditions[r]]
                if value == 1.0:
                    verdict = HIT
                    total += points[r]
                    best = min(best, ranks[r])
                elif np.isnan(value):
                    verdict = UNKNOWN
                    best = min(best, unknown_ranks[r])
            verdicts[i, r] = verdict
        for t in range(thresholds.shape[0]):
            if total >= thresholds[t]:
                best = min(best, threshold_ranks[t])
        totals[i] = total
        outcomes[i] = best
