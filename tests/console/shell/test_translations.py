"""Every string of the console is in both languages, and every text a reader sees is a string."""

from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from tools import translations
from tools.translations import (
    Source,
    faults,
    faults_of_entry,
    placeholders,
    strings_of_app,
    strings_of_python,
    strings_of_template,
    untranslated_texts,
    updated,
)


def test_nothing_is_missing() -> None:
    found = list(faults())
    assert not found, "python tools/translations.py; then:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("{% translate 'A' %}{% trans \"B\" %}", [Source("A"), Source("B")]),
        ("{% translate 'Half: 50%' as x %}", [Source("Half: 50%")]),
        ("{% translate 'May' context 'month' %}", [Source("May", context="month")]),
        ("{{ _('A')|upper }}{% x _('B') %}", [Source("A"), Source("B")]),
        (
            "{% blocktranslate with n=x trimmed %}\n  a {{ n }}\n  b\n{% endblocktranslate %}",
            [Source("a %(n)s b")],
        ),
        (
            "{% blocktranslate count n=x %}{{ n }} row{% plural %}{{ n }} rows"
            "{% endblocktranslate %}",
            [Source("%(n)s row", plural="%(n)s rows")],
        ),
        ('{% blocktranslate %}it\'s "so"{% endblocktranslate %}', [Source('it\'s "so"')]),
        ("{# {% translate 'no' %} #}{% comment %}{% translate 'no' %}{% endcomment %}x", []),
    ],
)
def test_strings_of_templates(template: str, found: list[Source]) -> None:
    assert list(strings_of_template(template)) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("_('a' 'b')", [Source("ab")]),
        ("gettext_lazy('a'); gettext('b')", [Source("a"), Source("b")]),
        ("ngettext('row', 'rows', n)", [Source("row", plural="rows")]),
        ("pgettext_lazy('month', 'May')", [Source("May", context="month")]),
        ("print('a'); x._('b')", []),
    ],
)
def test_strings_of_python(source: str, found: list[Source]) -> None:
    assert list(strings_of_python(source)) == found


@pytest.mark.parametrize("source", ["_(f'{x}')", "_(x)", "ngettext('a', x, 1)", "_(1)"])
def test_a_string_must_be_plain(source: str) -> None:
    with pytest.raises(ValueError, match="line 1"):
        list(strings_of_python(source))


def test_gettext_under_another_name_is_refused() -> None:
    with pytest.raises(ValueError, match="line 1: gettext as _now"):
        list(strings_of_python("from django.utils.translation import gettext as _now\n_now('a')"))


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        (polib.POEntry(msgid="a", msgstr=""), "no Chinese"),
        (polib.POEntry(msgid="a", msgstr="甲", flags=["fuzzy"]), "fuzzy"),
        (polib.POEntry(msgid="%(a)s x", msgstr="%(b)s 甲"), "placeholders"),
        (polib.POEntry(msgid="{a} x", msgstr="甲"), "placeholders"),
        (polib.POEntry(msgid="%s", msgstr="%d"), "placeholders"),
        (
            polib.POEntry(msgid="r", msgid_plural="%(n)s rs", msgstr_plural={0: "共条"}),
            "placeholders",
        ),
    ],
)
def test_a_bad_translation_is_seen(entry: polib.POEntry, fault: str) -> None:
    assert any(fault in one for one in faults_of_entry(entry))


@pytest.mark.parametrize(
    "entry",
    [
        polib.POEntry(msgid="%(a)s of %(b)s", msgstr="%(b)s 中的 %(a)s"),
        polib.POEntry(msgid="100%% of {n}", msgstr="{n} 的 100%%"),
        polib.POEntry(msgid="a row", msgid_plural="%(n)s rows", msgstr_plural={0: "%(n)s 条"}),
    ],
)
def test_a_good_translation_passes(entry: polib.POEntry) -> None:
    assert list(faults_of_entry(entry)) == []


def test_placeholders_are_those_of_all_ways_to_write_them() -> None:
    assert placeholders("%(a)s %s {b} {} 5%% {{c}}") == {"%(a)s", "%s", "{b}", "{}"}


@pytest.mark.parametrize(
    ("template", "texts"),
    [
        ("<p>Hello</p>", ["Hello"]),
        ("<p>风控</p>", ["风控"]),
        ("<a title='Go there'>{{ x }}</a>", ["Go there"]),
        ("<input placeholder='Name'>", ["Name"]),
        ("<p>{% translate 'Hello' %} {{ who }} · 3 %</p>", []),
        ("<p>{% blocktranslate %}Hello{% endblocktranslate %}</p>", []),
        ("<script src='a.js'></script><code>x = yes</code>{# Hello #}", []),
        ("{% comment %}Hello{% endcomment %}<b>Fengkong</b>", []),
    ],
)
def test_texts_outside_of_tags_are_seen(template: str, texts: list[str]) -> None:
    assert untranslated_texts(template) == texts


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "templates").mkdir()
    (tmp_path / "__init__.py").write_text("from x import gettext as _\nA = _('kept')\n")
    return tmp_path


def test_updating_keeps_what_is_translated(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translations, "CONSOLE", app)
    (app / "templates/a.html").write_text("{% translate 'new' %}")
    before = polib.POFile()
    before.append(polib.POEntry(msgid="kept", msgstr="保留"))
    before.append(polib.POEntry(msgid="gone", msgstr="消失"))
    after = updated(before, strings_of_app(app))
    assert {entry.msgid: entry.msgstr for entry in after} == {"kept": "保留", "new": ""}
