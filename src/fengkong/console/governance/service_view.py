"""What the service was last seen to run, and where that is not what the console holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fengkong.console.governance.models import PolicyVersion, ServiceChange, ServiceView


@dataclass(frozen=True, slots=True)
class Drift:
    """The service runs something else than the console holds for running."""

    part: str
    runs: str
    holds: str


def last_seen() -> ServiceView:
    """The one row of what was seen."""
    view, _made = ServiceView.objects.get_or_create(pk=1)
    return view


def drifts(view: ServiceView) -> tuple[Drift, ...]:
    """Every difference between console and service; none while a change is under way."""
    if view.seen_at is None or ServiceChange.objects.filter(state="waiting").exists():
        return ()
    found: list[Drift] = []
    for part, seen, state in (
        ("live", view.live, PolicyVersion.State.LIVE),
        ("shadow", view.shadow, PolicyVersion.State.SHADOW),
        ("canary", view.canary, PolicyVersion.State.CANARY),
    ):
        held = PolicyVersion.objects.filter(state=state).order_by("-pk").first()
        runs = "" if seen is None else str(seen.get("hash", ""))
        if runs != ("" if held is None else held.hash):
            found.append(Drift(part, _named(seen), "" if held is None else str(held)))
    return tuple(found)


def _named(seen: dict[str, Any] | None) -> str:
    return "" if seen is None else f"{seen.get('policy', '')} {seen.get('version', '')}"
