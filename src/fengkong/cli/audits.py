"""`fengkong audit`: verify and export the desk's ledger, check the proof of an entry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from fengkong.cli.language import current_language, text
from fengkong.cli.screen import ERRORS, OUTPUT, progress
from fengkong.console.configuration import load_console_settings
from fengkong.console.project.setup import bring_schema_up_to_date, start_django
from fengkong.core.errors import RiskError
from fengkong.ledger.notes import VerifierKey
from fengkong.ledger.proof_files import ProofFile, verify_entry

ACTOR: Final = "command line"
"""Who is named in the ledger: whoever has a terminal on the machine is no operator."""
_LANGUAGES: Final = {"zh": "zh-hans", "en": "en"}


class NoConsoleError(RiskError):
    """The data directory has no database of a console."""

    code = "cli.no_console"
    hint = "Name the data directory that the console was started with, by --data."


def verify(data: Path) -> bool:
    """Verify every entry and what was signed; False where something is wrong, which is shown."""
    _start(data)
    from django.utils import translation  # noqa: PLC0415 - Django has just been loaded

    from fengkong.console.audit.findings import finding_words, warning_words  # noqa: PLC0415
    from fengkong.console.audit.verification import verify_all  # noqa: PLC0415

    with progress(text("audit.verify.progress")) as told:
        found = verify_all(ACTOR, progress=lambda it: told(it.done, it.percent / 100))
    with translation.override(_LANGUAGES[current_language()]):
        for words in finding_words(found):
            ERRORS.print(f"✗ {words}", markup=False, soft_wrap=True)
        for words in warning_words(found):
            ERRORS.print(f"! {words}", markup=False, soft_wrap=True)
    if found.finding:
        return False
    size, signed = f"{found.upto:,}", f"{found.signed_size:,}"
    root = bytes(found.root or b"").hex()
    OUTPUT.print(text("audit.verify.good", size=size, root=root, signed=signed), soft_wrap=True)
    return True


def export(data: Path, out: Path) -> None:
    """Write the archive; raises UnsignedEntryError where the ledger is empty."""
    _start(data)
    from django.db import transaction  # noqa: PLC0415

    from fengkong.console.audit.exporting import write_archive  # noqa: PLC0415
    from fengkong.console.audit.recording import record  # noqa: PLC0415

    with transaction.atomic(), out.open("wb") as file:
        detail = {"form": "archive"}
        record(ACTOR, "export_ledger", target_kind="ledger", target="archive", detail=detail)
        checkpoint = write_archive(file)
    OUTPUT.print(
        text("audit.export.done", size=f"{checkpoint.size:,}", file=out),
        markup=False,
        soft_wrap=True,
    )


def check_proof(file: Path, key: str) -> None:
    """Show the entry that a proof file proves; raises a RiskError where it proves nothing."""
    proof = ProofFile.parse(file.read_bytes())
    opened = verify_entry(proof.extra, proof, keys=[VerifierKey.parse(key)])
    number, size = f"{proof.index + 1:,}", f"{opened.checkpoint.size:,}"
    OUTPUT.print(text("audit.proof.good", number=number, size=size), soft_wrap=True)
    leaf = json.loads(proof.extra)
    OUTPUT.print_json(json.dumps(leaf, ensure_ascii=False), highlight=False)


def trace(file: Path, data: Path) -> bool:
    """Show whose exports a file, or a part of one, came from; False where it carries no mark."""
    _start(data)
    from django.db import transaction  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from fengkong.console.audit.recording import record  # noqa: PLC0415
    from fengkong.console.cases.models import CasePrint  # noqa: PLC0415
    from fengkong.console.personal.models import Export  # noqa: PLC0415
    from fengkong.console.personal.watermarks import marks_in_file  # noqa: PLC0415

    marks = marks_in_file(file.read_bytes())
    found = Export.objects.filter(mark__in=marks).select_related("operator", "approved_by")
    with transaction.atomic():
        for export in found:
            record(ACTOR, "trace_export", target_kind="export", target=str(export.pk))
            made = "" if export.made_at is None else f"{timezone.localtime(export.made_at):%F %R}"
            facts = {
                "mark": export.mark,
                "operator": export.operator.username,
                "approved": export.approved_by.username,
                "made": made,
                "purpose": export.purpose,
            }
            OUTPUT.print(text("audit.trace.found", **facts), markup=False, soft_wrap=True)
        prints = CasePrint.objects.filter(mark__in=marks).select_related("operator")
        for printed in prints:
            record(ACTOR, "trace_export", target_kind="case", target=str(printed.case_id))
            facts = {
                "mark": printed.mark,
                "operator": printed.operator.username,
                "approved": "–",
                "made": f"{timezone.localtime(printed.at):%F %R}",
                "purpose": printed.purpose,
            }
            OUTPUT.print(text("audit.trace.found", **facts), markup=False, soft_wrap=True)
    known = {export.mark for export in found} | {printed.mark for printed in prints}
    for mark in marks:
        if mark not in known:
            ERRORS.print(text("audit.trace.unknown", mark=mark), markup=False, soft_wrap=True)
    if not marks:
        ERRORS.print(text("audit.trace.none"), markup=False, soft_wrap=True)
    return bool(known)


def _start(data: Path) -> None:
    settings = load_console_settings(data)
    if settings.database == "sqlite" and not settings.database_file.is_file():
        raise NoConsoleError(f"{data} has no console.db")
    start_django(data)
    bring_schema_up_to_date()
