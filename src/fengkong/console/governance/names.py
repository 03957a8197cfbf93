"""What an expression of a policy may name: for completion, and for the rows of a form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fengkong.core.bilingual import Bilingual
from fengkong.decisions.feature_titles import expression_title, feature_title, field_title
from fengkong.decisions.policy import ENVELOPE_KINDS, Policy
from fengkong.evaluation.trace import OUTCOME_WORDS
from fengkong.rules.functions import FUNCTIONS
from fengkong.rules.kinds import Kind

_KINDS: Final = {
    Kind.MONEY: Bilingual(zh="金额", en="money"),
    Kind.NUMBER: Bilingual(zh="数值", en="number"),
    Kind.BOOLEAN: Bilingual(zh="是否", en="true or false"),
    Kind.TEXT: Bilingual(zh="文本", en="text"),
    Kind.INSTANT: Bilingual(zh="时刻", en="instant"),
    Kind.PROBABILITY: Bilingual(zh="概率", en="probability"),
}


def names_of(
    policy: Policy, *, language: str, spreads: Mapping[str, Mapping[str, Any]] | None = None
) -> list[dict[str, Any]]:
    """Every name with its sort (field, feature, model, parameter, list, function), kind, title and
    spread; in the language of the page.
    """
    found = []
    for sort, name, kind, title, told in _names(policy):
        found.append(
            {
                "name": name,
                "sort": sort,
                "kind": "" if kind is None else kind.value,
                "kind_title": "" if kind is None else _say(_KINDS[kind], language),
                "title": _say(title, language),
                "declared": _say(told, language) if isinstance(told, Bilingual) else told,
                "spread": (spreads or {}).get(name),
            }
        )
    return found


def _say(text: Bilingual, language: str) -> str:
    return text.zh if language.startswith("zh") else text.en


Named = tuple[str, str, Kind | None, Bilingual, str | Bilingual]


def _names(policy: Policy) -> Iterator[Named]:
    kinds = policy.scope.names
    features = {one.name: one for one in policy.windows}
    links = {one.name: one for one in policy.links}
    for name, kind in kinds.items():
        if name in features:
            yield "feature", name, kind, feature_title(name, policy), features[name].text
        elif name in links:
            yield "feature", name, kind, feature_title(name, policy), links[name].text
        elif name in policy.derived:
            told = policy.derived[name].render()
            yield "feature", name, kind, feature_title(name, policy), told
        elif name in policy.models:
            yield "model", name, kind, policy.models[name].about.title, ""
        elif name in policy.catalogue.fields or name in ENVELOPE_KINDS:
            yield "field", name, kind, field_title(name, catalogue=policy.catalogue), ""
        else:
            yield "feature", name, kind, expression_title(name), ""
    for name, parameter in policy.scope.parameters.items():
        newest = parameter.values[-1]
        title = Bilingual(zh=f"现值 {newest.value}", en=f"now {newest.value}")
        yield "parameter", name, parameter.kind, title, newest.reference
    for name, declared in policy.scope.lists.items():
        yield "list", name, None, declared.title, declared.of
    for name, function in FUNCTIONS.items():
        yield "function", name, None, Bilingual(zh=function.usage, en=function.usage), ""


def outcomes_of(policy: Policy, *, language: str) -> list[dict[str, str]]:
    """The outcomes, the strongest first, with their words."""
    return [
        {"name": name, "title": _say(OUTCOME_WORDS[name], language)}
        for name in policy.outcomes.order
    ]
