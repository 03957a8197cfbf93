"""What switches of an incident act on: the live policy, or what a drill says is its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

from fengkong.console.incidents.models import Incident

if TYPE_CHECKING:
    from fengkong.decisions.policy import Policy

_DRILLS: Final[dict[str, Callable[[int], object]]] = {}


def drills_have(policy: Callable[[int], Policy], pace: Callable[[int], float]) -> None:
    """Say which policy the sandbox of a drill runs, and how fast its time goes."""
    _DRILLS.update({"policy": policy, "pace": pace})


def policy_of(incident: Incident) -> Policy | None:
    """The policy of a drill's sandbox; None for a real incident, which is about the live one."""
    if incident.drill is None:
        return None
    return cast("Policy", _DRILLS["policy"](incident.drill))


def pace_of(incident: Incident) -> float:
    """How many minutes of a playbook pass in a minute: one, unless it is a drill's."""
    return 1.0 if incident.drill is None else cast("float", _DRILLS["pace"](incident.drill))
