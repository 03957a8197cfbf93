"""The signs of a hidden pool in the journal's flows of projects, as columns of ``custody``.

Which accounts are the house's own says ``sources/own_accounts.csv`` (account, own_money: whether
money of the house lies there too); without it nothing is known of accounts, and without any event
of a project nothing of pools.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl
from django.conf import settings

from fengkong.console.warnings.journal.journal_rows import journal_rows
from fengkong.console.warnings.journal.kept_events import PROJECTS, that_moved
from fengkong.credit.custody import PoolSign, ProjectFlow, pool_signs
from fengkong.indicators.columns import DAY
from fengkong.indicators.errors import UnreadableSourceError

_KINDS: Final = {
    "project.invested": "invest",
    "loan.drawn": "lend",
    "loan.repaid": "repay",
    "project.paid_out": "pay_out",
}
_YES: Final = ("true", "1", "yes")
_NO: Final = ("false", "0", "no")


def pool_columns(on: date) -> dict[str, float]:
    """What is known of pools at the end of a day; raises UnreadableSourceError for the file."""
    flows = _flows(on)
    if not flows:
        return {}
    accounts = _own_accounts(settings.CONSOLE.directory / "sources" / "own_accounts.csv")
    signs = pool_signs(flows, own_accounts=accounts or {})
    without = sum(one.sign is PoolSign.NO_BORROWER for one in signs)
    early = sum(one.amount for one in signs if one.sign is PoolSign.TERM_MISMATCH)
    found = {"projects_without_match": float(without), "early_payouts": early}
    if accounts is None:
        return found
    own = (PoolSign.OWN_ACCOUNT, PoolSign.MIXED_ACCOUNT)
    on_own = sum(one.amount for one in signs if one.sign in own)
    mixed = sum(one.sign is PoolSign.MIXED_ACCOUNT for one in signs)
    return found | {
        "own_account_customer_money": on_own,
        "passed_through_own_accounts": on_own,
        "mixed_accounts": float(mixed),
    }


def _flows(until: date) -> list[ProjectFlow]:
    """What moved for projects by the end of a day."""
    facts = journal_rows().facts(PROJECTS)
    if facts is None:
        return []
    rows = (
        that_moved(facts.drop_nulls(["project", "amount"]))
        .filter(pl.col(DAY) <= until)
        .select(
            "project",
            pl.col("event_type").replace_strict(_KINDS),
            DAY,
            "amount",
            pl.col("settlement_account").fill_null(""),
        )
    )
    return [ProjectFlow(*row) for row in rows.iter_rows()]


def _own_accounts(place: Path) -> Mapping[str, bool] | None:
    """Own accounts, and whether money of the house lies there; None where nobody delivered them."""
    if not place.is_file():
        return None
    try:
        table = pl.read_csv(place, infer_schema_length=0).select("account", "own_money")
    except (pl.exceptions.PolarsError, OSError) as error:
        said = str(error).splitlines()[0][:150]
        raise UnreadableSourceError(f"{place.name}: {said}") from None
    found = {}
    for number, (account, said) in enumerate(table.iter_rows(), 2):
        word = (said or "").strip().lower()
        if word not in (*_YES, *_NO):
            raise UnreadableSourceError(
                f"{place.name}, line {number}: own_money is true or false, was {said!r}"
            )
        found[account] = word in _YES
    return found
