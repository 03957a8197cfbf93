"""What an early warning says of the incident that it may become."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from django.urls import reverse

from fengkong.console.incidents.opening import incidents_about
from fengkong.console.shell.figures import reading_language
from fengkong.console.warnings.following import Followed
from fengkong.response.kinds import shipped_scale

if TYPE_CHECKING:
    from fengkong.console.warnings.models import RaisedWarning

_SEVERITIES: Final = {"red": 2, "orange": 3}
_MILDEST: Final = 4
_NAMED: Final = {"account_takeover_wave": "account_takeover", "phishing_campaign": "phishing"}
"""Playbooks whose kind of incident has a shorter name."""


def incidents_of(warning: RaisedWarning) -> Iterator[Followed]:
    """The incidents that a warning became."""
    for one in incidents_about("warning", str(warning.pk)):
        yield Followed(one.title, reverse("incident", args=[one.pk]))


def begun_from(warning: RaisedWarning | None) -> dict[str, Any]:
    """What the form of a new incident begins with; nothing without a warning."""
    if warning is None:
        return {}
    kind = _NAMED.get(warning.playbook, warning.playbook)
    sentence = warning.sentence(reading_language())
    return {
        "title": sentence[:200],
        "kind": kind if kind in shipped_scale().kinds else "other",
        "severity": _SEVERITIES.get(warning.level, _MILDEST),
        "summary": sentence,
        "aware_at": warning.raised_at,
    }
