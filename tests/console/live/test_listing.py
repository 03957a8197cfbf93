"""Pages hold every decision that fits, once, in order; addresses say and read the same."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.utils import timezone
from tests.console.live.desk import RULES, decision_at, mixed, taken_in

from fengkong.console.journaled.models import Decision
from fengkong.console.live import listing
from fengkong.console.live.filters import FLAGS, Filter, filter_of
from fengkong.console.live.listing import (
    UnreadableCursorError,
    cursor_of,
    page_of,
    place_of,
    total_of,
)

pytestmark = pytest.mark.django_db
HERE = timezone.now().replace(second=0, microsecond=0)

FILTERS = [
    Filter(),
    Filter(outcomes=("deny",)),
    Filter(outcomes=("deny", "review")),
    Filter(event_type="login.attempted"),
    Filter(rule=RULES[0]),
    Filter(rule=RULES[0], outcomes=("review",)),
    Filter(rule=RULES[1], event_type="payment.initiated", outcomes=("deny",)),
    Filter(amount_min=1_000_000, amount_max=5_000_000),
    Filter(policy="payments", version=2),
    Filter(subject=f"{3:032x}"),
    Filter(subject=f"{3:032x}", outcomes=("allow",)),
    Filter(event_id="e-17"),
    *(Filter(flag=flag) for flag in FLAGS),
    Filter(flag="late", outcomes=("allow",)),
    Filter(start=HERE - timedelta(hours=9), end=HERE - timedelta(hours=3)),
    Filter(start=HERE - timedelta(hours=9), end=HERE, rule=RULES[2]),
]


def numbered(wanted: Filter) -> str:
    """A name that is the same in every process: times differ."""
    asked = [name for name in wanted.query.split("&") if not name.startswith(("from", "until"))]
    return "+".join(asked).replace("%", "") + ("+time" if wanted.start else "")


def fits(row: Decision, wanted: Filter) -> bool:
    """A naive reading of a filter."""
    amount = row.amount_minor
    return all(
        (
            not wanted.outcomes or row.outcome in wanted.outcomes,
            not wanted.event_type or row.event_type == wanted.event_type,
            not wanted.rule or wanted.rule in row.rules,
            not wanted.policy or row.policy == wanted.policy,
            wanted.version is None or row.policy_version == wanted.version,
            not wanted.subject or row.subject == wanted.subject,
            not wanted.event_id or row.event_id == wanted.event_id,
            wanted.amount_min is None or (amount is not None and amount >= wanted.amount_min),
            wanted.amount_max is None or (amount is not None and amount <= wanted.amount_max),
            wanted.flag != "late" or row.late,
            wanted.flag != "degraded" or row.degraded,
            wanted.flag != "differs" or bool(row.shadow_outcome),
            wanted.flag != "canary" or row.by_canary,
            wanted.start is None or row.occurred_at >= wanted.start,
            wanted.end is None or row.occurred_at < wanted.end,
        )
    )


@pytest.fixture
def rows(db: None) -> list[Decision]:
    made = mixed(500, over=timedelta(hours=20), until=timezone.now())
    # Several at the same instant: a page must not lose or repeat what is on its edge.
    made += [decision_at(600 + n, HERE - timedelta(hours=4)) for n in range(60)]
    taken_in(made)
    return sorted(Decision.objects.all(), key=lambda row: (row.occurred_at, row.sequence))[::-1]


@pytest.mark.parametrize("looked_at", [20_000, 25])
@pytest.mark.parametrize("wanted", FILTERS, ids=numbered)
def test_pages_hold_what_fits_once_and_in_order(
    rows: list[Decision], wanted: Filter, looked_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "LOOKED_AT_MAX", looked_at)
    expected = [row.sequence for row in rows if fits(row, wanted)]
    found: list[int] = []
    cursor, pages = None, []
    while True:
        older = None if cursor is None else place_of(cursor)
        page = page_of(wanted, older_than=older, size=20)
        pages.append(page)
        found += [row.sequence for row in page.rows]
        cursor = page.older
        if cursor is None or len(pages) > 200:
            break
    assert found == expected
    if looked_at > 1000:
        assert total_of(wanted).count == len(expected)
        assert not total_of(wanted).more
    assert pages[0].newer is None


@pytest.mark.parametrize("wanted", FILTERS[:5], ids=numbered)
def test_one_gets_back_to_the_page_before(rows: list[Decision], wanted: Filter) -> None:
    first = page_of(wanted, size=15)
    assert first.older is not None
    second = page_of(wanted, older_than=place_of(first.older), size=15)
    assert second.newer is not None
    again = page_of(wanted, newer_than=place_of(second.newer), size=15)
    assert [row.sequence for row in again.rows] == [row.sequence for row in first.rows]


def test_a_count_that_stops_says_so(rows: list[Decision], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "COUNTED_MAX", 100)
    total = total_of(Filter(event_type="payment.initiated", amount_min=0))
    assert (total.count, total.more) == (100, True)


@pytest.mark.parametrize("wanted", [*FILTERS, Filter(amount_min=0), Filter(amount_min=12_345)])
def test_an_address_says_what_is_asked(wanted: Filter) -> None:
    assert filter_of(QueryDict(wanted.query)) == wanted


@pytest.mark.parametrize(
    "query",
    [
        "outcome=perhaps&type=<script>&rule=%00&version=-1&least=NaN&most=1e99&flag=odd",
        "from=yesterday&until=2026-13-45T99:99&subject=zz&found=<>&event=%E2%80%AE",
    ],
)
def test_an_address_that_makes_no_sense_asks_nothing(query: str) -> None:
    assert filter_of(QueryDict(query)) == Filter()


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "WzEsMl0", "é", "eyJhIjogMX0", "A" * 5000])
def test_a_cursor_that_names_no_place(desk: Client, cursor: str) -> None:
    with pytest.raises(UnreadableCursorError):
        place_of(cursor)
    assert desk.get("/decisions/", {"after": cursor}).status_code == 200


def test_a_cursor_is_read_back() -> None:
    place = (timezone.now(), 12)
    assert place_of(cursor_of(place)) == place


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's plans")
@pytest.mark.parametrize(
    "wanted",
    [replace(one, start=HERE - timedelta(days=20), end=HERE) for one in FILTERS[:-2]],
    ids=numbered,
)
def test_a_page_is_a_range_of_an_index(
    rows: list[Decision], wanted: Filter, django_assert_max_num_queries: object
) -> None:
    """No statement scans the table or sorts it, whatever is asked."""
    with django_assert_max_num_queries(6) as captured:
        page_of(wanted, older_than=(HERE, 10), size=20)
        total_of(wanted)
    for statement in captured.captured_queries:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + statement["sql"])
            plan = [row[3] for row in cursor.fetchall()]
        scans = [step for step in plan if step.startswith("SCAN journaled")]
        assert not [step for step in scans if "USING" not in step], plan
