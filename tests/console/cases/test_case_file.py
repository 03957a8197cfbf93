"""The case file: reasons in words, proofs that hold, marks that lead back, nobody named."""

import hashlib
import re
import time
from pathlib import Path

import pytest
from tests.console.live.conftest import Beside, beside, serving  # noqa: F401 - fixtures
from tests.console.operators import new_operator

from fengkong.console.accounts.models import Operator
from fengkong.console.audit.models import AuditEntry
from fengkong.console.cases.evidence import evidence_of
from fengkong.console.cases.models import Case, CasePrint
from fengkong.console.cases.opening import open_by_hand
from fengkong.console.cases.person import person_of
from fengkong.console.cases.printing import made_pdf, made_print, masked_text
from fengkong.console.journaled.models import Decision
from fengkong.console.journaled.service_access import service_client
from fengkong.console.personal.models import Reveal
from fengkong.console.personal.watermarks import marks_in_file
from fengkong.console.shell import paper
from fengkong.console.shell.paper import MissingFontError
from fengkong.evaluation.document import Grid
from fengkong.ledger.notes import Checkpoint, Note, VerifierKey
from fengkong.ledger.proof_files import ProofFile, verify_entry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder() -> None:
    """The directory is that of the service beside."""


@pytest.fixture
def case(beside: Beside, ann: Operator) -> Case:  # noqa: F811
    striking = Decision.objects.exclude(outcome="allow").order_by("sequence")[:2]
    assert len(striking) == 2
    return open_by_hand(ann, [one.sequence for one in striking], typology="scam", why="a test")


def test_reasons_stand_in_words_with_what_was_seen(case: Case) -> None:
    newest = evidence_of(case)[0]
    assert newest.readable
    assert newest.reasons
    assert newest.reasons[0].sentence
    assert newest.reasons[0].seen
    assert case.channel


def test_nobody_is_named_unless_revealed(case: Case, ann: Operator, beside: Beside) -> None:  # noqa: F811
    masked = person_of(case)
    assert masked
    assert all("*" in one.value for one in masked if one.name in ("card", "phone", "account"))
    clear_values = {str(value) for event in beside.events for value in event.values()}
    printed = made_print(ann, case, purpose="for the police", in_the_clear=False, form="pdf")
    cells = {c for b in printed.blocks if isinstance(b, Grid) for row in b.rows for c in row}
    sensitive = {one for one in clear_values if re.fullmatch(r"\d{11,19}", one)}
    assert not sensitive & cells
    revealed = made_print(ann, case, purpose="for the police", in_the_clear=True, form="pdf")
    assert Reveal.objects.filter(operator=ann).count() == sum("*" in o.value for o in masked)
    cells = {c for b in revealed.blocks if isinstance(b, Grid) for row in b.rows for c in row}
    assert clear_values & cells
    with pytest.raises(Exception, match=r"personal\.reveal"):
        made_print(
            new_operator("executive"), case, purpose="curiosity", in_the_clear=True, form="pdf"
        )


def test_the_proofs_hold_against_both_ledgers(
    case: Case,
    ann: Operator,
    beside: Beside,  # noqa: F811
) -> None:
    last = max(case.gathered.values_list("sequence", flat=True))
    until = time.monotonic() + 30  # the service signs in quiet moments
    with service_client() as client:
        while Checkpoint.parse(Note.parse(client.checkpoint()).text).size < last:
            assert time.monotonic() < until
            time.sleep(0.3)
    printed = made_print(ann, case, purpose="for the court", in_the_clear=False, form="pdf")
    by_ledger = {one.ledger: one for one in printed.proofs}
    assert [one.trouble for one in printed.proofs] == [""] * len(printed.proofs)
    assert sum(one.ledger == "decisions" for one in printed.proofs) == 2
    assert sum(one.ledger == "desk" for one in printed.proofs) >= 2  # opened, printed
    for one in by_ledger.values():
        file = ProofFile.parse(one.content)
        assert file.index == one.entry - 1
        key = _key(file.note, beside.data)
        assert verify_entry(file.extra, file, keys=[key]).checkpoint.size == one.size


def _key(note: bytes, data: Path) -> VerifierKey:
    """The public key of the ledger that signed a note."""
    from fengkong.console.audit.tree import signer
    from fengkong.ledger.notes import Signer

    service = Signer.parse((data / "keys" / "ledger.key").read_text().strip()).verifier
    desk = signer().verifier
    return desk if desk.name.encode() in note else service


def test_a_pdf_carries_its_mark_and_its_proofs(
    case: Case, ann: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = made_print(ann, case, purpose="for the court", in_the_clear=False, form="pdf")
    try:
        content = made_pdf(case, printed)
    except MissingFontError:
        pytest.skip("no font with Chinese characters is installed here")
    assert content.startswith(b"%PDF-")
    made = CasePrint.objects.get(mark=printed.mark)
    assert made.sha256 == hashlib.sha256(content).hexdigest()
    assert marks_in_file(content) == [printed.mark]
    for proof in printed.proofs:
        assert proof.file_name.encode() in content
    assert AuditEntry.objects.filter(action="make_case_pdf", target=str(case.pk)).exists()
    monkeypatch.setattr(paper, "CHINESE_FONTS", ("No Such Font",))
    with pytest.raises(MissingFontError):
        made_pdf(case, printed)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("call 13812345678 now", "call 138****78 now"),
        ("11010519491231002X", "110****2X"),
        ("write to zhang.san@example.com", "write to ***@***"),
        ("12.50 on 2026-11-30, 3 times", "12.50 on 2026-11-30, 3 times"),
        ("号码6222020200112233445。", "号码622****45。"),
    ],
)
def test_numbers_and_mailboxes_in_notes_are_masked(text: str, shown: str) -> None:
    assert masked_text(text) == shown
