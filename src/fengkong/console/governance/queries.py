"""What the screens of governance read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from fengkong.console.approvals.models import Proposal
from fengkong.console.governance.actions import ACT
from fengkong.console.governance.models import PolicyVersion, ServiceChange, VersionStep
from fengkong.console.governance.policy_texts import policy_or_none
from fengkong.console.governance.preview_socket import ask_preview
from fengkong.console.governance.states import RUNNING
from fengkong.console.shell.spoken import said
from fengkong.core.bilingual import Bilingual
from fengkong.core.errors import RiskError
from fengkong.decisions.policy import Policy

PARTS_SHOWN: Final = 20


def versions(
    *, name: str = "", state: str = "", author: str = "", part: str = ""
) -> QuerySet[PolicyVersion]:
    """Versions that a query asks for."""
    found = PolicyVersion.objects.select_related("author", "changed_by").defer("text", "backtest")
    if name:
        found = found.filter(name__icontains=name)
    if state:
        found = found.filter(state=state)
    if part:
        found = found.filter(part=part)
    if author:
        found = found.filter(author__username__icontains=author)
    return found


def open_proposal(version: PolicyVersion) -> Proposal | None:
    """The proposal that waits for a version."""
    return Proposal.objects.filter(
        kind=ACT, content__version_id=version.pk, state=Proposal.State.OPEN
    ).first()


def running() -> list[PolicyVersion]:
    """The versions that run: live, in shadow, or for a share."""
    found = PolicyVersion.objects.filter(state__in=[one.value for one in RUNNING])
    return list(found.defer("text", "backtest").order_by("pk"))


def began(version: PolicyVersion) -> VersionStep | None:
    """The step since which a version is in its state; None where it was taken in so."""
    return version.steps.filter(after=version.state).order_by("-at", "-pk").first()


def changes_shown() -> list[ServiceChange]:
    """Changes that wait, and the newest that are done."""
    recent = ServiceChange.objects.select_related("version")
    waiting = list(recent.filter(state=ServiceChange.State.WAITING))
    return waiting + list(recent.exclude(state=ServiceChange.State.WAITING)[:5])


@dataclass(frozen=True, slots=True)
class ParameterValue:
    """One dated value of a parameter; `now` is whether it holds at the moment."""

    policy: str
    name: str
    since: datetime
    value: object
    reference: Bilingual
    now: bool


def parameters_of(version: PolicyVersion, *, at: datetime) -> list[ParameterValue]:
    """Every dated value of every parameter, the newest of each first."""
    policy = policy_or_none(version.text)
    if policy is None:
        return []
    instant = int(at.timestamp() * 1_000_000)
    found = []
    for name, parameter in sorted(policy.scope.parameters.items()):
        holding = parameter.at(instant)
        found += [
            ParameterValue(
                policy=str(version),
                name=name,
                since=datetime.fromtimestamp(one.effective_from / 1_000_000, tz=UTC),
                value=one.value,
                reference=one.reference,
                now=one is holding,
            )
            for one in reversed(parameter.values)
        ]
    return found


def values_of(version: PolicyVersion, name: str) -> list[ParameterValue]:
    """The dated values of one parameter now, the newest first."""
    return [row for row in parameters_of(version, at=timezone.now()) if row.name == name]


def versions_of(part: PolicyVersion.Part, **change: str) -> list[PolicyVersion]:
    """The newest versions of parameters or models, or of one of them."""
    found = PolicyVersion.objects.filter(part=part).order_by("-pk").defer("text")
    wanted = {f"change__{name}": value for name, value in change.items()}
    return list(found.filter(**wanted)[:PARTS_SHOWN])


def models_of(policy: Policy) -> list[dict[str, Any]]:
    """The models that a policy uses, champions and challengers."""
    found: list[dict[str, Any]] = []
    for name, model in policy.models.items():
        found.append(_model(name, model.about, hash=model.hash, share=None))
        challenger = policy.challengers.get(name)
        if challenger is not None:
            rival = challenger.model
            share = challenger.share
            found.append(_model(name, rival.about, hash=rival.hash, share=share))
    return found


def _model(name: str, about: Any, *, hash: str, share: float | None) -> dict[str, Any]:  # noqa: A002
    return {
        "used_as": name,
        "model": about.name,
        "version": about.version,
        "hash": hash,
        "title": said(about.title),
        "share": share,
    }


def preview_status() -> dict[str, Any]:
    """How far the preview process is; `problem` where it does not answer."""
    try:
        return dict(ask_preview(settings.CONSOLE.directory, {"do": "status"}, timeout=2.0))
    except RiskError as error:
        return {"problem": error.message}


def spreads() -> dict[str, Any]:
    """How values are spread in the newest events; nothing where nobody can say."""
    try:
        return dict(ask_preview(settings.CONSOLE.directory, {"do": "spreads"}, timeout=5.0))
    except RiskError:
        return {}
