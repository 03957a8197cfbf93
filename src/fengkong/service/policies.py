"""Policies in force: published, shadowed, tried on a share, rolled back while events keep coming.

A new policy's lane is brought to the head of the journal first; the activation is an entry of its
own, and every event behind it is decided by the new policy.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from fengkong.core.errors import RiskError
from fengkong.core.instants import format_instant
from fengkong.journal.history import Activation, History
from fengkong.journal.parts import CANARY, LIVE, SHADOW, changed
from fengkong.service import problems
from fengkong.service.answers import Answer
from fengkong.service.assistant import Assistant
from fengkong.service.clock import Clock
from fengkong.service.deciding import Decider
from fengkong.service.items import Recorded
from fengkong.service.metrics import Metrics
from fengkong.service.refusals import NothingToPromoteError, NothingToRollBackError
from fengkong.service.states.lanes import Lane, same_memory
from fengkong.service.states.recovery import Activated, fold, in_force
from fengkong.service.states.rival import Rival, Share
from fengkong.service.states.snapshots import SnapshotFolder
from fengkong.service.writer import Writer

_LOG: Final = logging.getLogger(__name__)


class Policies:
    """Changes which policy decides; one change at a time."""

    def __init__(
        self,
        *,
        decider: Decider,
        writer: Writer,
        history: History,
        snapshots: SnapshotFolder,
        assistant: Assistant,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._decider = decider
        self._writer = writer
        self._history = history
        self._snapshots = snapshots
        self._assistant = assistant
        self._metrics = metrics
        self._clock = clock
        self._turn = asyncio.Lock()
        show_policy(metrics, decider.live)

    async def publish(self, text: str) -> Answer:
        """Put a policy in force; the answer comes when its activation is durable."""
        return await self._turned(lambda: self._put(_Wanted(LIVE, "published", text)))

    async def shadow(self, text: str | None) -> Answer:
        """Run a policy beside the live one, or end it."""
        if text is None:
            return await self._turned(lambda: self._end(SHADOW, cause="ended"))
        return await self._turned(lambda: self._put(_Wanted(SHADOW, "published", text)))

    async def canary(
        self, text: str | None, *, share: float = 0.0, by: str | None = None
    ) -> Answer:
        """Have a policy answer for a share of the subjects, or of the values of `by`; or end it."""
        if text is None:
            return await self._turned(lambda: self._end(CANARY, cause="ended"))
        wanted = _Wanted(CANARY, "published", text, share=share, by=by)
        return await self._turned(lambda: self._put(wanted))

    async def promote(self) -> Answer:
        """Put the policy that runs beside the live one in force."""
        return await self._turned(self._promote)

    async def rollback(self) -> Answer:
        """Undo the last change of who answers: end the canary, else the live policy before."""
        return await self._turned(self._roll_back)

    def listed(self) -> Answer:
        """All activations, the live policy and the one beside it."""
        return Answer(
            200,
            msgspec.json.encode(
                {
                    "live": _named(self._decider.live),
                    "shadow": self._rival_named(SHADOW),
                    "canary": self._rival_named(CANARY),
                    "activations": [self._shown(one) for one in self._decider.activations],
                }
            ),
        )

    @property
    def texts(self) -> tuple[str, ...]:
        """The policies in force, to be kept in snapshots."""
        return tuple(lane.text for lane in self._decider.lanes)

    async def _turned(self, change: Callable[[], Awaitable[None]]) -> Answer:
        """Make one change at a time; the activation that it recorded, or why there is none."""
        async with self._turn:
            try:
                await change()
            except RiskError as error:
                return problems.of_error(error)
            return Answer(200, msgspec.json.encode(self._last()))

    async def _put(self, wanted: _Wanted) -> None:
        lane, position = await self._prepared(wanted.text)
        activation = wanted.activation(lane)
        await self._writer.between_groups(lambda: self._activated(lane, position, activation))

    async def _end(self, role: str, *, cause: str) -> None:
        activation = Activation(role=role, cause=cause)
        await self._writer.between_groups(lambda: self._record(activation))

    async def _promote(self) -> None:
        rival = self._decider.rival
        if rival is None:
            raise NothingToPromoteError("no policy runs beside the live one")
        await self._put(_Wanted(LIVE, "promoted", rival.lane.text))

    async def _roll_back(self) -> None:
        rival = self._decider.rival
        if rival is not None and rival.role == CANARY:
            await self._end(CANARY, cause="rolled_back")
            return
        live = self._decider.live.policy.hash
        earlier = [
            one.activation.text
            for one in self._decider.activations
            if one.activation.role == LIVE and one.activation.hash != live
        ]
        if not earlier or earlier[-1] is None:
            raise NothingToRollBackError("no other policy was in force before")
        await self._put(_Wanted(LIVE, "rolled_back", earlier[-1]))

    async def _prepared(self, text: str) -> tuple[Lane, int | None]:
        """The lane of a checked policy, and the position it stands at; None: takes over a state."""
        await self._assistant.ask("check", texts=[text])
        lane = await asyncio.to_thread(Lane.begin, text, source="policy")
        rival = self._decider.rival
        if rival is not None and rival.lane.policy.hash == lane.policy.hash:
            return rival.lane, None  # it is at the head already, and stays there
        if same_memory(lane.policy, self._decider.live.policy):
            return lane, None
        head = self._history.reading.head().sequence
        await self._assistant.ask("snapshot", texts=[text], sequence=head)
        position = await asyncio.to_thread(
            self._snapshots.load_into, lane, history=self._history, upto=head
        )
        return lane, position

    def _activated(
        self, lane: Lane, position: int | None, activation: Activation
    ) -> list[Recorded]:
        """Between two groups: bring the lane to the head, switch, and record the activation."""
        decider, appender = self._decider, self._decider.appender
        if lane in decider.lanes:
            pass  # it has followed every event
        elif position is None:
            lane.state = lane.engine.restore(decider.live.state.save())
        else:
            head = appender.next_sequence - 1
            fold(lane, history=self._history, after=position, upto=head)
        if activation.role == LIVE:
            decider.live = lane
            show_policy(self._metrics, lane)
        else:
            decider.rival = Rival.of(lane, activation)
        return self._record(activation)

    def _record(self, activation: Activation) -> list[Recorded]:
        """Record an activation; whatever it ends beside the live policy ends."""
        decider = self._decider
        live, rival = in_force(decider.activations, at=decider.appender.next_sequence)
        _, rival = changed(activation, live=live, rival=rival)
        if rival is None:
            decider.rival = None
        decider.activate(activation, now=self._clock())
        what = activation.name or "no policy"
        _LOG.info("%s policy %s from entry %d", activation.role, what, decider.appender.size + 1)
        return []

    def _rival_named(self, role: str) -> dict[str, Any] | None:
        rival = self._decider.rival
        if rival is None or rival.role != role:
            return None
        share = rival.share
        dealt = {} if share is None else {"share": share.of, "by": share.by}
        return _named(rival.lane) | dealt

    def _last(self) -> dict[str, Any]:
        return self._shown(self._decider.activations[-1])

    def _shown(self, one: Activated) -> dict[str, Any]:
        activation = one.activation
        entry = self._history.reading.entry(one.sequence)
        at = None if entry is None else format_instant(self._history.leaf(entry).at)
        return {
            "sequence": one.sequence,
            "activated_at": at,
            "role": activation.role,
            "cause": activation.cause,
            "policy": activation.name,
            "version": activation.version,
            "hash": activation.hash,
            "share": activation.share,
            "by": activation.by,
        }


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which part a policy is to have, and why."""

    role: str
    cause: str
    text: str
    share: float = 0.0
    by: str | None = None

    def activation(self, lane: Lane) -> Activation:
        """The entry that gives the policy's lane this part; raises `InvalidShareError`."""
        plain = activation_of(lane, role=self.role, cause=self.cause)
        if self.role != CANARY:
            return plain
        share = Share.asked(self.share, by=self.by, policy=lane.policy.hash)
        return msgspec.structs.replace(plain, share=share.of, by=share.by)


def activation_of(lane: Lane, *, role: str, cause: str) -> Activation:
    """The entry that puts a lane's policy in force."""
    policy = lane.policy
    return Activation(
        role=role,
        cause=cause,
        hash=policy.hash,
        name=policy.name,
        version=policy.version,
        text=lane.text,
    )


def show_policy(metrics: Metrics, lane: Lane) -> None:
    """Tell the metrics which policy decides."""
    metrics.policy.clear()
    metrics.policy.labels(lane.policy.name, str(lane.policy.version)).set(1)


def _named(lane: Lane) -> dict[str, Any]:
    policy = lane.policy
    return {"policy": policy.name, "version": policy.version, "hash": policy.hash}
