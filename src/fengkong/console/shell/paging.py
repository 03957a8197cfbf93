"""Pages by cursor: the next page begins after the last row, however many rows lie before it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

PAGE_ROWS: Final = 50
PAGE_ROWS_MAX: Final = 200
_CURSOR_MAX: Final = 400


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page; `total` None is not counted; the addresses are None at the ends."""

    rows: Sequence[Any]
    total: int | None
    previous: str | None
    following: str | None


def page_by_cursor(
    request: HttpRequest,
    rows: QuerySet[Any],
    *,
    order: Sequence[str],
    total: int | None = None,
    size: int = PAGE_ROWS,
) -> Page:
    """The page that the request's `after` or `before` asks for.

    `order` names fields, the last of them unique, `-` in front of each or of none. The query is a
    range over an index on these fields, so that page 10,000 costs what page 1 does. A cursor that
    cannot be read shows the first page.
    """
    assert 0 < size <= PAGE_ROWS_MAX
    downwards = order[0].startswith("-")
    assert all(name.startswith("-") == downwards for name in order), "one direction for all"
    names = [name.lstrip("-") for name in order]
    after = _read(request.GET.get("after", ""), len(names))
    before = None if after else _read(request.GET.get("before", ""), len(names))
    if before is not None:
        turned = [name if downwards else f"-{name}" for name in names]
        found = list(_beyond(rows, names, before, greater=downwards).order_by(*turned)[: size + 1])
        more_before, shown, more_after = len(found) > size, found[:size][::-1], True
    else:
        if after is not None:
            rows = _beyond(rows, names, after, greater=not downwards)
        found = list(rows.order_by(*order)[: size + 1])
        more_before, shown, more_after = after is not None, found[:size], len(found) > size
    first, last = (shown[0], shown[-1]) if shown else (None, None)
    return Page(
        rows=shown,
        total=total,
        previous=_address(request, "before", first, names) if more_before and first else None,
        following=_address(request, "after", last, names) if more_after and last else None,
    )


def _beyond(
    rows: QuerySet[Any], names: Sequence[str], place: Sequence[Any], *, greater: bool
) -> QuerySet[Any]:
    """The rows past a place in the order of `names` (a row comparison, spelled out)."""
    comparison = "gt" if greater else "lt"
    condition = Q()
    for depth, name in enumerate(names):
        equal = {names[i]: place[i] for i in range(depth)}
        condition |= Q(**equal, **{f"{name}__{comparison}": place[depth]})
    return rows.filter(condition)


def _address(request: HttpRequest, way: str, row: Model, names: Sequence[str]) -> str:
    query = request.GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    values = [getattr(row, name) for name in names]
    plain = [{"t": v.isoformat()} if isinstance(v, datetime) else v for v in values]
    written = json.dumps(plain, separators=(",", ":"))
    query[way] = base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")
    return f"?{query.urlencode()}"


def _read(cursor: str, length: int) -> list[Any] | None:
    if not cursor or len(cursor) > _CURSOR_MAX:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        if not isinstance(values, list) or len(values) != length:
            return None
        return [_value(value) for value in values]
    except (ValueError, binascii.Error, KeyError, TypeError, RecursionError):
        return None


def _value(value: object) -> object:
    if isinstance(value, dict):
        return datetime.fromisoformat(value["t"])
    if isinstance(value, bool) or not isinstance(value, int | str | float):
        raise TypeError("a cursor holds numbers, texts and times")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("beyond the database's numbers")
    return value
