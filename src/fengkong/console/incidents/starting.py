"""Which playbooks can be started: whoever keeps the library says so when Django starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from fengkong.console.incidents.signals import seen_by

if TYPE_CHECKING:
    from fengkong.console.incidents.models import Incident
    from fengkong.response.fitting import Fit
    from fengkong.response.triggers import Seen

Choices = list[tuple[str, str]]
_LIBRARY: Final[dict[str, Callable[..., Any]]] = {}


def library_is(
    *,
    choices: Callable[[], Choices],
    content: Callable[[str], Any],
    fitting: Callable[[Seen, str], tuple[Fit, ...]],
) -> None:
    """Name the library: all its `choices`, the `content` of one or None, and which are `fitting`.

    `fitting` gets what an incident came with and its kind.
    """
    _LIBRARY.update({"choices": choices, "content": content, "fitting": fitting})


def fitting_playbooks(incident: Incident) -> tuple[Fit, ...]:
    """The playbooks that fit an incident by their triggers or its kind, the best first."""
    found: tuple[Fit, ...] = _LIBRARY["fitting"](seen_by(incident), incident.kind)
    return found


def playbook_choices(incident: Incident) -> Choices:
    """Names and titles of all, those that fit first."""
    every: Choices = _LIBRARY["choices"]()
    order = [fit.playbook.playbook for fit in fitting_playbooks(incident)]
    place = {name: number for number, name in enumerate(order)}
    return sorted(every, key=lambda one: place.get(one[0], len(order)))


def playbook_content(name: str) -> dict[str, Any] | None:
    """A playbook as data; None where there is none."""
    found: dict[str, Any] | None = _LIBRARY["content"](name)
    return found
