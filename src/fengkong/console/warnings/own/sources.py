"""Sources that the console knows itself, and what it adds to those that are delivered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final

import polars as pl
from django.conf import settings

from fengkong.console.warnings.own.service_table import (
    attack_sign,
    attacks,
    service_health,
    service_sign,
)
from fengkong.console.warnings.own.staff_table import staff, staff_sign
from fengkong.console.warnings.own.upkeep_table import upkeep
from fengkong.credit.peers import InvalidPeerScoreError, PeerScore, peers_by_day, shipped_score
from fengkong.indicators.errors import UnreadableSourceError
from fengkong.indicators.peer_ratings import read_ratings


def peer_danger(_today: date) -> pl.DataFrame | None:
    """How likely each peer platform fails: its delivered ratings, by the house's score if any."""
    folder = settings.CONSOLE.directory / "sources"
    ratings, own = folder / "peer_ratings.csv", folder / "peer_score.json"
    if not ratings.is_file():
        return None
    try:
        score = PeerScore.read(own.read_bytes()) if own.is_file() else shipped_score()
        return peers_by_day(read_ratings(ratings), score)
    except InvalidPeerScoreError as error:
        raise UnreadableSourceError(error.message) from None


OWN: Final[dict[str, Callable[[date], pl.DataFrame | None]]] = {
    "staff": staff,
    "service_health": service_health,
    "attacks": attacks,
    "upkeep": upkeep,
    "peer_danger": peer_danger,
}
"""The sources that are made here, by their ids: each is told which day it is."""
COMPLETED: Final = frozenset({"service_health", "attacks", "upkeep"})
"""Of these, what somebody delivered goes first cell by cell, and the rest is from here."""
SIGNS: Final[dict[str, Callable[[], str]]] = {
    "staff": staff_sign,
    "service_health": service_sign,
    "attacks": attack_sign,
}
"""Of those that are watched as things happen: what changes when something did."""
