"""The stream over HTTP: its frames, its places, and the same by asking in turns."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import resolve
from django.utils import timezone
from tests.console.live.desk import decision_at, taken_in

from fengkong.console.accounts.models import Operator
from fengkong.console.accounts.verification import is_unattended
from fengkong.console.live import streaming
from fengkong.console.live.places import PLACES
from fengkong.console.live.sending import Pace

pytestmark = pytest.mark.django_db


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams that end at once after what there is."""
    monkeypatch.setattr(streaming, "PACE", Pace(look=0.0, life=0.05, rows=40, behind=400))


@pytest.fixture
def few(db: None) -> None:
    now = timezone.now()
    outcomes = ("allow", "deny", "review", "deny", "allow")
    taken_in(
        [
            decision_at(n, now - timedelta(minutes=9 - n), outcome=outcome, rules=("<b>fast",))
            for n, outcome in enumerate(outcomes, start=1)
        ]
    )


def rows_of(content: bytes) -> list[dict[str, object]]:
    frames = [part for part in content.decode().split("\n\n") if "event: decisions" in part]
    return [row for part in frames for row in json.loads(part.split("data: ")[1])["rows"]]


def test_a_stream_sends_what_follows(desk: Client, few: None, quick: None) -> None:
    answer = desk.get("/live/stream/events?after=1")
    assert answer["Content-Type"] == "text/event-stream"
    assert answer["Cache-Control"] == "no-store"
    content = b"".join(answer.streaming_content)
    assert [row["sequence"] for row in rows_of(content)] == [2, 3, 4, 5]
    assert content.startswith(b"retry: ")
    assert PLACES.taken == 0


def test_the_browsers_last_number_goes_before_the_addresss(
    desk: Client, few: None, quick: None
) -> None:
    answer = desk.get("/live/stream/events?after=1", headers={"Last-Event-ID": "4"})
    assert [row["sequence"] for row in rows_of(b"".join(answer.streaming_content))] == [5]


def test_a_stream_is_filtered_and_its_rows_are_escaped(
    desk: Client, few: None, quick: None
) -> None:
    answer = desk.get("/live/stream/events?after=0&outcome=deny")
    rows = rows_of(b"".join(answer.streaming_content))
    assert [row["sequence"] for row in rows] == [2, 4]
    assert "&lt;b&gt;fast" in str(rows[0]["html"])
    assert "<b>" not in str(rows[0]["html"])


@pytest.mark.parametrize(("language", "word"), [("en", "Deny"), ("zh-hans", "拒绝")])
def test_rows_are_in_the_readers_language(
    desk: Client, few: None, quick: None, language: str, word: str
) -> None:
    desk.cookies["django_language"] = language
    answer = desk.get("/live/stream/events?after=3")
    assert word in str(rows_of(b"".join(answer.streaming_content))[0]["html"])


def test_where_no_place_is_free_the_stream_is_refused(
    desk: Client, few: None, analyst: Operator
) -> None:
    for _ in range(3):
        assert PLACES.take(analyst.pk)
    try:
        answer = desk.get("/live/stream/events")
        assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    finally:
        for _ in range(3):
            PLACES.give_back(analyst.pk)


def test_a_stream_that_never_began_gives_its_place_back(desk: Client, few: None) -> None:
    answer = desk.get("/live/stream/events")
    assert PLACES.taken == 1
    answer.close()
    assert PLACES.taken == 0


def test_asking_in_turns_gives_the_same(desk: Client, few: None) -> None:
    seen = desk.get("/live/stream/newer?after=2&outcome=deny").json()
    assert [row["sequence"] for row in seen["rows"]] == [4]
    assert (seen["upto"], seen["skipped"]) == (5, 0)
    assert desk.get("/live/stream/newer?after=5").json()["rows"] == []


def test_strangers_see_no_stream(client: Client, few: None) -> None:
    for address in ("/live/stream/", "/live/stream/events", "/live/stream/newer"):
        assert client.get(address).status_code == 302


def test_a_stream_alone_keeps_no_session_alive() -> None:
    for address in ("/live/stream/events", "/live/stream/newer"):
        assert is_unattended(resolve(address).func)
    assert not is_unattended(resolve("/live/stream/").func)
