"""A case's pages stay quick with a million decisions; what they ask does not grow with the case."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.console.alerts.test_speed import cpu_of, fill, many_decisions
from tests.console.live.desk import decision_at, taken_in
from tests.console.operators import Browser

from fengkong.console.alerts.models import Alert
from fengkong.console.cases.models import Case, CaseDecision
from fengkong.console.cases.notes import write_note
from fengkong.console.cases.opening import add_decisions, case_for, open_by_hand

pytestmark = pytest.mark.django_db
DECISIONS = 1_000_000
ALERTS = 50_000
CASES = 10_000
GATHERED = 500
RUNS = 20
LIMIT_S = 0.3
PARTS = ("", "timeline/", "links/", "decisions/", "papers/", "history/")


def closed_cases(count: int) -> None:
    """Past cases of one typology, all of them to be compared."""
    now = timezone.now()
    Case.objects.bulk_create(
        [
            Case(
                typology="mule_ring",
                state="closed",
                rules=["mule.collects", f"rule.{number % 9}"],
                exposure_minor=number * 100,
                currency="CNY",
                outcome="confirmed_fraud",
                reason_code="mule_account",
                opened_by="x",
                due_at=now,
                opened_at=now - timedelta(minutes=number),
                closed_at=now - timedelta(seconds=number),
            )
            for number in range(count)
        ],
        batch_size=2_000,
    )


def test_a_page_asks_as_much_of_a_large_case_as_of_a_small_one(
    signed_in: Callable[..., Browser],
) -> None:
    browser = signed_in("analyst")
    now = timezone.now() - timedelta(days=1)
    rows = [
        decision_at(number, now + timedelta(seconds=number), subject="a" * 32)
        for number in range(1, 260)
    ]
    taken_in(rows)
    case = open_by_hand(browser.operator, [1, 2], typology="mule_ring", why="")
    where = f"/cases/{case.pk}/"
    counts = []
    for sequences in ([], list(range(3, 250))):
        add_decisions(browser.operator, case.pk, sequences)
        for part in PARTS:
            browser.get(where + part)  # what is counted once an hour is counted before
        with CaptureQueriesContext(connection) as seen:
            for part in PARTS:
                assert browser.get(where + part).status_code == 200
        counts.append(len(seen))
    assert counts[1] <= counts[0] + 20  # five decisions are read from the journal, not two
    assert counts[1] < 40 * len(PARTS)


@pytest.mark.nightly
def test_pages_with_a_million_decisions(signed_in: Callable[..., Browser]) -> None:
    browser = signed_in("analyst")
    many_decisions(DECISIONS)
    fill(alerts=ALERTS)
    closed_cases(CASES)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    alert = Alert.objects.filter(state="open", typology="mule_ring").first()
    assert alert is not None
    case = case_for([alert.pk], browser.operator)
    add_decisions(browser.operator, case.pk, list(range(20, 20 * GATHERED + 1, 20)))
    for number in range(100):
        write_note(browser.operator, case.pk, f"note {number} " * 20)
    assert CaseDecision.objects.filter(case=case).count() >= GATHERED
    acts = {part or "overview/": f"/cases/{case.pk}/{part}" for part in PARTS}
    acts |= {"list": "/cases/", "mine": "/cases/?state=open&whose=mine"}
    for name, address in acts.items():
        spent = sorted(cpu_of(lambda address=address: browser.get(address)) for _ in range(RUNS))
        at_95 = spent[int(RUNS * 0.95) - 1]
        print(f"{name}: median {spent[RUNS // 2] * 1000:.0f} ms, p95 {at_95 * 1000:.0f} ms of CPU")
        assert at_95 < LIMIT_S, name
