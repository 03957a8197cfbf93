"""A case gathers what is about one subject, and says how much is at stake."""

import pytest
from django.core.exceptions import PermissionDenied
from tests.console.cases.conftest import ANNA
from tests.console.operators import new_operator

from fengkong.console.accounts.models import Operator
from fengkong.console.audit.models import AuditEntry
from fengkong.console.cases.errors import ClosedCaseError, NothingGatheredError
from fengkong.console.cases.models import Case
from fengkong.console.cases.opening import add_decisions, case_for, open_by_hand

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("decided")]


def test_a_case_sums_up_its_decisions(case: Case) -> None:
    assert case.subject == ANNA
    assert (case.exposure_minor, case.currency) == (250_00, "CNY")
    assert (case.points, case.probability) == (95.0, 0.9)
    assert case.rules == ["device.shared", "new.payee", "velocity.cards"]
    assert case.decisions == 3
    assert case.channel == "payment.initiated"
    opened = AuditEntry.objects.get(action="open_case", target=str(case.pk))
    assert opened.detail == {"typology": "account_takeover", "reason": "she called"}


def test_decisions_come_once(case: Case, ann: Operator) -> None:
    add_decisions(ann, case.pk, [2, 3, 3, 777])
    case.refresh_from_db()
    assert sorted(case.gathered.values_list("sequence", flat=True)) == [1, 2, 3, 4]
    assert case.exposure_minor == 260_00


def test_who_may_not_work_cases_opens_none(decided: None) -> None:
    with pytest.raises(PermissionDenied):
        open_by_hand(new_operator("executive"), [1], typology="", why="")
    assert not Case.objects.exists()


def test_about_nothing_there_is_no_case(ann: Operator) -> None:
    with pytest.raises(NothingGatheredError):
        open_by_hand(ann, [404], typology="", why="")
    with pytest.raises(NothingGatheredError):
        case_for(["none"], ann)


def test_a_closed_case_takes_nothing_in(case: Case, ann: Operator) -> None:
    Case.objects.filter(pk=case.pk).update(state=Case.State.CLOSED)
    with pytest.raises(ClosedCaseError):
        add_decisions(ann, case.pk, [3])
