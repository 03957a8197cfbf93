"""What policies said about the facts of a back-test, gathered in one pass over the history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fengkong.decisions import verdict
from fengkong.decisions.engine import Engine
from fengkong.decisions.policy import Policy
from fengkong.evaluation.facts import FACT_BYTES, FactLog, Facts, joined
from fengkong.evaluation.labels import LabelLog
from fengkong.events.columns import EventColumns

NOT_DECIDED: Final = 255
"""The rank of an event that this policy does not decide."""
EXAMPLES_MAX: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The instants (us) from and to which (exclusive) events are judged; None is open.

    Events before it still count in the windows of features.
    """

    since: int | None = None
    until: int | None = None

    def holds(self, instants: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which instants lie in it."""
        inside = np.ones(len(instants), dtype=np.bool_)
        if self.since is not None:
            inside &= instants >= self.since
        if self.until is not None:
            inside &= instants < self.until
        return inside


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgements:
    """What one policy said about facts, in their order.

    ranks uint8[n] of the outcome (0 the strongest, 255 not decided); hits uint8[n, ceil(rules/8)],
    a bit a rule; unknowns int64[rules] counts.
    """

    policy: Policy
    ranks: NDArray[np.uint8]
    hits: NDArray[np.uint8]
    unknowns: NDArray[np.int64]

    @property
    def decided(self) -> NDArray[np.bool_]:
        """The facts that the policy decided."""
        decided: NDArray[np.bool_] = self.ranks != NOT_DECIDED
        return decided

    @property
    def flagged(self) -> NDArray[np.bool_]:
        """The facts that were decided and not simply allowed; allow is the weakest outcome."""
        return self.ranks < len(self.policy.outcomes.order) - 1

    def rule_hits(self, rule: int) -> NDArray[np.bool_]:
        """The facts that one rule hit."""
        column = self.hits[:, rule // 8]
        return ((column >> np.uint8(7 - rule % 8)) & np.uint8(1)).astype(np.bool_)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A history as it was judged; `changed` are some ids by the pair of outcomes."""

    facts: Facts
    judgements: tuple[Judgements, ...]
    log: LabelLog
    events: int
    last_at: int
    changed: dict[tuple[int, int], list[str]]

    @property
    def bytes_per_event(self) -> int:
        """Memory that one judged event takes."""
        return FACT_BYTES + sum(int(judged.hits.shape[1]) + 1 for judged in self.judgements)


class _Judge:
    """One policy going through the history."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._engine = Engine(policy)
        self._state = self._engine.new_state()
        names = policy.catalogue.type_names
        self.decides = np.array([name in policy.events for name in names])
        self._ranks: list[NDArray[np.uint8]] = []
        self._hits: list[NDArray[np.uint8]] = []
        self._unknowns: NDArray[np.int64] = np.zeros(len(policy.rules), dtype=np.int64)

    def judge(self, columns: EventColumns, chosen: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """Decide a batch, keep what is said about the chosen events, return their ranks."""
        decided = np.flatnonzero(self.decides[columns.types])
        ranks = np.full(len(columns), NOT_DECIDED, dtype=np.uint8)
        hits = np.zeros((len(columns), (len(self.policy.rules) + 7) // 8), dtype=np.uint8)
        done = 0
        for block in self._engine.decide_columns(columns, self._state):
            rows = decided[done : done + len(block)]
            done += len(block)
            verdicts = block.judged.verdicts
            ranks[rows] = block.judged.ranks
            hits[rows] = np.packbits(verdicts == verdict.HIT, axis=1)
            unknown = verdicts[chosen[rows]] == verdict.UNKNOWN
            self._unknowns += np.count_nonzero(unknown, axis=0)
        assert done == len(decided), "every event of a decided type gets a decision"
        self._ranks.append(ranks[chosen])
        self._hits.append(hits[chosen])
        return self._ranks[-1]

    def judgements(self) -> Judgements:
        """Everything that was kept; the judge is empty afterwards."""
        ranks, hits = self._ranks, self._hits
        self._ranks, self._hits = [], []
        width = (len(self.policy.rules) + 7) // 8
        return Judgements(
            policy=self.policy,
            ranks=joined(ranks, np.uint8),
            hits=joined(hits, np.uint8).reshape(-1, width) if width else _no_hits(ranks),
            unknowns=self._unknowns,
        )


def _no_hits(ranks: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    return np.zeros((sum(map(len, ranks)), 0), dtype=np.uint8)


def judge_history(
    policies: Sequence[Policy], batches: Iterable[EventColumns], *, period: Period
) -> History:
    """Let policies decide the same events side by side, and gather the labels among them."""
    judges = [_Judge(policy) for policy in policies]
    facts, log = FactLog(policies[0]), LabelLog()
    changed: dict[tuple[int, int], list[str]] = {}
    events, last_at = 0, 0
    decides = np.any([judge.decides for judge in judges], axis=0)
    for columns in batches:
        if not len(columns):
            continue
        events += len(columns)
        last_at = max(last_at, int(columns.occurred_at.max()))
        chosen = decides[columns.types] & period.holds(columns.occurred_at)
        kept = columns.take(np.flatnonzero(chosen))
        facts.read(kept)
        log.read(columns)
        ranks = [judge.judge(columns, chosen) for judge in judges]
        if len(ranks) > 1:
            _note_changes(changed, ranks[0], ranks[1], kept)
    return History(
        facts=facts.facts(),
        judgements=tuple(judge.judgements() for judge in judges),
        log=log,
        events=events,
        last_at=last_at,
        changed=changed,
    )


def _note_changes(
    changed: dict[tuple[int, int], list[str]],
    first: NDArray[np.uint8],
    second: NDArray[np.uint8],
    events: EventColumns,
) -> None:
    """Keep the ids of the first few events for every pair of ranks."""
    pairs = first.astype(np.int64) * 256 + second
    for pair in np.unique(pairs).tolist():
        ids = changed.setdefault((pair // 256, pair % 256), [])
        if len(ids) < EXAMPLES_MAX:
            rows = np.flatnonzero(pairs == pair)[: EXAMPLES_MAX - len(ids)]
            ids += [str(events.ids[row]) for row in rows.tolist()]
