"""What a card counts is exactly what its link lists, and what a naive count of rows finds."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.console.live.desk import decision_at, micros, mixed, taken_in

from fengkong.console.journaled.models import Decision
from fengkong.console.journaled.seen import SeenLabel
from fengkong.console.live.filters import Filter, filter_of
from fengkong.console.live.lamps import Lamp, Limits, lamp_of
from fengkong.console.live.listing import page_of, place_of, total_of
from fengkong.console.live.overview import FIGURES, Scene, change_of, scene_of
from fengkong.console.live.periods import LENGTHS, period_of

pytestmark = pytest.mark.django_db


def scene(key: str, wanted: Filter | None = None) -> Scene:
    now = timezone.now()
    end = now.replace(minute=0) if key in ("7d", "30d") else now
    return scene_of(key, wanted or Filter(), period_of(key, end=end)[1])


def listed_rows(wanted: Filter) -> list[Decision]:
    """Every row of every page."""
    found: list[Decision] = []
    cursor = None
    while True:
        page = page_of(wanted, older_than=None if cursor is None else place_of(cursor), size=37)
        found += page.rows
        if page.older is None:
            return found
        cursor = page.older


@pytest.mark.parametrize("key", LENGTHS)
@pytest.mark.parametrize(
    "wanted", [Filter(), Filter(event_type="login.attempted"), Filter(policy="payments")]
)
def test_each_card_lists_exactly_what_it_counts(key: str, wanted: Filter) -> None:
    now = timezone.now()
    decisions = mixed(700, over=timedelta(days=40), until=now) + mixed(
        0, over=timedelta(0), until=now
    )
    labels = tuple(
        SeenLabel(f"e-{n}", n % 2 == 0, "chargeback", micros(now) - 10**10 * n, 700 + n)
        for n in range(1, 300)
    )
    taken_in(decisions, labels=labels)
    seen = scene(key, wanted)
    counted = 0
    for figure in FIGURES:
        reading = figure.read(seen)
        if reading.listed is None:
            continue
        counted += 1
        asked = filter_of(QueryDict(reading.listed.query))
        assert total_of(asked).count == reading.count, figure.key
        rows = listed_rows(asked)
        assert len({row.sequence for row in rows}) == len(rows) == reading.count, figure.key
    assert counted == 11


def test_a_click_on_a_card_opens_the_list_with_its_number(desk: Client, filled: int) -> None:
    text = desk.get("/live/?period=24h").content.decode()
    opened = 0
    for card in text.split('<article class="fk-card">')[1:]:
        address = re.search(r'<h3><a href="(/decisions/[^"]+)">', card)
        if address is None:
            continue
        count = re.search(r'fk-card-hint">([\d,]+) decision', card) or re.search(
            r'fk-card-value">([\d,]+)<', card
        )
        page = desk.get(address[1].replace("&amp;", "&")).content.decode()
        total = re.search(r'class="fk-total">([\d,]+) row', page)
        assert count is not None
        assert total is not None
        assert total[1].replace(",", "") == count[1].replace(",", ""), address[1]
        opened += 1
    assert opened == 11


def test_shares_and_amounts_are_those_of_the_rows() -> None:
    now = timezone.now()
    taken_in(mixed(400, over=timedelta(hours=20), until=now - timedelta(minutes=1)))
    seen = scene("24h")
    rows = list(
        Decision.objects.filter(occurred_at__gte=seen.period.start, occurred_at__lt=seen.period.end)
    )
    figures = {figure.key: figure.read(seen) for figure in FIGURES}
    assert figures["decisions"].value == len(rows) == 400
    for outcome in ("allow", "challenge", "review", "deny", "delay"):
        count = sum(row.outcome == outcome for row in rows)
        assert figures[outcome].value == pytest.approx(count / len(rows))
    assert figures["amount"].value == sum(row.amount_minor or 0 for row in rows)
    stopped = [row.amount_minor or 0 for row in rows if row.outcome in ("deny", "delay")]
    assert figures["stopped"].value == sum(stopped)
    assert figures["late"].count == sum(row.late for row in rows)
    assert figures["degraded"].count == sum(row.degraded for row in rows)


def test_the_change_is_against_the_same_time_before() -> None:
    now = timezone.now()
    older = [decision_at(n, now - timedelta(hours=1, minutes=30)) for n in range(1, 5)]
    newer = [decision_at(n, now - timedelta(minutes=30)) for n in range(5, 11)]
    taken_in(older + newer)
    decisions = FIGURES[0].read(scene("1h"))
    assert (decisions.value, decisions.before) == (6, 4)
    assert change_of(decisions) == pytest.approx(0.5)


def test_nothing_before_is_no_change() -> None:
    taken_in([decision_at(1, timezone.now() - timedelta(minutes=5))])
    assert change_of(FIGURES[0].read(scene("1h"))) is None


@pytest.mark.parametrize(
    ("limits", "value", "change", "expected"),
    [
        (Limits(amber=0.1, red=0.2), 0.09, None, Lamp.GREEN),
        (Limits(amber=0.1, red=0.2), 0.1, None, Lamp.AMBER),
        (Limits(amber=0.1, red=0.2), 0.2, None, Lamp.RED),
        (Limits(amber=0.9, red=0.8, side="below"), 0.91, None, Lamp.GREEN),
        (Limits(amber=0.9, red=0.8, side="below"), 0.9, None, Lamp.AMBER),
        (Limits(amber=0.9, red=0.8, side="below"), 0.79, None, Lamp.RED),
        (Limits(amber=0.5, red=1.0, of="change", side="either"), 1, -0.6, Lamp.AMBER),
        (Limits(amber=0.5, red=1.0, of="change", side="either"), 1, 1.0, Lamp.RED),
        (Limits(amber=0.5, red=1.0, of="change"), 1, -0.9, Lamp.GREEN),
        (Limits(amber=0.5, red=1.0, of="change"), 1, None, Lamp.NONE),
        (Limits(amber=0.5, red=1.0), None, None, Lamp.NONE),
        (None, 1, None, Lamp.NONE),
    ],
)
def test_lamps_at_and_beside_their_limits(
    limits: Limits | None, value: float | None, change: float | None, expected: Lamp
) -> None:
    assert lamp_of(limits, value, change=change, stale=False) is expected


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.key)
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0, 100.0])
@pytest.mark.parametrize("change", [-0.9, 0.0, 2.0])
def test_a_stale_figure_is_never_green(figure: object, value: float, change: float) -> None:
    found = lamp_of(figure.limits, value, change=change, stale=True)
    assert found in (Lamp.STALE, Lamp.NONE)


def test_behind_the_journal_no_card_is_green(
    desk: Client, filled: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no journal here, so nobody can know how old the figures are."""
    text = desk.get("/live/").content.decode()
    assert "The journal cannot be asked" in text
    cards = text.split('<article class="fk-card">')[1:]
    assert len(cards) == len(FIGURES)
    green = [card for card in cards if "lamp-ok" in card]
    assert ["Open proposals" in card for card in green] == [True]


def test_the_number_of_statements_does_not_grow(
    desk: Client, filled: int, django_assert_max_num_queries: object
) -> None:
    with django_assert_max_num_queries(28):
        assert desk.get("/live/?period=30d").status_code == 200


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's plans")
@pytest.mark.parametrize(
    "wanted",
    [Filter(), Filter(event_type="payment.initiated", policy="payments")],
    ids=["all", "one-type"],
)
def test_cards_are_counted_by_indexes_of_time(filled: int, wanted: Filter) -> None:
    """No statement goes through all decisions, or through all of a type."""
    with CaptureQueriesContext(connection) as captured:
        scene("30d", wanted)
    seen = 0
    for statement in captured.captured_queries:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + statement["sql"])
            plan = [row[3] for row in cursor.fetchall()]
        seen += len(plan)
        assert not [step for step in plan if "decisions_by_type" in step], plan
        scans = [step for step in plan if step.startswith("SCAN journaled")]
        assert not [step for step in scans if "USING" not in step], plan
    assert seen > 10
