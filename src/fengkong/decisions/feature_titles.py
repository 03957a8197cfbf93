"""What a feature is called by people: its declaration, put into words of both languages."""

from __future__ import annotations

from typing import Final

from fengkong.core.bilingual import Bilingual
from fengkong.core.instants import format_duration
from fengkong.decisions.expression_words import expression_words
from fengkong.decisions.policy import Policy
from fengkong.events.catalogue import Catalogue
from fengkong.features.declarations import Aggregate, WindowFeature
from fengkong.links.declarations import LinkFeature, Measure

_AGGREGATES: Final = {
    Aggregate.COUNT: Bilingual(zh="次数", en="count"),
    Aggregate.SUM: Bilingual(zh="合计", en="sum"),
    Aggregate.MEAN: Bilingual(zh="平均值", en="mean"),
    Aggregate.STD: Bilingual(zh="标准差", en="standard deviation"),
    Aggregate.MIN: Bilingual(zh="最小值", en="minimum"),
    Aggregate.MAX: Bilingual(zh="最大值", en="maximum"),
    Aggregate.DISTINCT: Bilingual(zh="不同值个数", en="number of different values"),
    Aggregate.FIRST: Bilingual(zh="最早的值", en="first value"),
    Aggregate.LAST: Bilingual(zh="最近的值", en="last value"),
    Aggregate.SINCE_FIRST: Bilingual(zh="距首次的秒数", en="seconds since the first"),
    Aggregate.SINCE_PREVIOUS: Bilingual(zh="距上次的秒数", en="seconds since the previous"),
    Aggregate.SEEN_BEFORE: Bilingual(zh="以前是否出现过", en="seen before"),
    Aggregate.SHARE: Bilingual(zh="同值占比", en="share of the same value"),
    Aggregate.DISTANCE: Bilingual(
        zh="与上次的距离（公里）", en="distance from the previous, in km"
    ),
    Aggregate.SPEED: Bilingual(zh="移动速度（公里/小时）", en="speed of moving, in km/h"),
}
_MEASURES: Final = {
    Measure.COMPONENT_SIZE: Bilingual(zh="关联团体大小", en="size of the linked group"),
    Measure.DEGREE: Bilingual(zh="直接关联数", en="number of direct links"),
    Measure.HOPS_TO_FRAUD: Bilingual(zh="距已知欺诈的步数", en="hops to known fraud"),
    Measure.FAN_IN: Bilingual(zh="付款方个数", en="number of payers"),
    Measure.FAN_OUT: Bilingual(zh="收款方个数", en="number of payees"),
    Measure.CYCLE_HOPS: Bilingual(zh="资金回流步数", en="hops of the money's circle"),
    Measure.PASS_THROUGH_SECONDS: Bilingual(zh="资金停留秒数", en="seconds the money stays"),
    Measure.PASSED_SHARE: Bilingual(zh="资金转出占比", en="share of the money passed on"),
}
_UNITS_ZH: Final = {"s": "秒", "m": "分钟", "h": "小时", "d": "天"}
_EXTRA: Final = {
    "event_type": Bilingual(zh="事件类型", en="Type of event"),
    "currency": Bilingual(zh="币种", en="Currency"),
    "occurred_at": Bilingual(zh="发生时间", en="Time of the event"),
}


def field_title(name: str, *, catalogue: Catalogue) -> Bilingual:
    """The title of a field, or of a name that every event has."""
    return _EXTRA[name] if name in _EXTRA else catalogue.fields[name].title


def expression_title(name: str) -> Bilingual:
    """A computed feature is called by its name, read aloud."""
    words = name.replace("_", " ")
    return Bilingual(zh=words, en=words)


def feature_title(name: str, policy: Policy) -> Bilingual:
    """What a feature of a policy is called; a computed one by what it is computed of."""
    for window in policy.windows:
        if window.name == name:
            where = _where(window, policy)
            return window_title(window, catalogue=policy.catalogue, where=where)
    for link in policy.links:
        if link.name == name:
            return link_title(link, catalogue=policy.catalogue)
    if name not in policy.derived:
        known = name in _EXTRA or name in policy.catalogue.fields
        return field_title(name, catalogue=policy.catalogue) if known else expression_title(name)
    words = expression_words(
        policy.derived[name],
        titles=lambda inner: feature_title(inner, policy),
        scale=policy.scope.scale,
    )
    return words or expression_title(name)


def _where(window: WindowFeature, policy: Policy) -> Bilingual | None:
    """The condition of a window in words."""
    condition = None if window.where is None else policy.conditions.get(window.where)
    if condition is None:
        return None
    return expression_words(
        condition, titles=lambda name: feature_title(name, policy), scale=policy.scope.scale
    )


def link_title(feature: LinkFeature, *, catalogue: Catalogue) -> Bilingual:
    """A link feature in words, such as ``number of direct links by Customer, last 30d``."""
    what, over = _MEASURES[feature.measure], catalogue.fields[feature.over].title
    last = format_duration(feature.last)
    shared = [catalogue.fields[name].title for name in feature.by]
    zh = f"近 {_duration_zh(feature.last)}按{over.zh}统计的{what.zh}"
    en = f"{what.en} by {over.en}, last {last}"
    if shared:
        zh = f"{zh}（共用{'、'.join(one.zh for one in shared)}）"
        en = f"{en}, sharing {', '.join(one.en for one in shared)}"
    return Bilingual(zh=zh, en=en)


def window_title(
    feature: WindowFeature, *, catalogue: Catalogue, where: Bilingual | None = None
) -> Bilingual:
    """A window feature in words, such as ``Amount: sum by Card in the last 24h``.

    Its condition is as it was written, unless `where` says it in words.
    """
    what = _AGGREGATES[feature.aggregate]
    over = [catalogue.fields[name].title for name in feature.over]
    zh, en = what.zh, what.en
    if feature.argument is not None:
        argument = catalogue.fields[feature.argument].title
        zh, en = f"{argument.zh}{zh}", f"{argument.en}: {en}"
    types = [catalogue.types[name].title for name in feature.event_types or ()]
    if types:
        zh = f"{'、'.join(one.zh for one in types)}的{zh}"
        en = f"{en} of {', '.join(one.en for one in types)}"
    zh = f"按{'、'.join(one.zh for one in over)}统计的{zh}"
    en = f"{en} by {', '.join(one.en for one in over)}"
    if feature.last is not None:
        zh, en = (
            f"近 {_duration_zh(feature.last)}{zh}",
            f"{en}, last {format_duration(feature.last)}",
        )
    if feature.delayed:
        zh = f"{zh}（延迟 {_duration_zh(feature.delayed)}）"
        en = f"{en}, delayed {format_duration(feature.delayed)}"
    if where is not None:
        zh, en = f"{zh}（{where.zh}）", f"{en}, where {where.en}"
    elif feature.where is not None:
        zh, en = f"{zh}（{feature.where}）", f"{en}, where {feature.where}"
    return Bilingual(zh=zh, en=en)


def _duration_zh(microseconds: int) -> str:
    """A duration as Chinese says it: 30 天, 24 小时."""
    text = format_duration(microseconds)
    return f"{text[:-1]} {_UNITS_ZH[text[-1]]}"
