"""Figures of dashboards are what counting gives, and files hold what the screens show."""

import csv
import io
import json
import re
import zipfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from django.utils.html import escape
from tests.console.operators import browser_of, new_operator

from fengkong.console.feedback.maturity import days_of, today
from fengkong.console.reports.dashboard import Wanted, dashboard, sheets_of, steps_of
from fengkong.console.reports.quarterly import (
    Quarter,
    fraud_type_of,
    quarter_of,
    quarterly_sheets,
    quarters,
    service_of,
)
from fengkong.console.shell.sheet_files import csv_file, pdf_file, xlsx_file
from fengkong.console.shell.sheets import Column, Sheet, written

_TEXTS = re.compile(r'"((?:[^"\\]|\\.)*)"')
"""Strings of Typst, quoted as JSON's are."""
EVIL = ("=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "{=1}", "https://h.example/")


@pytest.mark.usefixtures("traffic")
def test_a_dashboard_counts() -> None:
    found = dashboard(Wanted(days=days_of("7d")[1]))
    whole = found.whole
    assert (whole.decisions, whole.sums["frauds"], whole.through) == (6, 2, 5)
    assert whole.fraud_rate == pytest.approx(2 / 6)
    assert whole.fraud_rate_through == pytest.approx(1 / 5)
    assert whole.fraud_value_rate == pytest.approx(1 / 5)
    assert (whole.net_loss, whole.share("allow"), whole.false_positives) == (10_000, 0.5, 1.0)
    assert {name: part.decisions for name, part in found.channels.items()} == {"app": 3, "atm": 3}
    assert sum(part.decisions for part in found.steps.values()) == 6
    app = dashboard(Wanted(days=days_of("7d")[1], channel="app"))
    assert (app.whole.decisions, app.whole.sums["frauds"]) == (3, 1)
    other = dashboard(Wanted(days=days_of("7d")[1], currency="USD"))
    assert (other.whole.decisions, other.whole.sums["amount_minor"]) == (6, 0)


@pytest.mark.usefixtures("traffic")
def test_a_quarter_counts_what_went_through() -> None:
    with translation.override("en"):
        sheets = quarterly_sheets(quarter_of(None, today=today()), currency="CNY")
    by_key = {one.key: one for one in sheets}
    total = by_key["services"].rows[-1]
    if today() - timedelta(days=1) >= quarter_of(None, today=today()).days.first:
        assert total[1:5] == (5, 50_000, 1, 10_000)
        assert [row[0] for row in by_key["initiation"].rows] == [
            "Initiated remotely",
            "Initiated in person",
            "Total",
        ]


@pytest.mark.parametrize(
    ("given", "service"),
    [
        (("payment.initiated", "card", "app"), "card_payment"),
        (("payment.initiated", "", "app"), "other"),
        (("transfer.initiated", "", "app"), "credit_transfer"),
        (("withdrawal.requested", "", "atm"), "cash_withdrawal"),
    ],
)
def test_services(given: tuple[str, str, str], service: str) -> None:
    assert service_of(*given) == service


def test_types_of_fraud() -> None:
    kinds = ("authorised_push_payment_scam", "card_testing", "")
    assert [fraud_type_of(one) for one in kinds] == ["manipulation", "order", ""]


def test_quarters_are_whole() -> None:
    assert Quarter(2026, 4).days.first == date(2026, 10, 1)
    assert Quarter(2026, 4).days.last == date(2026, 12, 31)
    assert Quarter(2028, 1).days.count == 91
    assert [one.key for one in quarters(date(2026, 1, 5))][:3] == ["2026-Q1", "2025-Q4", "2025-Q3"]


@pytest.mark.parametrize("key", ["7d", "90d", "365d"])
def test_steps_cover_the_days(key: str) -> None:
    days = days_of(key)[1]
    found = steps_of(days)
    assert found[0] == days.first
    assert len(found) <= 60


def rows_of_xlsx(content: bytes, number: int) -> list[list[Any]]:
    """The cells of a page, read from the file's own XML."""
    book = zipfile.ZipFile(io.BytesIO(content))
    strings = re.findall(r"<si><t[^>]*>(.*?)</t></si>", book.read("xl/sharedStrings.xml").decode())
    page = book.read(f"xl/worksheets/sheet{number}.xml").decode()
    assert "<f>" not in page, "no formula"
    found = []
    for row in re.findall(r"<row [^>]*>(.*?)</row>", page):
        cells = re.findall(r'<c r="[A-Z]+\d+"(?: s="\d+")?( t="s")?><v>(.*?)</v>', row)
        found.append([strings[int(value)] if kind else float(value) for kind, value in cells])
    return found


@pytest.mark.usefixtures("traffic")
def test_files_hold_what_the_screen_shows() -> None:
    """Every number of the screen is in the workbook and in the CSV, written the same way."""
    with translation.override("en"):
        sheets = sheets_of(dashboard(Wanted(days=days_of("7d")[1])))
        book = xlsx_file(sheets, title="t", about=[])
        text = csv_file(sheets, title="t", about=[]).decode("utf-8-sig")
        lines = list(csv.reader(io.StringIO(text)))
        for number, sheet in enumerate(sheets, start=2):
            shown = sheet.cells()
            for row, cells in zip(rows_of_xlsx(book, number)[1:], shown, strict=True):
                back = [
                    text
                    for value, column in zip(full(row, cells), sheet.columns, strict=True)
                    for text in [again(value, column)]
                ]
                assert back == cells
            begin = lines.index([str(sheet.title)]) + 2
            for row, cells in zip(lines[begin : begin + len(shown)], shown, strict=True):
                numbers = [
                    again(float(value) if value else None, column)
                    for value, column in zip(row[1:], sheet.columns[1:], strict=True)
                ]
                assert numbers == cells[1:]


def full(row: list[Any], cells: list[str]) -> list[Any]:
    """A row with its empty cells, which a workbook leaves out."""
    found = iter(row)
    return [None if cell == "–" else next(found) for cell in cells]


def again(value: Any, column: Column) -> str:
    scale = {"money": 100, "bps": 1e-4}.get(column.unit, 1)
    given = value if value is None or isinstance(value, str) else value * scale
    return written(given, column.unit, currency="CNY")


@pytest.mark.usefixtures("traffic")
def test_the_screen_shows_these_cells() -> None:
    browser = browser_of(new_operator("executive"))
    page = browser.get("/reports/?days=7d").content.decode()
    with translation.override("en"):
        for sheet in sheets_of(dashboard(Wanted(days=days_of("7d")[1])))[1:]:
            for cells in sheet.cells():
                assert [one for one in cells[1:] if f">{escape(one)}</t" not in page] == []


def test_no_text_is_a_formula() -> None:
    rows = [(text, 1) for text in EVIL]
    sheet = Sheet(key="s", title="=1", columns=(Column("@a", "text"), Column("b")), rows=rows)
    book = xlsx_file([sheet], title="=2", about=["+3"])
    assert [row[0] for row in rows_of_xlsx(book, 2)[1:]] == [
        one.replace("&", "&amp;") for one in EVIL
    ]
    for line in csv.reader(
        io.StringIO(csv_file([sheet], title="=2", about=[]).decode("utf-8-sig"))
    ):
        for cell in line:
            assert not cell.startswith(("=", "+", "-", "@", "\t"))


@pytest.mark.usefixtures("traffic")
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_what_is_set_for_paper_are_the_cells_of_the_screen(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import typst

    pressed: list[str] = []
    press = typst.compile

    def watched(page: str) -> bytes:
        pressed.append(Path(page).read_text(encoding="utf-8"))
        return bytes(press(page))

    monkeypatch.setattr(typst, "compile", watched)
    browser = browser_of(new_operator("executive"))
    browser.cookies["django_language"] = language
    answer = browser.get("/reports/file/pdf/?days=7d")
    assert answer.content.startswith(b"%PDF")
    texts = [json.loads(f'"{one}"') for one in _TEXTS.findall(pressed[0])]
    with translation.override(language):
        sheets = sheets_of(dashboard(Wanted(days=days_of("7d")[1])))
    cells = [cell for sheet in sheets for row in sheet.cells() for cell in row]
    assert len(cells) > 50
    place = 0
    for cell in cells:  # in the order of the screen, none left out
        place = texts.index(cell, place) + 1
    page = browser.get("/reports/?days=7d").content.decode()
    shown = [one for sheet in sheets[1:] for row in sheet.cells() for one in row[1:]]
    assert [one for one in shown if f">{escape(one)}</t" not in page] == []


@pytest.mark.usefixtures("traffic")
def test_a_page_for_paper_is_made_in_both_languages() -> None:
    for language in ("en", "zh-hans"):
        with translation.override(language):
            sheets = sheets_of(dashboard(Wanted(days=days_of("7d")[1])))
            content = pdf_file(sheets, title='"#evil', about=["欺诈"])
        assert content.startswith(b"%PDF")


@pytest.mark.usefixtures("traffic")
@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize(
    "place", ["", "quarterly/", "file/csv/", "file/xlsx/", "quarterly/file/csv/", "?days=x&type=y"]
)
def test_every_address_answers(place: str, language: str) -> None:
    operator = new_operator("regulator")
    operator.language = language
    operator.save()
    assert browser_of(operator).get(f"/reports/{place}").status_code == 200


@pytest.mark.usefixtures("traffic")
def test_a_dashboard_asks_a_fixed_number_of_questions() -> None:
    with CaptureQueriesContext(connection) as asked:
        dashboard(Wanted(days=days_of("365d")[1]))
    assert len(asked) == 5
