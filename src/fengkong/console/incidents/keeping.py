"""Evidence: files kept sealed, their digests in the ledger, and who had them when."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Final

from django.db import transaction

from fengkong.console.incidents.acting import WORK, locked
from fengkong.console.incidents.models import Custody, Evidence
from fengkong.console.incidents.timeline import note
from fengkong.console.personal.sealing import keep_file, kept_file
from fengkong.core.errors import RiskError

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

BYTES_MAX: Final = 25 * 1024 * 1024


class TooLargeEvidenceError(RiskError):
    """A file is larger than the console keeps."""

    code = "console.too_large_evidence"
    hint = "Keep large images in the evidence store, and keep their digest and place here."


class LostEvidenceError(RiskError):
    """A kept file is gone or is not what was kept."""

    code = "console.lost_evidence"
    hint = "Treat it as an incident of its own: see who had access to the data directory."


@transaction.atomic
def add_evidence(
    operator: Operator, incident_id: int, *, name: str, content: bytes, source: str
) -> Evidence:
    """Keep a file; its name is that of at most 200 characters, its digest goes to the ledger."""
    incident = locked(incident_id, operator, WORK)
    if len(content) > BYTES_MAX:
        raise TooLargeEvidenceError(f"{len(content):,} bytes, at most {BYTES_MAX:,}")
    made = Evidence.objects.create(
        incident=incident,
        name=name[:200],
        source=source[:300],
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        collected_by=operator.username,
    )
    keep_file(io.BytesIO(content), name=made.kept_as)
    _hand(operator, made, Custody.Act.COLLECTED, note_text=source)
    facts = {"evidence": made.pk, "sha256": made.sha256, "size": made.size}
    note(incident, "add_evidence", actor=operator, facts=facts, text=f"{made.name}: {source}")
    return made


@transaction.atomic
def take_out(operator: Operator, evidence_id: int, *, why: str) -> tuple[Evidence, bytes]:
    """A file in the clear, for somebody who says why; raises LostEvidenceError."""
    evidence = _evidence(operator, evidence_id)
    content = _content(evidence)
    if hashlib.sha256(content).hexdigest() != evidence.sha256:
        raise LostEvidenceError(f"evidence {evidence.pk} is not what was kept")
    _hand(operator, evidence, Custody.Act.TAKEN, note_text=why)
    facts = {"evidence": evidence.pk}
    note(evidence.incident, "take_evidence", actor=operator, facts=facts, text=why)
    return evidence, content


@transaction.atomic
def check_evidence(operator: Operator, evidence_id: int) -> bool:
    """Whether a file is as it was kept; the answer is kept too."""
    evidence = _evidence(operator, evidence_id)
    try:
        intact = hashlib.sha256(_content(evidence)).hexdigest() == evidence.sha256
    except LostEvidenceError:
        intact = False
    act = Custody.Act.VERIFIED if intact else Custody.Act.DAMAGED
    _hand(operator, evidence, act, note_text="")
    facts = {"evidence": evidence.pk, "result": "intact" if intact else "broken"}
    note(evidence.incident, "check_evidence", actor=operator, facts=facts)
    return intact


@transaction.atomic
def hand_over(operator: Operator, evidence_id: int, *, receiver: str) -> Evidence:
    """A copy was given to somebody outside: the police, a laboratory, the regulator."""
    evidence = _evidence(operator, evidence_id)
    _hand(operator, evidence, Custody.Act.HANDED, note_text=receiver)
    facts = {"evidence": evidence.pk, "sha256": evidence.sha256}
    note(evidence.incident, "hand_over_evidence", actor=operator, facts=facts, text=receiver)
    return evidence


def _evidence(operator: Operator, evidence_id: int) -> Evidence:
    evidence = Evidence.objects.select_related("incident").get(pk=evidence_id)
    locked_for_reading(operator)
    return evidence


def locked_for_reading(operator: Operator) -> None:
    """Evidence of a closed incident may still be checked and handed over."""
    from django.core.exceptions import PermissionDenied  # noqa: PLC0415

    if not operator.may(WORK):
        raise PermissionDenied(WORK)


def _content(evidence: Evidence) -> bytes:
    try:
        return kept_file(evidence.kept_as)
    except (OSError, RiskError) as error:
        raise LostEvidenceError(f"evidence {evidence.pk}: {error}") from error


def _hand(operator: Operator, evidence: Evidence, act: Custody.Act, *, note_text: str) -> None:
    Custody.objects.create(
        evidence=evidence, actor=operator.username, act=act, note=note_text[:300]
    )
