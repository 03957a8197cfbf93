"""What entities are called: the value that an event named, read from the journal and masked.

Nothing of it is kept. Where it cannot be read (the subject was erased, the journal is away) an
entity is called by the first letters of its blind index.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from django.db import connection

from fengkong.console.entities.kinds import FIELDS
from fengkong.console.entities.queries import known
from fengkong.console.journaled.reading import UnknownEntryError, clear_entry
from fengkong.console.personal.masking import masked
from fengkong.console.shell.spoken import field_title
from fengkong.core.errors import RiskError

SHORT: Final = 8
NAMED_MAX: Final = 120
_SOME: Final = 100
_NEWEST: Final = (
    "SELECT * FROM (SELECT entity, sequence, field FROM entities_seen WHERE entity = %s"
    " ORDER BY occurred_s DESC, sequence DESC LIMIT 1) AS newest"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An entity as screens show it: `name` is masked, `title` says what it is of.

    `sequence` and `field` are where the name stands, for those who may reveal it; `sequence` is 0
    where it was not looked for.
    """

    kind: str
    entity: str
    name: str
    sequence: int = 0
    field: str = ""

    @property
    def title(self) -> str:
        """What its kind is called."""
        return field_title(self.kind)

    @property
    def sign(self) -> str:
        """The first letter of its kind, as it stands inside of its shape."""
        return self.title[:1]


def named(keys: Collection[int], *, most: int = NAMED_MAX) -> dict[int, Named]:
    """The entities of some keys; the first `most` by name, the others by their blind index."""
    about = known(keys)
    places = _newest([key for key in keys if key in about][:most])
    found = {}
    for key, (kind, entity) in about.items():
        sequence, field = places.get(key, (0, ""))
        name = _name(sequence, field) if sequence else ""
        found[key] = Named(
            kind=kind,
            entity=entity,
            name=name or entity[:SHORT],
            sequence=sequence if name else 0,
            field=field if name else "",
        )
    return found


def clear_value(sequence: int, field: str) -> str | None:
    """The value that an event named, in the clear; None where it cannot be read."""
    try:
        event = clear_entry(sequence).event
    except UnknownEntryError:
        return None
    value = None if event is None else event.values.get(field)
    return value if isinstance(value, str) else None


def _name(sequence: int, field: str) -> str:
    try:
        value = clear_value(sequence, field)
    except (RiskError, OSError):
        return ""
    return "" if value is None else str(masked(field, value))


def _newest(keys: Collection[int]) -> dict[int, tuple[int, str]]:
    """Where each entity was named last: the sequence, and the field."""
    wanted = list(keys)
    found: dict[int, tuple[int, str]] = {}
    for at in range(0, len(wanted), _SOME):
        some = wanted[at : at + _SOME]
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join([_NEWEST] * len(some)), some)
            found |= {
                entity: (sequence, FIELDS[field]) for entity, sequence, field in cursor.fetchall()
            }
    return found
