"""Operations of policies: versions, drafts, proposals, and what the service runs."""

import json
from datetime import date
from typing import Any, Literal

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema

from fengkong.console.api import answers
from fengkong.console.api.operations import bearer, demand_match, operation, tagged
from fengkong.console.api.representations import (
    Number,
    Reason,
    columns,
    findable,
    paged,
    proposal_shown,
)
from fengkong.console.governance import actions, part_standing, parts, queries
from fengkong.console.governance.changes import changes
from fengkong.console.governance.models import PolicyVersion, ServiceChange, VersionStep
from fengkong.console.governance.part_text import DatedChange
from fengkong.console.governance.policy_texts import policy_or_none
from fengkong.console.governance.preview_socket import ask_preview
from fengkong.console.governance.views import line_changes
from fengkong.journal.parts import SHARE_MAX
from fengkong.scoring.model_file import parse_model

router = Router()


class DraftText(Schema):
    """The text of a draft."""

    text: str = Field(max_length=1_000_000)
    note: str = Field("", max_length=1000)


class NewDraft(DraftText):
    """The text of a new draft, and the version that it was made from."""

    base: Number | None = None


class Run(Reason):
    """How a version is to run, and why."""

    mode: Literal["shadow", "canary", "live"]
    share: float | None = Field(None, gt=0, le=SHARE_MAX)
    by: str = Field("", max_length=40)


class HowToRun(Reason):
    """How a change of a part is to run, and why; the share is that of a canary."""

    mode: Literal["shadow", "canary", "live"] = "live"
    canary_share: float | None = Field(None, gt=0, le=SHARE_MAX)
    canary_by: str = Field("", max_length=40)

    def run(self) -> parts.PartRun:
        """How it is to run."""
        if self.mode != "canary":
            return parts.PartRun(mode=self.mode)
        return parts.PartRun(mode=self.mode, share=self.canary_share, by=self.canary_by)


class DatedDraft(Schema):
    """Another value of a parameter from a day on, and what justifies it."""

    since: date
    value: str = Field(max_length=200)
    reference: str = Field(min_length=1, max_length=200)


class DatedValue(HowToRun, DatedDraft):
    """The same, with how it is to run and why."""


class ModelDraft(Schema):
    """Which model is to be used, and how; `model` is the content of its file."""

    how: Literal["challenger", "champion", "crown", "dismiss"]
    model: dict[str, Any] | None = None
    share: float | None = Field(None, ge=0, le=SHARE_MAX)
    by: str = Field("customer", max_length=40)


class OtherModel(HowToRun, ModelDraft):
    """The same, with how it is to run and why."""


@router.get("/policies", response=answers.page(answers.VersionShown))
@operation("policies.view")
def policies(request: HttpRequest) -> dict[str, Any]:
    """Versions of policies, the newest first."""
    return paged(request, PolicyVersion.objects.all(), _version, order=("-id",))


@router.get("/policies/running", response=answers.page(answers.RunsShown))
@operation("policies.view")
def running_policies(request: HttpRequest) -> dict[str, Any]:
    """What is live, in shadow or has a share of the traffic, and since when."""
    del request
    return {"items": [_runs(one) for one in queries.running()], "next": None}


@router.get("/policies/{number}/steps", response=answers.page(answers.StepShown))
@operation("policies.view")
def policy_steps(request: HttpRequest, number: int) -> dict[str, Any]:
    """Every step that was taken with a version, the newest first; a canary's with its share."""
    return paged(request, _found(number).steps.all(), _step, order=("-id",))


@router.get("/policies/{number}", response=answers.VersionWithText)
@operation("policies.view")
def policy(request: HttpRequest, number: int) -> HttpResponse:
    """One version with its text."""
    return tagged(request, _with_text(_found(number)))


@router.post("/policies", response=answers.VersionShown)
@operation("policies.edit")
def create_policy_draft(request: HttpRequest, said: NewDraft) -> dict[str, Any]:
    """A new draft."""
    base = None if said.base is None else _found(said.base)
    draft = actions.create_draft(bearer(request), text=said.text, note=said.note, base=base)
    return _version(draft)


@router.put("/policies/{number}", response=answers.VersionWithText)
@operation("policies.edit")
def save_policy_draft(request: HttpRequest, number: int, said: DraftText) -> HttpResponse:
    """Save a draft; If-Match names the state that is changed."""
    found = _found(number)
    demand_match(request, _with_text(found))
    saved = actions.save_draft(
        bearer(request), found.pk, edition=found.edition, text=said.text, note=said.note
    )
    return tagged(request, _with_text(saved))


@router.post("/policies/{number}/check", response=answers.VersionShown)
@operation("policies.edit")
def check_policy(request: HttpRequest, number: int) -> dict[str, Any]:
    """Run the examples of a version; all its faults come at once."""
    return _version(actions.check_version(bearer(request), findable(number)))


@router.post("/policies/{number}/backtest", response=answers.VersionWithBacktest)
@operation("policies.edit")
def backtest_policy(request: HttpRequest, number: int) -> dict[str, Any]:
    """Compare a version with the live policy over the newest days."""
    found = _found(number)
    asked = {"do": "preview", "text": found.text, "rule": None}
    report = ask_preview(settings.CONSOLE.directory, asked)
    noted = actions.note_backtest(bearer(request), found.pk, edition=found.edition, report=report)
    return {**_version(noted), "backtest": noted.backtest}


@router.post("/policies/{number}/propose", response=answers.ProposalShown)
@operation("policies.edit")
def propose_policy(request: HttpRequest, number: int, said: Run) -> dict[str, Any]:
    """Ask a colleague to approve that a version runs, in shadow, for a share, or live."""
    proposal = actions.propose_version(
        bearer(request),
        findable(number),
        mode=said.mode,
        reason=said.reason,
        share=said.share if said.mode == "canary" else None,
        by=said.by if said.mode == "canary" else "",
    )
    return proposal_shown(proposal)


@router.post("/policies/{number}/stop", response=answers.ChangeShown)
@operation("policies.activate")
def stop_policy(request: HttpRequest, number: int, said: Reason) -> dict[str, Any]:
    """End the shadow or the canary of a version."""
    return _change(actions.stop_version(bearer(request), findable(number), reason=said.reason))


@router.post("/policies/{number}/abandon", response=answers.VersionShown)
@operation("policies.edit")
def abandon_policy(request: HttpRequest, number: int, said: Reason) -> dict[str, Any]:
    """Give a version up before it ever ran."""
    return _version(actions.abandon_version(bearer(request), findable(number), reason=said.reason))


@router.post("/policies/live/roll-back", response=answers.ChangeShown)
@operation("policies.activate")
def roll_back_policy(request: HttpRequest, said: Reason) -> dict[str, Any]:
    """Undo the last change: end the canary, else put the policy before in force again."""
    return _change(actions.roll_back(bearer(request), reason=said.reason))


@router.post("/policies/live/parameters/{name}", response=answers.ProposalShown)
@operation("policies.edit")
def propose_parameter(request: HttpRequest, name: str, said: DatedValue) -> dict[str, Any]:
    """Ask a colleague to approve that a parameter has another value from a day on."""
    change = parts.dated_change(_dated(name, said))
    return proposal_shown(
        parts.propose_part(bearer(request), change, reason=said.reason, run=said.run())
    )


@router.post("/policies/live/parameters/{name}/drafts", response=answers.VersionShown)
@operation("policies.edit")
def draft_parameter(request: HttpRequest, name: str, said: DatedDraft) -> dict[str, Any]:
    """A draft in which a parameter has another value from a day on."""
    return _version(parts.begin_part(bearer(request), parts.dated_change(_dated(name, said))))


@router.post("/policies/live/models/{used_as}", response=answers.ProposalShown)
@operation("policies.edit")
def propose_model(request: HttpRequest, used_as: str, said: OtherModel) -> dict[str, Any]:
    """Ask a colleague to approve another model: as challenger, as champion, or without one."""
    change = _model_use(used_as, said)
    return proposal_shown(
        parts.propose_part(bearer(request), change, reason=said.reason, run=said.run())
    )


@router.post("/policies/live/models/{used_as}/drafts", response=answers.VersionShown)
@operation("policies.edit")
def draft_model(request: HttpRequest, used_as: str, said: ModelDraft) -> dict[str, Any]:
    """A draft with another model: as challenger, as champion, or without one."""
    return _version(parts.begin_part(bearer(request), _model_use(used_as, said)))


@router.post("/policies/{number}/make-again", response=answers.VersionShown)
@operation("policies.edit")
def make_part_again(request: HttpRequest, number: int) -> dict[str, Any]:
    """A draft of the same change of a parameter or model, of the policy that is live now."""
    return _version(part_standing.make_again(bearer(request), _found(number)))


@router.post("/policies/{number}/take-back", response=answers.ProposalShown)
@operation("policies.edit")
def take_part_back(request: HttpRequest, number: int, said: Reason) -> dict[str, Any]:
    """Ask a colleague to approve the live policy without this change of a parameter or model."""
    change = part_standing.taken_back(_found(number))
    return proposal_shown(parts.propose_part(bearer(request), change, reason=said.reason))


def _dated(name: str, said: DatedDraft) -> DatedChange:
    return DatedChange(parameter=name, since=said.since, value=said.value, reference=said.reference)


def _model_use(used_as: str, said: ModelDraft) -> parts.PartChange:
    model = None if said.model is None else parse_model(json.dumps(said.model).encode())
    asked = parts.ModelAsked(
        how=said.how, used_as=used_as, model=model, share=said.share or 0.0, by=said.by
    )
    return parts.model_change(asked)


@router.get("/policies/changes/{number}", response=answers.ChangeShown)
@operation("policies.view")
def policy_change(request: HttpRequest, number: int) -> dict[str, Any]:
    """What became of something that the service was asked for."""
    del request
    return _change(ServiceChange.objects.get(pk=findable(number)))


@router.get("/policies/{number}/against/{other}", response=answers.Difference)
@operation("policies.view")
def policy_difference(request: HttpRequest, number: int, other: int) -> HttpResponse:
    """What changed from another version to this one, in words and line by line."""
    before, after = _found(other), _found(number)
    old, new = policy_or_none(before.text), policy_or_none(after.text)
    names = ("part", "name", "zh", "en", "effect", "before", "after")
    told = None
    if old is not None and new is not None:
        told = [columns(one, *names) for one in changes(old, new)]
    lines = [mark + line for mark, line in line_changes(before.text, after.text)]
    return tagged(
        request,
        {"before": str(before), "after": str(after), "changes": told, "lines": lines},
    )


def _found(number: int) -> PolicyVersion:
    return PolicyVersion.objects.get(pk=findable(number))


def _version(one: PolicyVersion) -> dict[str, Any]:
    names = ("id", "name", "number", "state", "edition", "hash", "note", "changed_at")
    return columns(one, *names, "part", "change")


def _runs(one: PolicyVersion) -> dict[str, Any]:
    begun, dealt = queries.began(one), actions.canary_step(one)
    return {
        **columns(one, "id", "name", "number", "state", "hash"),
        "since": None if begun is None else begun.at,
        "share": None if dealt is None else dealt.share,
        "by": "" if dealt is None else dealt.by,
    }


def _step(one: VersionStep) -> dict[str, Any]:
    names = ("id", "at", "actor", "step", "before", "after", "reason", "share", "by")
    return columns(one, *names)


def _with_text(one: PolicyVersion) -> dict[str, Any]:
    return {**_version(one), "text": one.text}


def _change(one: ServiceChange) -> dict[str, Any]:
    names = ("id", "kind", "version_id", "state", "asked_by", "approved_by", "reason")
    return columns(one, *names, "share", "by", "asked_at", "done_at", "message")
