"""Policies in force: published, shadowed and rolled back while events keep coming.

A new policy's lane is brought to the head of the journal first; the activation is an entry of its
own, and every event behind it is decided by the new policy.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from fengkong.core.errors import RiskError
from fengkong.core.instants import format_instant
from fengkong.journal.appending import Appender
from fengkong.journal.history import Activation, History, encode_activation
from fengkong.service import problems
from fengkong.service.answers import Answer
from fengkong.service.assistant import Assistant, TaskFailedError
from fengkong.service.clock import Clock
from fengkong.service.deciding import Decider
from fengkong.service.items import Recorded
from fengkong.service.metrics import Metrics
from fengkong.service.refusals import NothingToRollBackError
from fengkong.service.states.lanes import Lane, same_memory
from fengkong.service.states.recovery import LIVE, SHADOW, Activated, fold
from fengkong.service.states.snapshots import SnapshotFolder
from fengkong.service.writer import Writer

Role = Literal["live", "shadow"]
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
        activations: Sequence[Activated],
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._decider = decider
        self._writer = writer
        self._history = history
        self._snapshots = snapshots
        self._assistant = assistant
        self._activations = [*activations]
        self._metrics = metrics
        self._clock = clock
        self._turn = asyncio.Lock()
        show_policy(metrics, decider.live)

    async def publish(self, text: str) -> Answer:
        """Put a policy in force; the answer comes when its activation is durable."""
        return await self._answered(text, role=LIVE, cause="published")

    async def shadow(self, text: str | None) -> Answer:
        """Run a policy beside the live one, or end it."""
        if text is not None:
            return await self._answered(text, role=SHADOW, cause="published")
        async with self._turn:
            try:
                await self._writer.between_groups(self._ended_shadow)
            except RiskError as error:
                return problems.of_error(error)
            return Answer(200, msgspec.json.encode(self._last()))

    async def rollback(self) -> Answer:
        """Put the policy that was in force before this one in force again."""
        live = self._decider.live.policy.hash
        earlier = [
            one.activation.text
            for one in self._activations
            if one.activation.role == LIVE and one.activation.hash != live
        ]
        if not earlier or earlier[-1] is None:
            return problems.of_error(NothingToRollBackError("no other policy was in force before"))
        return await self._answered(earlier[-1], role=LIVE, cause="rolled_back")

    def listed(self) -> Answer:
        """All activations, the live policy and the shadow."""
        shadow = self._decider.shadow
        return Answer(
            200,
            msgspec.json.encode(
                {
                    "live": _named(self._decider.live),
                    "shadow": None if shadow is None else _named(shadow),
                    "activations": [self._shown(one) for one in self._activations],
                }
            ),
        )

    @property
    def texts(self) -> tuple[str, ...]:
        """The policies in force, to be kept in snapshots."""
        lanes = [self._decider.live, self._decider.shadow]
        return tuple(lane.text for lane in lanes if lane is not None)

    async def _answered(self, text: str, *, role: str, cause: str) -> Answer:
        async with self._turn:
            try:
                lane, position = await self._prepared(text)
                await self._writer.between_groups(
                    lambda: self._activated(lane, position, role=role, cause=cause)
                )
            except TaskFailedError as error:
                return problems.of_error(error)
            except RiskError as error:
                return problems.of_error(error)
            return Answer(200, msgspec.json.encode(self._last()))

    async def _prepared(self, text: str) -> tuple[Lane, int | None]:
        """The lane of a checked policy, and the position it stands at; None: takes over a state."""
        await self._assistant.ask("check", texts=[text])
        lane = await asyncio.to_thread(Lane.begin, text, source="policy")
        if same_memory(lane.policy, self._decider.live.policy):
            return lane, None
        head = self._history.reading.head().sequence
        await self._assistant.ask("snapshot", texts=[text], sequence=head)
        position = await asyncio.to_thread(
            self._snapshots.load_into, lane, history=self._history, upto=head
        )
        return lane, position

    def _activated(
        self, lane: Lane, position: int | None, *, role: str, cause: str
    ) -> list[Recorded]:
        """Between two groups: bring the lane to the head, switch, and record the activation."""
        decider, appender = self._decider, self._decider.appender
        if position is None:
            lane.state = lane.engine.restore(decider.live.state.save())
        else:
            head = appender.next_sequence - 1
            fold(lane, history=self._history, after=position, upto=head)
        if role == LIVE:
            decider.live = lane
            show_policy(self._metrics, lane)
        else:
            decider.shadow = lane
        activation = activation_of(lane, role=role, cause=cause)
        self._activations.append(
            record_activation(activation, appender=appender, decider=decider, now=self._clock())
        )
        _LOG.info("%s policy %s from entry %d", role, lane.policy.name, appender.next_sequence)
        return []

    def _ended_shadow(self) -> list[Recorded]:
        self._decider.shadow = None
        ended = Activation(role=SHADOW, cause="ended")
        self._activations.append(
            record_activation(
                ended, appender=self._decider.appender, decider=self._decider, now=self._clock()
            )
        )
        return []

    def _last(self) -> dict[str, Any]:
        return self._shown(self._activations[-1])

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
        }


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


def record_activation(
    activation: Activation, *, appender: Appender, decider: Decider, now: int
) -> Activated:
    """Append the entry of an activation."""
    entry = appender.add(
        kind="policy",
        recorded_at=now,
        policy=activation.hash,
        payload=decider.vault.seal_plain(encode_activation(activation)),
    )
    return Activated(entry.sequence, activation)


def show_policy(metrics: Metrics, lane: Lane) -> None:
    """Tell the metrics which policy decides."""
    metrics.policy.clear()
    metrics.policy.labels(lane.policy.name, str(lane.policy.version)).set(1)


def _named(lane: Lane) -> dict[str, Any]:
    policy = lane.policy
    return {"policy": policy.name, "version": policy.version, "hash": policy.hash}
