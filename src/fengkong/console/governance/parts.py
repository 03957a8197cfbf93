"""Parameters and models as versions of their own: a change of one of them, and nothing else.

Such a version goes through the same states as a policy's, since what runs is a policy: its text is
that of the live policy with this one change, written by the console. It is made of the policy that
is live, and no longer approved once another one is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import transaction

from fengkong.console.governance.actions import (
    check_version,
    create_draft,
    live_version,
    note_backtest,
    propose_version,
)
from fengkong.console.governance.models import PolicyVersion, ServiceChange
from fengkong.console.governance.part_text import (
    DatedChange,
    ModelUse,
    UnknownPartError,
    with_dated_value,
    with_model_use,
)
from fengkong.console.governance.policy_texts import read_policy
from fengkong.console.governance.preview_socket import ask_preview
from fengkong.core.errors import RiskError
from fengkong.scoring.challengers import Challenger

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator
    from fengkong.console.approvals.models import Proposal
    from fengkong.decisions.policy import Policy
    from fengkong.scoring.model import Model

Part = PolicyVersion.Part


@dataclass(frozen=True, slots=True, kw_only=True)
class PartChange:
    """A change of one parameter or model: the text it makes of the live policy's, and its words."""

    part: str
    text: str
    said: str
    content: dict[str, Any]
    base: PolicyVersion


def dated_change(change: DatedChange) -> PartChange:
    """A parameter's value from a day on; raises what `with_dated_value` raises."""
    base = live_base()
    parameter = read_policy(base.text).scope.parameters.get(change.parameter)
    text = with_dated_value(base.text, change)
    read_policy(text)
    earlier = None if parameter is None else parameter.values[-1].value
    return PartChange(
        part=Part.PARAMETER.value,
        text=text,
        said=f"{change.parameter} {change.since}: {change.value} ({change.reference})",
        content={
            "parameter": change.parameter,
            "since": change.since.isoformat(),
            "value": change.value,
            "newest_before": earlier,
            "reference": change.reference,
        },
        base=base,
    )


def challenging(used_as: str, model: Model, *, share: float, by: str) -> PartChange:
    """A model beside the one in use, for a share of the values of the field `by`."""
    base, policy = _used(used_as)
    challenger = Challenger(model=model, share=share, by=by)
    champion = policy.models[used_as]
    use = ModelUse(used_as=used_as, champion=champion, challenger=challenger)
    return change_of_use(base, use, how="challenger")


def replacing(used_as: str, model: Model) -> PartChange:
    """A model in the place of the one in use, without a challenger."""
    base, _ = _used(used_as)
    use = ModelUse(used_as=used_as, champion=model, challenger=None)
    return change_of_use(base, use, how="champion")


def crowning(used_as: str) -> PartChange:
    """The challenger in the place of the champion."""
    base, policy = _used(used_as)
    use = ModelUse(used_as=used_as, champion=_rival(policy, used_as).model, challenger=None)
    return change_of_use(base, use, how="champion")


def dismissing(used_as: str) -> PartChange:
    """The champion alone again."""
    base, policy = _used(used_as)
    _rival(policy, used_as)
    use = ModelUse(used_as=used_as, champion=policy.models[used_as], challenger=None)
    return change_of_use(base, use, how="alone")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRun:
    """How a change is to run: in shadow, as a canary for a `share` dealt out `by`, or live.

    In shadow and as a canary the whole live policy runs with this one change beside itself.
    """

    mode: str = ServiceChange.Kind.LIVE.value
    share: float | None = None
    by: str = ""


LIVE: Final = PartRun()


@transaction.atomic
def begin_part(operator: Operator, change: PartChange) -> PolicyVersion:
    """A draft of a change of one parameter or model, to be checked and compared step by step."""
    draft = create_draft(operator, text=change.text, note=change.said, base=change.base)
    draft.part, draft.change = change.part, change.content
    draft.save()
    return draft


def propose_part(
    operator: Operator, change: PartChange, *, reason: str, run: PartRun = LIVE
) -> Proposal:
    """A version of a parameter or model: written, checked, compared with the live policy where
    the preview answers, and proposed to run.

    Raises what these acts raise, with nothing kept.
    """
    report = report_of(change)
    with transaction.atomic():
        draft = begin_part(operator, change)
        check_version(operator, draft.pk)
        if report is not None:
            note_backtest(operator, draft.pk, edition=draft.edition, report=report)
        return propose_version(
            operator, draft.pk, mode=run.mode, reason=reason, share=run.share, by=run.by
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAsked:
    """What somebody asks of a model: `how` is challenger, champion, crown or dismiss.

    `model` is the new one, None where none is needed; `share` (0 to 1) and `by` are a challenger's.
    """

    how: str
    used_as: str
    model: Model | None
    share: float
    by: str


def model_change(asked: ModelAsked) -> PartChange:
    """The change that is asked for; raises `UnknownPartError` where its model is missing."""
    if asked.how == "crown":
        return crowning(asked.used_as)
    if asked.how == "dismiss":
        return dismissing(asked.used_as)
    if asked.model is None:
        raise UnknownPartError("no model was given")
    if asked.how == "champion":
        return replacing(asked.used_as, asked.model)
    return challenging(asked.used_as, asked.model, share=asked.share, by=asked.by)


def report_of(change: PartChange) -> dict[str, Any] | None:
    """The comparison with the live policy; None where the preview does not answer."""
    try:
        asked = {"do": "preview", "text": change.text, "rule": None}
        return dict(ask_preview(settings.CONSOLE.directory, asked))
    except RiskError:
        return None


def live_base() -> PolicyVersion:
    """The live version, of which changes are made; raises `UnknownPartError` without one."""
    live = live_version()
    if live is None:
        raise UnknownPartError("no policy is live")
    return live


def _used(used_as: str) -> tuple[PolicyVersion, Policy]:
    base = live_base()
    policy = read_policy(base.text)
    if used_as not in policy.models:
        raise UnknownPartError(f"the live policy uses no model as {used_as[:80]!r}")
    return base, policy


def _rival(policy: Policy, used_as: str) -> Challenger:
    rival = policy.challengers.get(used_as)
    if rival is None:
        raise UnknownPartError(f"no model challenges {used_as[:80]!r}")
    return rival


def change_of_use(base: PolicyVersion, use: ModelUse, *, how: str) -> PartChange:
    """The change that gives a model of the base this use."""
    rival = use.challenger
    model = use.champion if rival is None else rival.model
    about = model.about
    return PartChange(
        part=Part.MODEL.value,
        text=with_model_use(base.text, use),
        said=f"{use.used_as}: {about.name} {about.version} ({how})",
        content={
            "used_as": use.used_as,
            "how": how,
            "model": about.name,
            "version": about.version,
            "hash": model.hash,
            "share": None if rival is None else rival.share,
            "by": None if rival is None else rival.by,
        },
        base=base,
    )
