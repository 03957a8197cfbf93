"""What changed between two versions of a policy, in words, and what of it loosens.

`changes` tells everything; `loosens` only what lets more through, which insider watch looks at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from fengkong.console.governance.strictness import (
    ConditionChange,
    Effect,
    compare_conditions,
    direction_of,
    together,
)
from fengkong.decisions.policy import Policy, Rule
from fengkong.evaluation.trace import OUTCOME_WORDS
from fengkong.rules.parameters import Parameter

T = TypeVar("T")
PARTS: Final = (
    *("rule", "parameter", "feature", "model", "list", "table", "scorecard", "outcome"),
    *("event", "example", "policy"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference: which part of the policy, its name, a sentence in both languages, what it
    does to strictness; `before` and `after` as written, empty where there is nothing.
    """

    part: str
    name: str
    zh: str
    en: str
    effect: Effect
    before: str = ""
    after: str = ""


def changes(before: Policy, after: Policy) -> tuple[Change, ...]:
    """Every difference that means something, rules first."""
    found = [
        *_rules(before, after),
        *_parameters(before, after),
        *_features(before, after),
        *_models(before, after),
        *_lists(before, after),
        *_tables(before, after),
        *_outcomes(before, after),
        *_heads(before, after),
        *_examples(before, after),
    ]
    return tuple(found)


def loosens(before: Policy, after: Policy) -> tuple[Change, ...]:
    """The changes that let more through than before; empty where there are none."""
    return tuple(one for one in changes(before, after) if one.effect is Effect.LOOSER)


_EFFECTS_ZH: Final = {
    Effect.LOOSER: "（放宽）",
    Effect.STRICTER: "（收紧）",
    Effect.NEUTRAL: "",
    Effect.UNCLEAR: "（松紧无法判断）",
}
_EFFECTS_EN: Final = {
    Effect.LOOSER: " (looser)",
    Effect.STRICTER: " (stricter)",
    Effect.NEUTRAL: "",
    Effect.UNCLEAR: " (looser or stricter: cannot be told)",
}


def _change(
    part: str,
    name: str,
    *,
    zh: str,
    en: str,
    effect: Effect = Effect.NEUTRAL,
    before: str = "",
    after: str = "",
) -> Change:
    return Change(
        part=part,
        name=name,
        zh=zh + _EFFECTS_ZH[effect],
        en=en + _EFFECTS_EN[effect],
        effect=effect,
        before=before,
        after=after,
    )


def _pairs(
    before: Mapping[str, T], after: Mapping[str, T]
) -> Iterator[tuple[str, T | None, T | None]]:
    """Names of either, those of before first, with what they were and are."""
    for name in dict.fromkeys([*before, *after]):
        yield name, before.get(name), after.get(name)


# -- rules -----------------------------------------------------------------------------------


def _rules(before: Policy, after: Policy) -> Iterator[Change]:
    first = {rule.id: rule for rule in before.rules}
    second = {rule.id: rule for rule in after.rules}
    gone = {name: rule for name, rule in first.items() if name not in second}
    come = {name: rule for name, rule in second.items() if name not in first}
    for old, new in _renamed(gone, come):
        del gone[old], come[new]
        yield _change("rule", new, zh=f"规则 {old} 改名为 {new}", en=f"rule {old} is now {new}")
    for name, rule in gone.items():
        yield _change(
            "rule",
            name,
            zh=f"删除规则 {name}：{rule.when.render()}",
            en=f"rule {name} was removed: {rule.when.render()}",
            effect=Effect.LOOSER if _matters(rule) else Effect.NEUTRAL,
            before=rule.when.render(),
        )
    for name, rule in come.items():
        yield _change(
            "rule",
            name,
            zh=f"新增规则 {name}：{rule.when.render()} → {_what_follows(rule, zh=True)}",
            en=f"rule {name} was added: {rule.when.render()} → {_what_follows(rule, zh=False)}",
            effect=Effect.STRICTER if _matters(rule) else Effect.NEUTRAL,
            after=rule.when.render(),
        )
    for name, rule in first.items():
        if name in second:
            yield from _rule(rule, second[name], before=before, after=after)


def _renamed(gone: Mapping[str, Rule], come: Mapping[str, Rule]) -> list[tuple[str, str]]:
    """Rules that say and do the same under another id."""
    found: list[tuple[str, str]] = []
    for old, rule in gone.items():
        for new, other in come.items():
            same = rule.when.render() == other.when.render() and _gives(rule) == _gives(other)
            if same and new not in {pair[1] for pair in found}:
                found.append((old, new))
                break
    return found


def _gives(rule: Rule) -> tuple[object, ...]:
    return (rule.outcome, rule.points, rule.unknown, sorted(rule.types))


def _matters(rule: Rule) -> bool:
    return rule.outcome not in (None, "allow") or rule.points > 0


def _what_follows(rule: Rule, *, zh: bool) -> str:
    parts = []
    if rule.outcome is not None:
        parts.append(_outcome(rule.outcome, zh=zh))
    if rule.points:
        parts.append(f"{rule.points:g} 分" if zh else f"{rule.points:g} points")
    return "、".join(parts) if zh else ", ".join(parts)


def _outcome(name: str | None, *, zh: bool) -> str:
    if name is None:
        return "仅记录" if zh else "record"
    words = OUTCOME_WORDS.get(name)
    return name if words is None else words.zh if zh else words.en


def _rule(old: Rule, new: Rule, *, before: Policy, after: Policy) -> Iterator[Change]:
    name, texts = old.id, (old.when.render(), new.when.render())
    if texts[0] != texts[1]:
        yield from _conditions(name, *texts)
    if old.outcome != new.outcome:
        yield _change(
            "rule",
            name,
            zh=f"规则 {name} 的结果由“{_outcome(old.outcome, zh=True)}”改为"
            f"“{_outcome(new.outcome, zh=True)}”",
            en=f"outcome of rule {name} from {old.outcome or 'none'} to {new.outcome or 'none'}",
            effect=_weaker(_strength(before, old.outcome), _strength(after, new.outcome)),
            before=old.outcome or "",
            after=new.outcome or "",
        )
    if old.points != new.points:
        yield _change(
            "rule",
            name,
            zh=f"规则 {name} 的分数由 {old.points:g} 改为 {new.points:g}",
            en=f"points of rule {name} from {old.points:g} to {new.points:g}",
            effect=_weaker(old.points, new.points),
            before=f"{old.points:g}",
            after=f"{new.points:g}",
        )
    if old.unknown != new.unknown:
        yield _change(
            "rule",
            name,
            zh=f"规则 {name} 无法判定时的处理由“{_unknown(old.unknown, zh=True)}”改为"
            f"“{_unknown(new.unknown, zh=True)}”",
            en=f"what rule {name} does when unknown from {_unknown(old.unknown, zh=False)} to "
            f"{_unknown(new.unknown, zh=False)}",
            effect=_weaker(_strength(before, old.unknown), _strength(after, new.unknown)),
        )
    if old.types != new.types:
        yield from _types(name, old.types, new.types)


def _unknown(value: str | None, *, zh: bool) -> str:
    if value is None:
        return "按策略" if zh else "as the policy says"
    return _outcome(None if value == "record" else value, zh=zh)


def _conditions(name: str, before: str, after: str) -> Iterator[Change]:
    """Limit by limit where only limits changed, else the condition as a whole."""
    compared: ConditionChange = compare_conditions(before, after)
    only_limits = compared.limits and all(
        one.effect is not Effect.UNCLEAR for one in compared.limits
    )
    if only_limits and together([one.effect for one in compared.limits]) == compared.whole:
        for limit in compared.limits:
            yield _change(
                "rule",
                name,
                zh=f"规则 {name}：{limit.subject} 的界限由 {limit.before} 改为 {limit.after}",
                en=f"rule {name}: limit of {limit.subject} from {limit.before} to {limit.after}",
                effect=limit.effect,
                before=before,
                after=after,
            )
        return
    yield _change(
        "rule",
        name,
        zh=f"规则 {name} 的条件由 {before} 改为 {after}",
        en=f"condition of rule {name} from {before} to {after}",
        effect=compared.whole,
        before=before,
        after=after,
    )


def _types(name: str, old: frozenset[str], new: frozenset[str]) -> Iterator[Change]:
    effect = Effect.UNCLEAR
    if old < new:
        effect = Effect.STRICTER
    elif new < old:
        effect = Effect.LOOSER
    yield _change(
        "rule",
        name,
        zh=f"规则 {name} 适用的事件由 {', '.join(sorted(old))} 改为 {', '.join(sorted(new))}",
        en=f"events of rule {name} from {', '.join(sorted(old))} to {', '.join(sorted(new))}",
        effect=effect,
    )


def _strength(policy: Policy, outcome: str | None) -> float:
    """How strong an outcome is in a policy's order; none is as weak as allow."""
    order = policy.outcomes.order
    return float(len(order) - 1 - order.index(outcome)) if outcome in order else 0.0


def _weaker(old: float, new: float) -> Effect:
    if old == new:
        return Effect.NEUTRAL
    return Effect.LOOSER if new < old else Effect.STRICTER


# -- parameters ------------------------------------------------------------------------------


def _parameters(before: Policy, after: Policy) -> Iterator[Change]:
    for name, old, new in _pairs(before.scope.parameters, after.scope.parameters):
        if new is None:
            yield _change("parameter", name, zh=f"删除参数 {name}", en=f"parameter {name} removed")
        elif old is None:
            yield _change("parameter", name, zh=f"新增参数 {name}", en=f"parameter {name} added")
        else:
            yield from _parameter(name, old, new, after=after)


def _parameter(name: str, old: Parameter, new: Parameter, *, after: Policy) -> Iterator[Change]:
    first = {one.effective_from: one for one in old.values}
    second = {one.effective_from: one for one in new.values}
    for at, was, now in _pairs_by_date(first, second):
        day = datetime.fromtimestamp(at / 1_000_000, tz=ZoneInfo(after.scope.time_zone)).date()
        earlier = old.at(at)
        reference = was if was is not None else earlier
        if now is None:
            zh, en = f"参数 {name} 取消 {day} 起的值", f"parameter {name} has no value from {day}"
            yield _change("parameter", name, zh=zh, en=en, effect=Effect.UNCLEAR)
        elif was is None or was.value != now.value:
            shown = "—" if reference is None else _shown(reference.value)
            yield _change(
                "parameter",
                name,
                zh=f"参数 {name} 自 {day} 起由 {shown} 改为 {_shown(now.value)}"
                f"（依据：{now.reference.zh}）",
                en=f"parameter {name} from {day}: {shown} to {_shown(now.value)} "
                f"(reference: {now.reference.en})",
                effect=_parameter_effect(
                    name, None if reference is None else reference.value, now.value, policy=after
                ),
                before="" if reference is None else _shown(reference.value),
                after=_shown(now.value),
            )


def _pairs_by_date(first: Mapping[int, T], second: Mapping[int, T]) -> Iterator[Any]:
    for at in sorted({*first, *second}):
        yield at, first.get(at), second.get(at)


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e6 else str(value)


def _parameter_effect(name: str, old: object, new: object, *, policy: Policy) -> Effect:
    """What another value does, from the rules that read the parameter."""
    numbers = [isinstance(one, int | float) and not isinstance(one, bool) for one in (old, new)]
    readers = [rule for rule in policy.rules if name in rule.when.parameters and _matters(rule)]
    if not all(numbers) or not readers:
        return Effect.UNCLEAR if readers else Effect.NEUTRAL
    raised = together([direction_of(name, rule.when.render()) for rule in readers])
    if old == new:
        return Effect.NEUTRAL
    if raised in (Effect.UNCLEAR, Effect.NEUTRAL):
        return Effect.UNCLEAR
    grows = float(new) > float(old)  # type: ignore[arg-type]
    other = {Effect.LOOSER: Effect.STRICTER, Effect.STRICTER: Effect.LOOSER}
    return raised if grows else other[raised]


# -- the other parts -------------------------------------------------------------------------


def _declared(policy: Policy) -> dict[str, str]:
    """Every feature as it is declared."""
    declared = {one.name: one.text for one in policy.windows}
    declared |= {one.name: one.text for one in policy.links}
    return declared | {name: one.render() for name, one in policy.derived.items()}


def _features(before: Policy, after: Policy) -> Iterator[Change]:
    yield from _texts("feature", _declared(before), _declared(after), zh="特征", en="feature")


def _texts(
    part: str, before: Mapping[str, str], after: Mapping[str, str], *, zh: str, en: str
) -> Iterator[Change]:
    """Parts that are only compared as texts: what a change does cannot be told."""
    for name, old, new in _pairs(before, after):
        if old == new:
            continue
        if new is None:
            yield _change(part, name, zh=f"删除{zh} {name}", en=f"{en} {name} removed")
        elif old is None:
            yield _change(
                part, name, zh=f"新增{zh} {name}：{new}", en=f"{en} {name} added: {new}", after=new
            )
        else:
            yield _change(
                part,
                name,
                zh=f"{zh} {name} 由 {old} 改为 {new}",
                en=f"{en} {name} from {old} to {new}",
                effect=Effect.UNCLEAR,
                before=old,
                after=new,
            )


def _models(before: Policy, after: Policy) -> Iterator[Change]:
    def told(policy: Policy) -> dict[str, str]:
        found = {
            name: f"{model.about.name} {model.about.version} ({model.hash[:12]})"
            for name, model in policy.models.items()
        }
        for name, one in policy.challengers.items():
            found[name] += f" / {one.model.about.name} {one.model.about.version} {one.share:.0%}"
        return found

    yield from _texts("model", told(before), told(after), zh="模型", en="model")


def _lists(before: Policy, after: Policy) -> Iterator[Change]:
    def told(policy: Policy) -> dict[str, str]:
        return {name: f"{one.of}, {one.colour}" for name, one in policy.scope.lists.items()}

    yield from _texts("list", told(before), told(after), zh="名单", en="list")


def _tables(before: Policy, after: Policy) -> Iterator[Change]:
    def tables(policy: Policy) -> dict[str, str]:
        return {
            table.id: "; ".join(
                f"{row.id}: {row.when.render()} → {row.outcome or ''} {row.points:g}"
                for row in table.rows
            )
            for table in policy.tables
        }

    def cards(policy: Policy) -> dict[str, str]:
        return {card.id: "; ".join(e.render() for _, e in card.expressions())
                for card in policy.scorecards}  # fmt: skip

    for part, told, zh, en in (
        ("table", tables, "决策表", "table"),
        ("scorecard", cards, "评分卡", "scorecard"),
    ):
        for one in _texts(part, told(before), told(after), zh=zh, en=en):
            if one.before and one.after:
                yield _change(
                    part,
                    one.name,
                    zh=f"{zh} {one.name} 有改动",
                    en=f"{en} {one.name} changed",
                    effect=Effect.UNCLEAR,
                    before=one.before,
                    after=one.after,
                )
            else:
                yield one


def _outcomes(before: Policy, after: Policy) -> Iterator[Change]:
    if before.outcomes.order != after.outcomes.order:
        yield _change(
            "outcome",
            "order",
            zh=f"结果顺序由 {' > '.join(before.outcomes.order)} 改为 "
            f"{' > '.join(after.outcomes.order)}",
            en=f"order of outcomes from {' > '.join(before.outcomes.order)} to "
            f"{' > '.join(after.outcomes.order)}",
            effect=Effect.UNCLEAR,
        )
    for name, old, new in _pairs(before.outcomes.thresholds, after.outcomes.thresholds):
        if old == new:
            continue
        least = [float("inf") if one is None else one for one in (old, new)]
        words = ["—" if one is None else f"{one:g}" for one in (old, new)]
        yield _change(
            "outcome",
            name,
            zh=f"达到“{_outcome(name, zh=True)}”所需分数由 {words[0]} 改为 {words[1]}",
            en=f"points for {name} from {words[0]} to {words[1]}",
            effect=_weaker(-least[0], -least[1]),
            before=words[0],
            after=words[1],
        )


def _heads(before: Policy, after: Policy) -> Iterator[Change]:
    gone, come = set(before.events) - set(after.events), set(after.events) - set(before.events)
    for name in sorted(gone):
        zh, en = f"不再判定事件 {name}", f"{name} is no longer decided"
        yield _change("event", name, zh=zh, en=en, effect=Effect.LOOSER)
    for name in sorted(come):
        zh, en = f"开始判定事件 {name}", f"{name} is decided now"
        yield _change("event", name, zh=zh, en=en, effect=Effect.STRICTER)
    if before.unknown != after.unknown:
        yield _change(
            "policy",
            "unknown",
            zh=f"规则无法判定时由“{_outcome(before.unknown, zh=True)}”改为"
            f"“{_outcome(after.unknown, zh=True)}”",
            en=f"what an unknown rule does from {before.unknown or 'record'} to "
            f"{after.unknown or 'record'}",
            effect=_weaker(_strength(before, before.unknown), _strength(after, after.unknown)),
        )
    if before.fallback != after.fallback:
        yield _change(
            "policy",
            "fallback",
            zh=f"后备结论由“{_outcome(before.fallback, zh=True)}”改为"
            f"“{_outcome(after.fallback, zh=True)}”",
            en=f"fallback from {before.fallback} to {after.fallback}",
            effect=_weaker(_strength(before, before.fallback), _strength(after, after.fallback)),
        )
    yield from _settings(before, after)


_SETTINGS: Final[tuple[tuple[str, str, Callable[[Policy], object]], ...]] = (
    ("币种", "currency", lambda policy: policy.scope.currency),
    ("时区", "time zone", lambda policy: policy.scope.time_zone),
    ("上限设置", "limits", lambda policy: (policy.limits, policy.link_limits)),
    ("汇率", "exchange rates", lambda policy: sorted(policy.rates.items())),
)


def _settings(before: Policy, after: Policy) -> Iterator[Change]:
    for zh, en, read in _SETTINGS:
        if repr(read(before)) != repr(read(after)):
            effect = Effect.UNCLEAR
            yield _change("policy", en, zh=f"{zh}有改动", en=f"{en} changed", effect=effect)


def _examples(before: Policy, after: Policy) -> Iterator[Change]:
    first = {one.name: repr((one.given, one.expect)) for one in before.examples}
    second = {one.name: repr((one.given, one.expect)) for one in after.examples}
    for name, old, new in _pairs(first, second):
        if old == new:
            continue
        verb = ("新增", "added") if old is None else ("删除", "removed")
        verb = verb if old is None or new is None else ("修改", "changed")
        yield _change(
            "example", name, zh=f"{verb[0]}用例“{name}”", en=f"example {name!r} {verb[1]}"
        )
