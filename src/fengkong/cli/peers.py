"""`fengkong indicators fit-peers`: the score of peer platforms out of ratings and failures."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from fengkong.cli.language import text
from fengkong.cli.screen import OUTPUT
from fengkong.cli.sources import MissingFileError
from fengkong.credit.peers import fitted, places
from fengkong.indicators.errors import UnreadableSourceError
from fengkong.indicators.peer_ratings import read_failures, read_ratings

FEW = 20
"""With fewer failed platforms than this a score is mostly expectation."""


def fit_peers(ratings: Path, failures: Path, *, out: Path, until: str | None) -> None:
    """Fit, write, and say on how much it rests."""
    rated, failed = read_ratings(ratings), read_failures(failures)
    known_until = _day(until) if until else _last_day(rated)
    score = fitted(places(rated), failed, known_until=known_until)
    try:
        out.write_bytes(score.written())
    except OSError as error:
        raise MissingFileError(f"{out} cannot be written: {error}") from None
    facts = {"ratings": score.ratings, "failed": score.failed_ratings}
    platforms = score.failed_platforms
    OUTPUT.print(text("indicators.fit_peers.done", **facts, platforms=platforms, place=out))
    if platforms < FEW:
        OUTPUT.print(text("indicators.fit_peers.few", platforms=platforms))


def _last_day(rated: pl.DataFrame) -> date:
    last = rated["day"].max()
    if not isinstance(last, date):
        raise UnreadableSourceError("there are no ratings")
    return last


def _day(written: str) -> date:
    from fengkong.cli.archives import InvalidDayError  # noqa: PLC0415

    try:
        return date.fromisoformat(written)
    except ValueError:
        raise InvalidDayError(f"{written[:40]!r} is no day") from None
