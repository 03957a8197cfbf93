"""The platform's ledger against the custodian's statement: to the cent, differences explained.

Also what betrays a hidden pool (资金池): customers' money on own accounts, lendings without a
borrower, payouts before repayment.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple


class Movement(NamedTuple):
    """One line of a ledger or of a statement; amounts in minor units, money out is negative."""

    reference: str
    day: date
    amount: int
    account: str = ""


class Cause(StrEnum):
    """Why ledger and statement differ in one item."""

    IN_TRANSIT = "in_transit"
    """In the ledger, not yet at the bank, and younger than the time a transfer may take."""
    NOT_BOOKED = "not_booked"
    """At the bank, not in the ledger."""
    NOT_PAID = "not_paid"
    """In the ledger, and the bank does not know it although it should by now."""
    AMOUNT = "amount"
    """In both, with different amounts."""
    TWICE = "twice"
    """Once on one side, more often on the other."""
    FEE = "fee"
    """At the bank alone, and known as a fee or as interest."""


class Difference(NamedTuple):
    """One item by which the two differ: ledger less bank, in minor units."""

    reference: str
    cause: Cause
    amount: int
    day: date
    age_days: int


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """``ledger - bank = in_transit + explained + unexplained``, exactly; the items behind it."""

    ledger: int
    bank: int
    in_transit: int
    explained: int
    """Fees and interest that only need to be booked."""
    unexplained: int
    """Everything else, and what no item accounts for."""
    differences: tuple[Difference, ...]

    @property
    def oldest_days(self) -> int:
        """The age of the oldest item that is neither in transit nor explained."""
        known = (Cause.IN_TRANSIT, Cause.FEE)
        return max((one.age_days for one in self.differences if one.cause not in known), default=0)


def reconcile(
    ledger: Sequence[Movement],
    statement: Sequence[Movement],
    *,
    on: date,
    opening_ledger: int,
    opening_bank: int,
    transit_days: int = 2,
    fee_references: Sequence[str] = ("FEE", "INT"),
) -> Reconciliation:
    """Two books held against each other by reference.

    References that begin with one of `fee_references` and stand at the bank alone are explained.
    What the opening balances already differed by stays unexplained until somebody explains it.
    """
    ours, theirs = _by_reference(ledger), _by_reference(statement)
    found: list[Difference] = []
    for reference in sorted(ours.keys() | theirs.keys()):
        mine, bank = ours.get(reference, []), theirs.get(reference, [])
        amount = sum(one.amount for one in mine) - sum(one.amount for one in bank)
        day = min(one.day for one in (*mine, *bank))
        age = (on - day).days
        cause = _cause(mine, bank, age=age, transit_days=transit_days, fees=fee_references)
        if amount != 0 and cause is not None:
            found.append(Difference(reference, cause, amount, day, age))
    by_cause = Counter[Cause]()
    for one in found:
        by_cause[one.cause] += one.amount
    ledger_balance = opening_ledger + sum(one.amount for one in ledger)
    bank_balance = opening_bank + sum(one.amount for one in statement)
    transit, explained = by_cause[Cause.IN_TRANSIT], by_cause[Cause.FEE]
    rest = ledger_balance - bank_balance - transit - explained
    return Reconciliation(ledger_balance, bank_balance, transit, explained, rest, tuple(found))


def _by_reference(movements: Sequence[Movement]) -> dict[str, list[Movement]]:
    found: defaultdict[str, list[Movement]] = defaultdict(list)
    for one in movements:
        found[one.reference].append(one)
    return dict(found)


def _cause(
    mine: Sequence[Movement],
    bank: Sequence[Movement],
    *,
    age: int,
    transit_days: int,
    fees: Sequence[str],
) -> Cause | None:
    if mine and not bank:
        return Cause.IN_TRANSIT if age <= transit_days else Cause.NOT_PAID
    if bank and not mine:
        return Cause.FEE if bank[0].reference.startswith(tuple(fees)) else Cause.NOT_BOOKED
    if len(mine) != len(bank):
        return Cause.TWICE
    same = sum(one.amount for one in mine) == sum(one.amount for one in bank)
    return None if same else Cause.AMOUNT


class PoolSign(StrEnum):
    """What points at a hidden pool."""

    OWN_ACCOUNT = "own_account"
    """Customers' money on an account of the platform itself."""
    NO_BORROWER = "no_borrower"
    """Investors paid in for a project that paid nothing out to a borrower."""
    TERM_MISMATCH = "term_mismatch"
    """Investors were paid back before the borrower repaid."""
    MIXED_ACCOUNT = "mixed_account"
    """One account serves own money and customers' money, or many projects without keeping them
    apart."""


class PoolFinding(NamedTuple):
    """One sign, where it was seen, and how much money it concerns (minor units)."""

    sign: PoolSign
    where: str
    amount: int


class ProjectFlow(NamedTuple):
    """One movement of customers' money: kind is invest, lend, repay or pay_out; amount above 0."""

    project: str
    kind: str
    day: date
    amount: int
    account: str


def pool_signs(
    flows: Sequence[ProjectFlow], *, own_accounts: Mapping[str, bool], transit_days: int = 3
) -> list[PoolFinding]:
    """The signs of a hidden pool in the flows of projects, largest first.

    `own_accounts` says of each account that is not the custodian's whether it also holds own money.
    """
    on_own: Counter[str] = Counter()
    projects: defaultdict[str, list[ProjectFlow]] = defaultdict(list)
    for flow in flows:
        projects[flow.project].append(flow)
        if flow.account in own_accounts:
            on_own[flow.account] += flow.amount
    found = [
        PoolFinding(
            PoolSign.MIXED_ACCOUNT if own_accounts[account] else PoolSign.OWN_ACCOUNT,
            account,
            amount,
        )
        for account, amount in on_own.items()
    ]
    newest = max((flow.day for flow in flows), default=None)
    for project, its in projects.items():
        assert newest is not None, "a project has a flow"
        found += _of_project(project, its, newest=newest, transit_days=transit_days)
    return sorted(found, key=lambda one: (-one.amount, one.sign, one.where))


def _of_project(
    project: str, flows: Sequence[ProjectFlow], *, newest: date, transit_days: int
) -> list[PoolFinding]:
    total: Counter[str] = Counter()
    for flow in flows:
        total[flow.kind] += flow.amount
    found = []
    started = min(flow.day for flow in flows)
    if total["invest"] and not total["lend"] and (newest - started).days > transit_days:
        found.append(PoolFinding(PoolSign.NO_BORROWER, project, total["invest"]))
    ahead = _paid_ahead(flows)
    if ahead:
        found.append(PoolFinding(PoolSign.TERM_MISMATCH, project, ahead))
    return found


def _paid_ahead(flows: Sequence[ProjectFlow]) -> int:
    """The most that investors had been paid beyond what borrowers had repaid, at the end of a
    day.
    """
    by_day: defaultdict[date, int] = defaultdict(int)
    for flow in flows:
        if flow.kind in ("pay_out", "repay"):
            by_day[flow.day] += flow.amount if flow.kind == "pay_out" else -flow.amount
    worst = running = 0
    for day in sorted(by_day):
        running += by_day[day]
        worst = max(worst, running)
    return worst


def custody_row(
    found: Reconciliation,
    *,
    signs: Sequence[PoolFinding],
    customer_claims: int,
    reserve: int,
    reserve_needed: int,
    reserve_used: int = 0,
    statement_hours_late: float = 0.0,
) -> dict[str, float]:
    """A day of the source ``custody`` out of its reconciliation and the signs of a pool."""
    of: Counter[PoolSign] = Counter()
    number: Counter[PoolSign] = Counter()
    for sign in signs:
        of[sign.sign] += sign.amount
        number[sign.sign] += 1
    matched = (Cause.IN_TRANSIT, Cause.FEE)
    return {
        "ledger_balance": found.ledger,
        "bank_balance": found.bank,
        "in_transit": found.in_transit,
        "explained": found.explained,
        "unexplained": found.unexplained,
        "unmatched_items": float(sum(one.cause not in matched for one in found.differences)),
        "oldest_unmatched_days": float(found.oldest_days),
        "own_account_customer_money": of[PoolSign.OWN_ACCOUNT] + of[PoolSign.MIXED_ACCOUNT],
        "passed_through_own_accounts": of[PoolSign.OWN_ACCOUNT] + of[PoolSign.MIXED_ACCOUNT],
        "mixed_accounts": float(number[PoolSign.MIXED_ACCOUNT]),
        "projects_without_match": float(number[PoolSign.NO_BORROWER]),
        "early_payouts": of[PoolSign.TERM_MISMATCH],
        "customer_claims": customer_claims,
        "reserve": reserve,
        "reserve_required": reserve_needed,
        "reserve_used": reserve_used,
        "statement_hours_late": statement_hours_late,
    }


def reserve_required(
    *, expected_loss: int, unexpected_loss: int, floor_share: float, balances: int
) -> int:
    """What a risk reserve should hold: losses that are expected and a margin, at least a floor."""
    return max(expected_loss + unexpected_loss, int(balances * floor_share))
