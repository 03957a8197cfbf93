"""The quarterly fraud report: what the PDF says, cell by cell, is what screen and files say."""

import csv
import io
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.utils import translation
from tests.console.operators import browser_of, new_operator
from tests.console.reports.tagged_pdf import tables_of
from tests.console.reports.test_figures import again, full, rows_of_xlsx

from fengkong.console.feedback.maturity import today
from fengkong.console.reports.quarterly import quarter_of, quarterly_sheets


class Tables(HTMLParser):
    """The rows of a page's tables, blanks taken out."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._reads = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append("")
        self._reads = self._reads or tag in {"td", "th"}

    def handle_endtag(self, tag: str) -> None:
        self._reads = self._reads and tag not in {"td", "th"}

    def handle_data(self, data: str) -> None:
        if self._reads:
            self.rows[-1][-1] += "".join(data.split())


@pytest.mark.usefixtures("traffic")
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_cell_is_the_same_everywhere(language: str) -> None:
    quarter = quarter_of(None, today=today() - timedelta(days=1))
    asked = f"?quarter={quarter.key}"
    browser = browser_of(new_operator("executive"))
    browser.cookies["django_language"] = language
    paper = tables_of(browser.get(f"/reports/quarterly/file/pdf/{asked}").content)
    book = browser.get(f"/reports/quarterly/file/xlsx/{asked}").content
    written = browser.get(f"/reports/quarterly/file/csv/{asked}").content.decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(written)))
    screen = Tables(browser.get(f"/reports/quarterly/{asked}").content.decode()).rows
    with translation.override(language):
        sheets = quarterly_sheets(quarter, currency="CNY")
        assert len(paper) == len(sheets) >= 4
        compared = 0
        for number, (sheet, (head, *rows)) in enumerate(zip(sheets, paper, strict=True), start=2):
            assert head == ["".join(str(one.title).split()) for one in sheet.columns]
            in_book = rows_of_xlsx(book, number)[1:]
            begin = lines.index([str(sheet.title)]) + 2
            in_lines = lines[begin : begin + len(rows)]
            for row, cells, said, line in zip(rows, sheet.cells(), in_book, in_lines, strict=True):
                assert row == ["".join(cell.split()) for cell in cells]
                assert row in screen
                held = zip(full(said, cells), sheet.columns, strict=True)
                assert [again(value, column) for value, column in held] == cells
                for text, column, cell in zip(line[1:], sheet.columns[1:], cells[1:], strict=True):
                    assert again(float(text) if text else None, column) == cell
                compared += len(row)
        assert compared > 30


def test_a_figure_that_differs_is_seen() -> None:
    """The reader reads: another figure is another text, and each stands in its own cell."""
    from fengkong.console.shell.sheet_files import pdf_file
    from fengkong.console.shell.sheets import Column, Sheet

    columns = (Column("名称", "text"), Column("Money", "money"), Column("n"))
    rows = [("转账 (first)", 123_456_789, 7), ("\\fi ffl", -5, 10_000)] * 40
    tables = []
    for changed in (0, 1):
        rows[3] = ("\\fi ffl", -5 - changed, 10_000)
        sheet = Sheet(key="s", title="s", columns=columns, rows=rows)
        with translation.override("zh-hans"):
            tables.append((tables_of(pdf_file([sheet], title="t", about=["x"])), sheet.cells()))
    for (table,), cells in tables:
        assert table[1:] == [["".join(cell.split()) for cell in row] for row in cells]
        assert table[0] == ["名称", "Money", "n"]
    assert tables[0][0] != tables[1][0]
