"""What an action of a review may change: things that exist, and the versions that changed them.

Whoever keeps a kind of thing says what there is of it when Django starts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fengkong.console.incidents.models import FollowUp
from fengkong.core.errors import RiskError

if TYPE_CHECKING:
    from datetime import datetime

Choices = list[tuple[str, str]]
_THINGS: Final[dict[str, Changeable]] = {}


class UnknownChangeError(RiskError):
    """The thing that an action is to change, or the version that is said to have changed it, is
    not there.
    """

    code = "console.unknown_change"
    hint = "Take one of those that the form offers; a version is there once it was approved."


@dataclass(frozen=True, slots=True)
class Changeable:
    """A kind of thing: what there is (id and title), and which versions of one came since.

    `versions` gets the id of the thing and an instant, and gives references with their words.
    `address` gets the id of the thing and a reference or nothing, and gives a page.
    """

    things: Callable[[], Choices]
    versions: Callable[[str, datetime], Choices]
    address: Callable[[str, str], str]


def changes_are(kind: str, declared: Changeable) -> None:
    """Say what there is of a kind of `FollowUp.Changes`."""
    assert kind in FollowUp.Changes.values, f"a review changes no {kind}"
    _THINGS[kind] = declared


def things_by_kind() -> list[tuple[str, Choices]]:
    """For each kind that is kept: its words, and what there is."""
    return [(kind, one.things()) for kind, one in _THINGS.items()]


def check_thing(kind: str, target: str) -> None:
    """Raises UnknownChangeError where the thing is not there; what nobody keeps is not asked."""
    declared = _THINGS.get(kind)
    if declared is not None and target not in dict(declared.things()):
        raise UnknownChangeError(f"there is no {kind} {target[:60]!r}")


def versions_since(action: FollowUp) -> Choices | None:
    """What changed the thing since the incident began; None where nobody keeps versions of it."""
    declared = _THINGS.get(action.changes)
    if declared is None:
        return None
    return declared.versions(action.target, action.incident.opened_at)


def check_version(action: FollowUp, changed: str) -> None:
    """Raises UnknownChangeError where the version is not there or is older than the incident."""
    found = versions_since(action)
    if found is not None and changed not in dict(found):
        raise UnknownChangeError(f"{changed[:60]!r} did not change {action.target[:60]!r}")


def page_of(action: FollowUp) -> str:
    """The page of what an action changed or is to change; empty where there is none."""
    declared = _THINGS.get(action.changes)
    return "" if declared is None else declared.address(action.target, action.changed)
