"""What the tail has seen is taken in once, counted exactly, and forgotten when it must be."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from fengkong.console.journaled.intake import (
    ForeignReadModelError,
    MovedCursorError,
    forget_all,
    position,
    take_in,
)
from fengkong.console.journaled.models import (
    Activation,
    Cursor,
    Decision,
    Label,
    OutcomeTally,
    RuleHit,
    RuleTally,
)
from fengkong.console.journaled.seen import (
    SeenActivation,
    SeenDecision,
    SeenEntries,
    SeenErasure,
    SeenLabel,
)

JOURNAL = "ab" * 16
NOON = 1_793_534_400_000_000  # 2026-11-01T12:00:00Z


def decided(sequence: int, **fields: Any) -> SeenDecision:
    made = {
        "event_id": f"e-{sequence}",
        "event_type": "payment.initiated",
        "subject": f"{sequence % 3:032x}",
        "occurred_at": NOON + sequence * 1_000_000,
        "recorded_at": NOON + sequence * 1_000_000 + 5,
        "outcome": "allow",
        "points": 0.0,
        "probability": 0.25,
        "amount_minor": 1_050,
        "currency": "CNY",
        "policy": "small",
        "policy_version": 1,
        "policy_hash": "cd" * 32,
        "rules": (),
        "degraded": False,
        "late": False,
        "erased": False,
        "shadow_outcome": "",
    }
    return SeenDecision(sequence=sequence, **(made | fields))


def entries(*decisions: SeenDecision, after: int = 0, **more: Any) -> SeenEntries:
    upto = max([after + 1, *(one.sequence for one in decisions)])
    given = {"journal": JOURNAL, "after": after, "upto": upto, "at": NOON} | more
    return SeenEntries(decisions=list(decisions), **given)


@pytest.mark.django_db
def test_a_decision_arrives_whole() -> None:
    take_in(entries(decided(1, rules=("fast", "large"), outcome="review", late=True)))
    found = Decision.objects.get()
    assert (found.sequence, found.outcome, found.rules) == (1, "review", ["fast", "large"])
    assert found.occurred_at == datetime(2026, 11, 1, 12, 0, 1, tzinfo=UTC)
    assert found.recorded_at - found.occurred_at == timedelta(microseconds=5)
    assert (found.amount_minor, found.currency, found.probability) == (1050, "CNY", 0.25)
    assert (found.late, found.degraded, found.erased) == (True, False, False)
    assert set(RuleHit.objects.values_list("rule", "sequence")) == {("fast", 1), ("large", 1)}
    assert position(JOURNAL) == 1


@pytest.mark.django_db(transaction=True)
def test_a_batch_is_taken_in_once() -> None:
    first = entries(decided(1), decided(2))
    take_in(first)
    for late in (first, entries(decided(2), after=1)):
        with pytest.raises(MovedCursorError):
            take_in(late)
    assert Decision.objects.count() == 2
    assert sum(OutcomeTally.objects.filter(grain="hour").values_list("count", flat=True)) == 2


@pytest.mark.django_db(transaction=True)
def test_a_batch_that_fails_leaves_nothing() -> None:
    with pytest.raises(Exception, match="points"):
        take_in(entries(decided(1), decided(2, points=None)))
    assert (Decision.objects.count(), OutcomeTally.objects.count(), position(JOURNAL)) == (0, 0, 0)


@pytest.mark.django_db
def test_another_journal_is_refused() -> None:
    take_in(entries(decided(1)))
    with pytest.raises(ForeignReadModelError):
        position("ef" * 16)
    forget_all()
    assert position("ef" * 16) == 0
    assert not any(m.objects.exists() for m in (Decision, RuleHit, OutcomeTally, RuleTally, Cursor))


class Counting(TestCase):
    @settings(max_examples=30, deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.integers(min_value=0, max_value=3 * 86_400),
                st.sampled_from(["allow", "review", "deny"]),
                st.one_of(st.none(), st.integers(min_value=-(10**12), max_value=10**12)),
                st.sets(st.sampled_from(["fast", "large", "listed"])),
            ),
            max_size=40,
        ),
        st.integers(min_value=1, max_value=17),
    )
    def test_tallies_are_what_counting_gives(self, rows: list[Any], size: int) -> None:
        """However the entries are cut into batches, each grain counts every decision once."""
        forget_all()
        made = [
            decided(
                number,
                occurred_at=NOON + seconds * 1_000_000,
                outcome=outcome,
                amount_minor=amount,
                currency="" if amount is None else "CNY",
                rules=tuple(sorted(rules)),
            )
            for number, (seconds, outcome, amount, rules) in enumerate(rows, start=1)
        ]
        for start in range(0, len(made), size):
            take_in(entries(*made[start : start + size], after=start))
        for grain, length in (("minute", 60), ("hour", 3600), ("day", 86_400)):
            # Days are Shanghai's, which are eight hours ahead all year.
            shift = 8 * 3600 if length == 86_400 else 0
            counts: Counter[Any] = Counter()
            sums: Counter[Any] = Counter()
            hits: Counter[Any] = Counter()
            for one in Decision.objects.all():
                second = int(one.occurred_at.timestamp())
                begin = second - (second + shift) % length
                counts[begin, one.outcome, one.currency] += 1
                sums[begin, one.outcome, one.currency] += one.amount_minor or 0
                for rule in one.rules:
                    hits[begin, rule, one.outcome, one.currency] += 1
            tallies = list(OutcomeTally.objects.filter(grain=grain))
            key = {(int(t.bucket.timestamp()), t.outcome, t.currency): t for t in tallies}
            assert {k: t.count for k, t in key.items()} == counts
            assert all(t.amount_minor == sums[k] for k, t in key.items())
            assert hits == {
                (int(t.bucket.timestamp()), t.rule, t.outcome, t.currency): t.count
                for t in RuleTally.objects.filter(grain=grain)
            }


@pytest.mark.django_db
def test_the_newer_label_wins() -> None:
    take_in(
        entries(
            labels=[
                SeenLabel("e-1", True, "fraud", NOON, 2),
                SeenLabel("e-1", False, "cleared", NOON, 3),
                SeenLabel("e-2", True, "chargeback", NOON, 4),
            ],
            upto=4,
        )
    )
    take_in(entries(labels=[SeenLabel("e-2", False, "cleared", NOON, 1)], after=4, upto=5))
    assert {x.event_id: (x.is_fraud, x.kind) for x in Label.objects.all()} == {
        "e-1": (False, "cleared"),
        "e-2": (True, "chargeback"),
    }


@pytest.mark.django_db
def test_an_activation_is_kept() -> None:
    started = SeenActivation(1, "live", "started", "small", 1, "cd" * 32, NOON)
    ended = SeenActivation(2, "shadow", "published", "", None, "", NOON)
    take_in(entries(activations=[started, ended], upto=2))
    newest, first = Activation.objects.all()
    assert (first.role, first.policy, first.policy_version) == ("live", "small", 1)
    assert (newest.policy, newest.policy_version) == ("", None)


@pytest.mark.django_db
def test_an_erased_subject_is_forgotten_and_stays_counted() -> None:
    whom = f"{1:032x}"
    take_in(entries(decided(1), decided(2)))
    erasure = SeenErasure(whom, 3, NOON)
    # One event came between the record of the erasure and the end of the key.
    take_in(entries(decided(4), erasures=[erasure], after=2))
    later = [decided(7), decided(8)]
    take_in(entries(*later, after=4, at=NOON + 60_000_000))
    forgotten = Decision.objects.filter(erased=True).order_by("sequence")
    assert [one.sequence for one in forgotten] == [1, 4, 7]
    assert {(x.subject, x.amount_minor, x.currency, x.probability) for x in forgotten} == {
        ("", None, "", None)
    }
    assert not Decision.objects.filter(subject=whom).exists()
    assert sum(OutcomeTally.objects.filter(grain="day").values_list("count", flat=True)) == 5
