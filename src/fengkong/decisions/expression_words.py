"""What a computed feature is, in words of both languages: its expression, read aloud.

``days_between(merchant_since, occurred_at)`` is *days from Since when a merchant to Time of the
event*. What would become longer than a line is called by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from fengkong.core.bilingual import Bilingual
from fengkong.rules.expressions import Expression
from fengkong.rules.kinds import Kind
from fengkong.rules.nodes import (
    Arithmetic,
    Choice,
    Comparison,
    Constant,
    Default,
    IsMissing,
    Logic,
    Name,
    Negation,
    Node,
    OneOf,
    OnList,
    ParameterValue,
    Quantity,
    TextFunction,
    TimeFunction,
)

LONGEST: Final = 400
"""Characters of a title in English; a longer one is no title."""
Titles = Callable[[str], Bilingual]
"""What a name is called."""
_OPERATORS: Final = {
    "add": "+",
    "subtract": "−",
    "multiply": "×",
    "divide": "÷",
    "modulo": "mod",
    "power": "^",
}
_OPERATIONS: Final = Arithmetic | Comparison | Logic | Choice | Default
_OPERATED: Final = frozenset("+−×÷≤≥≠<>=")
"""What tells the title of a computed feature from that of a field."""
_COMPARED: Final = {"<": "<", "<=": "≤", ">": ">", ">=": "≥", "==": "=", "!=": "≠"}
_TEMPLATES: Final[dict[str, Bilingual]] = {
    "absolute": Bilingual(zh="{0} 的绝对值", en="size of {0}"),
    "minimum": Bilingual(zh="{all} 中最小者", en="the least of {all}"),
    "maximum": Bilingual(zh="{all} 中最大者", en="the greatest of {all}"),
    "days_between": Bilingual(zh="从{0}到{1}的天数", en="days from {0} to {1}"),
    "working_days_between": Bilingual(zh="从{0}到{1}的工作日数", en="working days from {0} to {1}"),
    "hours_between": Bilingual(zh="从{0}到{1}的小时数", en="hours from {0} to {1}"),
    "seconds_between": Bilingual(zh="从{0}到{1}的秒数", en="seconds from {0} to {1}"),
    "hour": Bilingual(zh="{0}的钟点", en="hour of {0}"),
    "weekday": Bilingual(zh="{0}是星期几", en="weekday of {0}"),
    "day": Bilingual(zh="{0}是几号", en="day of the month of {0}"),
    "month": Bilingual(zh="{0}的月份", en="month of {0}"),
    "is_weekend": Bilingual(zh="{0}是周末", en="{0} is on a weekend"),
    "is_working_day": Bilingual(zh="{0}是工作日", en="{0} is on a working day"),
    "round": Bilingual(zh="{0}（取整）", en="{0}, rounded"),
    "floor": Bilingual(zh="{0}（向下取整）", en="{0}, rounded down"),
    "ceiling": Bilingual(zh="{0}（向上取整）", en="{0}, rounded up"),
    "length": Bilingual(zh="{0}的长度", en="length of {0}"),
    "starts_with": Bilingual(zh="{0}以 {1} 开头", en="{0} begins with {1}"),
    "ends_with": Bilingual(zh="{0}以 {1} 结尾", en="{0} ends with {1}"),
    "contains": Bilingual(zh="{0}包含 {1}", en="{0} contains {1}"),
}


def expression_words(expression: Expression, *, titles: Titles, scale: int) -> Bilingual | None:
    """The words; None where they would be longer than `LONGEST`.

    `scale` is how many minor units of money make a major one.
    """
    reader = _Reader(titles, scale)
    said = Bilingual(zh=reader.zh(expression.node), en=reader.en(expression.node))
    return said if len(said.en) <= LONGEST else None


class _Reader:
    """Reads a tree aloud."""

    def __init__(self, titles: Titles, scale: int) -> None:
        self._titles = titles
        self._scale = scale

    def zh(self, node: Node) -> str:
        return self._said(node, "zh")

    def en(self, node: Node) -> str:
        return self._said(node, "en")

    def _said(self, node: Node, language: str) -> str:
        match node:
            case Constant():
                return self._constant(node, language)
            case Name():
                return _of(self._titles(node.name), language)
            case ParameterValue():
                return node.parameter.name
            case Arithmetic():
                return f" {_OPERATORS[node.operator]} ".join(
                    self._part(one, language) for one in (node.left, node.right)
                )
            case Comparison():
                sides = (self._part(one, language) for one in (node.left, node.right))
                return f" {_COMPARED.get(node.operator, node.operator)} ".join(sides)
            case Logic():
                return self._joined(node, language)
            case Negation():
                return self._denied(node.operand, language)
            case Choice():
                three = (node.condition, node.then, node.other)
                return _filled(_CHOICE, [self._said(one, language) for one in three], language)
            case OneOf():
                values = [self._constant(one, language) for one in node.values]
                listed = ("、" if language == "zh" else ", ").join(values)
                return _filled(_ONE_OF, [self._said(node.subject, language), listed], language)
            case OnList():
                return _filled(_ON_LIST, [self._said(node.subject, language), node.list], language)
            case IsMissing():
                return _filled(_MISSING, [self._said(node.operand, language)], language)
            case Default():
                parts = [self._said(one, language) for one in (node.operand, node.otherwise)]
                return _filled(_DEFAULT, parts, language)
            case Quantity() | TextFunction() | TimeFunction():
                return self._called(node, language)

    def _denied(self, node: Node, language: str) -> str:
        text = self._said(node, language)
        if isinstance(node, Name):
            return f"并非{text}" if language == "zh" else f"not {text}"
        return f"并非（{text}）" if language == "zh" else f"not ({text})"

    def _part(self, node: Node, language: str) -> str:
        """A side of an operator, in brackets where it is one itself."""
        text = self._said(node, language)
        computed = isinstance(node, Name) and not _OPERATED.isdisjoint(text)
        if not computed and not isinstance(node, _OPERATIONS):
            return text
        return f"（{text}）" if language == "zh" else f"({text})"

    def _joined(self, node: Logic, language: str) -> str:
        parts = [
            self._part(one, language) if isinstance(one, Logic) else self._said(one, language)
            for one in node.operands
        ]
        word = {"and": ("，且", " and "), "or": ("，或", " or ")}[node.operator]
        return word[language == "en"].join(parts)

    def _called(self, node: Quantity | TextFunction | TimeFunction, language: str) -> str:
        arguments = [self._said(one, language) for one in node.arguments]
        if isinstance(node, TextFunction):
            arguments += [str(one) for one in node.options]
        template = _TEMPLATES.get(node.function)
        if template is not None:
            return _filled(template, arguments, language)
        return f"{node.function}({', '.join(arguments)})"

    def _constant(self, node: Constant, language: str) -> str:
        if isinstance(node.value, bool):
            words = ("是", "否") if language == "zh" else ("true", "false")
            return words[not node.value]
        if isinstance(node.value, str):
            return f"“{node.value}”"
        return f"{node.value / (self._scale if node.kind is Kind.MONEY else 1):,.12g}"


_CHOICE: Final = Bilingual(zh="若{0}则为{1}，否则为{2}", en="{1} if {0}, else {2}")
_ONE_OF: Final = Bilingual(zh="{0}属于 {1}", en="{0} is one of {1}")
_ON_LIST: Final = Bilingual(zh="{0}在名单 {1} 上", en="{0} is on the list {1}")
_MISSING: Final = Bilingual(zh="缺少{0}", en="{0} is missing")
_DEFAULT: Final = Bilingual(zh="{0}（没有时取 {1}）", en="{0} ({1} where there is none)")


def _filled(template: Bilingual, parts: Sequence[str], language: str) -> str:
    whole = ("、" if language == "zh" else ", ").join(parts)
    return _of(template, language).format(*parts, all=whole)


def _of(text: Bilingual, language: str) -> str:
    return text.zh if language == "zh" else text.en
