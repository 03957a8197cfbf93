"""What each part of a decision's way through the service costs, on the service's own objects."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

GROUP: Final = 16
"""So many come together when 32 callers wait: half of them while the others are committed."""
PARTS: Final = (
    *("decode", "known ids", "features", "rules", "reasons and encode"),
    *("seal", "ledger append", "insert", "commit"),
)


def parts_us(data: Path, bodies: Sequence[bytes]) -> dict[str, float]:
    """Processor time of each part, in microseconds a decision: the median over the groups.

    `data` is a data directory to be made. The time of `commit` is without the wait for the disk.
    """
    from fengkong.cli.sources import locate
    from fengkong.service.serving import prepare
    from fengkong.service.settings import load_settings

    data.mkdir(mode=0o700)
    prepared = prepare(
        load_settings(data),
        environment=os.environ,
        first_policy=locate("payments", kind="policy").read_text(encoding="utf-8"),
    )
    try:
        line = _Line(prepared)
        took = [line.take(bodies[at : at + GROUP]) for at in range(0, len(bodies), GROUP)]
    finally:
        prepared.written.store.close()
    return {part: statistics.median(each[part] for each in took) for part in PARTS}


class _Line:
    """The steps of a group, one after the other, with a clock between them."""

    def __init__(self, prepared: Any) -> None:
        from fengkong.events.catalogue import shipped_catalogue
        from fengkong.events.decoding import Decoder
        from fengkong.events.lines import LinesDecoder
        from fengkong.journal.known_ids import KnownIds

        self._store = prepared.written.store
        self._appender, self._vault = prepared.appender, prepared.decider.vault
        self._lane = prepared.decider.live
        self._decode = LinesDecoder(Decoder(shipped_catalogue())).decode
        self._ids = KnownIds.of(self._store)

    def take(self, bodies: Sequence[bytes]) -> dict[str, float]:
        """Decide and record a group; microseconds of each part, for each of its events."""
        took: dict[str, float] = {}

        def timed(part: str, work: Callable[[], Any]) -> Any:
            began = time.thread_time()
            found = work()
            took[part] = (time.thread_time() - began) / len(bodies) * 1e6
            return found

        events = timed("decode", lambda: self._decode(bodies))
        hashes = timed("known ids", lambda: self._known(events))
        written = self._decided(events, timed)
        drafts = timed("seal", lambda: self._sealed(bodies, events, hashes, written))
        now = time.time_ns() // 1000
        timed("ledger append", lambda: self._appender.add_many(drafts, recorded_at=now))
        batch = self._appender.take_batch(keys=self._vault.drain_new_keys(at=now))
        timed("insert", lambda: self._store.stage(batch))
        timed("commit", self._store.commit)
        self._vault.settle(batch.keys)
        return took

    def _known(self, events: Sequence[Any]) -> list[int]:
        from fengkong.journal.entries import event_hashes

        hashes = event_hashes([event.id for event in events])
        assert not self._store.find(self._ids.among(hashes)), "every payment is sent once"
        self._ids.add(hashes)
        return hashes

    def _decided(self, events: Sequence[Any], timed: Any) -> list[tuple[bytes, str, bool]]:
        import numpy as np

        engine, state = self._lane.engine, self._lane.state
        handful = engine.handful
        numbers = np.array([engine.layout.type_numbers[event.type] for event in events])

        def count() -> list[Any]:
            framed = [handful.reader.read(event) for event in events]
            handful.count(framed, numbers, state)
            return framed

        framed = timed("features", count)
        judged = timed("rules", lambda: handful.judge(framed, numbers, state))
        written: list[tuple[bytes, str, bool]] = timed(
            "reasons and encode", lambda: handful.write(framed, judged, state)
        )
        return written

    def _sealed(
        self, bodies: Sequence[bytes], events: Sequence[Any], hashes: Sequence[int], written: Any
    ) -> list[Any]:
        from fengkong.journal.appending import Draft
        from fengkong.journal.history import Sealed, encode_sealed

        vault, policy = self._vault, self._lane.policy.hash
        subjects = [vault.subject_of(event) for event in events]
        for subject in subjects:
            vault.ensure_key(subject)
        plain = [
            encode_sealed(Sealed(body, event, one[0]))
            for body, event, one in zip(bodies, events, written, strict=True)
        ]
        first = self._appender.next_sequence
        payloads = vault.seal_many(plain, subjects=subjects, first=first)
        return [
            Draft(
                *("decision", event.id, hashed, payload, vault.received(body), subject),
                *(policy, one[1], one[2], None),
            )
            for event, hashed, payload, body, subject, one in zip(
                events, hashes, payloads, bodies, subjects, written, strict=True
            )
        ]
