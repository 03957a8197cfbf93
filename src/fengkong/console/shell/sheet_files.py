"""Sheets as files: CSV and XLSX for spreadsheets, PDF for paper.

No text is ever a formula: what a spreadsheet might take for one is written as the text it is.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from django.http import HttpResponse

from fengkong.console.audit.exporting import BOM, harmless
from fengkong.console.shell.figures import reading_language
from fengkong.console.shell.sheets import Sheet
from fengkong.core.bilingual import Language
from fengkong.core.money import exponent
from fengkong.evaluation.document import Block, Grid, Heading, Paragraph, typst

FORMS: Final = ("csv", "xlsx", "pdf")
_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
_NAME_MAX: Final = 31
_FORBIDDEN: Final = re.compile(r"[\[\]:*?/\\]")
_WIDTHS: Final = (10, 48)


def sheets_answer(
    sheets: Sequence[Sheet], *, form: str, name: str, title: str, about: Sequence[str]
) -> HttpResponse:
    """An answer that is a file of these sheets; `about` are sentences that belong with them."""
    made = {"csv": csv_file, "xlsx": xlsx_file, "pdf": pdf_file}[form]
    answer = HttpResponse(made(sheets, title=title, about=about), content_type=_TYPES[form])
    answer["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return answer


def csv_file(sheets: Sequence[Sheet], *, title: str, about: Sequence[str]) -> bytes:
    """All sheets below each other, an empty line between them."""
    text = io.StringIO()
    writer = csv.writer(text)
    for line in (title, *about):
        writer.writerow([harmless(line)])
    for sheet in sheets:
        writer.writerow([])
        writer.writerow([harmless(str(sheet.title))])
        writer.writerow([harmless(str(one.title)) for one in sheet.columns])
        for row in sheet.values():
            writer.writerow([_csv_cell(value) for value in row])
    return (BOM + text.getvalue()).encode()


def xlsx_file(sheets: Sequence[Sheet], *, title: str, about: Sequence[str]) -> bytes:
    """A workbook: a page of what it is about, then one of every sheet."""
    import xlsxwriter  # noqa: PLC0415 - only a workbook needs it

    content = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(content, options) as book:
        bold = book.add_format({"bold": True})
        first = book.add_worksheet(_sheet_name("0", title))
        for place, line in enumerate((title, *about)):
            first.write_string(place, 0, line, bold if place == 0 else None)
        for number, sheet in enumerate(sheets, start=1):
            _fill(book, book.add_worksheet(_sheet_name(str(number), str(sheet.title))), sheet)
    return content.getvalue()


def pdf_file(sheets: Sequence[Sheet], *, title: str, about: Sequence[str]) -> bytes:
    """Pages for paper, with Chinese type where the machine has some."""
    import typst as press  # noqa: PLC0415 - only a PDF needs it

    language: Language = "zh" if reading_language() == "zh" else "en"
    with tempfile.TemporaryDirectory(prefix="fengkong-report-") as made:
        page = Path(made) / "report.typ"
        text = typst(_blocks(sheets, title=title, about=about), language=language)
        page.write_text(text.replace("#set page(", "#set page(flipped: true, ", 1), "utf-8")
        return bytes(press.compile(str(page)))


def _blocks(sheets: Sequence[Sheet], *, title: str, about: Sequence[str]) -> list[Block]:
    blocks: list[Block] = [Heading(1, title), *(Paragraph(line) for line in about)]
    for sheet in sheets:
        blocks.append(Heading(2, str(sheet.title)))
        columns = tuple(str(one.title) for one in sheet.columns)
        blocks.append(Grid(columns, tuple(tuple(row) for row in sheet.cells())))
        if sheet.notes:
            blocks.append(Paragraph(str(sheet.notes)))
    return blocks


def _fill(book: Any, page: Any, sheet: Sheet) -> None:
    digits = exponent(sheet.currency)
    written = {
        "count": "#,##0",
        "share": "0.0%",
        "bps": "#,##0.00",
        "money": "#,##0" + ("." + "0" * digits if digits else ""),
        "seconds": "#,##0",
        "number": "#,##0.00",
    }
    formats = {unit: book.add_format({"num_format": text}) for unit, text in written.items()}
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
    for column, one in enumerate(sheet.columns):
        page.write_string(0, column, str(one.title), head)
    cells = sheet.cells()
    for column in range(len(sheet.columns)):
        longest = max((len(row[column]) for row in cells), default=0)
        page.set_column(column, column, min(max(longest + 2, _WIDTHS[0]), _WIDTHS[1]))
    for number, row in enumerate(sheet.values(), start=1):
        for column, value in enumerate(row):
            unit = sheet.columns[column].unit
            if isinstance(value, str):
                page.write_string(number, column, value)
            elif value is not None:
                page.write_number(number, column, float(value), formats[unit])
    page.freeze_panes(1, 1)


def _sheet_name(number: str, title: str) -> str:
    return f"{number} {_FORBIDDEN.sub(' ', title)}"[:_NAME_MAX].rstrip("' ")


def _csv_cell(value: str | float | Decimal | None) -> str:
    if value is None:
        return ""
    return harmless(value) if isinstance(value, str) else str(value)
