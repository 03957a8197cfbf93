"""An explanation as lines that a person reads, in Chinese or in English."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fengkong.core.bilingual import Bilingual, Language
from fengkong.decisions.decision import BilingualText
from fengkong.evaluation.explained import Explanation, ObservedShown, RuleTrace
from fengkong.rules.reasons import format_number


class Tone(StrEnum):
    """What kind of line it is, so that a screen may colour it."""

    TITLE = "title"
    HEADING = "heading"
    OUTCOME = "outcome"
    HIT = "hit"
    UNKNOWN = "unknown"
    PLAIN = "plain"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a trace; it holds no line break."""

    tone: Tone
    text: str

    def __str__(self) -> str:
        """The text alone."""
        return self.text


WORDS: Final = {
    "at": Bilingual(zh="发生时间", en="occurred at"),
    "policy": Bilingual(zh="策略", en="policy"),
    "version": Bilingual(zh="版本", en="version"),
    "before": Bilingual(zh="此前的事件", en="events before it"),
    "late": Bilingual(
        zh="事件迟到，未计入窗口", en="the event came too late and was not counted in windows"
    ),
    "outcome": Bilingual(zh="结论", en="outcome"),
    "points": Bilingual(zh="分", en="points"),
    "because": Bilingual(zh="因为", en="because"),
    "reasons": Bilingual(zh="理由", en="reasons"),
    "event": Bilingual(zh="事件内容", en="What the event held"),
    "values": Bilingual(zh="特征与计算值", en="Features and computed values"),
    "models": Bilingual(zh="模型", en="Models"),
    "probability": Bilingual(zh="概率", en="probability"),
    "paths": Bilingual(zh="与已确认欺诈的关联路径", en="How it is linked with confirmed fraud"),
    "hits": Bilingual(zh="命中的规则", en="Rules that hit"),
    "unknowns": Bilingual(zh="无法判断的规则", en="Rules that could not be known"),
    "others": Bilingual(zh="未命中的规则", en="Rules that did not hit"),
    "elsewhere": Bilingual(zh="不适用于此类事件的规则", en="Rules for other types of event"),
    "condition": Bilingual(zh="条件", en="when"),
    "seen": Bilingual(zh="实际", en="seen"),
    "missing": Bilingual(zh="缺少", en="missing"),
    "recorded": Bilingual(zh="只作记录", en="only recorded"),
    "masked": Bilingual(zh="已遮蔽", en="masked"),
    "reference": Bilingual(zh="依据", en="reference"),
    "techniques": Bilingual(zh="手法", en="techniques"),
}
"""The words of a trace; every one is in both languages."""
OUTCOME_WORDS: Final = {
    "allow": Bilingual(zh="放行", en="allow"),
    "challenge": Bilingual(zh="验证", en="challenge"),
    "review": Bilingual(zh="人工审核", en="review"),
    "delay": Bilingual(zh="延迟处理", en="delay"),
    "deny": Bilingual(zh="拒绝", en="deny"),
}
OPERATOR_WORDS: Final = {
    "in": Bilingual(zh="属于", en="in"),
    "not in": Bilingual(zh="不属于", en="not in"),
    "is": Bilingual(zh="应为", en="is"),
    "is missing": Bilingual(zh="应缺失", en="is missing"),
    "is not missing": Bilingual(zh="不应缺失", en="is not missing"),
}


def trace_lines(explanation: Explanation, *, language: Language) -> tuple[Line, ...]:
    """The whole trace, from the outcome down to the rules that did not hit."""
    teller = _Teller(explanation, language)
    return tuple(Line(line.tone, _one_line(line.text)) for line in teller.lines())


def _one_line(text: str) -> str:
    """The text without line breaks, which a declaration or a reason may hold."""
    return " ".join(text.splitlines())


class _Teller:
    """Tells one explanation in one language."""

    def __init__(self, explanation: Explanation, language: Language) -> None:
        self._told = explanation
        self._language = language
        self._colon = "：" if language == "zh" else ": "

    def lines(self) -> Iterator[Line]:
        """All lines in order."""
        yield from self._summary()
        yield from self._fields()
        yield from self._values()
        yield from self._models()
        yield from self._paths()
        for verdict, heading, tone in (
            ("hit", "hits", Tone.HIT),
            ("unknown", "unknowns", Tone.UNKNOWN),
            ("no", "others", Tone.PLAIN),
        ):
            yield from self._rules(verdict, heading=heading, tone=tone)
        if self._told.not_applicable:
            yield Line(Tone.HEADING, self._word("elsewhere"))
            yield Line(Tone.QUIET, "  " + ", ".join(self._told.not_applicable))

    def _word(self, name: str) -> str:
        return WORDS[name].of(self._language)

    def _say(self, text: BilingualText) -> str:
        return text.zh if self._language == "zh" else text.en

    def _labelled(self, name: str, text: str) -> str:
        return f"{self._word(name)}{self._colon}{text}"

    def _outcome(self, outcome: str | None) -> str:
        if outcome is None:
            return self._word("recorded")
        return OUTCOME_WORDS[outcome].of(self._language)

    def _points(self, points: float) -> str:
        unit = self._word("points")
        return f"{format_number(points)} {unit}"

    # -- parts -------------------------------------------------------------------------------

    def _summary(self) -> Iterator[Line]:
        told = self._told
        yield Line(Tone.TITLE, f"{told.event_id}  {self._say(told.event_title)}")
        when = f"{told.local_time} {told.time_zone} ({told.occurred_at})"
        yield Line(Tone.QUIET, self._labelled("at", when))
        policy = told.policy
        title = self._say(told.policy_title)
        version = f"{self._word('version')} {policy.version}"
        yield Line(
            Tone.QUIET,
            self._labelled("policy", f"{title} ({policy.name}, {version}, {policy.hash[:12]})"),
        )
        yield Line(Tone.QUIET, self._labelled("before", f"{told.events_before:,}"))
        if told.late:
            yield Line(Tone.UNKNOWN, self._word("late"))
        outcome = f"{self._outcome(told.outcome)}, {self._points(told.points)}"
        yield Line(Tone.OUTCOME, self._labelled("outcome", outcome))
        for cause in told.causes:
            yield Line(Tone.PLAIN, "  " + self._labelled("because", self._say(cause.text)))
        reasons = self._say(told.reasons)
        if reasons:
            yield Line(Tone.PLAIN, "  " + self._labelled("reasons", reasons))

    def _fields(self) -> Iterator[Line]:
        if not self._told.fields:
            return
        yield Line(Tone.HEADING, self._word("event"))
        for one in self._told.fields:
            mask = f" ({self._word('masked')})" if one.masked else ""
            text = f"  {one.name} ({self._say(one.title)}) = {self._say(one.text)}{mask}"
            yield Line(Tone.PLAIN, text)

    def _values(self) -> Iterator[Line]:
        if not self._told.values:
            return
        yield Line(Tone.HEADING, self._word("values"))
        for one in self._told.values:
            yield Line(Tone.PLAIN, f"  {one.name} = {self._say(one.text)}")
            yield Line(Tone.QUIET, f"    {one.declared}")

    def _models(self) -> Iterator[Line]:
        if not self._told.models:
            return
        yield Line(Tone.HEADING, self._word("models"))
        for one in self._told.models:
            who = f"{self._say(one.title)}, {one.model} {one.version}, {one.hash[:12]}"
            said = self._labelled("probability", f"{one.probability:.6f}")
            yield Line(Tone.PLAIN, f"  {one.name} ({who}) {said}")
            for part in one.contributions:
                tone = Tone.HIT if part.amount > 0 else Tone.PLAIN
                yield Line(tone, f"    {self._say(part.text)}")
                yield Line(Tone.QUIET, f"      {part.code}")

    def _paths(self) -> Iterator[Line]:
        """``hops_to_fraud: customer c***1 – device d***7 – customer c***9``."""
        if not self._told.paths:
            return
        yield Line(Tone.HEADING, self._word("paths"))
        for path in self._told.paths:
            way = " – ".join(f"{one.entity} {one.name}" for one in path.links)
            yield Line(Tone.PLAIN, "  " + f"{path.name}{self._colon}{way}")

    def _rules(self, verdict: str, *, heading: str, tone: Tone) -> Iterator[Line]:
        rules = [rule for rule in self._told.rules if rule.verdict == verdict]
        if not rules:
            return
        yield Line(Tone.HEADING, self._word(heading))
        for rule in rules:
            yield Line(tone, "  " + self._rule_title(rule))
            yield from self._rule_details(rule)

    def _rule_title(self, rule: RuleTrace) -> str:
        parts = [rule.rule]
        if rule.title is not None:
            parts.append(f"({self._say(rule.title)})")
        if rule.verdict == "unknown":
            parts.append(f"→ {self._outcome(rule.outcome)}")
        else:
            given = [self._outcome(rule.outcome)] if rule.outcome else []
            given += [self._points(rule.points)] if rule.points else []
            parts.append(f"→ {', '.join(given)}")
        return " ".join(parts)

    def _rule_details(self, rule: RuleTrace) -> Iterator[Line]:
        if rule.reason is not None:
            yield Line(Tone.PLAIN, f"    {self._say(rule.reason)}")
        yield Line(Tone.QUIET, "    " + self._labelled("condition", rule.condition))
        for one in rule.observed:
            yield Line(Tone.PLAIN, "    " + self._labelled("seen", self._observed(one)))
        if rule.missing:
            yield Line(Tone.UNKNOWN, "    " + self._labelled("missing", ", ".join(rule.missing)))
        if rule.techniques and rule.verdict == "hit":
            names = ", ".join(rule.techniques)
            yield Line(Tone.QUIET, "    " + self._labelled("techniques", names))

    def _observed(self, one: ObservedShown) -> str:
        """``amount = 6,000.00; > limits.amount = 5,000.00 (reference: FRAUD-12)``."""
        seen = f"{one.name} = {self._say(one.text)}"
        operator = OPERATOR_WORDS.get(one.operator)
        words = one.operator if operator is None else operator.of(self._language)
        limit = [one.limit_source] if one.limit_source else []
        limit += [self._say(one.limit_text)] if one.limit_text is not None else []
        compared = f"{words} {' = '.join(limit)}".rstrip()
        if one.reference is None:
            return f"{seen}; {compared}"
        return f"{seen}; {compared} ({self._labelled('reference', self._say(one.reference))})"
