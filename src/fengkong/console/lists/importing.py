"""Reads files of values to be listed, shows what is in them, and lists them once confirmed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Final

import msgspec
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from fengkong.console.accounts.models import Operator
from fengkong.console.audit.recording import record
from fengkong.console.lists.changing import (
    NewEntry,
    add_entries,
    declared_list,
    end_entries,
    fault_of,
    in_force,
)
from fengkong.console.lists.declared import DeclaredList
from fengkong.console.lists.models import ListEntry, ListImport
from fengkong.console.lists.values import digest_of, masked_value
from fengkong.console.personal.sealing import open_text, seal_text
from fengkong.core.errors import RiskError

BYTES_MAX: Final = 8 * 1024 * 1024
ROWS_MAX: Final = 50_000
FAULTS_SHOWN: Final = 200
COLUMNS: Final = ("value", "reason", "expires_at")
_ASKED_AT_ONCE: Final = 500


class UnreadableImportError(RiskError):
    """The file of values cannot be read."""

    code = "console.unreadable_import"
    hint = "Give a CSV file in UTF-8 with a column value, and perhaps reason and expires_at."


class DecidedImportError(RiskError):
    """The import was confirmed, dropped or taken back before."""

    code = "console.decided_import"
    hint = "Open the list again to see its entries."


@dataclass(frozen=True, slots=True)
class LineFault:
    """What is wrong with one line; `shown` is its value, masked."""

    line: int
    shown: str
    fault: str


@dataclass(slots=True)
class Preview:
    """What is in a file: what would be listed, what is wrong, and what is listed already."""

    entries: list[NewEntry] = field(default_factory=list)
    faults: list[LineFault] = field(default_factory=list)
    listed_already: int = 0


def read_import(
    content: bytes, into: DeclaredList, *, reason: str, expires_at: datetime | None
) -> Preview:
    """Read a file; `reason` and `expires_at` hold where a line has none of its own.

    Raises UnreadableImportError for what is no such file at all.
    """
    preview, seen, now = Preview(), dict[str, int](), timezone.now()
    for line, row in _rows(content):
        value = row.get("value", "").strip()
        try:
            ends = _expiry(row.get("expires_at", "")) or expires_at
        except ValueError:
            preview.faults.append(_fault(line, value, into, _("expires_at is not a day")))
            continue
        entry = NewEntry(
            value=value, reason=row.get("reason", "").strip() or reason, expires_at=ends
        )
        fault = fault_of(entry, into, now=now)
        if not fault and value in seen:
            fault = _("the same value stands on line %(line)d") % {"line": seen[value]}
        if fault:
            preview.faults.append(_fault(line, value, into, fault))
        else:
            seen[value] = line
            preview.entries.append(entry)
    preview.listed_already = _listed_already(into.name, [e.value for e in preview.entries])
    return preview


@transaction.atomic
def keep_preview(
    operator: Operator, list_name: str, preview: Preview, *, file_name: str, reason: str
) -> ListImport:
    """Keep what was read until somebody confirms it; raises UndeclaredListError."""
    declared_list(list_name)
    kept = ListImport.objects.create(
        list_name=list_name,
        file_name=file_name[:120],
        reason=reason,
        author=operator.username,
        rows=len(preview.entries),
        faults=[[f.line, f.shown, f.fault] for f in preview.faults[:FAULTS_SHOWN]],
        preview=seal_text(msgspec.json.encode(preview.entries).decode(), context="list-import"),
    )
    record(
        operator,
        "preview_list_import",
        target_kind="list_import",
        target=str(kept.pk),
        detail={"list": list_name, "rows": kept.rows, "faults": len(preview.faults)},
    )
    return kept


@transaction.atomic
def confirm_import(operator: Operator, import_id: int) -> ListImport:
    """List what was previewed; raises DecidedImportError and what `add_entries` raises."""
    kept = ListImport.objects.select_for_update().get(pk=import_id)
    if kept.state != ListImport.State.PREVIEWED or kept.preview is None:
        raise DecidedImportError(f"import {import_id} is {kept.state}")
    text = open_text(bytes(kept.preview), context="list-import")
    entries = msgspec.json.decode(text, type=list[NewEntry])
    add_entries(operator, kept.list_name, entries, imported=kept)
    kept.state, kept.preview = ListImport.State.ADDED, None
    kept.save()
    return kept


@transaction.atomic
def revert_import(operator: Operator, import_id: int, *, reason: str) -> int:
    """Take all entries of an import off their list, or drop its preview; how many ended."""
    kept = ListImport.objects.select_for_update().get(pk=import_id)
    if kept.state == ListImport.State.REVERTED:
        raise DecidedImportError(f"import {import_id} is {kept.state}")
    ended = end_entries(
        operator, ListEntry.objects.filter(imported=kept), list_name=kept.list_name, reason=reason
    )
    kept.state, kept.preview = ListImport.State.REVERTED, None
    kept.reverted_by, kept.reverted_at = operator.username, timezone.now()
    kept.save()
    record(
        operator,
        "revert_list_import",
        target_kind="list_import",
        target=str(kept.pk),
        detail={"list": kept.list_name, "ended": ended, "reason": reason},
    )
    return ended


def _rows(content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Line numbers and columns; a file without a head is one value a line."""
    if len(content) > BYTES_MAX:
        raise UnreadableImportError(f"the file is larger than {BYTES_MAX // 2**20} MB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableImportError(f"byte {error.start:,} is not UTF-8") from None
    if "\0" in text:
        raise UnreadableImportError("it holds zero bytes: it is not a text")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns: tuple[str, ...] | None = None
    count = 0
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = _columns(cells)
                if columns != ("value",) or cells[0].strip() == "value":
                    continue
            count += 1
            if count > ROWS_MAX:
                raise UnreadableImportError(f"it has more than {ROWS_MAX:,} lines")
            yield reader.line_num, dict(zip(columns, cells, strict=False))
    except csv.Error as error:
        raise UnreadableImportError(f"line {reader.line_num}: {error}") from None
    if not count:
        raise UnreadableImportError("it holds no values")


def _columns(cells: list[str]) -> tuple[str, ...]:
    names = tuple(cell.strip().lower() for cell in cells)
    if "value" not in names:
        if len(names) > 1:
            raise UnreadableImportError(
                f"the first line names no column value, but {names[0][:40]!r}"
            )
        return ("value",)
    unknown = [name for name in names if name not in COLUMNS]
    if unknown:
        raise UnreadableImportError(
            f"unknown column {unknown[0][:40]!r}; expected {', '.join(COLUMNS)}"
        )
    return names


def _expiry(text: str) -> datetime | None:
    """The instant of a day (its end) or of a moment; raises ValueError."""
    text = text.strip()
    if not text:
        return None
    day = parse_date(text)
    if day is not None:
        return timezone.make_aware(datetime.combine(day, time.max))
    moment = parse_datetime(text)
    if moment is None:
        raise ValueError(text)
    return moment if moment.tzinfo else timezone.make_aware(moment)


def _fault(line: int, value: str, into: DeclaredList, fault: str) -> LineFault:
    return LineFault(line, masked_value(into.entity, value), fault)


def _listed_already(list_name: str, values: list[str]) -> int:
    found = 0
    for start in range(0, len(values), _ASKED_AT_ONCE):
        digests = [digest_of(list_name, value) for value in values[start : start + _ASKED_AT_ONCE]]
        listed = ListEntry.objects.filter(in_force(), list_name=list_name, value_digest__in=digests)
        found += listed.order_by().values("value_digest").distinct().count()
    return found
