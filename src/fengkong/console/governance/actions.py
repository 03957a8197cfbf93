"""What operators do with versions: permission, state, audit and outbox in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from fengkong.console.approvals.four_eyes import propose
from fengkong.console.approvals.models import Proposal
from fengkong.console.audit.recording import record
from fengkong.console.governance.changes import loosens
from fengkong.console.governance.models import PolicyVersion, ServiceChange, VersionStep
from fengkong.console.governance.policy_texts import (
    check_policy,
    name_in,
    number_in,
    policy_or_none,
    with_number,
)
from fengkong.console.governance.service_view import last_seen
from fengkong.console.governance.states import (
    EDITABLE,
    RefusedStepError,
    State,
    Step,
    after,
    allowed,
)
from fengkong.console.outbox.jobs import put
from fengkong.core.errors import RiskError
from fengkong.journal.parts import SHARE_MAX
from fengkong.protection.subjects import SUBJECT_ENTITIES

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

ACT: Final = "activate_policy"
JOB: Final = "change_service_policy"
MODES: Final = (
    ServiceChange.Kind.SHADOW.value,
    ServiceChange.Kind.CANARY.value,
    ServiceChange.Kind.LIVE.value,
)
_STARTS: Final = {
    ServiceChange.Kind.SHADOW.value: Step.START_SHADOW,
    ServiceChange.Kind.CANARY.value: Step.START_CANARY,
    ServiceChange.Kind.LIVE.value: Step.GO_LIVE,
}


class StaleDraftError(RiskError):
    """Somebody else has saved this draft since it was opened."""

    code = "console.stale_draft"
    hint = "Look at the difference, take over what you need, and save again."

    def __init__(self, message: str, *, current: PolicyVersion) -> None:
        super().__init__(message)
        self.current = current


class ForeignPolicyError(RiskError):
    """The text of a version names another policy or a number that is taken."""

    code = "console.foreign_policy"
    hint = "Keep the name of the policy, and give each version a number of its own."


class ChangedProposalError(RiskError):
    """What was proposed is not what would be put in force now."""

    code = "console.changed_proposal"
    hint = "Withdraw the proposal and propose the version again."


class InvalidCanaryShareError(RiskError):
    """The share of a canary, or the entity that tells its subjects apart, cannot be used."""

    code = "console.invalid_share"
    hint = "Give a share above 0 and at most 0.5, and an entity such as device, or none."


@transaction.atomic
def create_draft(
    operator: Operator, *, text: str, note: str = "", base: PolicyVersion | None = None
) -> PolicyVersion:
    """A new draft with the next number of its policy; raises PermissionDenied."""
    _allow(operator, "policies.edit")
    name = name_in(text) or ("" if base is None else base.name)
    if not name or (base is not None and name != base.name):
        raise ForeignPolicyError("a draft needs the name of its policy: `policy: payments`")
    highest = PolicyVersion.objects.filter(name=name).aggregate(Max("number"))["number__max"]
    number = (highest or 0) + 1
    if base is None and highest is None:
        number = number_in(text) or 1
    draft = PolicyVersion(name=name, number=number, base=base, author=operator, note=note)
    _set_text(draft, with_number(text, number), by=operator)
    draft.save()
    _note_step(draft, "create", operator.username, before="", reason=note)
    record(
        operator,
        "create_policy_draft",
        target_kind="policy",
        target=str(draft),
        detail={"base": str(base) if base else None, "hash": draft.hash},
    )
    return draft


@transaction.atomic
def save_draft(
    operator: Operator, version_id: int, *, edition: int, text: str, note: str | None = None
) -> PolicyVersion:
    """Save the text of a draft as it was opened at an edition.

    Raises PermissionDenied, `RefusedStepError`, `StaleDraftError`, `ForeignPolicyError`.
    """
    _allow(operator, "policies.edit")
    draft = _locked(version_id)
    if draft.edition != edition:
        raise StaleDraftError(
            f"{draft} was saved by {draft.changed_by} at edition {draft.edition}", current=draft
        )
    state = after(draft.standing, Step.SAVE)
    found = name_in(text)
    if found is not None and found != draft.name:
        raise ForeignPolicyError(f"the text is of {found[:80]!r}, the draft of {draft.name!r}")
    before, part = draft.hash, draft.part
    numbered = with_number(text, draft.number)
    if numbered != draft.text:  # what a hand wrote is more than one parameter or model
        draft.part, draft.change = PolicyVersion.Part.POLICY, None
    _set_text(draft, numbered, by=operator)
    draft.edition += 1
    draft.backtest = None
    if note is not None:
        draft.note = note
    _move(draft, Step.SAVE, state, operator.username)
    record(
        operator,
        "save_policy_draft",
        target_kind="policy",
        target=str(draft),
        detail={
            "before": before,
            "after": draft.hash,
            "edition": draft.edition,
            **({} if part == draft.part else {"part_before": part}),
        },
    )
    return draft


@transaction.atomic
def check_version(operator: Operator, version_id: int) -> PolicyVersion:
    """Run the examples; the version is then checked. Raises FaultsError with every fault."""
    _allow(operator, "policies.edit")
    version = _locked(version_id)
    state = after(version.standing, Step.CHECK)
    policy = check_policy(version.text)
    version.hash = policy.hash
    _move(version, Step.CHECK, state, operator.username)
    _record(operator, "check_policy", version, {"examples": len(policy.examples)})
    return version


@transaction.atomic
def note_backtest(
    operator: Operator, version_id: int, *, edition: int, report: Mapping[str, Any]
) -> PolicyVersion:
    """Keep the comparison with the live policy beside the version it was made of."""
    _allow(operator, "policies.edit")
    version = _locked(version_id)
    if version.edition != edition:
        raise StaleDraftError(f"{version} changed while it was compared", current=version)
    state = after(version.standing, Step.BACKTEST)
    version.backtest = dict(report)
    _move(version, Step.BACKTEST, state, operator.username)
    _record(operator, "backtest_policy", version, {"against": report.get("live")})
    return version


@transaction.atomic
def propose_version(
    operator: Operator,
    version_id: int,
    *,
    mode: str,
    reason: str,
    share: float | None = None,
    by: str = "",
) -> Proposal:
    """Ask a colleague to approve that a version runs, in shadow, as a canary or live.

    A canary has a `share` of the subjects, or of the values of the entity `by`.
    """
    assert mode in MODES, "the form offers the modes there are"
    _check_share(mode, share, by)
    version = _locked(version_id)
    if Proposal.objects.filter(
        kind=ACT, content__version_id=version.pk, state=Proposal.State.OPEN
    ).exists():
        raise RefusedStepError(f"{version} already waits for approval")
    first = version.standing in EDITABLE
    state = after(version.standing, Step.PROPOSE) if first else version.standing
    if not first:
        after(version.standing, _STARTS[mode])
    proposal = propose(
        operator,
        ACT,
        target=str(version),
        reason=reason,
        content=_proposed(version, mode=mode, share=share, by=by),
    )
    if loose := proposal.content["loosens"]:
        _record(operator, "propose_loosening_policy", version, {"loosens": loose})
    if first:
        _move(version, Step.PROPOSE, state, operator.username, reason=reason)
    return proposal


def modes_of(version: PolicyVersion) -> tuple[str, ...]:
    """How a version may be proposed to run from where it stands; none while it waits or is live."""
    if allowed(version.standing, Step.PROPOSE):
        return MODES
    return tuple(mode for mode, step in _STARTS.items() if allowed(version.standing, step))


def _check_share(mode: str, share: float | None, by: str) -> None:
    canary = mode == ServiceChange.Kind.CANARY.value
    if canary and (share is None or not 0.0 < share <= SHARE_MAX):
        raise InvalidCanaryShareError(f"a share of {share}", path="$.share")
    if canary and by and by not in SUBJECT_ENTITIES:
        raise InvalidCanaryShareError(f"{by[:80]!r} tells no subjects apart", path="$.by")


def _proposed(version: PolicyVersion, *, mode: str, share: float | None, by: str) -> dict[str, Any]:
    """What the approver decides about, in figures and words."""
    live = live_version()
    policy = policy_or_none(version.text)
    before = None if live is None else policy_or_none(live.text)
    loose = [] if before is None or policy is None else loosens(before, policy)
    return {
        "version_id": version.pk,
        "hash": version.hash,
        "mode": mode,
        "share": share,
        "by": by,
        "backtested": version.backtest is not None,
        "against": None if live is None else str(live),
        "loosens": [{"zh": one.zh, "en": one.en} for one in loose[:20]],
    }


def perform_activation(proposal: Proposal, approver: Operator) -> None:
    """What approval of `activate_policy` does: the version is approved, the service asked."""
    version = _locked(int(proposal.content["version_id"]))
    if version.hash != proposal.content["hash"]:
        raise ChangedProposalError(f"{version} is not what was proposed")
    _check_base(version)
    if version.standing is State.PROPOSED:
        state = after(version.standing, Step.APPROVE)
        _move(version, Step.APPROVE, state, approver.username, reason=proposal.remark)
    _ask_service(
        str(proposal.content["mode"]),
        version,
        asked_by=proposal.proposed_by.username,
        approved_by=approver.username,
        share=proposal.content.get("share"),
        by=str(proposal.content.get("by") or ""),
        reason=proposal.reason,
    )


def _check_base(version: PolicyVersion) -> None:
    """A version that changes one part of its base does so while that base is live."""
    live = live_version()
    base = version.base
    if version.part == PolicyVersion.Part.POLICY or base is None or live is None:
        return
    if base.hash != live.hash:
        message = f"{version} changes {base}, and {live} is live by now"
        raise ChangedProposalError(message)


@transaction.atomic
def take_back(proposal: Proposal) -> None:
    """A proposal was rejected or withdrawn: what waited for it may be edited again."""
    version = _locked(int(proposal.content["version_id"]))
    if version.standing is State.PROPOSED:
        actor = proposal.decided_by.username if proposal.decided_by else "console"
        state = after(version.standing, Step.RETURN)
        _move(version, Step.RETURN, state, actor, reason=proposal.remark)


@transaction.atomic
def stop_version(operator: Operator, version_id: int, *, reason: str) -> ServiceChange:
    """End the shadow or the canary of a version."""
    _allow(operator, "policies.activate")
    version = _locked(version_id)
    after(version.standing, Step.STOP)
    shadow = version.standing is State.SHADOW
    kind = ServiceChange.Kind.END_SHADOW if shadow else ServiceChange.Kind.END_CANARY
    change = _ask_service(kind.value, version, asked_by=operator.username, reason=reason)
    _record(operator, "stop_policy", version, {"kind": kind.value, "reason": reason})
    return change


@transaction.atomic
def roll_back(operator: Operator, *, reason: str) -> ServiceChange:
    """Undo the last change of who answers: one act of one person.

    A canary ends; where none runs, the policy that was live before is put in force again.
    """
    _allow(operator, "policies.activate")
    canary = canary_version()
    left = live_version() if canary is None else canary
    kind = ServiceChange.Kind.ROLL_BACK if canary is None else ServiceChange.Kind.END_CANARY
    change = _ask_service(kind.value, left, asked_by=operator.username, reason=reason)
    record(
        operator,
        "roll_back_policy",
        target_kind="policy",
        target="" if left is None else str(left),
        detail={"reason": reason, "change": change.pk},
    )
    return change


@transaction.atomic
def abandon_version(operator: Operator, version_id: int, *, reason: str) -> PolicyVersion:
    """Give a version up before it ever ran."""
    _allow(operator, "policies.edit")
    version = _locked(version_id)
    state = after(version.standing, Step.ABANDON)
    _move(version, Step.ABANDON, state, operator.username, reason=reason)
    _record(operator, "abandon_policy", version, {"reason": reason})
    return version


def live_version() -> PolicyVersion | None:
    """The version that the console holds for live."""
    return PolicyVersion.objects.filter(state=PolicyVersion.State.LIVE).order_by("-pk").first()


def canary_version() -> PolicyVersion | None:
    """The version that the console holds for answering a share of the traffic."""
    return PolicyVersion.objects.filter(state=PolicyVersion.State.CANARY).order_by("-pk").first()


def canary_step(version: PolicyVersion) -> VersionStep | None:
    """The step that gave a version its share of the traffic, None where it has none now."""
    if version.standing is not State.CANARY:
        return None
    return version.steps.filter(step=Step.START_CANARY.value).order_by("-at", "-pk").first()


# -- the parts of an act ---------------------------------------------------------------------


def _allow(operator: Operator, permission: str) -> None:
    if not operator.may(permission):
        raise PermissionDenied(permission)


def _locked(version_id: int) -> PolicyVersion:
    return PolicyVersion.objects.select_for_update().get(pk=version_id)


def _set_text(version: PolicyVersion, text: str, *, by: Operator) -> None:
    """The text with what can be read from it; a text with faults has no hash."""
    policy = policy_or_none(text)
    version.text = text
    version.hash = "" if policy is None else policy.hash
    if policy is not None:
        version.title_zh, version.title_en = policy.title.zh[:200], policy.title.en[:200]
    version.changed_by = by
    version.changed_at = timezone.now()


def _move(
    version: PolicyVersion,
    step: Step,
    state: State,
    actor: str,
    *,
    reason: str = "",
    dealt: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    before = version.state
    version.state = state.value
    version.save()
    _note_step(version, step.value, actor, before=before, reason=reason, dealt=dealt)


def _note_step(
    version: PolicyVersion,
    step: str,
    actor: str,
    *,
    before: str,
    reason: str = "",
    dealt: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Keep a step; `dealt` are the share of a canary and the entity that it is dealt out by."""
    VersionStep.objects.create(
        version=version,
        actor=actor,
        step=step,
        before=before,
        after=version.state,
        reason=reason,
        share=dealt.get("share"),
        by=dealt.get("by") or "",
    )


def _record(
    operator: Operator, action: str, version: PolicyVersion, detail: Mapping[str, Any]
) -> None:
    record(
        operator,
        action,
        target_kind="policy",
        target=str(version),
        detail={"hash": version.hash, "state": version.state, **detail},
    )


def move_version(
    version: PolicyVersion, step: Step, *, actor: str, reason: str = "", detail: Any = None
) -> None:
    """Take a step that the service has done, and record it; inside of a transaction."""
    state = after(version.standing, step)
    if state is State.LIVE:
        version.was_live_at = timezone.now()
    dealt = detail if step is Step.START_CANARY and detail else {}
    _move(version, step, state, actor, reason=reason, dealt=dealt)
    record(
        actor,
        recorded_as(step),
        target_kind="policy",
        target=str(version),
        detail={"hash": version.hash, "reason": reason, "service": detail},
    )


def recorded_as(step: Step) -> str:
    """How a step that the service has done is called in the ledger."""
    return "stop_policy_run" if step is Step.STOP else f"{step.value}_policy"


def _ask_service(
    kind: str,
    version: PolicyVersion | None,
    *,
    asked_by: str,
    approved_by: str = "",
    share: float | None = None,
    by: str = "",
    reason: str = "",
) -> ServiceChange:
    """Promise a change of the service; the worker does it."""
    live = last_seen().live or {}
    change = ServiceChange.objects.create(
        kind=kind,
        version=version,
        share=share,
        by=by,
        expected=str(live.get("hash", "")),
        asked_by=asked_by,
        approved_by=approved_by,
        reason=reason,
    )
    put(JOB, {"change": change.pk}, key=str(change.pk))
    return change
