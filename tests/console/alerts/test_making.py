"""Decisions become alerts: merged, ranked, snoozed, and the same from the same journal."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from tests.console.alerts.making import HOUR, read, reviewed, standing
from tests.console.journaled.test_intake import NOON
from tests.console.operators import new_operator

from fengkong.console.alerts.closing import dispose
from fengkong.console.alerts.merging import alert_id, rank_of
from fengkong.console.alerts.models import Alert, AlertDecision, Snooze
from fengkong.console.alerts.queries import all_alerts, open_alerts
from fengkong.console.alerts.taking import moment
from fengkong.console.alerts.terms import Terms, reason_codes, shipped_content
from fengkong.console.journaled.intake import forget_all
from fengkong.console.journaled.models import Cursor
from fengkong.console.journaled.seen import SeenErasure

WHOM = f"{7:032x}"


@pytest.mark.django_db
def test_decisions_of_a_subject_and_typology_are_one_alert() -> None:
    read(
        reviewed(1, amount_minor=10_000, probability=None),
        reviewed(2, outcome="deny", amount_minor=10_000, probability=0.5, rules=("mule.fast_out",)),
        reviewed(3, outcome="allow"),
        reviewed(4, rules=("takeover.remote_control",)),
        reviewed(5, subject=f"{8:032x}"),
    )
    mule, takeover, other = Alert.objects.order_by("first_sequence")
    assert (mule.typology, takeover.typology, other.subject) == (
        "mule_ring",
        "account_takeover",
        f"{8:032x}",
    )
    assert (mule.decisions, mule.outcome, mule.newest_sequence) == (2, "deny", 2)
    # 100 reviewed at 0.3, and a tenth of the 100 that were denied, at 0.5.
    assert (mule.exposure_minor, mule.expected_loss_minor) == (11_000, 3_500)
    assert mule.rules == ["mule.collects", "mule.fast_out"]
    assert mule.due_at == mule.opened_at + timedelta(minutes=60)
    assert mule.id == alert_id(WHOM, "mule_ring", 1)
    assert list(AlertDecision.objects.values_list("sequence", "alert_id")) == [
        (1, mule.id),
        (2, mule.id),
        (4, takeover.id),
        (5, other.id),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(("hours", "alerts"), [(23, 1), (24, 2)])
def test_a_window_ends(hours: int, alerts: int) -> None:
    read(reviewed(1), reviewed(2, recorded_at=NOON + HOUR + hours * HOUR))
    assert Alert.objects.count() == alerts


@pytest.mark.django_db
def test_a_policy_that_is_not_known_is_asked_for_once() -> None:
    decisions = [reviewed(n, subject=f"{n:032x}", policy_hash="9" * 64) for n in range(1, 31)]
    with CaptureQueriesContext(connection) as asked:
        read(*decisions)
    about = [one for one in asked.captured_queries if 'FROM "journaled_activation"' in one["sql"]]
    assert Alert.objects.count() == 30
    assert len(about) == 1


def test_rank_prefers_the_older_and_the_costlier() -> None:
    terms = Terms(shipped_content())

    def rank(due_at: int, loss: int) -> int:
        return rank_of(due_at=due_at, expected_loss_minor=loss, terms=terms)

    assert rank(HOUR, 0) == HOUR
    assert rank(HOUR, 1_000_000) < rank(HOUR, 10_000) < rank(2 * HOUR, 10_000)
    assert rank(HOUR, 20_000_000) - rank(HOUR, 10_000_000) == pytest.approx(-HOUR / 6, rel=0.02)


@pytest.mark.django_db
def test_another_currency_counts_at_its_rate() -> None:
    read(reviewed(1, currency="JPY", amount_minor=10_000, probability=1.0))
    alert = Alert.objects.get()
    assert (alert.expected_loss_minor, alert.currency) == (48_000, "CNY")


@pytest.mark.django_db
def test_a_closed_alert_is_followed_by_a_new_one() -> None:
    read(reviewed(1))
    first = Alert.objects.get()
    dispose([first.pk], "false_positive", "travel", new_operator("analyst"))
    read(reviewed(2), after=1)
    assert [a.first_sequence for a in open_alerts()] == [2]
    assert Alert.objects.get(pk=first.pk).decisions == 1


@pytest.mark.django_db
def test_what_is_snoozed_joins_and_wakes_nobody() -> None:
    read(reviewed(1))
    first = Alert.objects.get()
    Snooze.objects.create(
        alert_id=first.pk,
        subject=WHOM,
        typology="mule_ring",
        from_sequence=1,
        until=moment(NOON + 90 * HOUR),
        operator=new_operator("analyst"),
    )
    read(reviewed(50), reviewed(91), after=1)
    old, new = Alert.objects.order_by("first_sequence")
    assert (old.decisions, new.first_sequence) == (2, 91)
    assert list(AlertDecision.objects.values_list("sequence", "slept")) == [
        (1, False),
        (50, True),
        (91, False),
    ]


@pytest.mark.django_db
def test_alerts_about_an_erased_subject_go() -> None:
    read(reviewed(1), reviewed(2, subject=f"{8:032x}"))
    read(
        reviewed(3),
        after=2,
        erasures=[SeenErasure(WHOM, 4, NOON + 4 * HOUR)],
        upto=4,
        at=NOON + 4 * HOUR,
    )
    read(reviewed(5), reviewed(40), after=4, at=NOON + 40 * HOUR)
    assert [a.first_sequence for a in Alert.objects.order_by("first_sequence")] == [2, 40]


@pytest.mark.django_db
def test_what_was_done_outlives_a_new_reading() -> None:
    operator = new_operator("analyst")
    made = [reviewed(n) for n in range(1, 7)]
    read(*made[:2])
    dispose([Alert.objects.get().pk], "confirmed_fraud", "mule_account", operator)
    read(*made[2:], after=2)
    Alert.objects.filter(state="open").update(case_id="c1", team="elsewhere")
    before = standing()
    forget_all()
    read(made[0])
    # The second alert waits until the journal comes to it; the first one is closed as it was.
    assert [(a.first_sequence, a.decisions, a.state) for a in all_alerts()] == [(1, 1, "closed")]
    read(*made[1:], after=1)
    assert standing() == before
    assert Alert.objects.get(state="open").case_id == "c1"


class SameAlerts(TestCase):
    @settings(max_examples=25, deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.integers(0, 3),
                st.sampled_from(["allow", "challenge", "review", "delay", "deny"]),
                st.sampled_from([("mule.a",), ("takeover.b",), (), ("mule.a", "testing.c")]),
                st.integers(0, 30),
                st.one_of(st.none(), st.integers(-(10**9), 10**9)),
            ),
            max_size=40,
        ),
        st.lists(st.tuples(st.integers(0, 39), st.integers(0, 20)), max_size=4),
        st.integers(1, 17),
        st.integers(1, 17),
    )
    def test_however_the_journal_is_cut(
        self, rows: list[Any], closes: list[Any], first: int, second: int
    ) -> None:
        """The same journal gives the same alerts, with closings in between, and read anew."""
        forget_all()
        Alert.objects.all().delete()
        operator = new_operator("analyst")
        at, made = NOON, []
        for number, (whom, outcome, rules, hours, amount) in enumerate(rows, start=1):
            at += hours * HOUR
            made.append(
                reviewed(
                    number,
                    subject=f"{whom:032x}",
                    outcome=outcome,
                    rules=rules,
                    recorded_at=at,
                    amount_minor=amount,
                    currency="" if amount is None else "CNY",
                )
            )
        breaks = {place for place, _which in closes if place < len(made)}
        after = 0
        for end in sorted({*breaks, len(made)}):
            read(*made[after:end], size=first, after=after)
            after = end
            for place, which in closes:
                waiting = list(open_alerts().values_list("pk", flat=True))
                if place == end and waiting:
                    chosen = waiting[which % len(waiting)]
                    dispose([chosen], "suspicious", "customer_unreachable", operator)
        before = standing()
        worth = [d.sequence for d in made if d.outcome in shipped_content()["outcomes"]]
        assert list(AlertDecision.objects.values_list("sequence", flat=True)) == worth
        assert sum(a.decisions for a in Alert.objects.all()) == len(worth)
        forget_all()
        assert not Cursor.objects.exists()
        read(*made, size=second)
        assert standing() == before


def test_terms_and_reasons_are_whole() -> None:
    terms = Terms(shipped_content())
    assert {one.team for one in terms.typologies.values()} <= terms.teams.keys()
    prefixes = [rule for one in terms.typologies.values() for rule in one.rules]
    assert len(prefixes) == len(set(prefixes))
    told = [one.dispositions for one in reason_codes().values()]
    assert frozenset[str]().union(*told) == {
        "confirmed_fraud",
        "suspicious",
        "false_positive",
        "customer_confirmed",
    }
