"""Which events are kept as rows, for indicators and for the books made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import polars as pl

from fengkong.indicators.library_file import shipped_library
from fengkong.indicators.sources import Source, SourceKind
from fengkong.rules.kinds import Kind

_HASHED: Final = frozenset(
    {"customer", "guarantor", "device", "merchant", "operator", "loan", "complaint"}
)
_HELD: Final = ("deny", "delay", "review")


@dataclass(frozen=True)
class Kept:
    """Which fields of which events are kept as rows; for good where books are made of them."""

    name: str
    events: tuple[str, ...]
    fields: Mapping[str, Kind]
    source: Source | None = None

    @cached_property
    def plain(self) -> tuple[str, ...]:
        """The fields that are kept as they are."""
        return tuple(one for one in self.fields if one not in _HASHED)

    @cached_property
    def named(self) -> tuple[str, ...]:
        """The fields that say who is meant: they are kept hashed."""
        return tuple(one for one in self.fields if one in _HASHED)


LOANS: Final = Kept(
    "loans",
    ("loan.drawn",),
    {
        **dict.fromkeys(
            ("loan", "customer", "guarantor", "loan_product", "region", "industry", "channel"),
            Kind.TEXT,
        ),
        **dict.fromkeys(("loan_term_months", "annual_rate"), Kind.NUMBER),
        "amount": Kind.MONEY,
        "secured": Kind.BOOLEAN,
    },
)
LOAN_CHANGES: Final = Kept(
    "loan_changes",
    ("loan.restructured", "loan.written_off"),
    dict.fromkeys(("loan", "event_type"), Kind.TEXT),
)
REPAYMENTS: Final = Kept(
    "repayments",
    ("loan.repaid",),
    {
        **dict.fromkeys(("amount", "principal_amount"), Kind.MONEY),
        "loan": Kind.TEXT,
        "instalment_number": Kind.NUMBER,
        "due_at": Kind.INSTANT,
    },
)
MOVEMENTS: Final = Kept(
    "movements",
    (
        *("deposit.received", "fund.subscribed", "fund.redeemed"),
        *("withdrawal.requested", "loan.drawn", "loan.repaid"),
    ),
    {
        **dict.fromkeys(("event_type", "event_id", "order", "outcome"), Kind.TEXT),
        "amount": Kind.MONEY,
    },
)
PROJECTS: Final = Kept(
    "project_flows",
    ("project.invested", "loan.drawn", "loan.repaid", "project.paid_out"),
    {
        **dict.fromkeys(("event_type", "project", "settlement_account", "outcome"), Kind.TEXT),
        "amount": Kind.MONEY,
    },
)
APPLICATIONS: Final = Kept(
    "applications",
    ("loan.applied",),
    {
        "customer": Kind.TEXT,
        "lenders_elsewhere": Kind.NUMBER,
        **dict.fromkeys(("existing_debt", "verified_income", "stated_income"), Kind.MONEY),
    },
)
INVESTMENTS: Final = Kept(
    "investments",
    ("fund.subscribed", "fund.redeemed"),
    {
        **dict.fromkeys(("event_type", "customer", "fund_kind", "outcome"), Kind.TEXT),
        "amount": Kind.MONEY,
    },
)
COMPLAINTS: Final = Kept(
    "complaints",
    ("complaint.filed", "complaint.closed"),
    {
        **dict.fromkeys(("event_type", "complaint"), Kind.TEXT),
        "answer_due_at": Kind.INSTANT,
    },
)
FACTS: Final = (
    *(LOANS, LOAN_CHANGES, REPAYMENTS),
    *(MOVEMENTS, PROJECTS, APPLICATIONS, INVESTMENTS, COMPLAINTS),
)
"""What books are made of."""


def that_moved(facts: pl.DataFrame) -> pl.DataFrame:
    """Rows of orders that went through: what was denied or held did not move."""
    return facts.filter(~pl.col("outcome").is_in(_HELD).fill_null(value=False))


def journal_sources() -> list[Source]:
    """The sources whose rows are events."""
    sources = shipped_library().sources.values()
    return [one for one in sources if one.kind is SourceKind.JOURNAL and one.events]


def kept_of_source(source: Source) -> Kept:
    """What a source counts, as rows that are forgotten after a while."""
    fields = {**dict.fromkeys(source.segments, Kind.TEXT), **source.rows}
    return Kept(source.id, source.events, fields, source)
