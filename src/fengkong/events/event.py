"""An event in memory."""

from __future__ import annotations

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened.

    `occurred_at` is in microseconds since 1970 UTC. `values` holds the fields that are present:
    money as integer minor units of `currency`, a number as float, an integer as int, a boolean as
    bool, category, text and entity as str, an instant as microseconds, a place as (lat, lon).
    """

    type: str
    id: str
    occurred_at: int
    currency: str | None = None
    values: dict[str, object] = {}
