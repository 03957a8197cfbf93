"""What customers complain of, and how long an answer takes."""

from __future__ import annotations

import math
from typing import Any, Final
from zlib import crc32

from numpy.random import Generator

from fengkong.core.instants import DAY_US, HOUR_US
from fengkong.events.event import Event
from fengkong.simulation.identities import entity_id
from fengkong.simulation.recording import Recorder
from fengkong.simulation.seeds import Stream, generator

ANSWER_DAYS: Final = 15
"""Rules on consumer complaints of banks and insurers (2020): an answer within 15 days."""
_LATE: Final = 0.03
"""Share of complaints that are answered too late."""
_ABOUT: Final = ("event", "order", "loan", "region")
_CHANNELS: Final = ("app", "app", "phone", "phone", "web", "branch")
_RESULTS: Final = ("upheld", "partly_upheld", "rejected", "withdrawn")
_JUST: Final = {"unauthorised": (0.6, 0.2, 0.15, 0.05), "payout": (0.5, 0.3, 0.1, 0.1)}
_USUAL: Final = (0.3, 0.25, 0.35, 0.1)
_NUMBERS: Final = 1 << 36


def complain(
    recorder: Recorder, *, dice: Generator, at: int, subject: str, values: dict[str, Any]
) -> None:
    """A complaint at an instant and, later, how it was closed; `values` name customer and cause."""
    complaint = entity_id("complaint", int(dice.integers(0, _NUMBERS)))
    channel = _CHANNELS[int(dice.integers(0, len(_CHANNELS)))]
    who = {"customer": values["customer"], "complaint": complaint, "channel": channel}
    filed = who | {"complaint_subject": subject, "answer_due_at": at + ANSWER_DAYS * DAY_US}
    filed |= {name: values[name] for name in _ABOUT if name in values}
    recorder.record("complaint.filed", at=at, values=filed)
    shares = _JUST.get(subject, _USUAL)
    result = _RESULTS[int(dice.choice(len(_RESULTS), p=shares))]
    closed = who | {"complaint_result": result}
    recorder.record("complaint.closed", at=at + _time_to_answer(dice), values=closed)


def perhaps_complain(
    recorder: Recorder, *, seed: int, event: Event, subject: str, chance: float
) -> None:
    """Whoever an event hurt complains of it within days, with this probability.

    The dice are the event's own, so that a complaint moves nothing else. Holders of cards of other
    houses complain there.
    """
    number = crc32(event.id.encode())
    dice = generator(seed=seed, key=(Stream.COMPLAINTS, number, 1))
    if dice.random() >= chance or "customer" not in event.values:
        return
    at = event.occurred_at + int(min(dice.lognormal(math.log(20.0), 0.9), 240.0) * HOUR_US)
    about = event.values | {"event": event.id}
    complain(recorder, dice=dice, at=at, subject=subject, values=about)


def _time_to_answer(dice: Generator) -> int:
    """Half within a day or so; a few beyond the time that the law allows."""
    if dice.random() < _LATE:
        return int(dice.uniform(ANSWER_DAYS + 1, ANSWER_DAYS + 12) * DAY_US)
    days = min(max(dice.lognormal(math.log(1.1), 0.8), 0.05), ANSWER_DAYS - 1.0)
    return int(days * DAY_US)
