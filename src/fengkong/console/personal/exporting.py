"""Exports of personal data: proposed, approved, made by the worker, sealed, marked, and gone."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from fengkong.console.approvals.four_eyes import Act, Fact
from fengkong.console.audit.exporting import BOM, harmless
from fengkong.console.audit.recording import SYSTEM, record
from fengkong.console.journaled.models import Decision
from fengkong.console.journaled.reading import clear_entry
from fengkong.console.outbox.jobs import put
from fengkong.console.personal import sealing
from fengkong.console.personal.masking import class_of
from fengkong.console.personal.models import Export
from fengkong.console.personal.watermarks import invisible
from fengkong.core.errors import RiskError
from fengkong.events.catalogue import shipped_catalogue

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator
    from fengkong.console.approvals.models import Proposal
    from fengkong.console.outbox.models import Job

KIND: Final = "export_personal_data"
JOB: Final = "make_personal_export"
ROWS_MAX: Final = {"csv": 10_000, "pdf": 500}
KEPT: Final = timedelta(hours=72)
DOWNLOADS_MAX: Final = 5


class ExportNotReadyError(RiskError):
    """The file is not there: still being made, no longer kept, or fetched often enough."""

    code = "console.export_not_ready"
    hint = "Look at the list of exports; propose a new one where this one is gone."


def exportable_fields(event_type: str) -> list[str]:
    """The fields of a type that an export may hold: none of class C3."""
    known = shipped_catalogue().types.get(event_type)
    names = () if known is None else known.fields
    return sorted(name for name in names if class_of(name) != "C3")


def describe(proposal: Proposal) -> list[Fact]:
    """What would be exported, in words."""
    asked = proposal.content
    fields = shipped_catalogue().fields
    language = "zh" if (get_language() or "zh").startswith("zh") else "en"
    names = [name for name in asked["fields"] if name in fields and class_of(name) != "C3"]
    titles = [str(getattr(fields[name].title, language)) for name in names]
    return [
        (_("Events"), asked["event_type"]),
        (_("From"), _moment(asked["since"])),
        (_("To"), _moment(asked["until"])),
        (_("Fields"), ", ".join(titles)),
        (_("Form"), asked["form"].upper()),
        (_("Rows at most"), f"{ROWS_MAX[asked['form']]:,}"),
        (_("Kept for"), _("%(hours)s hours") % {"hours": int(KEPT.total_seconds() // 3600)}),
    ]


def perform(proposal: Proposal, approver: Operator) -> None:
    """The export is promised; the worker makes it."""
    asked = proposal.content
    export = Export.objects.create(
        operator=proposal.proposed_by,
        approved_by=approver,
        purpose=proposal.reason[:200],
        event_type=asked["event_type"],
        since=asked["since"],
        until=asked["until"],
        fields=[name for name in asked["fields"] if class_of(name) != "C3"],
        form=asked["form"],
        mark=os.urandom(8).hex(),
    )
    put(JOB, {"export": export.pk}, key=str(export.pk))


ACT: Final = Act(
    _("Export of personal data"), "personal.export", "personal.approve", perform, describe
)


def make(job: Job) -> None:
    """Make the file of an export; one that was made is not made again."""
    export = Export.objects.select_related("operator").get(pk=job.content["export"])
    if export.state != Export.State.MAKING:
        return
    rows = list(_rows(export))
    content = _csv(export, rows) if export.form == Export.Form.CSV else _pdf(export, rows)
    sealing.keep_file(io.BytesIO(content), name=_name(export))
    with transaction.atomic():
        export.state, export.rows, export.made_at = Export.State.READY, len(rows), timezone.now()
        export.expires_at = export.made_at + KEPT
        export.save()
        detail = {"rows": len(rows), "form": export.form, "fields": export.fields}
        record(SYSTEM, "make_export", target_kind="export", target=str(export.pk), detail=detail)


@transaction.atomic
def download(operator: Operator, export_id: int) -> tuple[Export, bytes]:
    """The file in the clear, for whom it was made; raises PermissionDenied, ExportNotReadyError."""
    export = Export.objects.select_for_update().get(pk=export_id)
    if export.operator_id != operator.pk or not operator.may("personal.export"):
        raise PermissionDenied("an export is for who proposed it")
    over = export.expires_at is not None and export.expires_at <= timezone.now()
    if export.state != Export.State.READY or over or export.downloads >= DOWNLOADS_MAX:
        raise ExportNotReadyError(f"{export} cannot be fetched")
    content = sealing.kept_file(_name(export))
    export.downloads += 1
    export.save(update_fields=("downloads",))
    detail = {"download": export.downloads}
    record(operator, "download_export", target_kind="export", target=str(export.pk), detail=detail)
    return export, content


def forget_old(*, all_of_them: str = "") -> int:
    """Remove the files whose time is over; how many. With a reason, all that are kept."""
    due = models.Q() if all_of_them else models.Q(expires_at__lte=timezone.now())
    count = 0
    with transaction.atomic():
        for export in Export.objects.select_for_update().filter(due, state=Export.State.READY):
            sealing.forget_file(_name(export))
            export.state = Export.State.GONE
            export.save(update_fields=("state",))
            detail = {"reason": all_of_them or "time"}
            record(
                SYSTEM, "remove_export", target_kind="export", target=str(export.pk), detail=detail
            )
            count += 1
    return count


def visible_mark(export: Export) -> str:
    """What everybody reads on the file: whose it is, when it was made, what for."""
    at = timezone.localtime(timezone.now())
    who = f"{export.operator} ({export.operator.username})"
    return f"{who} · {at:%F %R} · {export.purpose} · No. {export.mark}"


def _rows(export: Export) -> Iterator[list[str]]:
    """The values of each event, the oldest first; erased ones are left out."""
    found = Decision.objects.filter(
        event_type=export.event_type,
        occurred_at__gte=export.since,
        occurred_at__lt=export.until,
        erased=False,
    )
    sequences = found.order_by("occurred_at", "sequence").values_list("sequence", flat=True)
    for sequence in sequences[: ROWS_MAX[export.form]]:
        entry = clear_entry(sequence)
        if entry.event is not None:
            values = entry.event.values
            yield [_text(entry.leaf.event), *(_text(values.get(name)) for name in export.fields)]


def _csv(export: Export, rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    hidden = invisible(export.mark)
    visible = visible_mark(export)
    writer.writerow([harmless(visible) + hidden])
    writer.writerow(["event", *export.fields, "confidential"])
    # The mark stands in a column of its own: in an identifier it would break whoever joins by it.
    writer.writerows([*map(harmless, row), harmless(visible) + hidden] for row in rows)
    return (BOM + text.getvalue()).encode()


def _pdf(export: Export, rows: Sequence[Sequence[str]]) -> bytes:
    """A table on pages that carry both marks."""
    import typst as press  # noqa: PLC0415 - only a PDF needs it

    with tempfile.TemporaryDirectory(dir=sealing.working_folder()) as made:
        page = Path(made) / "export.typ"
        page.write_text(_typst(export, rows), encoding="utf-8")
        return bytes(press.compile(str(page)))


def _typst(export: Export, rows: Sequence[Sequence[str]]) -> str:
    visible, hidden = _quoted(visible_mark(export)), _quoted(invisible(export.mark))
    titles = ["event", *export.fields]
    cells = ",\n".join(f"[#{_quoted(text)}]" for text in [*titles, *(t for r in rows for t in r)])
    return f"""
#set document(title: "Export {export.mark}", keywords: ("{export.mark}",))
#set text(size: 7pt, font: ("Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Zen Hei"),
  fallback: true)
#set page(paper: "a4", flipped: true, margin: 1.5cm,
  background: rotate(-30deg, text(size: 22pt, fill: luma(225), {visible})),
  footer: [#text(size: 6pt, {visible}) #text(size: 1pt, fill: white, "{export.mark}" + {hidden})])
#table(columns: {len(titles)}, stroke: 0.3pt + luma(180),
{cells})
"""


def _quoted(text: str) -> str:
    """A string of Typst."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'


def _name(export: Export) -> str:
    return f"export-{export.pk}-{export.mark}"


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _moment(text: str) -> str:
    moment: datetime | None = parse_datetime(text)
    return text if moment is None else f"{timezone.localtime(moment):%F %R}"
