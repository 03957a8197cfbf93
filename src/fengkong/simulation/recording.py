"""Giving events their ids and putting them, and the labels that follow, on the agenda."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from zlib import crc32

from fengkong.core.instants import HOUR_US
from fengkong.events.event import Event
from fengkong.simulation.agenda import Agenda, SimulatedEvent
from fengkong.simulation.seeds import Stream, mixed_64

CURRENCY: Final = "CNY"
LABEL_ENTITIES: Final = (
    "customer", "account", "card", "device", "merchant", "terminal", "payee", "payee_account",
    "loan", "application",
)  # fmt: skip
_DELAY_MIN: Final = HOUR_US // 6
_LOST: Final = 0.35
"""Share of the frauds of which nothing is got back."""
_BESIDE: Final = 1 << 62
_BESIDE_BITS: Final = 58
"""Where the number of a stream stands in a base: above the days, below what marks campaigns."""


class Recorder:
    """Writes one source's events: its ids count within a base number of its own."""

    def __init__(
        self, *, agenda: Agenda, seed: int, base: int, scenario: str | None = None
    ) -> None:
        self._agenda = agenda
        self._seed = seed
        self._salt = seed + 101
        self._base = self._next = base
        self._beside: dict[Stream, Recorder] = {}
        self.scenario = scenario

    def beside(self, stream: Stream) -> Recorder:
        """The recorder of the same source for a stream, with ids that move no other id."""
        if stream not in self._beside:
            base = _BESIDE | stream << _BESIDE_BITS | self._base
            self._beside[stream] = Recorder(
                agenda=self._agenda, seed=self._seed, base=base, scenario=self.scenario
            )
        return self._beside[stream]

    def record(
        self,
        kind: str,
        *,
        at: int,
        values: dict[str, Any],
        money: Iterable[str] = (),
        is_fraud: bool = False,
    ) -> Event:
        """One event at an instant; `money` is not empty when a field of it holds money."""
        event = Event(
            type=kind,
            id=self._fresh_id(),
            occurred_at=at,
            currency=CURRENCY if money else None,
            values=values,
        )
        self._agenda.add(SimulatedEvent(event=event, scenario=self.scenario, is_fraud=is_fraud))
        return event

    def label(
        self,
        event: Event,
        *,
        kind: str,
        source: str,
        after: int,
        is_fraud: bool,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """The truth about an event, `after` it happened; none about what was before the horizon."""
        # Not asked of the end: ids must not depend on how long the simulation goes on.
        if self._agenda.is_past(event.occurred_at):
            return
        judged = event.values
        values: dict[str, Any] = {"event": event.id, "is_fraud": is_fraud, "label_kind": kind}
        values["label_source"] = source
        for name in LABEL_ENTITIES:
            if name in judged:
                values[name] = judged[name]
        if is_fraud and "amount" in judged:
            values |= _loss(event)
        values.update(facts or {})
        self.record(
            "label.confirmed",
            at=event.occurred_at + max(after, _DELAY_MIN),
            values=values,
            money=[name for name in ("loss_amount", "recovered_amount") if name in values],
        )

    def _fresh_id(self) -> str:
        number = self._next
        self._next = number + 1
        return f"e{mixed_64(number, salt=self._salt):016x}"


def _loss(event: Event) -> dict[str, int]:
    """What a fraud cost, and what of it was got back: of some of them a part, without dice."""
    amount = event.values["amount"]
    assert isinstance(amount, int), "amounts are whole minor units"
    throw = mixed_64(crc32(event.id.encode()), salt=77) % 10_000 / 10_000
    back = min(max(throw - _LOST, 0.0) / (1 - _LOST), 1.0) ** 0.5
    return {"loss_amount": amount, "recovered_amount": int(amount * back)}
