"""What staff did is counted from what the console recorded, and turns lamps within seconds."""

from datetime import date, timedelta
from typing import Any
from unittest.mock import patch

import polars as pl
import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from tests.console.operators import browser_of, new_operator

from fengkong.console.accounts.models import Operator
from fengkong.console.accounts.recorded import HOURLY_MAX, HOURLY_MAX_UNKNOWN, _record_bounded
from fengkong.console.approvals import four_eyes
from fengkong.console.approvals.four_eyes import Act, SameEyesError, approve, propose
from fengkong.console.approvals.own_hands import DAILY_MAX
from fengkong.console.audit.models import AuditEntry
from fengkong.console.audit.recording import record
from fengkong.console.insiders.models import InsiderAlert
from fengkong.console.outbox.models import Job
from fengkong.console.warnings import computing
from fengkong.console.warnings.computing import recompute, watch_own
from fengkong.console.warnings.models import RaisedWarning, Reading, SourceStatus
from fengkong.console.warnings.own.kept_days import KeptDays
from fengkong.console.warnings.own.sources import SIGNS
from fengkong.console.warnings.own.staff_table import COLUMNS, NOBODY, staff, staff_sign
from fengkong.indicators.library_file import shipped_library

pytestmark = pytest.mark.django_db
SIGN_INS = "operational.operator_sign_in_failures"
BYPASS = "operational.four_eyes_bypass"


@pytest.fixture(autouse=True)
def act(monkeypatch: pytest.MonkeyPatch) -> None:
    computing._SEEN.clear()
    made = Act("try", "policies.edit", "policies.approve", lambda proposal, by: None)
    monkeypatch.setitem(four_eyes._ACTS, "try_policy", made)


def level(name: str) -> str:
    return Reading.objects.get(indicator=name, day=timezone.localdate()).level


def levels() -> set[str]:
    """Of all indicators of what staff did."""
    ours = [one.id for one in shipped_library().of_source("staff")]
    return set(Reading.objects.filter(indicator__in=ours).values_list("level", flat=True))


def total(table: pl.DataFrame | None, column: str) -> float:
    assert table is not None
    return float(table.filter(pl.col("day") == timezone.localdate())[column].sum())


def test_before_anything_was_recorded_there_is_no_table() -> None:
    assert staff(timezone.localdate()) is None
    watch_own(Job())
    assert not SourceStatus.objects.exists()


def test_ten_failed_sign_ins_turn_the_lamp_red_at_the_next_look() -> None:
    new_operator("analyst", username="ann", password="corret-Pferd-42-battery")
    for number in range(9):
        Client().post("/accounts/login/", {"login": f"guess{number}", "password": "x"})
    watch_own(Job())
    assert level(SIGN_INS) == "orange"
    Client().post("/accounts/login/", {"login": "ann", "password": "x"})
    watch_own(Job())
    assert level(SIGN_INS) == "red"
    warning = RaisedWarning.objects.get(indicator=SIGN_INS)
    assert warning.level == "red"
    assert "10" in warning.sentence_en


def test_approving_what_one_proposed_is_refused_recorded_and_warned_of() -> None:
    bob = new_operator("senior_analyst", username="bob")
    proposal = propose(bob, "try_policy", target="payments", reason="more", content={"n": 1})
    watch_own(Job())
    assert level(BYPASS) == "green"
    browser = browser_of(bob)
    for expected in ("yellow", "yellow", "orange", "orange", "red"):
        answer = browser.post(f"/approvals/{proposal.pk}/approve/", {"remark": ""})
        assert answer.status_code == 302
        watch_own(Job())
        assert level(BYPASS) == expected
    entry = AuditEntry.objects.filter(action="refuse_own_hands").first()
    assert entry is not None
    assert (entry.actor, entry.target_kind, entry.target) == ("bob", "proposal", str(proposal.pk))
    assert entry.detail == {"code": "console.same_eyes"}
    table = staff(timezone.localdate())
    assert total(table, "four_eyes_refused") == 5
    assert table is not None
    assert table.filter(pl.col("four_eyes_refused") > 0)["role"].to_list() == ["senior_analyst"]


def test_who_tries_in_a_loop_does_not_fill_the_ledger() -> None:
    bob = new_operator("senior_analyst", username="bob")
    proposal = propose(bob, "try_policy", target="payments", reason="more", content={"n": 1})
    for _ in range(DAILY_MAX + 5):
        with pytest.raises(SameEyesError):
            approve(bob, proposal.pk)
    assert AuditEntry.objects.filter(action="refuse_own_hands").count() == DAILY_MAX


@pytest.mark.parametrize(("name", "most"), [("unknown", HOURLY_MAX_UNKNOWN), ("ann", HOURLY_MAX)])
def test_strangers_do_not_fill_the_ledger(name: str, most: int) -> None:
    for _ in range(most + 20):
        _record_bounded("refuse_sign_in", name)
    assert AuditEntry.objects.filter(action="refuse_sign_in").count() == most
    _record_bounded("lock_out", name)
    assert AuditEntry.objects.filter(action="lock_out").count() == 1
    later = timezone.now() + timedelta(minutes=61)
    with patch("fengkong.console.accounts.recorded.timezone.now", return_value=later):
        _record_bounded("refuse_sign_in", name)
    assert AuditEntry.objects.filter(action="refuse_sign_in").count() == most + 1


def test_refused_pages_are_a_share_of_the_acts() -> None:
    browser = browser_of(new_operator("executive", username="eve"))
    for _ in range(10):
        assert browser.get("/audit/").status_code == 403
    recompute()
    reading = Reading.objects.get(indicator="operational.refused_share", day=timezone.localdate())
    assert (reading.value, reading.level) == (0.1, "red")


def test_what_the_insider_watch_found_is_counted_and_not_found_again() -> None:
    ann = new_operator("analyst", username="ann")
    record_once(ann, "sign_in")
    InsiderAlert.objects.create(
        kind="look_ups", operator=ann, day=timezone.localdate(), observed=700, limit=600
    )
    recompute()
    assert level("operational.insider_alerts") == "yellow"


def test_a_console_of_the_first_day_at_rest_is_green_all_over() -> None:
    ann = new_operator("analyst", username="ann")
    for action in ("sign_in", "open_case", "close_case", "sign_out"):
        record_once(ann, action)
    recompute()
    assert levels() == {"green"}
    assert SourceStatus.objects.get(source="staff").state == "good"


def test_half_a_year_at_rest_is_green_all_over() -> None:
    ann = new_operator("analyst", username="ann")
    with transaction.atomic():
        moments = [timezone.now() - timedelta(days=back) for back in range(180, -1, -7)]
        for at in moments:
            with patch("fengkong.console.audit.recording.timezone.now", return_value=at):
                record(ann, "sign_in", target_kind="operator", target="ann")
    recompute(everything=True)
    assert levels() == {"green"}
    assert Reading.objects.filter(indicator=SIGN_INS).count() == 181


def test_the_sign_changes_with_refusals_alone() -> None:
    ann = new_operator("executive", username="ann")
    first = staff_sign()
    record_once(ann, "open_case")
    assert staff_sign() == first
    browser_of(ann).get("/audit/")
    second = staff_sign()
    assert second != first
    Client().post("/accounts/login/", {"login": "x", "password": "x"})
    assert staff_sign() != second
    assert set(SIGNS) >= {"staff"}


DAYS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 5)), max_size=30)


@given_settings(max_examples=25, deadline=None)
@given(DAYS, st.lists(st.integers(0, 4), min_size=1, max_size=4))
def test_days_that_are_over_are_kept_as_they_would_be_counted(
    tmp_path_factory: pytest.TempPathFactory, acts: Any, steps: Any
) -> None:
    """Looking on some days or on the last alone gives the same table."""
    first = date(2026, 3, 1)
    last = first + timedelta(days=sum(steps) + 12)
    counts = {first + timedelta(days=at): 0.0 for at in range((last - first).days + 1)}
    for day, count in acts:
        counts[first + timedelta(days=day)] += count

    def counted(kept: KeptDays, today: date) -> pl.DataFrame:
        since = kept.open_since(today) or first
        rows = [{"day": day, "n": n} for day, n in counts.items() if since <= day <= today]
        schema = {"day": pl.Date, "n": pl.Float64}
        return kept.with_older(pl.DataFrame(rows, schema=schema), today=today, keep=400)

    with patch("fengkong.console.warnings.own.kept_days.settings") as settings:
        settings.CONSOLE.directory = tmp_path_factory.mktemp("kept")
        today = first + timedelta(days=12)
        for step in steps:
            today += timedelta(days=step)
            often = counted(KeptDays("x", columns=["n"]), today)
        settings.CONSOLE.directory = tmp_path_factory.mktemp("new")
        once = counted(KeptDays("x", columns=["n"]), today)
    assert_frame_equal(often, once)


def test_a_file_of_other_columns_is_not_believed(data_directory: Any) -> None:
    today = timezone.localdate()
    old = pl.DataFrame({"day": [today - timedelta(days=9)], "n": [1.0]})
    kept = KeptDays("x", columns=["n"])
    kept.with_older(old, today=today, keep=400)
    assert kept.open_since(today) == today - timedelta(days=8)
    assert KeptDays("x", columns=["n", "m"]).open_since(today) is None


def test_every_column_is_declared() -> None:
    assert set(COLUMNS) == set(shipped_library().source("staff").columns)
    assert NOBODY == "-"


def record_once(operator: Operator, action: str) -> None:
    with transaction.atomic():
        record(operator, action, target_kind="operator", target=operator.username)
