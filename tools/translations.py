"""Keeps the console's catalogues: every string of every app, in Chinese beside the code.

``python tools/translations.py`` brings APP/locale/zh_Hans.po of every app up to date: new strings
come in without a translation, translations stay, strings that are gone go; those of a library,
whose place is written as ``django`` or ``allauth``, stay. ``--check`` only says what is wrong. No
gettext is needed: templates are read by Django's own reader, Python by its own.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import polib
from django.utils.translation.template import templatize

CONSOLE: Final = Path(__file__).resolve().parents[1] / "src" / "fengkong" / "console"
DOMAIN_FILE: Final = "locale/zh_Hans.po"
METADATA: Final = {
    "Language": "zh_Hans",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=1; plural=0;",
}
_CALL: Final = re.compile(
    r"\b(?P<name>n?p?gettext|_)\((?P<texts>(?:\s*u?(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"),?)+)"
)
_TEXT: Final = re.compile(r"u?('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")")
_PLACEHOLDER: Final = re.compile(r"%\((\w+)\)[sdf]|%[sd]|(?<!\{)\{(\w*)\}(?!\})")
_LIBRARIES: Final = frozenset({"django", "allauth"})
_PLURAL: Final = frozenset({"ngettext", "ngettext_lazy"})
_CONTEXT: Final = frozenset({"pgettext", "pgettext_lazy"})
_SINGULAR: Final = frozenset({"gettext", "gettext_lazy", "gettext_noop", "_"})


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A string to translate: in English, its plural and its context where it has one."""

    text: str
    plural: str = ""
    context: str = ""


def apps() -> list[Path]:
    """The folders of the console's apps, in order."""
    return sorted(path for path in CONSOLE.iterdir() if (path / "__init__.py").is_file())


def template_files(app: Path) -> list[Path]:
    """The templates of an app."""
    return sorted(path for path in app.glob("templates/**/*") if path.is_file())


def strings_of_template(text: str) -> Iterator[Source]:
    """The strings of a template's translate and blocktranslate tags."""
    for found in _CALL.finditer(templatize(text)):
        texts = [str(ast.literal_eval(part)) for part in _TEXT.findall(found["texts"])]
        # The reader doubles every percent sign, as xgettext wants it; a tag's own has one.
        if found["name"] != "ngettext" and "%(" not in texts[-1]:
            texts = [part.replace("%%", "%") for part in texts]
        if found["name"] == "ngettext":
            yield Source(texts[0], plural=texts[1])
        elif found["name"] == "npgettext":
            yield Source(texts[1], plural=texts[2], context=texts[0])
        elif found["name"] == "pgettext":
            yield Source(texts[1], context=texts[0])
        else:
            yield Source(texts[0])


def strings_of_python(text: str) -> Iterator[Source]:
    """The strings of gettext calls; raises ValueError where one is not a plain string.

    Also where gettext is imported under a name that is not looked for here: its strings would have
    no Chinese, and nobody would know.
    """
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            _check_names(node)
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in _PLURAL | _CONTEXT | _SINGULAR:
            continue
        wanted = 1 if name in _SINGULAR else 2
        texts = [arg.value for arg in node.args[:wanted] if isinstance(arg, ast.Constant)]
        if len(texts) != wanted or not all(isinstance(one, str) for one in texts):
            raise ValueError(f"line {node.lineno}: {name} of what is not a plain string")
        plain = [str(one) for one in texts]
        if name in _PLURAL:
            yield Source(plain[0], plural=plain[1])
        elif name in _CONTEXT:
            yield Source(plain[1], context=plain[0])
        else:
            yield Source(plain[0])


def _check_names(node: ast.ImportFrom) -> None:
    for name in node.names:
        known = name.asname in (None, "_") or name.name not in _PLURAL | _CONTEXT | _SINGULAR
        if not known:
            raise ValueError(f"line {node.lineno}: {name.name} as {name.asname} is not looked for")


def strings_of_app(app: Path) -> dict[Source, list[str]]:
    """Every string of an app with the files it stands in."""
    found: dict[Source, list[str]] = {}
    for path in template_files(app):
        _note(found, strings_of_template(path.read_text(encoding="utf-8")), path)
    for path in sorted(app.rglob("*.py")):
        if "migrations" in path.parts:
            continue
        try:
            _note(found, strings_of_python(path.read_text(encoding="utf-8")), path)
        except ValueError as error:
            raise ValueError(f"{path.relative_to(CONSOLE)}: {error}") from None
    return found


def _note(found: dict[Source, list[str]], sources: Iterator[Source], path: Path) -> None:
    for source in sources:
        places = found.setdefault(source, [])
        place = path.relative_to(CONSOLE).as_posix()
        if place not in places:
            places.append(place)


def updated(catalogue: polib.POFile, sources: dict[Source, list[str]]) -> polib.POFile:
    """The catalogue of exactly these strings, with the translations that were there."""
    kept = {(e.msgid, e.msgctxt or ""): e for e in catalogue if not e.obsolete}
    made = polib.POFile(wrapwidth=99)
    made.metadata = dict(METADATA)
    for source in sorted(sources):
        before = kept.get((source.text, source.context))
        entry = polib.POEntry(
            msgid=source.text,
            msgctxt=source.context or None,
            occurrences=[(place, "") for place in sources[source]],
        )
        if before is not None:
            entry.tcomment, entry.comment = before.tcomment, before.comment
        if source.plural:
            entry.msgid_plural = source.plural
            texts = before.msgstr_plural if before is not None and before.msgstr_plural else {}
            single = before.msgstr if before is not None else ""
            entry.msgstr_plural = {0: texts.get(0, single)}
        elif before is not None:
            entry.msgstr = before.msgstr or before.msgstr_plural.get(0, "")
        made.append(entry)
    made.extend(entry for entry in catalogue if is_of_a_library(entry))
    return made


def is_of_a_library(entry: polib.POEntry) -> bool:
    """Whether an entry says in Chinese what a library says in English only."""
    return any(place in _LIBRARIES for place, _ in entry.occurrences)


def faults_of_entry(entry: polib.POEntry) -> Iterator[str]:
    """What is wrong with a translation: none, doubtful, or other placeholders."""
    shown = entry.msgid if len(entry.msgid) < 60 else f"{entry.msgid[:57]}..."
    text = entry.msgstr_plural.get(0, "") if entry.msgid_plural else entry.msgstr
    if not text:
        yield f"{shown!r} has no Chinese"
        return
    if entry.fuzzy:
        yield f"{shown!r} is marked fuzzy"
    wanted = placeholders(entry.msgid_plural or entry.msgid)
    if placeholders(text) != wanted:
        yield f"{shown!r}: placeholders {sorted(placeholders(text))}, not {sorted(wanted)}"
    if entry.msgid_plural and not placeholders(entry.msgid) <= wanted:
        yield f"{shown!r}: the plural lacks a placeholder"


def placeholders(text: str) -> set[str]:
    """The places of a text that are filled in: ``%(name)s``, ``%s``, ``{name}``."""
    return {found.group(0) for found in _PLACEHOLDER.finditer(text.replace("%%", ""))}


def faults() -> Iterator[str]:
    """Everything that is wrong with the catalogues."""
    meanings: dict[tuple[str, str], tuple[str, str]] = {}
    for app in apps():
        sources = strings_of_app(app)
        path = app / DOMAIN_FILE
        if not sources and not path.exists():
            continue
        catalogue = polib.pofile(str(path)) if path.exists() else polib.POFile()
        entries = {(e.msgid, e.msgctxt or ""): e for e in catalogue if not e.obsolete}
        for source, places in sources.items():
            entry = entries.pop((source.text, source.context), None)
            if entry is None:
                yield f"{places[0]}: {source.text!r} is not in {app.name}/{DOMAIN_FILE}"
                continue
            yield from (f"{app.name}: {fault}" for fault in faults_of_entry(entry))
            text = entry.msgstr_plural.get(0, "") if entry.msgid_plural else entry.msgstr
            owner, meaning = meanings.setdefault((source.text, source.context), (app.name, text))
            if meaning != text:
                yield f"{source.text!r} is {meaning!r} in {owner} and {text!r} in {app.name}"
        for text in (text for (text, _), one in entries.items() if not is_of_a_library(one)):
            yield f"{app.name}: {text!r} is translated and nowhere said"
        for path in template_files(app):
            if path.suffix == ".html":
                for shown in untranslated_texts(path.read_text(encoding="utf-8")):
                    yield f"{path.relative_to(CONSOLE)}: {shown!r} stands outside of translate"


_TAG: Final = re.compile(
    r"\{%\s*comment\b.*?endcomment\s*%\}|\{#.*?#\}"
    r"|\{%\s*blocktrans(?:late)?\b.*?endblocktrans(?:late)?\s*%\}|\{%.*?%\}|\{\{.*?\}\}",
    re.DOTALL,
)
_WORD: Final = re.compile(r"[A-Za-z\u4e00-\u9fff]{2,}")
_SAID: Final = frozenset({"title", "alt", "placeholder", "aria-label", "data-confirm", "content"})
# Names of their own, units, keys of the keyboard, and the names of languages in those languages.
_NAMES: Final = re.compile(
    r"\b(Fengkong|Esc|Ctrl|Enter|Tab|EN|ID|UTC|YAML|JSON|CSV|API|TOTP|URL|ISO|SHA-256|width=\S+)\b|中文"
    r"|initial-scale=\d|device-width"
)


class _Shown(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "style", "code"}:
            self._silent += 1
        if tag != "meta":
            self.texts += [value for name, value in attrs if name in _SAID and value]

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style", "code"}:
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.texts.append(data)


def untranslated_texts(template: str) -> list[str]:
    """Words of a template that readers see and that no tag translates."""
    reader = _Shown()
    reader.feed(_TAG.sub("", template))
    shown = [" ".join(text.split()) for text in reader.texts]
    return [text for text in shown if _WORD.search(_NAMES.sub("", text))]


def main() -> int:
    """Bring the catalogues up to date, or say what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say what is wrong")
    parser.add_argument("apps", nargs="*", help="folders of apps; all unless given")
    given = parser.parse_args()
    if not given.check:
        for app in apps():
            sources = strings_of_app(app)
            if not sources or (given.apps and app.name not in given.apps):
                continue
            path = app / DOMAIN_FILE
            before = polib.pofile(str(path)) if path.exists() else polib.POFile()
            path.parent.mkdir(exist_ok=True)
            updated(before, sources).save(str(path))
    found = [f for f in faults() if not given.apps or any(name in f for name in given.apps)]
    print("\n".join(found))  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
