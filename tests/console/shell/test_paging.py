"""Pages by cursor show every row once, forwards and backwards, whatever the cursor says."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from django.test import RequestFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fengkong.console.accounts.models import Operator
from fengkong.console.shell.paging import Page, page_by_cursor

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 1, tzinfo=UTC)
ORDERS = [("created_at", "pk"), ("-created_at", "-pk"), ("-pk",), ("username",)]


def make_operators(ties: list[int]) -> None:
    Operator.objects.all().delete()
    Operator.objects.bulk_create(
        Operator(username=f"o{place:03d}", created_at=START + timedelta(days=day))
        for place, day in enumerate(ties)
    )


def page_at(address: str | None, order: tuple[str, ...], size: int) -> Page:
    request = RequestFactory().get(f"/x/{address or '?q=1'}")
    return page_by_cursor(request, Operator.objects.all(), order=order, size=size)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    ties=st.lists(st.integers(0, 3), max_size=12),
    size=st.integers(1, 5),
    order=st.sampled_from(ORDERS),
)
def test_every_row_once_there_and_back(ties: list[int], size: int, order: tuple[str, ...]) -> None:
    make_operators(ties)
    expected = [o.pk for o in Operator.objects.order_by(*order)]
    page = page_at(None, order, size)
    assert page.previous is None
    pages = [page]
    while page.following:
        assert parse_qs(page.following[1:])["q"] == ["1"], "the query stays"
        page = page_at(page.following, order, size)
        pages.append(page)
    assert [row.pk for one in pages for row in one.rows] == expected
    assert all(len(one.rows) <= size for one in pages)
    for before in reversed(pages[:-1]):
        page = page_at(page.previous, order, size)
        assert [row.pk for row in page.rows] == [row.pk for row in before.rows]
    assert page.previous is None


@pytest.mark.parametrize(
    "cursor",
    [
        "!!!",
        "e30",
        "bnVsbA",
        "W10",
        "WzEsMl0",
        "W3RydWVd",
        "x" * 5000,
        "W3sidCI6IngifV0",
        "WzFlOTldCg",
        "WzEwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwXQ",
        "\u98ce",
    ],
)
def test_a_bad_cursor_shows_the_first_page(cursor: str) -> None:
    make_operators([0, 0, 0])
    for way in ("after", "before"):
        page = page_at(f"?{way}={cursor}", ("pk",), 2)
        assert len(page.rows) <= 2
