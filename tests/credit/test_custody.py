"""Reconciliation: every cause, the identity to the cent, the signs of a hidden pool."""

from datetime import date, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from fengkong.credit.custody import (
    Cause,
    Movement,
    PoolSign,
    ProjectFlow,
    custody_row,
    pool_signs,
    reconcile,
    reserve_required,
)
from fengkong.indicators.computing import compute
from fengkong.indicators.level import Level
from fengkong.indicators.library_file import shipped_library

TODAY = date(2026, 3, 10)


def move(reference, amount, *, ago=0):
    return Movement(reference, TODAY - timedelta(days=ago), amount)


def test_every_cause_is_told_apart() -> None:
    ledger = [move("a", 100), move("b", 200, ago=1), move("c", 300, ago=5), move("d", 400)]
    ledger += [move("e", 500), move("e", 500)]
    bank = [move("a", 100), move("d", 390), move("e", 500), move("x", 70), move("FEE-1", -5)]
    found = reconcile(ledger, bank, on=TODAY, opening_ledger=1000, opening_bank=1000)
    assert {one.reference: (one.cause, one.amount) for one in found.differences} == {
        "b": (Cause.IN_TRANSIT, 200),
        "c": (Cause.NOT_PAID, 300),
        "d": (Cause.AMOUNT, 10),
        "e": (Cause.TWICE, 500),
        "x": (Cause.NOT_BOOKED, -70),
        "FEE-1": (Cause.FEE, 5),
    }
    assert (found.in_transit, found.explained) == (200, 5)
    assert found.unexplained == 300 + 10 + 500 - 70
    assert found.oldest_days == 5


def test_a_cent_is_seen_and_opening_differences_stay() -> None:
    found = reconcile([move("a", 100)], [move("a", 99)], on=TODAY, opening_ledger=5, opening_bank=5)
    assert found.unexplained == 1
    kept = reconcile([], [], on=TODAY, opening_ledger=7, opening_bank=5)
    assert (kept.unexplained, kept.differences) == (2, ())


MOVEMENT = st.builds(
    Movement,
    st.sampled_from(["a", "b", "c", "FEE", "INT9"]),
    st.integers(0, 9).map(lambda ago: TODAY - timedelta(days=ago)),
    st.integers(-500, 500),
)


@given(st.lists(MOVEMENT), st.lists(MOVEMENT), st.integers(-99, 99), st.integers(-99, 99))
def test_the_parts_sum_to_the_difference(ledger, bank, ours, theirs) -> None:
    found = reconcile(ledger, bank, on=TODAY, opening_ledger=ours, opening_bank=theirs)
    assert found.ledger - found.bank == found.in_transit + found.explained + found.unexplained
    explained = sum(one.amount for one in found.differences)
    assert found.ledger - found.bank == explained + ours - theirs


def test_a_hidden_pool_shows() -> None:
    def flow(project, kind, number, amount, account="custodian"):
        return ProjectFlow(project, kind, TODAY + timedelta(days=number), amount, account)

    flows = [
        flow("good", "invest", 0, 100),
        flow("good", "lend", 1, 100),
        flow("good", "repay", 30, 110),
        flow("good", "pay_out", 30, 110),
        flow("empty", "invest", 0, 500),
        flow("early", "invest", 0, 300),
        flow("early", "lend", 1, 300),
        flow("early", "pay_out", 20, 200),
        flow("early", "repay", 25, 300),
        flow("own", "invest", 29, 40, "own-1"),
    ]
    found = pool_signs(flows, own_accounts={"own-1": False})
    assert [(one.sign, one.where, one.amount) for one in found] == [
        (PoolSign.NO_BORROWER, "empty", 500),
        (PoolSign.TERM_MISMATCH, "early", 200),
        (PoolSign.OWN_ACCOUNT, "own-1", 40),
    ]
    assert pool_signs(flows, own_accounts={"own-1": True})[-1].sign is PoolSign.MIXED_ACCOUNT


def test_a_reserve_has_a_floor() -> None:
    args = {"expected_loss": 10, "unexpected_loss": 5, "balances": 1000}
    assert reserve_required(**args, floor_share=0.01) == 15
    assert reserve_required(**args, floor_share=0.02) == 20


def test_a_day_of_custody_has_the_columns_of_its_source() -> None:
    ledger = [move("a", 100), move("b", 200, ago=1), move("c", 300, ago=5)]
    found = reconcile(ledger, [move("a", 100)], on=TODAY, opening_ledger=0, opening_bank=0)
    flows = [ProjectFlow("own", "lend", TODAY, 40, "own-1")]
    row = custody_row(
        found,
        signs=pool_signs(flows, own_accounts={"own-1": True}),
        customer_claims=600,
        reserve=10,
        reserve_needed=20,
    )
    source = shipped_library().source("custody")
    assert set(row) == set(source.columns)
    table = pl.DataFrame([{"day": TODAY, **row}])
    standing = compute(shipped_library(), {"custody": table}, day=TODAY)
    assert standing.level_of("funds.difference_identity") is Level.GREEN
    assert standing.level_of("funds.unexplained_difference") is Level.ORANGE
    assert standing.level_of("funds.hidden_pool") is Level.YELLOW
    assert standing.level_of("funds.reserve_adequacy") is Level.RED
