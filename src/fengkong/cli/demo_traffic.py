"""The demonstration's traffic: a past that is sent quickly, then events as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final

import msgspec

from fengkong.client.client import Client
from fengkong.client.errors import ClientError
from fengkong.core.instants import DAY_US, HOUR_US
from fengkong.decisions.policy import Policy
from fengkong.events.encoding import encode
from fengkong.events.event import Event
from fengkong.simulation.agenda import SimulatedEvent
from fengkong.simulation.platform import Simulation
from fengkong.simulation.sampling import in_sample
from fengkong.simulation.scenarios import shipped_scenarios

HISTORY_DAYS: Final = 7
DAYS_TO_COME: Final = 7
ONE_IN: Final = 4
"""The past has the events of one customer in so many, so that it is soon told."""
CHUNK: Final = 400
GAP_S: Final = 1.0
"""The longest that the traffic pauses: quiet hours of the night are shortened."""
_SHANGHAI_US: Final = 8 * HOUR_US


class Traffic:
    """One simulated platform, sent to a service: `tell_past` once, then `flow`."""

    def __init__(self, *, seed: int, customers: int, now: int, policy: Policy) -> None:
        """`now` in microseconds; the past ends there. `customers` are those of the past."""
        midnight = (now + _SHANGHAI_US) // DAY_US * DAY_US - _SHANGHAI_US
        self.start: Final = midnight - HISTORY_DAYS * DAY_US
        # No run on redemptions: it would be told whole, beside one in four of the ordinary orders.
        frauds = [name for name, one in shipped_scenarios().items() if one.is_fraud]
        simulation = Simulation(
            scenarios=frauds,
            seed=seed,
            days=HISTORY_DAYS + 1 + DAYS_TO_COME,
            customers=customers * ONE_IN,
            start=self.start,
        )
        self._now = now
        self._items = simulation.events()
        self._next: SimulatedEvent | None = None
        self._policy = policy
        self.sent = self.newest = 0

    def tell_past(self, client: Client, *, told: Callable[[int, float], None]) -> None:
        """Send what happened before now; `told` gets events so far and the fraction done."""
        past = (item.event for item in self._past())
        while chunk := list(islice(past, CHUNK)):
            self._send(client, chunk)
            self.sent += len(chunk)
            done = (chunk[-1].occurred_at - self.start) / (self._now - self.start)
            told(self.sent, min(0.99, done))

    def flow(
        self,
        client: Client,
        *,
        clock: Callable[[], int],
        sleep: Callable[[float], object],
        over: Callable[[], bool],
    ) -> None:
        """Send event after event, each when its time comes, until `over` says so."""
        played = self._now
        while not over() and (item := self._upcoming()) is not None:
            gap = (item.event.occurred_at - played) / 1e6
            played = item.event.occurred_at
            sleep(min(max(gap, 0.0), GAP_S))
            event = msgspec.structs.replace(item.event, occurred_at=clock())
            try:
                self._send_one(client, event)
            except ClientError:  # a service that is being restarted; the next event may be taken
                sleep(GAP_S)

    def _past(self) -> Iterator[SimulatedEvent]:
        for item in self._items:
            if item.event.occurred_at >= self._now:
                self._next = item
                return
            if in_sample(item, one_in=ONE_IN):
                yield item

    def _upcoming(self) -> SimulatedEvent | None:
        item, self._next = self._next, None
        return item or next(self._items, None)

    def _send(self, client: Client, events: Sequence[Event]) -> None:
        """What the policy does not decide is recorded first: it is what decisions look back on."""
        decided = [event for event in events if event.type in self._policy.events]
        others = [event for event in events if event.type not in self._policy.events]
        for answer in (
            *client.record_many([encode(event) for event in others]),
            *client.decide_many([encode(event) for event in decided]),
        ):
            if isinstance(answer, dict):
                self.newest = max(self.newest, answer["sequence"])

    def _send_one(self, client: Client, event: Event) -> None:
        self.sent += 1
        if event.type in self._policy.events:
            client.decide(encode(event))
        else:
            client.record(encode(event))
