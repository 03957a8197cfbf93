"""Who a case is about: masked, or in the clear where an operator says why and is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fengkong.console.cases.models import Case
from fengkong.console.journaled.models import Decision
from fengkong.console.journaled.reading import clear_entry
from fengkong.console.personal.masking import masked, may_be_revealed
from fengkong.console.personal.models import Reason
from fengkong.console.personal.revealing import reveal
from fengkong.console.shell.spoken import field_title
from fengkong.core.errors import RiskError

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

FIELDS: Final = ("customer", "full_name", "phone", "id_number", "account", "card", "payee", "email")
"""What of an event tells who it is about, and whom money went to."""


@dataclass(frozen=True, slots=True)
class Told:
    """A field that tells who somebody is; `clear` says whether it is shown as it is."""

    sequence: int
    name: str
    title: str
    value: str
    clear: bool


def person_of(case: Case) -> list[Told]:
    """Who the newest decision about the case's subject was about, masked."""
    sequence = _newest(case)
    return [] if sequence is None else _told(sequence)


def revealed_person_of(operator: Operator, case: Case, *, why: str) -> list[Told]:
    """The same in the clear: every field counts as a reveal and is recorded as one.

    Raises PermissionDenied, TooManyRevealsError, UnreasonedRevealError.
    """
    return [
        Told(
            one.sequence,
            one.name,
            one.title,
            reveal(
                operator,
                sequence=one.sequence,
                field=one.name,
                reason=Reason.CASE.value,
                text=why,
            ),
            clear=True,
        )
        if may_be_revealed(one.name)
        else one
        for one in person_of(case)
    ]


def _newest(case: Case) -> int | None:
    mine = case.gathered.values("sequence")
    found = Decision.objects.filter(sequence__in=mine, erased=False)
    if case.subject:
        found = found.filter(subject=case.subject)
    return found.order_by("-sequence").values_list("sequence", flat=True).first()


def _told(sequence: int) -> list[Told]:
    try:
        event = clear_entry(sequence).event
    except (RiskError, OSError):
        return []
    if event is None:
        return []
    return [
        Told(sequence, name, field_title(name), str(masked(name, event.values[name])), clear=False)
        for name in FIELDS
        if event.values.get(name) not in (None, "")
    ]
