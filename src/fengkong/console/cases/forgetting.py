"""What cases forget of a person who was erased: notes, files, and whom a case is about."""

from __future__ import annotations

from django.db.models import Q

from fengkong.console.audit.recording import SYSTEM, record
from fengkong.console.cases.files import forget_content
from fengkong.console.cases.models import TARGET, Case, CaseFile, Note
from fengkong.console.cases.words import forget_words
from fengkong.console.journaled.seen import SeenEntries


def forget_erased(seen: SeenEntries) -> None:
    """Forget the subjects that these entries erase, in the transaction that takes them in."""
    for subject in {one.subject for one in seen.erasures if one.subject}:
        for case in Case.objects.select_for_update().filter(subject=subject):
            forget_case(case)


def forget_case(case: Case) -> None:
    """Let go of what people wrote and kept about a case's subject; what was done stays known.

    It is found in the case that this one was merged into, too. What another case brought there was
    written about another subject, and stays; what was written there since may be about both, and
    goes.
    """
    mine = _written_about(case)
    notes = list(Note.objects.filter(mine).exclude(sealed=b"").values_list("pk", flat=True))
    Note.objects.filter(pk__in=notes).update(sealed=b"")
    forget_words(notes)
    files = list(CaseFile.objects.filter(mine, removed_at=None))
    for file in files:
        forget_content(file, by=SYSTEM)
    case.subject, case.subject_kind = "", ""
    case.save(update_fields=("subject", "subject_kind"))
    detail = {"notes": len(notes), "files": len(files)}
    record(SYSTEM, "forget_case_content", target_kind=TARGET, target=str(case.pk), detail=detail)


def _written_about(case: Case) -> Q:
    """Notes and files that may be about a case's subject."""
    mine = _written_for(case)
    while case.merged_into is not None:
        since, case = case.closed_at, case.merged_into
        mine |= _written_for(case) & Q(at__gte=since)
    return mine


def _written_for(case: Case) -> Q:
    return Q(case=case, came_from=None) | Q(came_from=case.pk)
