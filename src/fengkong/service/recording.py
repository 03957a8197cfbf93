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
from fengkong.service.states.lanes import Decided


class Read(NamedTuple):
    """An item whose bytes are an event, and the hash of its id."""

    item: Item
    event: Event
    hash: int


class Verdict(NamedTuple):
    """What is answered, by the policy of a hash, and what the other said where that differs.

    `decided` is None for an event that is only recorded; `missing` names what a degraded decision
    did without.
    """

    decided: Decided | None
    policy: str
    other: Decided | None = None
    missing: str | None = None


class Recording:
    """Gives new events the next places in the order."""

    def __init__(self, *, appender: Appender, vault: Vault) -> None:
        self._appender = appender
        self._vault = vault

    def one(self, read: Read, verdict: Verdict, *, now: int, stamp: str) -> Recorded:
        """The entry of one event, whatever was said of it."""
        item, event, _ = read
        decided, policy, other, missing = verdict
        subject = self._vault.subject_of(event)
        sequence = self._appender.next_sequence
        sealed = Sealed(
            event=item.body,
            understood=event,
            decision=decided and decided.text,
            shadow=other and other.text,
            missing=missing,
        )
        self._appender.add(
            kind="decision" if item.decided else "event",
            event_id=event.id,
            recorded_at=now,
            policy=decided and policy,
            outcome=decided and decided.outcome,
            subject=subject,
            received=self._vault.received(item.body),
            payload=self._vault.seal(encode_sealed(sealed), subject=subject, sequence=sequence),
            degraded=missing is not None,
            late=decided is not None and decided.late,
            shadow=other and other.outcome,
            event_hash_known=read.hash,
        )
        body = (
            event_body(sequence, stamp, event.id, missing=missing)
            if decided is None
            else decision_body(sequence, stamp, decided.text, missing=missing)
        )
        return Recorded(
            event,
            decided=item.decided,
            answer=Answer(200, body),
            outcome=decided and decided.outcome,
            reply=item.reply,
        )

    def many(
        self, reads: Sequence[Read], verdicts: Sequence[Verdict], *, now: int, stamp: str
    ) -> list[Recorded]:
        """The entries of many events, none of them degraded."""
        first = self._appender.next_sequence
        self._appender.add_many(self._drafts(reads, verdicts), recorded_at=now)
        bodies = many_bodies(
            [
                (read.event.id, one.decided and one.decided.text)
                for read, one in zip(reads, verdicts, strict=True)
            ],
            first=first,
            recorded_at=stamp,
        )
        return [
            Recorded(
                read.event,
                decided=one.decided is not None,
                answer=Answer(200, body),
                outcome=one.decided and one.decided.outcome,
                reply=read.item.reply,
            )
            for read, one, body in zip(reads, verdicts, bodies, strict=True)
        ]

    def _drafts(self, reads: Sequence[Read], verdicts: Sequence[Verdict]) -> Iterator[Draft]:
        """What is recorded of each, made when it is asked for, so that it is at hand."""
        received, subject_of = self._vault.received, self._vault.subject_of
        subjects = [subject_of(read.event) for read in reads]
        plain = (
            encode_sealed(
                Sealed(
                    read.item.body,
                    read.event,
                    one.decided and one.decided.text,
                    one.other and one.other.text,
                )
            )
            for read, one in zip(reads, verdicts, strict=True)
        )
        first = self._appender.next_sequence
        payloads = self._vault.seal_many(plain, subjects=subjects, first=first)
        for (item, event, hashed), verdict, subject, payload in zip(
            reads, verdicts, subjects, payloads, strict=True
        ):
            decided, policy, other, _ = verdict
            digest = received(item.body)
            if decided is None:
                yield Draft(
                    *("event", event.id, hashed, payload, digest, subject),
                    *(None, None, False, None),
                )
            else:
                _, outcome, late = decided
                yield Draft(
                    *("decision", event.id, hashed, payload, digest, subject),
                    *(policy, outcome, late, other and other.outcome),
                )
