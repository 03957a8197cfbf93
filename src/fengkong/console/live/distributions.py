"""How a feature's values spread, now and in the weeks before."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from fengkong.evaluation.model_watch import MISSING, STABILITY
from fengkong.scoring.stability import Lamp, counts_in, missing_share, shape_of, stability_index

Value = float | bool | str | None
_WORDS_MAX: Final = 12
"""Words of a text feature that are told apart; all others are one."""
_OTHERS: Final = "…"
ROWS_MIN: Final = 50
"""Below so many rows on either side a drift would be noise."""


def spread(now: Sequence[Value], then: Sequence[Value]) -> dict[str, Any]:
    """Null rates, quantiles, bins with counts of both times, and the stability index (PSI).

    `psi` is None where one side has less than `ROWS_MIN` rows. Bins have equal counts of `then`
    (of `now` where there is nothing before); the last bin is of the missing values.
    """
    if any(isinstance(value, str) for value in (*now, *then)):
        return _of_words(now, then)
    seen, before = _numbers(now), _numbers(then)
    shape = shape_of(before if len(before) else seen)
    counts = counts_in(seen, edges=shape.edges), counts_in(before, edges=shape.edges)
    known = seen[np.isfinite(seen)]
    quantiles = np.quantile(known, (0.05, 0.25, 0.5, 0.75, 0.95)).tolist() if len(known) else []
    return _judged(
        {
            "kind": "number",
            "edges": shape.edges.tolist(),
            "quantiles": quantiles,
            "mean": float(known.mean()) if len(known) else None,
            "null": missing_share(seen),
            "null_before": missing_share(before),
        },
        counts,
    )


def _of_words(now: Sequence[Value], then: Sequence[Value]) -> dict[str, Any]:
    seen, before = Counter(map(_word, now)), Counter(map(_word, then))
    common = [word for word, _ in (seen + before).most_common() if word is not None]
    words = common[:_WORDS_MAX]
    counts = tuple(
        np.array(
            [
                *(one[word] for word in words),
                sum(one[word] for word in common[_WORDS_MAX:]),
                one[None],
            ],
            dtype=np.int64,
        )
        for one in (seen, before)
    )
    return _judged(
        {
            "kind": "word",
            "words": [*words, _OTHERS],
            "null": seen[None] / len(now) if now else 0.0,
            "null_before": before[None] / len(then) if then else 0.0,
        },
        (counts[0], counts[1]),
    )


def _judged(found: dict[str, Any], counts: tuple[Any, Any]) -> dict[str, Any]:
    rows, rows_before = int(counts[0].sum()), int(counts[1].sum())
    enough = min(rows, rows_before) >= ROWS_MIN
    psi = stability_index(counts[1], counts[0]) if enough else None
    lamps = [Lamp.GREEN if psi is None else STABILITY.lamp(psi)]
    if enough:
        lamps.append(MISSING.lamp(abs(found["null"] - found["null_before"])))
    order = (Lamp.GREEN, Lamp.AMBER, Lamp.RED)
    return found | {
        "rows": rows,
        "rows_before": rows_before,
        "counts": counts[0].tolist(),
        "counts_before": counts[1].tolist(),
        "psi": psi,
        "lamp": str(max(lamps, key=order.index)) if enough else "none",
    }


def _numbers(values: Sequence[Value]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([np.nan if value is None else float(value) for value in values], dtype=float)


def _word(value: Value) -> str | None:
    return None if value is None else str(value)


def _edge(value: float) -> str:
    """A bound of a bin, as exactly as a chart needs it."""
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"


def bin_names(found: Mapping[str, Any]) -> list[str]:
    """What each bin of a spread holds, for its chart; the last one is for values that miss."""
    if found["kind"] == "word":
        return [*found["words"], "∅"]
    edges = [_edge(edge) for edge in found["edges"]]
    if not edges:
        return ["…", "∅"]
    between = [f"{low} – {high}" for low, high in itertools.pairwise(edges)]
    return [f"≤ {edges[0]}", *between, f"> {edges[-1]}", "∅"]
