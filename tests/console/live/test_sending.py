"""A stream sends what is new in order, goes on where it was cut off, skips, beats and ends."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from fengkong.console.live.places import Places
from fengkong.console.live.sending import Found, Pace, frame, frames, last_seen, look

PACE = Pace(look=1.0, beat=5.0, life=20.0, rows=3, behind=10)


class Numbers:
    """A source whose rows are numbers; those that are odd do not fit the filter."""

    def __init__(self, head: int) -> None:
        self.newest = head

    def head(self) -> int:
        return self.newest

    def after(self, number: int, *, limit: int) -> Found:
        behind = [n for n in range(number + 1, self.newest + 1) if n % 2 == 0][:limit]
        return Found(
            rows=[{"sequence": n} for n in behind],
            upto=behind[-1] if len(behind) == limit else self.newest,
        )

    def state(self) -> dict[str, Any]:
        return {"behind": 0}


class Time:
    """A clock that goes on by sleeping, and does something at each tick."""

    def __init__(self, tick: Callable[[float], None] = lambda now: None) -> None:
        self.now = 0.0
        self.tick = tick

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.tick(self.now)


def sent(source: Numbers, time: Time, *, after: int | None) -> list[tuple[str, Any, int | None]]:
    found = []
    for raw in frames(source, after=after, pace=PACE, clock=time.clock, sleep=time.sleep):
        lines = dict(line.split(": ", 1) for line in raw.decode().strip().split("\n"))
        if "event" in lines:
            number = int(lines["id"]) if "id" in lines else None
            found.append((lines["event"], json.loads(lines["data"]), number))
    return found


def numbers(found: list[tuple[str, Any, int | None]]) -> list[int]:
    rows = [data["rows"] for event, data, _ in found if event == "decisions"]
    return [row["sequence"] for part in rows for row in part]


def test_a_new_stream_begins_with_what_comes_next() -> None:
    source = Numbers(7)

    def tick(now: float) -> None:
        source.newest += 1

    found = sent(source, Time(tick), after=None)
    assert found[0] == ("state", {"behind": 0}, 7)
    assert numbers(found) == list(range(8, 27, 2))


def test_a_stream_goes_on_where_it_was_cut_off() -> None:
    source = Numbers(0)

    def tick(now: float) -> None:
        source.newest += 2

    first = sent(source, Time(tick), after=None)
    last = [number for _, _, number in first][-1]
    second = sent(source, Time(tick), after=last)
    assert (
        numbers(first) + numbers(second)
        == list(range(2, source.newest + 1, 2))[: len(numbers(first) + numbers(second))]
    )


def test_one_that_is_too_far_behind_is_told_what_it_skips() -> None:
    found = sent(Numbers(100), Time(), after=1)
    assert ("skipped", {"count": 96}, 100) in found
    assert numbers(found) == [98, 100]


def test_a_full_look_is_followed_by_the_next_at_once() -> None:
    time = Time()
    found = sent(Numbers(9), time, after=0)
    assert numbers(found) == [2, 4, 6, 8]


def test_it_beats_while_nothing_comes_and_ends_in_time() -> None:
    time = Time()
    found = sent(Numbers(5), time, after=5)
    assert [event for event, _, _ in found] == ["state"] * 4
    assert time.now <= PACE.life + PACE.look


def test_a_reader_from_the_future_begins_at_the_head() -> None:
    assert sent(Numbers(5), Time(), after=99)[0] == ("state", {"behind": 0}, 5)


def test_a_look_says_how_far_it_looked() -> None:
    seen = look(Numbers(5), place=4, pace=PACE)
    assert (seen.rows, seen.upto, seen.skipped) == ([], 5, 0)


@pytest.mark.parametrize("text", ["a\nb", "\r\n\r\nevent: evil", "</script>", "\u2028"])
def test_no_text_breaks_out_of_its_frame(text: str) -> None:
    raw = frame("decisions", {"html": text}, number=1)
    assert raw.count(b"\n") == 4
    assert json.loads(raw.split(b"data: ")[1]) == {"html": text}


@pytest.mark.parametrize(
    ("header", "asked", "expected"),
    [("12", "3", 12), (None, "3", 3), ("x", "3", 3), ("-1", None, None), ("9" * 30, None, None)],
)
def test_where_a_stream_goes_on(
    header: str | None, asked: str | None, expected: int | None
) -> None:
    assert last_seen(header, asked) == expected


def test_places_are_bounded_in_all_and_for_one() -> None:
    places = Places(in_all=3, of_one=2)
    assert [places.take(1), places.take(1), places.take(1)] == [True, True, False]
    assert [places.take(2), places.take(3)] == [True, False]
    places.give_back(1)
    assert places.take(3)
    assert places.taken == 3
