"""The outbox jobs of governance: changes of the service, done once however often they are tried.

What is asked is compared with what the service runs before anything is sent, so a job that was
done and is tried again only notes that it was. Whatever else is found there is noted as drift.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from fengkong.client.client import Client
from fengkong.client.errors import BusyError, ClientError, RefusedError
from fengkong.console.audit.recording import record
from fengkong.console.governance.actions import canary_step, live_version, move_version
from fengkong.console.governance.models import PolicyVersion, ServiceChange, ServiceView
from fengkong.console.governance.policy_texts import policy_or_none
from fengkong.console.governance.service_view import last_seen
from fengkong.console.governance.states import State, Step, allowed
from fengkong.console.journaled.reading import policy_text
from fengkong.console.journaled.service_access import service_client
from fengkong.console.outbox.jobs import GiveUpError
from fengkong.console.outbox.models import Job
from fengkong.core.errors import RiskError

WATCH_JOB: Final = "watch_service_policy"
WATCH_S: Final = 5
_TIMEOUT_S: Final = 60.0
_BESIDE: Final = (PolicyVersion.State.SHADOW, PolicyVersion.State.CANARY)
_LOG: Final = logging.getLogger(__name__)
_SERVICE: Final = "service"


def do_change(job: Job) -> None:
    """Do one change of the service, and note what became of it."""
    change = ServiceChange.objects.select_related("version").get(pk=job.content["change"])
    if change.state != ServiceChange.State.WAITING:
        return
    try:
        with service_client(timeout=_TIMEOUT_S) as client:
            said = _done(client, change)
            seen = client.policies()
    except BusyError as error:
        _note_trouble(change, error)
        raise
    except RefusedError as error:
        _fail(change, f"{error.problem.title}: {error.problem.detail}")
        raise GiveUpError(str(error)) from error
    except ConflictingChangeError as error:
        _fail(change, error.message)
        raise GiveUpError(error.message) from error
    except ClientError as error:
        _note_trouble(change, error)
        raise
    _note_done(change, said)
    note_seen(seen)


def _note_trouble(change: ServiceChange, error: RiskError) -> None:
    """The change still waits, and whoever looks sees why."""
    ServiceChange.objects.filter(pk=change.pk).update(message=str(error)[:500])


class ConflictingChangeError(RiskError):
    """The service runs something else than when the change was asked for."""

    code = "console.conflicting_change"
    hint = "Look at what the service runs now, and ask again if it is still wanted."


def _done(client: Client, change: ServiceChange) -> dict[str, Any]:
    """Do what is asked unless it is so already; the service's answer."""
    seen = client.policies()
    kind, version = change.kind, change.version
    wanted = "" if version is None else version.hash
    if kind == ServiceChange.Kind.ROLL_BACK:
        return _rolled_back(client, seen, change)
    assert version is not None, "only a roll-back may not know what is live"
    if kind == ServiceChange.Kind.LIVE:
        live: dict[str, Any] = seen["live"]
        return live if live["hash"] == wanted else client.publish(version.text)
    if kind == ServiceChange.Kind.SHADOW:
        shadow = seen["shadow"] or {}
        return shadow if shadow.get("hash") == wanted else client.shadow(version.text)
    if kind == ServiceChange.Kind.END_SHADOW:
        shadow = seen["shadow"] or {}
        return client.shadow(None) if shadow.get("hash") == wanted else {}
    canary = seen.get("canary") or {}
    if kind == ServiceChange.Kind.END_CANARY:
        return client.canary(None) if canary.get("hash") == wanted else {}
    assert change.share is not None, "a canary is asked for with its share"
    asked = (wanted, change.share, change.by or None)
    if asked == tuple(canary.get(part) for part in ("hash", "share", "by")):
        return canary
    return client.canary(version.text, share=change.share, by=change.by or None)


def _rolled_back(client: Client, seen: dict[str, Any], change: ServiceChange) -> dict[str, Any]:
    """Roll back once: what is live must still be what was live when it was asked for."""
    live: dict[str, Any] = seen["live"]
    if change.expected and live["hash"] != change.expected:
        last = seen["activations"][-1]
        if last["cause"] == "rolled_back" and last["role"] == "live":
            return live  # it was done, and only the answer was lost
        raise ConflictingChangeError(
            f"{live['policy']} {live['version']} is live, which is not what was to be left"
        )
    return client.rollback()


@transaction.atomic
def _fail(change: ServiceChange, message: str) -> None:
    change.state = ServiceChange.State.FAILED
    change.message, change.done_at = message[:2000], timezone.now()
    change.save()
    record(
        _SERVICE,
        "fail_policy_change",
        target_kind="policy",
        target=str(change.version or ""),
        detail={"kind": change.kind, "message": message[:500]},
    )


@transaction.atomic
def _note_done(change: ServiceChange, said: dict[str, Any]) -> None:
    change = ServiceChange.objects.select_for_update().get(pk=change.pk)
    if change.state != ServiceChange.State.WAITING:
        return
    change.state, change.done_at, change.message = ServiceChange.State.DONE, timezone.now(), ""
    change.save()
    actor = change.approved_by or change.asked_by
    if change.kind == ServiceChange.Kind.ROLL_BACK:
        return  # what is live now is noted from what the service runs
    version = change.version
    assert version is not None, "only a roll-back may not know what is live"
    if change.kind == ServiceChange.Kind.LIVE:
        _make_live(version, actor=actor, reason=change.reason, detail=said)
        return
    if change.kind in (ServiceChange.Kind.SHADOW, ServiceChange.Kind.CANARY):
        others = PolicyVersion.objects.filter(state__in=_BESIDE)
        for other in others.exclude(pk=version.pk):
            move_version(other, Step.STOP, actor=actor, reason=str(version))
    step = {
        ServiceChange.Kind.SHADOW.value: Step.START_SHADOW,
        ServiceChange.Kind.END_SHADOW.value: Step.STOP,
        ServiceChange.Kind.END_CANARY.value: Step.STOP,
        ServiceChange.Kind.CANARY.value: Step.START_CANARY,
    }[change.kind]
    if allowed(version.standing, step):
        move_version(version, step, actor=actor, reason=change.reason, detail=said)


def _make_live(version: PolicyVersion, *, actor: str, reason: str, detail: Any = None) -> None:
    """A version is live and the one before is not any more."""
    for other in PolicyVersion.objects.select_for_update().filter(state=PolicyVersion.State.LIVE):
        if other.pk != version.pk:
            move_version(other, Step.REPLACE, actor=actor, reason=str(version))
    for other in PolicyVersion.objects.filter(state=PolicyVersion.State.CANARY):
        if other.pk != version.pk:  # it was approved beside the version before
            move_version(other, Step.STOP, actor=actor, reason=str(version))
    if version.standing is State.LIVE:
        return
    step = Step.GO_LIVE if allowed(version.standing, Step.GO_LIVE) else Step.RESTORE
    move_version(version, step, actor=actor, reason=reason, detail=detail)


# -- what the service runs -------------------------------------------------------------------


def watch_service(_job: Job | None = None) -> None:
    """Ask the service what it runs; versions that the console does not know are imported."""
    try:
        with service_client() as client:
            seen = client.policies()
    except RiskError as error:
        view = last_seen()
        view.asked_at, view.problem = timezone.now(), str(error)[:500]
        view.save()
        return
    note_seen(seen)


@transaction.atomic
def note_seen(seen: dict[str, Any]) -> ServiceView:
    """Keep what the service runs, and bring the versions in line with it.

    While a change is under way nothing is moved: its job does so.
    """
    view = last_seen()
    view.live, view.shadow, view.canary = seen["live"], seen["shadow"], seen.get("canary")
    view.activations = seen["activations"][-200:]
    view.asked_at = view.seen_at = timezone.now()
    view.problem = ""
    view.save()
    if not ServiceChange.objects.filter(state=ServiceChange.State.WAITING).exists():
        _follow_live(seen)
        _follow_beside(seen)
    return view


def _follow_live(seen: dict[str, Any]) -> None:
    held = live_version()
    if held is not None and held.hash == seen["live"]["hash"]:
        return
    version = _known_or_imported(seen["live"], seen["activations"])
    if version is None or version.standing is State.LIVE:
        return
    last = [one for one in seen["activations"] if one["role"] == "live"][-1]
    _make_live(version, actor=_actor(last["cause"]), reason=last["cause"], detail=last)


def _actor(cause: str) -> str:
    """Who did it, as far as the console knows: the last roll-back, or somebody elsewhere."""
    if cause == "rolled_back":
        change = ServiceChange.objects.filter(kind=ServiceChange.Kind.ROLL_BACK).first()
        if change is not None:
            return change.asked_by
    return _SERVICE


def _follow_beside(seen: dict[str, Any]) -> None:
    """Bring the versions in shadow or canary in line with the one that runs beside the live."""
    parts = (
        ("shadow", PolicyVersion.State.SHADOW, Step.START_SHADOW),
        ("canary", PolicyVersion.State.CANARY, Step.START_CANARY),
    )
    for part, state, _step in parts:
        runs = (seen.get(part) or {}).get("hash", "")
        for held in PolicyVersion.objects.filter(state=state).exclude(hash=runs):
            move_version(held, Step.STOP, actor=_SERVICE, reason="ended")
    for part, state, step in parts:
        if seen.get(part) is None:
            continue
        version = _known_or_imported(seen[part], seen["activations"])
        if version is None or not allowed(version.standing, step):
            continue
        if version.state != state or not _same_share(version, seen[part]):
            move_version(version, step, actor=_SERVICE, reason="published", detail=seen[part])


def _same_share(version: PolicyVersion, runs: dict[str, Any]) -> bool:
    """Whether a canary runs for the share that its last step says."""
    begun = canary_step(version)
    return begun is None or (begun.share, begun.by) == (runs.get("share"), runs.get("by") or "")


def _known_or_imported(
    named: dict[str, Any], activations: list[dict[str, Any]]
) -> PolicyVersion | None:
    """The version of what runs; one that was published elsewhere is taken from the journal."""
    known = PolicyVersion.objects.filter(hash=named["hash"]).order_by("-pk")
    ran = [one for one in known if one.standing not in (State.DRAFT, State.CHECKED)]
    if ran:
        return ran[0]
    sequences = [one["sequence"] for one in activations if one["hash"] == named["hash"]]
    if not sequences:
        return None
    try:
        text = policy_text(sequences[-1])
    except RiskError as error:
        _LOG.warning("the text of %s cannot be read: %s", named["policy"], error)
        return None
    return None if text is None else _imported(named, text)


def _imported(named: dict[str, Any], text: str) -> PolicyVersion:
    """A version that somebody put in force without the console."""
    policy = policy_or_none(text)
    number = int(named["version"])
    while PolicyVersion.objects.filter(name=named["policy"], number=number).exists():
        number += 1
    version = PolicyVersion.objects.create(
        name=named["policy"],
        number=number,
        title_zh="" if policy is None else policy.title.zh[:200],
        title_en="" if policy is None else policy.title.en[:200],
        text=text,
        hash=named["hash"],
        state=PolicyVersion.State.APPROVED,
        origin=PolicyVersion.Origin.SERVICE,
    )
    record(
        _SERVICE,
        "import_policy",
        target_kind="policy",
        target=str(version),
        detail={"hash": version.hash},
    )
    return version
