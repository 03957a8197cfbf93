"""What operations share: rows as objects, pages by cursor, bounds of what is given."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Field, Schema
from ninja.errors import ValidationError

from fengkong.console.approvals.models import Proposal
from fengkong.console.shell.paging import page_by_cursor

NUMBER_MAX: Final = 2**63 - 1
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)

TEXT: Final = r"^[^\x00]*$"
"""The pattern of texts: PostgreSQL takes everything but NUL."""
NAME: Final = r"^[a-z0-9_]*$"
"""The pattern of names that the house gives."""
Number = Annotated[int, Field(ge=1, le=NUMBER_MAX)]
"""A number of a row."""


def instant(given: datetime) -> datetime:
    """An instant with its offset, from 2000 to 2200; raises ninja's ValidationError."""
    if given.tzinfo is None or not _EARLIEST <= given <= _LATEST:
        said = "an instant with its offset, from 2000 to 2200, is asked for"
        raise ValidationError([{"loc": ("body",), "msg": said}])
    return given


class Reason(Schema):
    """Why something is done."""

    reason: str = Field(min_length=1, max_length=500)


def columns(one: Any, *names: str) -> dict[str, Any]:
    """Attributes of a row by their names."""
    return {name: getattr(one, name) for name in names}


def paged(
    request: HttpRequest,
    rows: QuerySet[Any],
    shape: Callable[[Any], dict[str, Any]],
    *,
    order: Iterable[str],
) -> dict[str, Any]:
    """The page that `after` or `before` of the address asks for; `next` is where it goes on."""
    page = page_by_cursor(request, rows, order=tuple(order))
    return {"items": [shape(one) for one in page.rows], "next": page.following}


def findable(given: int) -> int:
    """A number that the database can look for."""
    return given if 0 <= given <= NUMBER_MAX else 0


def proposal_shown(one: Proposal) -> dict[str, Any]:
    """A proposal with who made it and who decided."""
    by = None if one.decided_by is None else one.decided_by.username
    shown = columns(one, "id", "kind", "target", "reason", "state", "proposed_at", "decided_at")
    return {**shown, "proposed_by": one.proposed_by.username, "decided_by": by}
