"""How likely a value is to reach a bound soon, by how it moved in its own past."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from fengkong.indicators.thresholds import Bounds, Direction

CHANGES_LEAST: Final = 30


def likelihood(
    history: Sequence[float],
    *,
    bounds: Bounds,
    direction: Direction,
    horizon: int = 7,
) -> float | None:
    """The probability that the value is at or beyond its worst bound `horizon` values from now.

    The latest value of `history` (oldest first) is moved by every change over `horizon` values
    that the history knows; the share that ends at or beyond the bound, by Laplace's rule of
    succession ``(hits + 1) / (n + 2)``, is the answer. None with fewer than 30 such changes, or
    without a bound.
    """
    bound = next(
        (one for one in (bounds.red, bounds.orange, bounds.yellow) if one is not None), None
    )
    values = np.asarray(history, dtype=np.float64)
    if bound is None or values.size - horizon < CHANGES_LEAST:
        return None
    ahead = values[-1] + (values[horizon:] - values[:-horizon])
    if direction is Direction.ABOVE:
        hits = int((ahead >= bound).sum())
    elif direction is Direction.BELOW:
        hits = int((ahead <= bound).sum())
    else:
        hits = int((np.abs(ahead - bounds.centre) >= bound).sum())
    return float((hits + 1) / (ahead.size + 2))
