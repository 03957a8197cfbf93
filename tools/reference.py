"""The reference pages that are made from the product itself, in both languages.

``python tools/reference.py`` writes them; a test compares them with what would be written, so
they cannot go stale.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import typer

import fengkong
from fengkong.cli.language import (
    chinese_errors,
    console_settings_texts,
    service_texts,
    texts,
)
from fengkong.cli.main import Format, app
from fengkong.console.configuration import described_settings as console_settings
from fengkong.console.project.setup import start_django
from fengkong.core.bilingual import Bilingual, Language
from fengkong.core.errors import RiskError
from fengkong.events.catalogue import (
    NUMBER_MAX,
    TEXT_LIKE,
    Catalogue,
    EventType,
    Field,
    Kind,
    shipped_catalogue,
)
from fengkong.service.http.routing import ROUTES, Route
from fengkong.service.metrics import Metrics
from fengkong.service.settings import described_settings
from fengkong.simulation.scenarios import Scenario, shipped_scenarios

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # for who runs this file
from tools import console_reference, indicator_reference

FOLDER: Final = Path(__file__).resolve().parent.parent / "docs" / "reference"
MADE: Final = Bilingual(
    zh="<!-- 本页由 tools/reference.py 生成，请勿手工修改。 -->",
    en="<!-- Made by tools/reference.py; do not edit by hand. -->",
)
Lines = Iterator[str]


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Lines:
    """A Markdown table."""
    yield f"| {' | '.join(headings)} |"
    yield f"|{'---|' * len(headings)}"
    for row in rows:
        cells = (" ".join(cell.split()).replace("|", "\\|") for cell in row)
        yield f"| {' | '.join(cells)} |"
    yield ""


def code(word: str) -> str:
    """A word in code type."""
    return f"`{word}`"


def codes(words: Iterable[str]) -> str:
    """Words in code type, in their order."""
    return ", ".join(code(word) for word in words)


# -- events ----------------------------------------------------------------------------------

_KINDS: Final = {
    Kind.MONEY: Bilingual(zh="金额", en="money"),
    Kind.NUMBER: Bilingual(zh="数值", en="number"),
    Kind.INTEGER: Bilingual(zh="整数", en="integer"),
    Kind.BOOLEAN: Bilingual(zh="真假", en="boolean"),
    Kind.CATEGORY: Bilingual(zh="类别", en="category"),
    Kind.TEXT: Bilingual(zh="文本", en="text"),
    Kind.INSTANT: Bilingual(zh="时刻", en="instant"),
    Kind.PLACE: Bilingual(zh="地点", en="place"),
    Kind.ENTITY: Bilingual(zh="主体", en="entity"),
}
_WIRE: Final = {
    Kind.MONEY: (
        '`"12.30"`',
        Bilingual(zh="十进制文本，须带币种", en="decimal text; needs currency"),
    ),
    Kind.NUMBER: ("`0.93`", Bilingual(zh="JSON 数值", en="a JSON number")),
    Kind.INTEGER: ("`3`", Bilingual(zh="JSON 整数", en="a JSON whole number")),
    Kind.BOOLEAN: ("`true`", Bilingual(zh="`true` 或 `false`", en="`true` or `false`")),
    Kind.CATEGORY: ('`"app"`', Bilingual(zh="一个短词", en="one short word")),
    Kind.TEXT: ('`"..."`', Bilingual(zh="可见字符", en="visible characters")),
    Kind.INSTANT: (
        '`"2026-11-02T10:00:00+08:00"`',
        Bilingual(zh="RFC 3339，须带时区", en="RFC 3339 with an offset"),
    ),
    Kind.PLACE: (
        '`{"lat": 31.23, "lon": 121.47}`',
        Bilingual(zh="十进制度数", en="decimal degrees"),
    ),
    Kind.ENTITY: (
        '`"c1024"`',
        Bilingual(zh="标识，1 至 128 个字符", en="an id, 1 to 128 characters"),
    ),
}
_EVENT_TEXTS: Final = {
    "title": Bilingual(zh="事件类型与字段", en="Event types and fields"),
    "lead": Bilingual(
        zh=(
            "每个事件都有 `type`、`id`、`occurred_at`；只要带有金额字段，"
            "就还要有 `currency`（ISO 4217）。一个字段名在所有事件中含义相同。"
            "没有值的字段不要发送。"
        ),
        en=(
            "Every event has `type`, `id` and `occurred_at`, and `currency` (ISO 4217) as soon as "
            "it has a money field. A field name means the same in every event. A field without a "
            "value is left out."
        ),
    ),
    "classes": Bilingual(
        zh=(
            "个人信息类别按 JR/T 0171-2020 划分，见[个人信息](../explanation/personal-data.zh.md)。"
            "标签字段只出现在历史数据里：规则不能读取，特征只能在延迟窗口中统计。"
        ),
        en=(
            "Personal classes are those of JR/T 0171-2020, see [personal "
            "data](../explanation/personal-data.md). A label is truth that only history carries: "
            "rules cannot read it, and features may count it in delayed windows only."
        ),
    ),
    "wire": Bilingual(zh="字段种类与 JSON 写法", en="Kinds and how they are written in JSON"),
    "types": Bilingual(zh="事件类型", en="Event types"),
    "fields": Bilingual(zh="字段", en="Fields"),
    "required": Bilingual(zh="必需", en="Required"),
    "optional": Bilingual(zh="可选", en="Optional"),
}


def events_page(language: Language) -> Lines:
    """The event types with their fields, then every field with its meaning."""
    catalogue = shipped_catalogue()

    def say(key: str) -> str:
        return _EVENT_TEXTS[key].of(language)

    yield from (f"# {say('title')}", "", MADE.of(language), "", say("lead"), "")
    yield from (say("classes"), "", f"## {say('wire')}", "")
    headings = {"zh": ("种类", "写法", "说明"), "en": ("Kind", "Written", "Note")}[language]
    yield from table(
        headings,
        [(_KINDS[kind].of(language), *_wire(kind, language)) for kind in Kind],
    )
    yield from (f"## {say('types')}", "")
    for event in catalogue.types.values():
        yield from _event_type(event, catalogue=catalogue, language=language)
    yield from (f"## {say('fields')}", "")
    yield from _fields(catalogue, language=language)


def _wire(kind: Kind, language: Language) -> tuple[str, str]:
    written, note = _WIRE[kind]
    return written, note.of(language)


def _event_type(event: EventType, *, catalogue: Catalogue, language: Language) -> Lines:
    required, optional = (_EVENT_TEXTS[key].of(language) for key in ("required", "optional"))
    colon, stop = ("：", "。") if language == "zh" else (": ", ".")
    yield from (f"### `{event.name}`", "")
    yield f"{event.title.of(language)}{colon}{event.description.of(language)}{stop}"
    yield from ("", f"- {required}{colon}{codes(_ordered(event.required, catalogue))}")
    yield from (f"- {optional}{colon}{codes(_ordered(event.optional, catalogue))}", "")


def _ordered(names: frozenset[str], catalogue: Catalogue) -> list[str]:
    return [name for name in catalogue.fields if name in names]


def _fields(catalogue: Catalogue, *, language: Language) -> Lines:
    headings = {
        "zh": ("字段", "名称", "种类", "个人信息", "限制", "说明"),
        "en": ("Field", "Title", "Kind", "Personal", "Limits", "Meaning"),
    }[language]
    yield from table(
        headings,
        [
            (
                code(field.name),
                field.title.of(language),
                _kind(field, language),
                field.personal or "",
                _limits(field, language),
                field.description.of(language),
            )
            for field in catalogue.fields.values()
        ],
    )


def _kind(field: Field, language: Language) -> str:
    word = _KINDS[field.kind].of(language)
    parts = [f"{word} `{field.entity}`" if field.entity else word]
    if field.label:
        parts.append(Bilingual(zh="标签", en="label").of(language))
    return ", ".join(parts)


def _limits(field: Field, language: Language) -> str:
    if field.values is not None:
        return codes(sorted(field.values))
    if field.kind in (Kind.NUMBER, Kind.INTEGER):
        low = f"≥ {field.minimum:g}" if field.minimum > -NUMBER_MAX else ""
        high = f"≤ {field.maximum:g}" if field.maximum < NUMBER_MAX else ""
        return ", ".join(part for part in (low, high) if part)
    if field.signed:
        return Bilingual(zh="可为负", en="may be negative").of(language)
    if field.pattern is not None:
        return code(field.pattern)
    if field.kind in TEXT_LIKE and field.kind is not Kind.ENTITY:
        return f"≤ {field.length_max}"
    return ""


# -- errors ----------------------------------------------------------------------------------


def error_kinds() -> list[type[RiskError]]:
    """Every kind of error that the product defines, by code."""
    with tempfile.TemporaryDirectory() as empty:  # the console's modules need a started Django
        start_django(Path(empty))
    for module in pkgutil.walk_packages(fengkong.__path__, "fengkong."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found: dict[str, type[RiskError]] = {}
    waiting: list[type[RiskError]] = [RiskError]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            if kind.__module__.startswith("fengkong."):
                found[kind.code] = kind
    return [found[name] for name in sorted(found)]


def errors_page(language: Language) -> Lines:
    """Every error code with what it means and the next step."""
    title = Bilingual(zh="错误代码", en="Error codes").of(language)
    lead = Bilingual(
        zh=(
            "每条报错都有代码、位置和下一步。一个文件的问题一次全部报出（最多列出一千条并给出总数）。"
            "命令的退出码：0 成功，1 输入有问题，2 用法有误。"
        ),
        en=(
            "Every error has a code, a place and a next step. A file reports all its faults at "
            "once (the first thousand and the count). Exit codes of the command: 0 good, 1 the "
            "input has faults, 2 wrong use."
        ),
    ).of(language)
    yield from (f"# {title}", "", MADE.of(language), "", lead, "")
    headings = {
        "zh": ("代码", "含义", "下一步"),
        "en": ("Code", "Meaning", "Next step"),
    }[language]
    rooms: dict[str, list[type[RiskError]]] = {}
    for kind in error_kinds():
        rooms.setdefault(kind.code.split(".")[0], []).append(kind)
    for room, kinds in rooms.items():
        yield from (f"## {room}", "")
        yield from table(headings, [_error(kind, language) for kind in kinds])


def _error(kind: type[RiskError], language: Language) -> tuple[str, str, str]:
    if language == "zh":
        chinese = chinese_errors()[kind.code]
        return code(kind.code), chinese["title"], chinese["hint"]
    meaning = (inspect.getdoc(kind) or "").split("\n\n")[0]
    return code(kind.code), meaning, kind.hint


# -- the command -----------------------------------------------------------------------------


def cli_page(language: Language) -> Lines:
    """Every command with its arguments and options."""
    title = Bilingual(zh="命令 fengkong", en="The command fengkong").of(language)
    lead = Bilingual(
        zh=(
            "结果写到标准输出，进度和错误写到标准错误。策略和映射可以写文件路径，也可以写自带包的名称"
            "（见 `fengkong policy list`）。语言取自环境变量 `FENGKONG_LANGUAGE`（`zh` 或 `en`），"
            "没有时看系统的语言设置。`fengkong --install-completion` 安装命令补全。"
            "退出码：0 成功，1 输入有问题，2 用法有误。"
        ),
        en=(
            "Results go to standard output, progress and errors to standard error. A policy or a "
            "mapping is given by path, or by the name of a shipped pack (see `fengkong policy "
            "list`). The language is that of `FENGKONG_LANGUAGE` (`zh` or `en`), else of the "
            "system. `fengkong --install-completion` installs completion. Exit codes: 0 good, 1 "
            "the input has faults, 2 wrong use."
        ),
    ).of(language)
    yield from (f"# {title}", "", MADE.of(language), "", lead, "")
    for name, command in _commands(typer.main.get_command(app), ("fengkong",)):
        yield from _command(name, command, language=language)


def _commands(group: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name, command in sorted(group.commands.items()):
        if hasattr(command, "commands"):
            yield from _commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def _command(name: str, command: Any, *, language: Language) -> Lines:
    arguments = [one for one in command.params if not one.opts[0].startswith("-")]
    options = [one for one in command.params if one.opts[0].startswith("-")]
    shown = " ".join([name, *(one.metavar or one.name.upper() for one in arguments), "[OPTIONS]"])
    yield from (f"## {name}", "", _translated(command.help, language), "")
    yield from ("```text", shown, "```", "")
    headings = {
        "zh": ("参数或选项", "说明", "默认"),
        "en": ("Argument or option", "Meaning", "Default"),
    }[language]
    yield from table(headings, [_parameter(one, language) for one in (*arguments, *options)])


def _parameter(parameter: Any, language: Language) -> tuple[str, str, str]:
    metavar = parameter.metavar or ""
    if parameter.opts[0].startswith("-"):
        words = "|".join(Format) if parameter.name == "output" else metavar
        words = words or ("" if getattr(parameter, "is_flag", False) else "N")
        name = " ".join([*parameter.opts, words]).strip()
    else:
        name = metavar or parameter.name.upper()
    needed = Bilingual(zh="必需", en="required").of(language)
    default = parameter.default
    shown = needed if parameter.required else ("" if default in (None, False, ()) else str(default))
    return code(name), _translated(parameter.help, language), shown


def _translated(sentence: str, language: Language) -> str:
    """A text of the command in a language, whichever language it was loaded in."""
    for both in texts().values():
        if sentence in (both.zh, both.en):
            return both.of(language)
    raise AssertionError(f"a text of the command without a key: {sentence!r}")


# -- scenarios -------------------------------------------------------------------------------


def scenarios_page(language: Language) -> Lines:
    """The attack scenarios with their techniques and parameters."""
    title = Bilingual(zh="攻击场景", en="Attack scenarios").of(language)
    lead = Bilingual(
        zh=(
            "`fengkong simulate --scenario 名称` 打开一个场景，可重复；`all` 为全部，`none` 为无。"
            "手法编号取自 MITRE Fight Fraud Framework 1.1，名称照原文。"
        ),
        en=(
            "`fengkong simulate --scenario NAME` switches one on and may be repeated; `all` is "
            "every scenario, `none` is none. Techniques are those of the MITRE Fight Fraud "
            "Framework 1.1, names as published."
        ),
    ).of(language)
    yield from (f"# {title}", "", MADE.of(language), "", lead, "")
    for scenario in shipped_scenarios().values():
        yield from _scenario(scenario, language)


def _scenario(scenario: Scenario, language: Language) -> Lines:
    stop = "。" if language == "zh" else ""
    yield from (f"## `{scenario.name}`", "")
    colon = "：" if language == "zh" else ": "
    description = scenario.description.of(language).rstrip("。")
    yield from (f"{scenario.title.of(language)}{colon}{description}{stop}", "")
    named = {
        "zh": ("手法", "不是欺诈，而是压力情景。", "没有对应的手法。"),
        "en": ("Techniques", "A stress, not a fraud.", "No technique fits."),
    }[language]
    if scenario.techniques:
        listed = "; ".join(f"{one.id} {one.name}" for one in scenario.techniques)
        yield f"{named[0]}{colon}{listed}"
    else:
        yield named[2] if scenario.is_fraud else named[1]
    yield ""
    headings = {
        "zh": ("参数", "含义", "默认", "范围"),
        "en": ("Parameter", "Meaning", "Default", "Range"),
    }[language]
    yield from table(
        headings,
        [
            (
                code(name),
                one.title.of(language),
                f"{one.value:g}",
                f"{one.minimum:g}–{one.maximum:g}",
            )
            for name, one in scenario.parameters.items()
        ],
    )


# -- the service -----------------------------------------------------------------------------


_SERVICE_TEXTS: Final = {
    "title": Bilingual(
        zh="决策服务：地址、设置与指标", en="The decision service: addresses, settings, metrics"
    ),
    "addresses": Bilingual(zh="地址", en="Addresses"),
    "addresses_lead": Bilingual(
        zh=(
            "字段、错误和示例见运行中服务的 `/openapi.json`（OpenAPI 3.1）。"
            "出错时一律按 RFC 9457 应答，`code` 见[错误代码](errors.zh.md)。"
        ),
        en=(
            "Fields, errors and examples are in `/openapi.json` (OpenAPI 3.1) of a running "
            "service. Every fault is answered by a problem of RFC 9457; its `code` is one of the "
            "[error codes](errors.md)."
        ),
    ),
    "scopes": Bilingual(zh="密钥的权限", en="Scopes of keys"),
    "settings": Bilingual(zh="设置", en="Settings"),
    "settings_lead": Bilingual(
        zh="写在数据目录的 `service.yaml` 中，一行一项；部分可作为 `fengkong serve` 的选项给出。",
        en=(
            "In `service.yaml` of the data directory, one a line; some are options of "
            "`fengkong serve` too."
        ),
    ),
    "metrics": Bilingual(zh="指标", en="Metrics"),
    "metrics_lead": Bilingual(
        zh="`/metrics`，Prometheus 文本格式。标签只取少数已知的值，绝不含标识或姓名。",
        en=(
            "`/metrics`, as Prometheus reads it. Labels take few, known values; never an id or a "
            "name."
        ),
    ),
}


def service_page(language: Language) -> Lines:
    """Addresses, scopes, settings and metrics of the decision service."""
    said = {name: both.of(language) for name, both in _SERVICE_TEXTS.items()}
    words = service_texts()
    yield from (f"# {said['title']}", "", MADE.of(language), "")
    yield from (f"## {said['addresses']}", "", said["addresses_lead"], "")
    headings = {
        "zh": ("请求", "权限", "请求体", "用途"),
        "en": ("Request", "Scope", "Body", "What it does"),
    }
    yield from table(headings[language], [_route(route, language) for route in ROUTES])
    yield from (f"## {said['scopes']}", "")
    headings = {"zh": ("权限", "允许"), "en": ("Scope", "What it allows")}
    scopes = [(code(name), both[language]) for name, both in words["scopes"].items()]
    yield from table(headings[language], scopes)
    yield from (f"## {said['settings']}", "", said["settings_lead"], "")
    headings = {
        "zh": ("设置", "默认", "可取", "含义"),
        "en": ("Setting", "Default", "May be", "Meaning"),
    }
    rows = [
        (code(name), code(default) if default else "", allowed, words["settings"][name][language])
        for name, default, allowed in described_settings()
    ]
    yield from table(headings[language], rows)
    yield from (f"## {said['metrics']}", "", said["metrics_lead"], "")
    headings = {"zh": ("指标", "类型", "含义"), "en": ("Metric", "Type", "Meaning")}
    rows = [
        (
            code(one.name),
            one.type,
            words["metrics"][one.name] if language == "zh" else one.documentation,
        )
        for one in Metrics().registry.collect()
    ]
    yield from table(headings[language], rows)


def _route(route: Route, language: Language) -> tuple[str, str, str, str]:
    media = codes(kind.decode() for kind in route.sends.media)
    limit = f", ≤ {route.sends.limit // 1024:,} KiB" if route.sends.limit else ""
    scope = code(route.scope) if route.scope else ""
    return code(f"{route.method} {route.path}"), scope, media + limit, route.title.of(language)


_CONSOLE_TEXTS: Final = {
    "title": Bilingual(zh="控制台", en="The console"),
    "lead": Bilingual(
        zh=(
            "设置写在数据目录的 `console.yaml` 中，一行一项；"
            "部分可作为 `fengkong console` 的选项给出。"
            "怎样运行见[运行控制台](../how-to/run-the-console.zh.md)。"
        ),
        en=(
            "Settings stand in `console.yaml` of the data directory, one a line; some are options "
            "of `fengkong console` too. How it is run: "
            "[Run the console](../how-to/run-the-console.md)."
        ),
    ),
}


def console_page(language: Language) -> Lines:
    """Settings of the console."""
    said = {name: both.of(language) for name, both in _CONSOLE_TEXTS.items()}
    yield from (f"# {said['title']}", "", MADE.of(language), "", said["lead"], "")
    headings = {
        "zh": ("设置", "默认", "可取", "含义"),
        "en": ("Setting", "Default", "May be", "Meaning"),
    }
    words = console_settings_texts()
    rows = [
        (code(name), code(default) if default else "", allowed, words[name][language])
        for name, default, allowed in console_settings()
    ]
    yield from table(headings[language], rows)


def console_part(language: Language, *, lead: Bilingual, part: str) -> Lines:
    """Webhooks, or the management API."""
    first, *rest = lead.of(language).split("\n\n")
    yield from (first, "", MADE.of(language), "", *rest, "")
    for before, headings, rows in getattr(console_reference, part)(language):
        if before:
            yield from (before, "")
        yield from table(headings, rows)


def indicators_page(language: Language) -> Lines:
    """The library of indicators."""
    first, *rest = indicator_reference.LEAD.of(language).split("\n\n")
    yield from (first, "", MADE.of(language), "", *rest, "")
    for heading, titles, rows in indicator_reference.tables(language):
        yield from (heading, "")
        yield from table(titles, rows)


PAGES: Final[dict[str, Callable[[Language], Lines]]] = {
    "events": events_page,
    "errors": errors_page,
    "cli": cli_page,
    "scenarios": scenarios_page,
    "service": service_page,
    "console": console_page,
    "webhooks": partial(console_part, lead=console_reference.WEBHOOKS, part="webhooks"),
    "indicators": indicators_page,
    "console-api": partial(console_part, lead=console_reference.API, part="api"),
}


def pages() -> dict[Path, str]:
    """Every generated page with its text."""
    made = {}
    for name, page in PAGES.items():
        for language, suffix in (("en", ".md"), ("zh", ".zh.md")):
            lines = page(language)  # type: ignore[arg-type]
            made[FOLDER / f"{name}{suffix}"] = "\n".join(lines).rstrip("\n") + "\n"
    return made


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
