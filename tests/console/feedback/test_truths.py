"""Decisions and their truth are counted once, and the newest label of an event is what counts."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from tests.console.journaled.test_intake import NOON, decided, entries

from fengkong.console.feedback.models import (
    DayTally,
    FraudTally,
    Labelled,
    ModelDay,
    RuleDay,
    Segment,
)
from fengkong.console.journaled.intake import forget_all, take_in
from fengkong.console.journaled.seen import SeenErasure, SeenLabel, SeenWay

DAY = 86_400_000_000
SHANGHAI = ZoneInfo("Asia/Shanghai")


def label(event: int, place: int, *, is_fraud: bool = True, **more: Any) -> SeenLabel:
    return SeenLabel(f"e-{event}", is_fraud, "fraud", NOON + place * 3_600_000_000, place, **more)


def sums(model: Any, *names: str) -> dict[str, int]:
    return {name: sum(model.objects.values_list(name, flat=True)) for name in names}


@pytest.mark.django_db
def test_a_day_is_that_of_the_clock_on_the_wall() -> None:
    take_in(entries(decided(1, occurred_at=NOON + 4 * 3_600_000_000)))  # midnight in Shanghai
    assert f"{DayTally.objects.get().day:%F}" == "2026-11-02"


@pytest.mark.django_db
def test_a_segment_says_how_an_event_came() -> None:
    ways = [SeenWay(1, "app", "card", "strong", "domestic"), SeenWay(2, "atm", "", "", "")]
    take_in(entries(decided(1), decided(2), decided(3), ways=ways))
    found = set(Segment.objects.values_list("channel", "method", "authentication", "reach"))
    assert found == {("app", "card", "strong", "domestic"), ("atm", "", "", ""), ("",) * 4}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("outcome", "told", "loss"),
    [("allow", None, 1_050), ("allow", 700, 700), ("deny", 700, 0), ("delay", None, 0)],
)
def test_what_was_stopped_is_no_loss(outcome: str, told: int | None, loss: int) -> None:
    take_in(entries(decided(1, outcome=outcome)))
    take_in(entries(after=1, upto=2, labels=[label(1, 2, loss_minor=told, recovered_minor=10)]))
    found = DayTally.objects.get()
    assert (found.frauds, found.fraud_minor, found.loss_minor) == (1, 1_050, loss)
    assert found.recovered_minor == (10 if loss else 0)


@pytest.mark.django_db
def test_a_later_label_takes_the_place_of_an_earlier_one() -> None:
    take_in(entries(decided(1, rules=("fast",))))
    take_in(entries(after=1, upto=2, labels=[label(1, 2)]))
    take_in(entries(after=2, upto=3, labels=[label(1, 3, is_fraud=False)]))
    assert sums(DayTally, "goods", "frauds", "loss_minor") == {
        "goods": 1,
        "frauds": 0,
        "loss_minor": 0,
    }
    assert sums(RuleDay, "hits", "goods", "frauds", "fraud_minor") == {
        "hits": 1,
        "goods": 1,
        "frauds": 0,
        "fraud_minor": 0,
    }
    assert sums(FraudTally, "frauds") == {"frauds": 0}


@pytest.mark.django_db
def test_a_label_of_another_event_and_of_an_erased_person_count_nowhere() -> None:
    subject = f"{1:032x}"
    take_in(entries(decided(1), labels=[label(9, 1)]))
    take_in(entries(after=1, upto=2, erasures=[SeenErasure(subject, 2, NOON)]))
    take_in(entries(after=2, upto=3, labels=[label(1, 3)]))
    assert sums(DayTally, "decisions", "frauds") == {"decisions": 1, "frauds": 0}
    assert not Labelled.objects.exists()


class Counting(TestCase):
    @settings(max_examples=25, deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.integers(0, 3 * DAY),
                st.sampled_from(["allow", "review", "deny"]),
                st.one_of(st.none(), st.floats(0, 1)),
                st.sets(st.sampled_from(["fast", "large"])),
                st.lists(st.booleans(), max_size=3),
            ),
            max_size=25,
        ),
        st.integers(1, 9),
    )
    def test_sums_are_what_counting_gives(self, rows: list[Any], size: int) -> None:
        """However entries are cut into batches and however often labels change."""
        forget_all()
        things: list[Any] = []
        for number, (at, outcome, probability, rules, _labels) in enumerate(rows, start=1):
            made = {"outcome": outcome, "probability": probability, "rules": tuple(sorted(rules))}
            things.append(decided(number, occurred_at=NOON + at, **made))
        place = len(things)
        for turn in range(3):
            for number, row in enumerate(rows, start=1):
                if turn < len(row[4]):
                    place += 1
                    things.append(label(number, place, is_fraud=row[4][turn]))
        for start in range(0, len(things), size):
            part = things[start : start + size]
            decisions = [one for one in part if not isinstance(one, SeenLabel)]
            labels = [one for one in part if isinstance(one, SeenLabel)]
            take_in(entries(*decisions, after=start, upto=start + len(part), labels=labels))
        self._compare(rows)

    def _compare(self, rows: list[Any]) -> None:
        days: Counter[Any] = Counter()
        rules: Counter[Any] = Counter()
        steps: Counter[Any] = Counter()
        for at, outcome, probability, hit, labels in rows:
            moment = datetime.fromtimestamp((NOON + at) / 1e6, tz=UTC) + timedelta(0)
            day = moment.astimezone(SHANGHAI).date()
            truth = None if not labels else "frauds" if labels[-1] else "goods"
            for name in ("decisions", truth):
                days[day, outcome, name] += 1
                for rule in hit:
                    rules[day, rule, "hits" if name == "decisions" else name] += 1
                if probability is not None:
                    steps[day, min(int(probability * 20), 19), name] += 1
        for model, keys, counts, expected in (
            (DayTally, ("day", "outcome"), ("decisions", "goods", "frauds"), days),
            (RuleDay, ("day", "rule"), ("hits", "goods", "frauds"), rules),
            (ModelDay, ("day", "step"), ("decisions", "goods", "frauds"), steps),
        ):
            found: Counter[Any] = Counter()
            for row in model.objects.values(*keys, *counts):
                for name in counts:
                    found[(*(row[key] for key in keys), name)] += row[name]
            wanted = Counter({key: n for key, n in expected.items() if key[-1] is not None})
            assert +found == +wanted, model
