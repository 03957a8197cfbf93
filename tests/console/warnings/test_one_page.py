"""One page for the board: exactly one, in both languages, with the cockpit's own numbers."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import typst
from django.utils import timezone, translation
from tests.console.operators import browser_of

from fengkong.cli.demo_sources import made_demo_sources
from fengkong.console.accounts.models import Operator
from fengkong.console.shell.paper import has_chinese_font
from fengkong.console.warnings.computing import recompute
from fengkong.console.warnings.one_page import source_of
from fengkong.console.warnings.standing import SHOWN, standing_today

pytestmark = pytest.mark.django_db
Deliver = Callable[..., date]


def pages(source: str, folder: Path) -> int:
    place = folder / "board.typ"
    place.write_text(source, encoding="utf-8")
    made = typst.compile(str(place), format="png", ppi=20)
    return len(made) if isinstance(made, list) else 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_is_one_page_with_the_numbers_of_the_cockpit(
    data_directory: Path, tmp_path: Path, officer: Operator, language: str
) -> None:
    made_demo_sources(data_directory, today=timezone.localdate())
    recompute(everything=True)
    with translation.override("zh-hans" if language == "zh" else "en"):
        standing = standing_today()
        source = source_of(standing, language=language)
    assert len(standing.warnings) == SHOWN, "as full as it gets"
    assert pages(source, tmp_path) == 1
    accepted = "zh-hans" if language == "zh" else "en"
    browser = browser_of(officer, HTTP_ACCEPT_LANGUAGE=accepted)
    shown = browser.get("/warnings/cockpit/").content.decode()
    for one in standing.kinds:
        assert f'text("{one.found.points:.0f}")' in source
        assert re.search(rf'points">{one.found.points:.0f}<', shown), one.id
        assert str(one.title) in source
    for warning in standing.warnings:
        assert warning["sentence"][:40] in source
    answer = browser.get("/warnings/cockpit/one-page/")
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    families = typst.Fonts(include_system_fonts=True).families()
    assert has_chinese_font(families), "this machine can print Chinese"


def test_text_of_people_cannot_become_typst(deliver: Deliver, tmp_path: Path) -> None:
    deliver(unexplained=5.0, bank_balance=999_995.0)
    recompute()
    standing = standing_today()
    standing.warnings[0]["sentence"] = 'x") #panic("no") #text("' + "很" * 300
    assert pages(source_of(standing, language="en"), tmp_path) == 1
