"""Two policies on one event: which of them answers, and what is recorded of the other.

The live policy is asked first, always. What it refuses is refused, and what it could not compute is
counted by neither, as no replay would count it. So the other policy sees just the events that a
fold over the journal would show it. Where that one fails, the live policy answers: a canary costs
nobody an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fengkong.events.event import Event
from fengkong.protection.vault import Vault
from fengkong.service.metrics import Metrics
from fengkong.service.recording import Read, Verdict
from fengkong.service.states.lanes import Decided, Judged, Lane
from fengkong.service.states.rival import Rival


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Judges events by the live policy and the one beside it."""

    vault: Vault
    metrics: Metrics

    def one(self, read: Read, *, live: Lane, rival: Rival | None) -> Verdict:
        """The verdict of one event; raises what the live policy raises, with nothing counted."""
        judged = live.judge(read.event)
        mine = decided_of(judged) if read.item.decided else None
        if rival is None or judged.missing is not None:
            return Verdict(mine, live.policy.hash, missing=judged.missing)
        return self._answered(read, mine, self._followed(read.event, rival), live, rival)

    def together(
        self, reads: Sequence[Read], *, live: Lane, rival: Rival | None
    ) -> list[Verdict] | None:
        """The verdicts of several events; None, with nothing counted, where each needs a look."""
        events = [read.event for read in reads]
        together = live.decide_together(events)
        if together is None:
            return None
        policy = live.policy.hash
        asked = [
            one if read.item.decided else None for read, one in zip(reads, together, strict=True)
        ]
        if rival is None:
            return [Verdict(one, policy) for one in asked]
        return list(self._both(reads, asked, live=live, rival=rival))

    def _both(
        self, reads: Sequence[Read], asked: Sequence[Decided | None], *, live: Lane, rival: Rival
    ) -> Iterator[Verdict]:
        events = [read.event for read in reads]
        others = rival.lane.decide_together(events)
        if others is None:
            others = [self._followed(event, rival) for event in events]
        for read, mine, other in zip(reads, asked, others, strict=True):
            yield self._answered(read, mine, other, live, rival)

    def _followed(self, event: Event, rival: Rival) -> Decided | None:
        """What the other policy says; its trouble is seen in its metric."""
        if rival.out_of_room:
            return None
        judged = rival.lane.follow(event)
        if judged is None or judged.missing is not None:
            self.metrics.shadow_failures.inc()
            rival.out_of_room = judged is not None
            return None
        return decided_of(judged)

    def _answered(
        self, read: Read, mine: Decided | None, other: Decided | None, live: Lane, rival: Rival
    ) -> Verdict:
        if mine is None or other is None:
            return Verdict(mine, live.policy.hash)
        differs = other.outcome != mine.outcome
        if differs:
            self.metrics.shadow_differences.labels(mine.outcome, other.outcome).inc()
        subject = self.vault.subject_of(read.event)
        if rival.answers(read.event, subject=subject, vault=self.vault):
            self.metrics.canary_decisions.inc()
            return Verdict(other, rival.lane.policy.hash, mine if differs else None)
        return Verdict(mine, live.policy.hash, other if differs else None)


def decided_of(judged: Judged) -> Decided | None:
    """A decision as it is recorded."""
    decision = judged.decision
    if decision is None:
        return None
    return Decided(decision.to_json(), decision.outcome, decision.late)
