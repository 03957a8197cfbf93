"""Books of a demonstration: half a year of custody, loans and treasury, years of markets.

All of it is made, and seeded.

Two things go wrong in them: since yesterday the custodian's statement lacks money that nothing
explains, and arrears have been rising for six weeks.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Final

DAYS: Final = 180
_MARKET_DAYS: Final = 760
"""A model of volatility needs years."""
_RISING_DAYS: Final = 42
_PARTS: Final = (
    ("现金贷", "四川", 0.14, 5.5),
    ("现金贷", "广东", 0.2, 2.0),
    ("现金贷", "浙江", 0.16, 1.6),
    ("消费分期", "四川", 0.1, 1.2),
    ("消费分期", "广东", 0.22, 0.4),
    ("消费分期", "浙江", 0.18, 0.3),
)
"""Product, region, share of the book, how much worse it becomes."""
_LOAN: Final = 8_400
"""What a loan is on average, in yuan."""
_UNEXPLAINED: Final = 1_284.5
_SATURDAY: Final = 5
_ROLLED: Final = (
    ("entered_m1", 1.0),
    ("entered_m2", 0.2),
    ("entered_m3", 0.055),
    ("entered_m4", 0.028),
)
_FIRST_MISSED: Final = 0.008
_GUARANTEED: Final = 0.06
_CONNECTED: Final = 0.003
_BORROWERS: Final = 600
_BORROWER_DAYS: Final = 14
_REGIONS: Final = ("四川", "广东", "浙江", "江苏", "湖北", "山东")
_INDUSTRIES: Final = ("零售", "餐饮", "制造", "物流", "建筑", "服务", "农业", "教育")
_POSITIONS: Final = (
    *(("credit_lines", 30e6), ("total_assets", 260e6), ("customer_balances", 176e6)),
    *(("inflow_30d", 62e6), ("outflow_30d", 75e6), ("assets_7d", 72e6), ("liabilities_7d", 40e6)),
    *(("assets_30d", 115e6), ("liabilities_30d", 82e6), ("assets_90d", 175e6)),
    *(("liabilities_90d", 138e6), ("forecast_7d", 18e6), ("forecast_7d_upper", 24e6)),
    *(("redeemed", 2.55e6), ("forecast_redeemed", 2.55e6), ("wholesale_funding", 12e6)),
    *(("stress_mild", 30e6), ("stress_severe", 62e6), ("stress_run", 95e6)),
)
"""What the treasury has on a usual day, in yuan."""
_ARREARS: Final = (
    *("overdue_m1", "overdue_m2", "overdue_m3", "overdue_m4"),
    *("overdue_m5", "overdue_m6", "overdue_m6_plus"),
)
Row = Mapping[str, object]


def made_demo_sources(data: Path, *, today: date, seed: int = 7) -> int:
    """Write the books into the folder `sources`, where there are none; how many were written."""
    folder = data / "sources"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = 0
    for name, rows in (
        ("custody", _custody(today, random.Random(seed))),  # noqa: S311 - made numbers
        ("loan_book", _loan_book(today, random.Random(seed + 1))),  # noqa: S311
        ("treasury", _treasury(today, random.Random(seed + 2))),  # noqa: S311
        ("market", _market(today, random.Random(seed + 3))),  # noqa: S311
        ("borrowers", _borrowers(today, random.Random(seed + 4))),  # noqa: S311
    ):
        place = folder / f"{name}.csv"
        if not place.exists():
            _write(place, list(rows))
            written += 1
    return written


def _days(today: date, *, many: int = DAYS) -> Iterator[tuple[int, date]]:
    """Days with how many there are still to come after them."""
    for back in range(many - 1, -1, -1):
        yield back, today - timedelta(days=back)


def _custody(today: date, dice: random.Random) -> Iterator[Row]:
    balance = 180_000_000.0
    for back, day in _days(today):
        balance = round(balance * (1 + dice.gauss(0.0002, 0.004)), 2)
        transit = round(abs(dice.gauss(900_000, 250_000)), 2)
        unexplained = _UNEXPLAINED if back <= 1 else 0.0
        yield {
            "day": day,
            "ledger_balance": balance,
            "bank_balance": round(balance - transit - unexplained, 2),
            "in_transit": transit,
            "explained": 0.0,
            "unexplained": unexplained,
            "unmatched_items": 3 if back <= 1 else dice.choice((0, 0, 0, 1)),
            "oldest_unmatched_days": 1 if back <= 1 else 0,
            "own_account_customer_money": 0.0,
            "passed_through_own_accounts": 0.0,
            "mixed_accounts": 0,
            "projects_without_match": 0,
            "early_payouts": 0.0,
            "customer_claims": round(balance * 0.98, 2),
            "reserve": 6_200_000.0,
            "reserve_required": 5_000_000.0,
            "reserve_used": 0.0,
            "statement_hours_late": round(max(0.0, dice.gauss(0.2, 0.3)), 1),
        }


def _loan_book(today: date, dice: random.Random) -> Iterator[Row]:
    """By product and region; what worsens is cash loans, in Sichuan most of all."""
    held = {part: 420_000_000.0 * part[2] for part in _PARTS}
    for back, day in _days(today):
        for part, outstanding in held.items():
            product, region, _share, worsens = part
            held[part] = round(outstanding * (1 + dice.gauss(0.0004, 0.001)), 2)
            worse = 1 + worsens * max(0.0, 1 - back / _RISING_DAYS)
            row = _loans_of_day(held[part], worse=worse, dice=dice)
            yield {"day": day, "product": product, "region": region, **row}


def _loans_of_day(outstanding: float, *, worse: float, dice: random.Random) -> Row:
    shares = [0.0085 * worse, 0.0042 * worse, 0.0026, 0.0018, 0.0013, 0.0009, 0.0022]
    late = [round(outstanding * share * dice.uniform(0.97, 1.03), 2) for share in shares]
    overdue = dict(zip(_ARREARS, late, strict=True))
    stage_2, stage_3 = round(sum(late[1:3]), 2), round(sum(late[3:]), 2)
    mention, substandard, doubtful, loss = late[0], late[1], late[2], stage_3
    bad = round(mention + substandard + doubtful + loss, 2)
    due = round(outstanding * dice.uniform(0.0047, 0.0053), 2)
    return {
        "outstanding": outstanding,
        "loans": round(outstanding / _LOAN),
        "drawn": round(outstanding * 0.006, 2),
        "drawn_loans": round(outstanding * 0.006 / _LOAN),
        "due": due,
        "repaid": round(due * dice.uniform(0.975, 0.995) / (1 + 0.012 * (worse - 1)), 2),
        **overdue,
        "overdue_loans": round(sum(late) / (_LOAN * dice.gauss(1 - 0.03 * (worse - 1), 0.03))),
        "normal": round(outstanding - bad, 2),
        "special_mention": mention,
        "substandard": substandard,
        "doubtful": doubtful,
        "loss": loss,
        "stage_1": round(outstanding - stage_2 - stage_3, 2),
        "stage_2": stage_2,
        "stage_3": stage_3,
        "provision": round(outstanding * dice.uniform(0.0305, 0.0315), 2),
        "expected_loss": round(0.01 * outstanding + 0.6 * stage_3, 2),
        "expected_loss_12m": round(0.018 * outstanding, 2),
        **_flows_of_day(outstanding, late, dice=dice),
    }


def _flows_of_day(outstanding: float, late: list[float], *, dice: random.Random) -> Row:
    """What moved between stages on a day, and what became of old loans."""
    first = round(outstanding * 0.006 / _LOAN)
    written_off = outstanding * dice.uniform(3.0e-5, 4.0e-5)
    return {
        "early_repaid": round(outstanding * dice.uniform(0.0003, 0.0004), 2),
        **{name: round(late[0] / 25 * share, 2) for name, share in _ROLLED},
        "cured": round(late[0] / 25 * dice.uniform(0.6, 0.7), 2),
        "first_due_loans": first,
        "first_missed_loans": min(first, sum(dice.random() < _FIRST_MISSED for _ in range(first))),
        "restructured": round(outstanding * 0.006, 2),
        "written_off": round(written_off, 2),
        "recovered": round(written_off * dice.uniform(0.15, 0.25), 2),
        "unsecured": round(outstanding * 0.72, 2),
        "rate_weighted": round(outstanding * 0.142, 2),
    }


def _borrowers(today: date, dice: random.Random) -> Iterator[Row]:
    """The same people each day: where they live, what they do, what they owe here and elsewhere."""
    people = [_borrower(number, dice) for number in range(_BORROWERS)]
    for back in range(_BORROWER_DAYS - 1, -1, -1):
        for person in people:
            yield {"day": today - timedelta(days=back), **person}


def _borrower(number: int, dice: random.Random) -> Row:
    platforms = dice.choices((1, 2, 3, 4), (70, 21, 7, 2))[0]
    return {
        "borrower": f"made-{number:04d}",
        "guarantor": f"made-guarantor-{number % 40}" if dice.random() < _GUARANTEED else "-",
        "region": dice.choice(_REGIONS),
        "industry": dice.choice(_INDUSTRIES),
        "exposure": round(min(dice.lognormvariate(11.2, 0.6), 190_000.0), 2),
        "platforms": platforms,
        "is_connected": int(dice.random() < _CONNECTED),
        "owed_elsewhere": (platforms - 1) * 60_000.0,
    }


def _treasury(today: date, dice: random.Random) -> Iterator[Row]:
    for _back, day in _days(today):
        yield {
            "day": day,
            "cash": round(abs(dice.gauss(52_000_000, 3_000_000)), 2),
            "liquid_assets": round(abs(dice.gauss(95_000_000, 4_000_000)), 2),
            **{name: round(abs(dice.gauss(usual, usual / 50)), 2) for name, usual in _POSITIONS},
            "survival_days_run": dice.choice((38, 39, 40, 41)),
        }


def _market(today: date, dice: random.Random) -> Iterator[Row]:
    index, value = 3_900.0, 60_000_000.0
    for _back, day in _days(today, many=_MARKET_DAYS):
        if day.weekday() >= _SATURDAY:
            continue
        moved = dice.gauss(0.0004, 0.007)
        index, value = index * (1 + moved), value * (1 + 0.6 * moved)
        yield {
            "day": day,
            "portfolio_return": round(60 * moved, 5),
            "portfolio_value": round(value, 2),
            "index_close": round(index, 2),
            "hedged": round(value * 0.8, 2),
            "implied_volatility": round(abs(dice.gauss(17, 2)), 2),
        }


def _write(place: Path, rows: list[Row]) -> None:
    new = place.with_suffix(".new")
    with new.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    new.replace(place)
