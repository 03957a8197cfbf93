"""The policy that computes a model's inputs: a policy's features, those of the training on top."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

import yaml

from fengkong.core.errors import FaultsError
from fengkong.decisions.policy import Policy
from fengkong.decisions.policy_file import load_policy
from fengkong.evaluation.labels import TruthSource
from fengkong.evaluation.training_plan import InvalidTrainingError, TrainingPlan, relocated
from fengkong.events.catalogue import Catalogue
from fengkong.events.documents import Document, load_document
from fengkong.events.spelling import did_you_mean
from fengkong.rules.kinds import Kind

_KEPT: Final = (
    *("policy", "version", "title", "currency", "time_zone", "events", "late_after", "limits"),
    *("lists", "parameters", "exchange_rates", "scorecards", "tables"),
)
_USABLE: Final = frozenset({Kind.MONEY, Kind.NUMBER, Kind.BOOLEAN, Kind.TEXT})


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturePolicy:
    """A policy without rules, and the YAML text that gives it again."""

    policy: Policy
    text: str


def feature_policy(
    text: str, *, source: str, plan: TrainingPlan, document: Document, catalogue: Catalogue
) -> FeaturePolicy:
    """The policy with the features of both and without rules, so that nothing else is computed.

    `text` is that of the policy the plan names, `document` the plan's own. Faults of the plan's
    features, of unknown inputs, and of labels seen before they are known, raise one FaultsError.
    """
    load_policy(text, source=source, catalogue=catalogue)  # its own faults at its own lines
    top = cast("dict[str, Any]", load_document(text, source=source).data)
    kept: dict[str, Any] = {key: top[key] for key in _KEPT if key in top}
    declared = top.get("features") or {}
    twice = [
        document.fault(
            InvalidTrainingError, f"the policy declares {name} already", "features", name
        )
        for name in plan.features
        if name in declared
    ]
    if twice:
        raise FaultsError(twice)
    kept |= {"unknown": "record", "features": {**declared, **plan.features}}
    written = yaml.safe_dump(kept, allow_unicode=True, sort_keys=False)
    try:
        policy = load_policy(written, source=source, catalogue=catalogue)
    except FaultsError as error:
        faults = relocated(error.faults, document=document, names=set(plan.features))
        raise FaultsError(faults) from None
    _check(policy, plan=plan, document=document)
    return FeaturePolicy(policy=policy, text=written)


def _check(policy: Policy, *, plan: TrainingPlan, document: Document) -> None:
    names = policy.scope.names
    faults = []
    fields = policy.catalogue.fields
    wanted: list[tuple[str, tuple[str | int, ...]]] = [
        *((name, ("inputs", index)) for index, name in enumerate(plan.inputs)),
        *((name, ("judge", "segments", i)) for i, name in enumerate(plan.judge.segments)),
    ]
    for name, where in wanted:
        if name in fields and fields[name].label:
            message = f"{name} is the truth itself, which nobody knows when an event is decided"
        elif name not in names:
            message = f"unknown feature or field {name!r}{did_you_mean(name, names)}"
        elif names[name] not in _USABLE:
            message = f"{name} is {names[name]}; a model takes money, numbers, booleans and words"
        else:
            continue
        faults.append(document.fault(InvalidTrainingError, message, *where))
    for key in ("entity", "amount"):
        name = getattr(plan.judge, key)
        if name not in fields:
            message = f"unknown field {name!r}{did_you_mean(name, fields)}"
            faults.append(document.fault(InvalidTrainingError, message, "judge", key))
    faults += _early_labels(policy, plan=plan, document=document)
    if faults:
        raise FaultsError(faults)


def _early_labels(policy: Policy, *, plan: TrainingPlan, document: Document) -> list[Any]:
    """Windows that would see the truth of rows before it is known."""
    if plan.truth.source is not TruthSource.ROWS:
        return []  # a label is an event of its own then, and counted when it comes
    labels = {name for name, field in policy.catalogue.fields.items() if field.label}
    faults = []
    for window in policy.windows:
        asked = {window.argument} & labels
        if window.where is not None:
            asked |= policy.conditions[window.where].names & labels
        if asked and window.delayed < plan.delay:
            faults.append(
                document.fault(
                    InvalidTrainingError,
                    f"{window.name} looks at {', '.join(sorted(map(str, asked)))} earlier than "
                    f"{plan.truth.delay} after the event, when it is known",
                    "features",
                    window.name,
                )
            )
    return faults
