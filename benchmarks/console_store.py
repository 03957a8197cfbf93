"""A console's database with as many decisions as asked for, filled the way the tail fills it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

DECISIONS: Final = 1_000_000
BATCH: Final = 20_000
SUBJECTS: Final = 50_000
DAYS: Final = 30
SEED: Final = 20_261_130
JOURNAL: Final = "be" * 16
"""The identity of the journal that there is not: the seeded console has no entries in the clear."""

_TYPES: Final = (
    ("payment.initiated", 0.72),
    ("transfer.initiated", 0.12),
    ("login.attempted", 0.1),
    ("withdrawal.requested", 0.04),
    ("loan.applied", 0.02),
)
_OUTCOMES: Final = (
    ("allow", 0.965),
    ("challenge", 0.015),
    ("review", 0.012),
    ("delay", 0.003),
    ("deny", 0.005),
)
_RULES: Final = tuple(f"velocity.rule_{number:02d}" for number in range(40))


def fill(
    data: Path, *, decisions: int = DECISIONS, now_us: int | None = None,
    tell: Callable[[int], None] = lambda _: None,
) -> None:  # fmt: skip
    """Put decisions of the last thirty days, with labels, into the console of a data directory.

    Needs a started Django of that directory, and an empty read model.
    """
    from fengkong.console.journaled.intake import position, take_in
    from fengkong.console.journaled.seen import SeenActivation, SeenEntries

    now = time.time_ns() // 1000 if now_us is None else now_us
    start = position(JOURNAL)
    if start == 0:
        live = SeenActivation(1, "live", "started", "payments", 1, "ab" * 32, now)
        take_in(SeenEntries(journal=JOURNAL, after=0, upto=1, at=now, activations=[live]))
        start = 1
    for batch in _batches(start=start, decisions=decisions, now=now):
        take_in(batch)
        tell(batch.upto - 1)


def _batches(*, start: int, decisions: int, now: int) -> Iterator[object]:
    from fengkong.console.journaled.seen import SeenDecision, SeenEntries, SeenLabel

    span = DAYS * 86_400_000_000
    for after in range(start, decisions + 1, BATCH):
        count = min(BATCH, decisions + 1 - after)
        dice = np.random.default_rng((SEED, after))
        types = dice.choice([t for t, _ in _TYPES], count, p=[p for _, p in _TYPES])
        outcomes = dice.choice([o for o, _ in _OUTCOMES], count, p=[p for _, p in _OUTCOMES])
        amounts = (dice.lognormal(9.5, 1.2, count)).astype(np.int64)
        subjects = dice.integers(0, SUBJECTS, count)
        rules = dice.integers(0, len(_RULES), (count, 2))
        probabilities = dice.beta(0.4, 8, count)
        made, labels = [], []
        for i in range(count):
            sequence = after + 1 + i
            at = now - span + span * (sequence - 2) // decisions
            outcome = str(outcomes[i])
            hit = outcome != "allow"
            made.append(
                SeenDecision(
                    sequence=sequence,
                    event_id=f"seeded-{sequence:09d}",
                    event_type=str(types[i]),
                    subject=f"{int(subjects[i]):032x}",
                    occurred_at=at,
                    recorded_at=at + 2_000,
                    outcome=outcome,
                    points=40.0 if hit else 0.0,
                    probability=float(probabilities[i]),
                    amount_minor=int(amounts[i]),
                    currency="CNY",
                    policy="payments",
                    policy_version=1,
                    policy_hash="ab" * 32,
                    rules=tuple({_RULES[rules[i, 0]], _RULES[rules[i, 1]]}) if hit else (),
                    degraded=i % 5_000 == 7,
                    late=i % 1_000 == 3,
                    erased=False,
                    shadow_outcome="review" if i % 500 == 11 else "",
                )
            )
            if hit and i % 3 == 0:
                labels.append(
                    SeenLabel(f"seeded-{sequence:09d}", i % 2 == 0, "fraud", at, sequence)
                )
        upto = after + count
        yield SeenEntries(
            journal=JOURNAL, after=after, upto=upto, at=made[-1].recorded_at,
            decisions=made, labels=labels,
        )  # fmt: skip
