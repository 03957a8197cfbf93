"""The language reference, read from its test file and written as Markdown.

Each case is one line, ``expression ; input ; output``. The tests run every case against the
interpreter and both forms of the machine, so what the reference says is what the language does.

Other lines: ``# zh | en`` a heading, ``> zh | en`` a sentence, ``! name kind`` a name that the
cases use, ``! parameter NAME DATE=VALUE ...``, ``! list NAME VALUE ...``, and ``-- ...`` a comment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from fengkong.core.bilingual import Bilingual
from fengkong.core.errors import RiskError
from fengkong.core.instants import INSTANT_MIN, parse_instant
from fengkong.core.money import parse_minor
from fengkong.rules.kinds import Kind
from fengkong.rules.lists import ListAction, ListChange, ListDeclaration, ListState
from fengkong.rules.parameters import Parameter, parse_parameter
from fengkong.rules.scope import DEFAULT_TIME_ZONE, Scope

MISSING: Final = "missing"
ERROR: Final = "error "


class InvalidReferenceError(RiskError):
    """A line of the reference is not one of its forms."""

    code = "reference.invalid"
    hint = "Write: expression ; input ; output"


@dataclass(frozen=True, slots=True)
class Case:
    """One line: an expression, what goes in, and what comes out."""

    expression: str
    given: str
    expected: str
    line: int


@dataclass(slots=True)
class Section:
    """A heading with its sentences and cases."""

    title: Bilingual
    sentences: list[Bilingual] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)


@dataclass(slots=True)
class Reference:
    """All sections, and the names that their cases use."""

    names: dict[str, Kind] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sections: list[Section] = field(default_factory=list)

    def scope(self) -> Scope:
        """What the expressions of the cases may name."""
        declared = {
            name: ListDeclaration(name=name, of="device", title=Bilingual(name, name))
            for name in self.lists
        }
        return Scope(names=self.names, parameters=self.parameters, lists=declared)

    def list_state(self) -> ListState:
        """The lists of the cases, filled."""
        state = ListState(self.lists)
        for name, values in self.lists.items():
            for value in values:
                add = ListAction.ADD
                state.apply(ListChange(name, add, value, "reference", "reference", INSTANT_MIN))
        return state

    def values(self, case: Case) -> dict[str, object]:
        """The input of a case, as events hold it."""
        values: dict[str, object] = {}
        for pair in filter(None, (part.strip() for part in case.given.split(", "))):
            name, _, text = pair.partition("=")
            values[name] = plain_value(text, kind=self.names[name])
        return values


def plain_value(text: str, *, kind: Kind) -> object:
    """A written value as events hold it; missing is None."""
    if text == MISSING:
        return None
    match kind:
        case Kind.MONEY:
            return parse_minor(text, currency="CNY")
        case Kind.NUMBER | Kind.PROBABILITY:
            return float(text)
        case Kind.BOOLEAN:
            return {"true": True, "false": False}[text]
        case Kind.INSTANT:
            return parse_instant(text)
        case Kind.TEXT:
            return text.removeprefix('"').removesuffix('"')


def _bilingual(text: str) -> Bilingual:
    chinese, _, english = text.partition(" | ")
    return Bilingual(zh=chinese.strip(), en=english.strip() or chinese.strip())


def read_reference(text: str) -> Reference:
    """The reference from the text of its file."""
    reference = Reference()
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("--"):
            continue
        if line.startswith("! "):
            _declare(reference, line[2:].split())
        elif line.startswith("# "):
            reference.sections.append(Section(_bilingual(line[2:])))
        elif line.startswith("> "):
            reference.sections[-1].sentences.append(_bilingual(line[2:]))
        else:
            parts = [part.strip() for part in line.split(" ; ")]
            if len(parts) != 3:
                raise InvalidReferenceError(f"{line[:60]!r}", line=number)
            given = "" if parts[1] == "-" else parts[1]
            reference.sections[-1].cases.append(Case(parts[0], given, parts[2], number))
    return reference


def _declare(reference: Reference, words: list[str]) -> None:
    """A name, a parameter or a list that the cases use."""
    match words:
        case ["parameter", name, *dates]:
            pairs = (date.partition("=") for date in dates)
            data = {day: {"value": float(value), "reference": "-"} for day, _, value in pairs}
            parameter = parse_parameter(name, data, time_zone=DEFAULT_TIME_ZONE)
            reference.parameters[name] = parameter
        case ["list", name, *values]:
            reference.lists[name] = tuple(values)
        case [name, kind]:
            reference.names[name] = Kind(kind)
        case _:
            raise InvalidReferenceError(f"! {' '.join(words)[:60]}")


def _code(text: str) -> str:
    return f"`{text.replace('|', chr(92) + '|')}`" if text else ""


def markdown(text: str) -> str:
    """The reference as one Markdown page with headings in both languages."""
    reference = read_reference(text)
    lines = [
        "# 表达式语言参考 / Reference of the expression language",
        "",
        "本页由测试文件 `tests/rules/language.txt` 生成:每一行都是一个测试。"
        "金额按主币种单位书写(元);`missing` 表示缺失。",
        "",
        "This page is made from the test file `tests/rules/language.txt`: every line is a test. "
        "Money is written in major units; `missing` means that there is no value.",
        "",
        "| 名称 name | 类型 kind |",
        "|---|---|",
    ]
    lines += [f"| `{name}` | {kind} |" for name, kind in reference.names.items()]
    lines += [f"| `{name}` | list: {', '.join(on)} |" for name, on in reference.lists.items()]
    for section in reference.sections:
        lines += ["", f"## {section.title.zh} / {section.title.en}", ""]
        for sentence in section.sentences:
            lines += [sentence.zh, "", sentence.en, ""]
        if section.cases:
            lines += ["| 表达式 expression | 输入 input | 结果 result |", "|---|---|---|"]
        lines += [
            f"| {_code(case.expression)} | {_code(case.given)} | {_code(case.expected)} |"
            for case in section.cases
        ]
    return "\n".join(lines) + "\n"
