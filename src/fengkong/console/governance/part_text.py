"""A dated value or a model put into the text of a policy, with everything around it as it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import yaml

from fengkong.console.governance.policy_texts import SOURCE, read_policy
from fengkong.console.governance.rule_text import UnreadableRuleError, scalar_text
from fengkong.core.errors import RiskError
from fengkong.decisions.carried import with_models, without_models
from fengkong.decisions.policy_file import load_policy
from fengkong.events.catalogue import shipped_catalogue
from fengkong.rules.kinds import Kind
from fengkong.scoring.challengers import Challenger
from fengkong.scoring.model import Model
from fengkong.scoring.store import HeldModels

_TRUTHS: Final = {"true": "true", "false": "false"}


class UnreadableValueError(RiskError):
    """What was given for a parameter is not of its kind."""

    code = "console.unreadable_value"
    hint = "Give a number for a limit, true or false for a switch, a text for a text."


class UnknownPartError(RiskError):
    """The live policy has no such parameter, model or challenger."""

    code = "console.unknown_part"
    hint = "Choose among those that the live policy declares."


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedChange:
    """What a parameter is to be from a day on, and why."""

    parameter: str
    since: date
    value: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUse:
    """Which model a policy uses under a name, and which challenges it."""

    used_as: str
    champion: Model
    challenger: Challenger | None


def with_dated_value(text: str, change: DatedChange) -> str:
    """The text in which a parameter has another value from a day on.

    Raises `UnknownPartError`, `UnreadableValueError`, `UnreadableRuleError`.
    """
    parameter = read_policy(text).scope.parameters.get(change.parameter)
    if parameter is None:
        raise UnknownPartError(f"{change.parameter[:120]!r} is no parameter")
    value = _value_text(change.value.strip(), kind=parameter.kind)
    entry = f"{{value: {value}, reference: {scalar_text(change.reference)}}}"
    held = _mapping(text, "parameters", change.parameter)
    for key, node in held.value:
        if key.value == change.since.isoformat():
            return _replaced(text, node, entry)
    line = f"{change.since.isoformat()}: {entry}"
    last = held.value[-1][1]
    end = len(text[: last.end_mark.index].rstrip())
    if held.flow_style:
        return f"{text[:end]}, {line}{text[end:]}"
    indent = " " * held.value[-1][0].start_mark.column
    return f"{text[:end]}\n{indent}{line}{text[end:]}"


def with_value_of(text: str, other: str, *, parameter: str, since: date) -> str:
    """The text in which a parameter is from a day on what another text says, or as it was before.

    Raises `UnknownPartError` where neither text has a value from that day on.
    """
    held = _mapping(text, "parameters", parameter)
    values, others = (yaml.safe_load(one)["parameters"].get(parameter, {}) for one in (text, other))
    if since not in {**values, **others}:
        raise UnknownPartError(f"{parameter[:120]!r} has no value from {since}")
    if since in others:
        values[since] = others[since]
    else:
        del values[since]
    entries = [f"{day}: {_flow(values[day])}" for day in sorted(values)]
    if held.flow_style:
        return _replaced(text, held, f"{{{', '.join(entries)}}}")
    indent = " " * held.value[0][0].start_mark.column
    start = held.start_mark.index
    end = start + len(text[start : held.end_mark.index].rstrip())
    return text[:start] + f"\n{indent}".join(entries) + text[end:]


def _flow(value: object) -> str:
    """A value on one line."""
    said = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10_000
    )
    return said.removesuffix("\n").removesuffix("\n...")


def with_model_use(text: str, use: ModelUse) -> str:
    """The text in which a model is used so; it carries every model that it names.

    Raises `UnknownPartError` and FaultsError with what the model lacks in this policy.
    """
    policy = read_policy(text)
    plain, _ = without_models(text, source=SOURCE)
    entry = _model_entry(use)
    plain = _replaced(plain, _mapping(plain, "models", use.used_as), entry)
    rivals = [one.model for one in policy.challengers.values()]
    models = [*policy.models.values(), *rivals, use.champion]
    if use.challenger is not None:
        models.append(use.challenger.model)
    store = HeldModels(_one_each(models))
    made = load_policy(plain, source=SOURCE, catalogue=shipped_catalogue(), store=store)
    return with_models(plain, made)


def _one_each(models: Sequence[Model]) -> list[Model]:
    return list({model.hash: model for model in models}.values())


def _model_entry(use: ModelUse) -> str:
    challenger = ""
    if use.challenger is not None:
        one = use.challenger
        share = f"{100 * one.share:.4g}%"
        challenger = f", challenger: {{{_named(one.model)}, share: {share}, by: {one.by}}}"
    return f"{{{_named(use.champion)}{challenger}}}"


def _named(model: Model) -> str:
    return f'model: {scalar_text(model.about.name)}, version: "{model.about.version}"'


def _value_text(value: str, *, kind: Kind) -> str:
    """A value as YAML, of the kind that the parameter has."""
    if kind is Kind.TEXT:
        return scalar_text(value)
    if kind is Kind.BOOLEAN:
        if value.lower() not in _TRUTHS:
            raise UnreadableValueError(f"{value[:40]!r} is neither true nor false")
        return _TRUTHS[value.lower()]
    try:
        float(value)
    except ValueError:
        raise UnreadableValueError(f"{value[:40]!r} is no number") from None
    return value


def _mapping(text: str, part: str, name: str) -> yaml.MappingNode:
    """The mapping of a name inside of a part of the policy."""
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise UnreadableRuleError("the text is no YAML") from error
    for wanted in (part, name):
        found = [value for key, value in getattr(node, "value", ()) if key.value == wanted]
        node = found[0] if found else None
        if not isinstance(node, yaml.MappingNode) or not node.value:
            raise UnknownPartError(f"the policy has no {part} {name[:120]!r}")
    assert isinstance(node, yaml.MappingNode), "the loop has seen to it"
    return node


def _replaced(text: str, node: yaml.Node, entry: str) -> str:
    """The text with a node written anew; one of several lines becomes one line."""
    start = node.start_mark.index
    end = start + len(text[start : node.end_mark.index].rstrip())
    head = text[:start]
    if not getattr(node, "flow_style", True):  # a block begins on the line below its name
        head = head.rstrip() + " "
    return head + entry + text[end:]
