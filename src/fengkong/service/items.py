"""What waits for the writer, and what the writer made of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from fengkong.events.event import Event
from fengkong.service.answers import Answer


class Item:
    """One event's bytes on their way in, and where its answer goes."""

    __slots__ = ("body", "decided", "reply")

    def __init__(self, body: bytes, *, decided: bool, reply: Callable[[Answer], None]) -> None:
        self.body = body
        self.decided = decided
        self.reply = reply


class Recorded:
    """An event that has its place in the order, not yet durable; all who sent it wait for it."""

    __slots__ = ("answer", "decided", "event", "outcome", "replies")

    def __init__(
        self,
        event: Event,
        *,
        decided: bool,
        answer: Answer,
        outcome: str | None,
        reply: Callable[[Answer], None],
    ) -> None:
        self.event = event
        self.decided = decided
        self.answer = answer
        self.outcome = outcome
        self.replies = [reply]

    def send(self) -> None:
        """Give everyone who waits the answer."""
        for reply in self.replies:
            reply(self.answer)

    def refuse(self, answer: Answer) -> None:
        """Give everyone who waits a refusal; the place in the order stays."""
        replies, self.replies = self.replies, []
        for reply in replies:
            reply(answer)


@dataclass(slots=True)
class Collected:
    """The answers of one batch request, gathered in the order of its events."""

    future: asyncio.Future[list[Answer]]
    answers: list[Answer | None]
    waiting: int = field(init=False)

    def __post_init__(self) -> None:
        self.waiting = len(self.answers)

    def reply_to(self, index: int) -> Callable[[Answer], None]:
        """Where the answer to the event of an index goes."""

        def reply(answer: Answer) -> None:
            if self.answers[index] is not None:
                return  # as with a single event, the first answer stands
            self.answers[index] = answer
            self.waiting -= 1
            if not self.waiting and not self.future.done():
                self.future.set_result([one for one in self.answers if one is not None])

        return reply


def reply_to(future: asyncio.Future[Answer]) -> Callable[[Answer], None]:
    """Where the answer to one request goes; nobody may be waiting any more."""

    def reply(answer: Answer) -> None:
        if not future.done():
            future.set_result(answer)

    return reply
