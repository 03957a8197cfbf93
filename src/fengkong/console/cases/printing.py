"""The case file on paper: one document, as a page to be printed and as a PDF with its proofs.

The PDF carries the mark of who took it on every page, visible and not, and as attachments the
proof files of its decisions and of what was done. Personal data are masked unless they were
revealed for it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from fengkong.console.audit.actions import action_words
from fengkong.console.audit.recording import record
from fengkong.console.cases.alerted import alerts_of, reason_title, typology_title
from fengkong.console.cases.checklist import ticked_steps
from fengkong.console.cases.evidence import evidence_of
from fengkong.console.cases.models import TARGET, Case, CasePrint
from fengkong.console.cases.notes import clear_notes
from fengkong.console.cases.person import person_of, revealed_person_of
from fengkong.console.cases.proofs import ACTS_MAX, Proven, act_proofs, decision_proofs
from fengkong.console.cases.queries import decisions_of, history_of
from fengkong.console.personal.sealing import working_folder
from fengkong.console.personal.watermarks import invisible
from fengkong.console.shell.figures import money_text, reading_language
from fengkong.console.shell.outcomes import OUTCOMES
from fengkong.console.shell.paper import MissingFontError, has_chinese_font
from fengkong.console.shell.spoken import event_title, said
from fengkong.evaluation.document import Block, Grid, Heading, Paragraph, typst

if TYPE_CHECKING:
    from datetime import datetime

    from fengkong.console.accounts.models import Operator
    from fengkong.core.bilingual import Language

DECISIONS_MAX: Final = 200
NOTES_MAX: Final = 100
_NUMBER: Final = re.compile(r"(?<![\d.,])\d{7,}(?:[Xx]\b)?")
_MAIL: Final = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_PROOF: Final = 24


@dataclass(frozen=True, slots=True)
class CaseFilePrint:
    """A case file: its blocks, the proofs that go with it, and the mark of who took it."""

    blocks: Sequence[Block]
    proofs: Sequence[Proven]
    visible: str
    mark: str
    username: str
    clear: bool


def made_print(
    operator: Operator, case: Case, *, purpose: str, in_the_clear: bool, form: str
) -> CaseFilePrint:
    """The case file for somebody, recorded before it is given.

    Raises PermissionDenied, TooManyRevealsError, UnreasonedRevealError where it shall be in the
    clear.
    """
    mark = secrets.token_hex(8)
    with transaction.atomic():
        told = revealed_person_of(operator, case, why=purpose) if in_the_clear else person_of(case)
        CasePrint.objects.create(case=case, operator=operator, purpose=purpose, mark=mark)
        detail = {"form": form, "mark": mark, "reason": purpose, "clear": in_the_clear}
        record(operator, "print_case", target_kind=TARGET, target=str(case.pk), detail=detail)
    history = list(history_of(case)[:ACTS_MAX])
    proofs = decision_proofs([one.sequence for one in decisions_of(case)[:DECISIONS_MAX]])
    proofs += act_proofs(history)
    person = [(one.title, one.value) for one in told]
    blocks: list[Block | None] = [
        *_summary(case, person),
        *_reasons(case),
        *_decisions(case),
        *_work(case, in_the_clear=in_the_clear),
        _grid(
            (_("When"), _("Who"), _("What")),
            [(_at(one.recorded_at), one.actor, action_words(one.action)) for one in history],
        ),
        *_proofs(proofs),
    ]
    who = f"{operator} ({operator.username})"
    visible = f"{who} · {timezone.localtime():%F %R} · {purpose} · No. {mark}"
    return CaseFilePrint(
        blocks=[one for one in blocks if one is not None],
        proofs=proofs,
        visible=visible,
        mark=mark,
        username=operator.username,
        clear=in_the_clear,
    )


def made_pdf(case: Case, printed: CaseFilePrint) -> bytes:
    """The PDF of a case file; raises MissingFontError. Its digest is kept with the print."""
    import typst as press  # noqa: PLC0415 - only a PDF needs it

    if not has_chinese_font(press.Fonts(include_system_fonts=True).families()):
        raise MissingFontError("no font with Chinese characters was found")
    with tempfile.TemporaryDirectory(dir=working_folder()) as made:
        folder = Path(made)
        for proof in printed.proofs:
            if proof.content:
                (folder / proof.file_name).write_bytes(proof.content)
        page = folder / "case.typ"
        page.write_text(_typst(printed), encoding="utf-8")
        content = bytes(press.compile(str(page)))
    with transaction.atomic():
        digest = hashlib.sha256(content).hexdigest()
        CasePrint.objects.filter(mark=printed.mark).update(sha256=digest)
        detail = {"mark": printed.mark, "sha256": digest, "size": len(content)}
        record(
            printed.username,
            "make_case_pdf",
            target_kind=TARGET,
            target=str(case.pk),
            detail=detail,
        )
    return content


def masked_text(text: str) -> str:
    """A free text without long numbers and mail addresses: what is left tells nobody's name."""
    hidden = _MAIL.sub("***@***", text)
    return _NUMBER.sub(lambda found: f"{found[0][:3]}****{found[0][-2:]}", hidden)


def _summary(case: Case, person: Sequence[tuple[str, str]]) -> list[Block | None]:
    facts = [
        (_("State"), str(case.get_state_display())),
        (_("Typology"), typology_title(case.typology)),
        (_("Amount at stake"), money_text(case.exposure_minor, currency=case.currency or "CNY")),
        (_("Highest points"), f"{case.points:g}"),
        (
            _("Highest probability"),
            "–" if case.probability is None else f"{case.probability:.4f}",
        ),
        (_("Owner"), str(case.owner or "–")),
        (_("Case opened"), f"{_at(case.opened_at)} · {case.opened_by}"),
        (_("Answer or close by"), _at(case.due_at)),
        (_("Subject (blind index)"), case.subject or "–"),
    ]
    if case.outcome:
        ended = f"{case.get_outcome_display()} · {reason_title(case.reason_code)}"
        facts.append((_("Disposition"), ended))
    if case.closed_at:
        facts.append((_("Closed"), f"{_at(case.closed_at)} · {case.closed_by}"))
    return [
        Heading(1, _("Case %(number)s") % {"number": case.pk}),
        _grid((_("Fact"), _("Value")), facts),
        Heading(2, _("Who it is about")) if person else None,
        _grid((_("Field"), _("Value")), list(person)),
    ]


def _reasons(case: Case) -> list[Block | None]:
    rows = [
        (
            f"{one.sequence}",
            reason.title,
            reason.sentence,
            "; ".join(f"{s.name}: {s.value} {s.operator} {s.limit}" for s in reason.seen),
        )
        for one in evidence_of(case)
        for reason in one.reasons
    ]
    columns = (_("Decision"), _("Rule"), _("Reason"), _("What was seen, against which limit"))
    return [Heading(2, _("Reasons")), _grid(columns, rows)]


def _decisions(case: Case) -> list[Block | None]:
    rows = [
        (
            f"{one.sequence}",
            _at(one.occurred_at),
            event_title(one.event_type),
            str(OUTCOMES[one.outcome].title) if one.outcome in OUTCOMES else one.outcome,
            money_text(one.amount_minor, currency=one.currency or "CNY"),
            f"{one.points:g}",
        )
        for one in decisions_of(case)[:DECISIONS_MAX]
    ]
    columns = (
        *(_("Decision"), _("Occurred"), _("Event type"), _("Outcome")),
        *(_("Amount"), _("Points")),
    )
    alerts = [
        (one.pk, typology_title(one.typology), _at(one.opened_at), str(one.get_state_display()))
        for one in alerts_of(case)
    ]
    columns_of_alerts = (_("Alert"), _("Typology"), _("Case opened"), _("State"))
    return [
        Heading(2, _("Decisions of the case")),
        _grid(columns, rows),
        Heading(2, _("Alerts")) if alerts else None,
        _grid(columns_of_alerts, alerts),
    ]


def _work(case: Case, *, in_the_clear: bool) -> list[Block | None]:
    steps = [
        (
            said(one.step.title),
            "–" if one.tick is None else str(one.tick.get_state_display()),
            "" if one.tick is None else f"{one.tick.by} · {_at(one.tick.at)}",
        )
        for one in ticked_steps(case)
    ]
    notes = []
    for note in clear_notes(case, newest=NOTES_MAX):
        text = _("This note was forgotten.") if note.text is None else note.text
        notes.append((_at(note.at), note.author, text if in_the_clear else masked_text(text)))
    return [
        Heading(2, _("Checklist")),
        _grid((_("Step"), _("State"), _("By")), steps),
        Heading(2, _("Notes")) if notes else None,
        _grid((_("When"), _("Who"), _("Case note")), notes),
        Heading(2, _("What was done")),
    ]


def _proofs(proofs: Sequence[Proven]) -> list[Block | None]:
    rows = [
        (
            f"{one.ledger} {one.entry}",
            one.leaf_hash[:_PROOF] or "–",
            f"{one.size:,}" if one.size else "–",
            one.root[:_PROOF] or one.trouble,
        )
        for one in proofs
    ]
    text = _(
        "Each entry's proof is attached to the PDF as a file (C2SP tlog-proof) that anybody can "
        "check with the public key of the ledger alone."
    )
    columns = (_("Entry"), _("Leaf hash"), _("Entries signed"), _("Root"))
    return [Heading(2, _("Ledger proofs")), Paragraph(text), _grid(columns, rows)]


def _grid(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Grid | None:
    """A table, None where it would be empty."""
    return Grid(columns, tuple(rows)) if rows else None


def _typst(printed: CaseFilePrint) -> str:
    """The document with marks on its pages and proofs attached."""
    visible, hidden = _quoted(printed.visible), _quoted(invisible(printed.mark))
    attached = "\n".join(
        f'#pdf.attach({_quoted(one.file_name)}, mime-type: "text/plain")'
        for one in printed.proofs
        if one.content
    )
    mark = _quoted(printed.mark)
    head = f"""#set document(title: "Case file {printed.mark}", keywords: ({mark},))
#set page(background: rotate(-30deg, text(size: 16pt, fill: luma(225), {visible})),
  footer: [#text(size: 6pt, {visible}) #h(1fr) #context counter(page).display()
  #text(size: 1pt, fill: white, {mark} + {hidden})])
#show table: set text(size: 7.5pt)
#show table: set align(left)
"""
    language: Language = "zh" if reading_language() == "zh" else "en"
    return head + attached + "\n" + typst(printed.blocks, language=language)


def _quoted(text: str) -> str:
    """A string of Typst."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'


def _at(instant: datetime) -> str:
    return f"{timezone.localtime(instant):%F %T}"
