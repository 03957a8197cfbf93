"""The live stream's rows, and the iterator that holds a place while it is read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from django.db import connections
from django.template.loader import render_to_string
from django.utils import timezone, translation

from fengkong.console.journaled.models import Decision
from fengkong.console.live.filters import Filter
from fengkong.console.live.freshness import freshness
from fengkong.console.live.listing import remaining
from fengkong.console.live.places import Places
from fengkong.console.live.rows import row_of
from fengkong.console.live.sending import Found, Pace, frames

PACE: Final = Pace()


class DecisionSource:
    """Implements `sending.Source` over the read model, in the language of who reads."""

    def __init__(self, wanted: Filter, *, language: str, zone: Any) -> None:
        self._wanted = wanted
        self._language = language
        self._zone = zone

    def head(self) -> int:
        """The newest decision's number."""
        newest = Decision.objects.order_by("-sequence").values_list("sequence", flat=True)[:1]
        return next(iter(newest), 0)

    def after(self, number: int, *, limit: int) -> Found:
        """Decisions behind a number that fit the filter; at most so many entries are looked at."""
        upto = min(self.head(), number + PACE.behind)
        behind = Decision.objects.filter(sequence__gt=number, sequence__lte=upto)
        found = list(remaining(behind, self._wanted).order_by("sequence")[:limit])
        rows = [{"sequence": one.sequence, "html": self._html(one)} for one in found]
        return Found(rows=rows, upto=found[-1].sequence if len(found) == limit else upto)

    def state(self) -> dict[str, Any]:
        """How far the read model is behind."""
        fresh = freshness()
        return {"behind": fresh.behind, "stale": fresh.stale, "lamp": fresh.lamp}

    def _html(self, decision: Decision) -> str:
        with translation.override(self._language), timezone.override(self._zone):
            return render_to_string("live/parts/decision_row.html", {"row": row_of(decision)})


class HeldStream:
    """The frames of a stream; gives its place back when it ends, or is closed before it began."""

    def __init__(self, source: DecisionSource, *, after: int | None, leave: Callable[[], None]):
        self._frames: Iterator[bytes] = frames(
            source, after=after, pace=PACE, clock=time.monotonic, sleep=time.sleep
        )
        self._leave: Callable[[], None] | None = leave

    def __iter__(self) -> Iterator[bytes]:
        """Itself."""
        return self

    def __next__(self) -> bytes:
        """The next frame."""
        try:
            return next(self._frames)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the place back, and this thread's connection."""
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()
            connections.close_all()


def held_stream(
    source: DecisionSource, *, after: int | None, places: Places, operator: int
) -> HeldStream | None:
    """A stream of an operator, None where there is no place for one more."""
    if not places.take(operator):
        return None
    return HeldStream(source, after=after, leave=lambda: places.give_back(operator))
