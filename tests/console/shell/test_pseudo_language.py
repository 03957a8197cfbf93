"""Every screen in a language where each translated text stands in brackets: none is outside.

What the database holds is data and may stand as it is; everything else that a reader sees must
have been translated.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.utils.translation import trans_real
from tests.console.operators import Browser, browser_of, new_operator
from tests.console.permissions.samples import SAMPLES

from fengkong.console.accounts.duties import ROLES
from fengkong.console.project.addresses import Address, addresses

pytestmark = pytest.mark.django_db
LEFT, RIGHT = "⟦", "⟧"
WORD = re.compile(r"[A-Za-z]{3,}")
# Names of their own, languages in their own words, units, and codes (rule ids, hashes, fields).
NAMES = re.compile(
    r"[A-Z]\w+/[A-Z][\w ]+|[Ff]engkong(?: [a-z]+)?|English|sqlite|\bEsc\b|\bmin\b|\b[A-Z]{2,5}\b"
    r"|DebtRank|Kupiec|Christoffersen"
    r"|\b\w+(?:[._:/@-]\w+)+|\b\w*\d\w*\b"
)
SILENT = {"script", "style", "code", "pre", "kbd", "title", "textarea"}
LEAVING = {"account_logout", "set_language"}


class Pseudo(trans_real.DjangoTranslation):
    """Brackets around whatever is translated."""

    def gettext(self, message: str) -> str:
        return f"{LEFT}{message}{RIGHT}" if message else ""

    def ngettext(self, singular: str, plural: str, number: float) -> str:
        return self.gettext(singular if number == 1 else plural)

    def pgettext(self, _context: str, message: str) -> str:
        return self.gettext(message)

    def npgettext(self, _context: str, singular: str, plural: str, number: float) -> str:
        return self.ngettext(singular, plural, number)


class Reader(HTMLParser):
    """The texts that a page shows."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.said: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        mono = "fk-mono" in (given.get("class") or "")
        # What is quoted in a language of its own says so, and is not translated.
        quoted = tag != "html" and given.get("lang") in {"en", "zh-hans"}
        if tag in SILENT or mono or quoted or given.get("lang") == "zh-hans":
            if tag not in {"input", "br", "img", "html"}:
                self._silent.append(tag)
            return
        if tag != "option":
            for name in ("title", "placeholder", "aria-label", "alt", "data-confirm"):
                self.said.append(given.get(name) or "")

    def handle_endtag(self, tag: str) -> None:
        if self._silent and self._silent[-1] == tag:
            self._silent.pop()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.texts.append(data)


def bare_words(html: str, *, known: set[str]) -> Iterator[str]:
    """Words outside of brackets that are neither names nor data."""
    reader = Reader()
    reader.feed(html)
    for text in (without_brackets("\0".join(reader.texts)), *map(without_brackets, reader.said)):
        for part in text.split("\0"):
            for word in WORD.findall(NAMES.sub("", part)):
                if word.casefold() not in known:
                    yield f"{word!r} in {' '.join(part.split())[:80]!r}"


def without_brackets(text: str) -> str:
    """What is not translated; the innermost pair goes first, since one text may fill another."""
    while (less := re.sub(f"{LEFT}[^{LEFT}{RIGHT}]*{RIGHT}", "", text)) != text:
        text = less
    return text


def words_of_database() -> set[str]:
    """Every word that a row of the database holds."""
    found: set[str] = set()
    for model in apps.get_models():
        texts = [
            field.attname
            for field in model._meta.concrete_fields
            if isinstance(field, models.CharField | models.TextField | models.JSONField)
        ]
        for row in model._default_manager.values_list(*texts)[:500] if texts else ():
            found |= {word.casefold() for value in row for word in WORD.findall(str(value))}
    return found


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> None:
    language = Pseudo("zh-hans")
    monkeypatch.setitem(trans_real._translations, "zh-hans", language)


@pytest.fixture
def visit(pseudo: None) -> Any:
    walker = new_operator(*ROLES, username="walker")
    values = {part: sample(walker) for part, sample in SAMPLES.items()}
    browser: Browser = browser_of(walker, HTTP_HOST="localhost")
    browser.cookies["django_language"] = "zh-hans"

    def answer(address: Address) -> Any:
        return browser.get(address.path(values.get(address.part, {})))

    return answer


def test_every_text_of_every_screen_is_translated(visit: Any) -> None:
    known = words_of_database()
    seen, faults = 0, []
    for address in addresses():
        if address.name in LEAVING or address.name.endswith("events"):
            continue
        answer = visit(address)
        if answer.status_code != 200 or not answer["Content-Type"].startswith("text/html"):
            continue
        seen += 1
        faults += [f"{address.route}: {one}" for one in bare_words(answer.text, known=known)]
    assert seen > 3
    assert not faults, "\n".join(dict.fromkeys(faults))


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p>⟦All well⟧</p>", []),
        ("<p>⟦All ⟦is⟧ well⟧ 3 min</p>", []),
        ("<p>Not well</p>", ["Not", "well"]),
        ("<p title='Here'>⟦x⟧</p>", ["Here"]),
        ("<p>risk <code>rule</code> a.b_c deny</p>", ["deny"]),
        ("<script>var word</script><b>人</b>", []),
    ],
)
def test_bare_words_are_seen(html: str, words: list[str]) -> None:
    found = [one.split("'")[1] for one in bare_words(html, known={"risk"})]
    assert found == words
