"""How distress spreads: DebtRank over guarantees and shared funding, circles of guarantee."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
TRIED_MAX: Final = 500
"""So many of one group are tried as the first to fail."""


@dataclass(frozen=True, slots=True)
class Exposures:
    """Who loses when whom defaults: row i loses at most `amounts[k]` when `on[k]` is lost.

    `buffers` is what each can lose before it is lost itself (equity, income, reserve), `values`
    what each is worth to the firm; arrays of one length n, minor units.
    """

    holders: Whole
    on: Whole
    amounts: Floats
    buffers: Floats
    values: Floats

    def impacts(self) -> Floats:
        """``min(1, exposure / buffer)`` of every edge."""
        buffers = self.buffers[self.holders]
        shares = np.divide(
            self.amounts, buffers, out=np.ones_like(self.amounts), where=buffers > 0.0
        )
        return np.minimum(1.0, shares)


def distress(exposures: Exposures, shocks: Floats) -> Floats:
    """float64[n]: how distressed each ends up, 0 to 1, when some are shocked.

    DebtRank (Battiston, Puliga, Kaushik, Tasca and Caldarelli 2012, Scientific Reports 2:541):
    each node passes its distress on once, the step after it was first hit; walks do not go round
    in circles.
    """
    impacts = exposures.impacts()
    level = np.minimum(1.0, shocks.astype(np.float64))
    active = level > 0.0
    done = np.zeros(level.size, dtype=np.bool_)
    while active.any():
        passing = active[exposures.on]
        arriving = np.zeros(level.size)
        np.add.at(
            arriving,
            exposures.holders[passing],
            impacts[passing] * level[exposures.on[passing]],
        )
        done |= active
        level = np.minimum(1.0, level + arriving)
        active = (level > 0.0) & ~done
    return level


def debt_rank(exposures: Exposures, shocks: Floats) -> float:
    """The share of all value that is lost beyond the shock itself."""
    total = float(exposures.values.sum())
    if total <= 0.0:
        return 0.0
    before = np.minimum(1.0, shocks.astype(np.float64))
    after = distress(exposures, shocks)
    return float(((after - before) * exposures.values).sum() / total)


def debt_ranks(exposures: Exposures, *, of: Sequence[int] | None = None) -> Floats:
    """The DebtRank of each node alone, or of some."""
    nodes = range(exposures.values.size) if of is None else of
    found = np.empty(len(nodes))
    for at, node in enumerate(nodes):
        shock = np.zeros(exposures.values.size)
        shock[node] = 1.0
        found[at] = debt_rank(exposures, shock)
    return found


def exposures_of(
    guarantees: Sequence[tuple[str, str, int]],
    *,
    buffers: Mapping[str, int],
    values: Mapping[str, int],
) -> tuple[list[str], Exposures]:
    """Names in order, and the exposures of ``(guarantor, borrower, amount)`` in minor units.

    A guarantor loses when the borrower defaults; shared funding is given in the same form (who
    lent to both loses). Who has no buffer named is lost by any loss.
    """
    names = sorted({name for one, other, _ in guarantees for name in (one, other)} | set(values))
    place = {name: at for at, name in enumerate(names)}
    return names, Exposures(
        holders=np.array([place[holder] for holder, _, _ in guarantees], dtype=np.int64),
        on=np.array([place[on] for _, on, _ in guarantees], dtype=np.int64),
        amounts=np.array([amount for _, _, amount in guarantees], dtype=np.float64),
        buffers=np.array([buffers.get(name, 0) for name in names], dtype=np.float64),
        values=np.array([values.get(name, 0) for name in names], dtype=np.float64),
    )


def circles(guarantees: Sequence[tuple[str, str, int]]) -> list[list[str]]:
    """The groups in which each guarantees for each over some way (strongly connected, two or
    more).
    """
    from rustworkx import PyDiGraph, strongly_connected_components  # noqa: PLC0415

    graph: PyDiGraph[str, int] = PyDiGraph()
    names = sorted({name for one, other, _ in guarantees for name in (one, other)})
    place = dict(zip(names, graph.add_nodes_from(names), strict=True))
    graph.add_edges_from([(place[a], place[b], amount) for a, b, amount in guarantees])
    groups = [
        sorted(graph[node] for node in group) for group in strongly_connected_components(graph)
    ]
    return sorted(group for group in groups if len(group) > 1)


def contagion_row(
    guarantees: Sequence[tuple[str, str, int]],
    *,
    buffers: Mapping[str, int],
    values: Mapping[str, int],
    defaulted: Collection[str] = (),
) -> dict[str, float]:
    """A day of the source ``contagion``, money in minor units.

    The worst DebtRank of one borrower or guarantor, what those already in default spread, and the
    guarantees that stand in circles. Distress stays within a group that guarantees connect, so
    each group is reckoned by itself; of a group larger than `TRIED_MAX` only those on whom most
    depends are tried.
    """
    total = sum(values.values())
    worst = spread = 0.0
    connected = groups_of(guarantees)
    for edges in connected:
        inside = {name: values.get(name, 0) for name in _members(edges)}
        names, exposures = exposures_of(edges, buffers=buffers, values=inside)
        worth = float(exposures.values.sum())
        shocks = np.array([1.0 if name in defaulted else 0.0 for name in names])
        worst = max(worst, worth * float(debt_ranks(exposures, of=_most_depends(exposures)).max()))
        spread += worth * debt_rank(exposures, shocks)
    groups = circles(guarantees)
    member = {name: at for at, group in enumerate(groups) for name in group}
    in_circles = sum(
        amount
        for one, other, amount in guarantees
        if one in member and member[one] == member.get(other)
    )
    largest = max((len(_members(edges)) for edges in connected), default=1 if values else 0)
    return {
        "worst_debt_rank": worst / total if total > 0 else 0.0,
        "worst_loss": round(worst),
        "distressed_loss": round(spread),
        "guaranteed": sum(amount for _, _, amount in guarantees),
        "guaranteed_in_circles": in_circles,
        "exposure": total,
        "largest_group": float(largest),
    }


def groups_of(
    guarantees: Sequence[tuple[str, str, int]],
) -> list[list[tuple[str, str, int]]]:
    """Guarantees by the groups that they connect in either direction."""
    leader = {name: name for name in _members(guarantees)}

    def first(name: str) -> str:
        while leader[name] != name:
            leader[name] = leader[leader[name]]
            name = leader[name]
        return name

    for one, other, _ in guarantees:
        leader[first(one)] = first(other)
    found: dict[str, list[tuple[str, str, int]]] = {}
    for edge in guarantees:
        found.setdefault(first(edge[0]), []).append(edge)
    return list(found.values())


def _members(edges: Sequence[tuple[str, str, int]]) -> set[str]:
    return {name for one, other, _ in edges for name in (one, other)}


def _most_depends(exposures: Exposures) -> list[int]:
    """Those whose default costs others most by what stands on them, the most first."""
    on = np.bincount(exposures.on, weights=exposures.amounts, minlength=exposures.values.size)
    found: list[int] = np.argsort(-on, kind="stable")[:TRIED_MAX].tolist()
    return found
