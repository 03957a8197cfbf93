"""New events get their places: sealed, numbered, answered; one by one or many together.

Nothing may fail here: what is counted must be recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fengkong.events.event import Event
from fengkong.journal.appending import Appender, Draft
from fengkong.journal.history import Sealed, encode_sealed
from fengkong.protection.vault import Vault
from fengkong.service.answers import Answer
from fengkong.service.items import Item, Recorded
from fengkong.service.replies import decision_body, event_body, many_bodies
from fengkong.service.states.lanes import Decided, Judged


class Read(NamedTuple):
    """An item whose bytes are an event, and the hash of its id."""

    item: Item
    event: Event
    hash: int


class Verdict(NamedTuple):
    """What the live policy said, and the shadow's outcome and decision where they differ."""

    judged: Judged
    shadow: tuple[str, bytes] | None


class Recording:
    """Gives new events the next places in the order."""

    def __init__(self, *, appender: Appender, vault: Vault) -> None:
        self._appender = appender
        self._vault = vault

    def one(self, read: Read, verdict: Verdict, *, now: int, stamp: str) -> Recorded:
        """The entry of one event, whatever was said of it."""
        item, event, _ = read
        judged, shadow = verdict
        decision = judged.decision if item.decided else None
        text = None if decision is None else decision.to_json()
        subject = self._vault.subject_of(event)
        sequence = self._appender.next_sequence
        sealed = Sealed(
            event=item.body,
            understood=event,
            decision=text,
            shadow=None if shadow is None else shadow[1],
            missing=judged.missing,
        )
        self._appender.add(
            kind="decision" if item.decided else "event",
            event_id=event.id,
            recorded_at=now,
            policy=None if decision is None else decision.policy_hash,
            outcome=None if decision is None else decision.outcome,
            subject=subject,
            received=self._vault.received(item.body),
            payload=self._vault.seal(encode_sealed(sealed), subject=subject, sequence=sequence),
            degraded=judged.missing is not None,
            late=decision is not None and decision.late,
            shadow=None if shadow is None else shadow[0],
            event_hash_known=read.hash,
        )
        body = (
            event_body(sequence, stamp, event.id, missing=judged.missing)
            if text is None
            else decision_body(sequence, stamp, text, missing=judged.missing)
        )
        return Recorded(
            event,
            decided=item.decided,
            answer=Answer(200, body),
            outcome=None if decision is None else decision.outcome,
            reply=item.reply,
        )

    def many(
        self,
        reads: Sequence[Read],
        decided: Sequence[Decided | None],
        *,
        policy: str,
        now: int,
        stamp: str,
    ) -> list[Recorded]:
        """The entries of many events, none of them degraded; None was not decided."""
        first = self._appender.next_sequence
        self._appender.add_many(self._drafts(reads, decided, policy=policy), recorded_at=now)
        bodies = many_bodies(
            [(read.event.id, one and one.text) for read, one in zip(reads, decided, strict=True)],
            first=first,
            recorded_at=stamp,
        )
        return [
            Recorded(
                read.event,
                decided=one is not None,
                answer=Answer(200, body),
                outcome=one and one.outcome,
                reply=read.item.reply,
            )
            for read, one, body in zip(reads, decided, bodies, strict=True)
        ]

    def _drafts(
        self, reads: Sequence[Read], decided: Sequence[Decided | None], *, policy: str
    ) -> Iterator[Draft]:
        """What is recorded of each, made when it is asked for, so that it is at hand."""
        received, subject_of = self._vault.received, self._vault.subject_of
        subjects = [subject_of(read.event) for read in reads]
        plain = (
            encode_sealed(Sealed(read.item.body, read.event, one and one.text))
            for read, one in zip(reads, decided, strict=True)
        )
        first = self._appender.next_sequence
        payloads = self._vault.seal_many(plain, subjects=subjects, first=first)
        for (item, event, hashed), one, subject, payload in zip(
            reads, decided, subjects, payloads, strict=True
        ):
            digest = received(item.body)
            if one is None:
                yield Draft(
                    "event", event.id, hashed, payload, digest, subject, None, None, late=False
                )
            else:
                _, outcome, late = one
                yield Draft(
                    *("decision", event.id, hashed, payload, digest, subject),
                    *(policy, outcome, late),
                )
