"""Books of a demonstration: half a year of custody, loans, treasury and markets, made and seeded.

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
_UNEXPLAINED: Final = 1_284.5
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
    ):
        place = folder / f"{name}.csv"
        if not place.exists():
            _write(place, list(rows))
            written += 1
    return written


def _days(today: date) -> Iterator[tuple[int, date]]:
    """Days with how many there are still to come after them."""
    for back in range(DAYS - 1, -1, -1):
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
        "loans": round(outstanding / 8_400),
        "drawn": round(outstanding * 0.006, 2),
        "drawn_loans": round(outstanding * 0.006 / 8_400),
        "due": due,
        "repaid": round(due * dice.uniform(0.975, 0.995) / (1 + 0.012 * (worse - 1)), 2),
        **overdue,
        "overdue_loans": round(sum(late) / 8_400),
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
    }


def _treasury(today: date, dice: random.Random) -> Iterator[Row]:
    for _back, day in _days(today):
        yield {
            "day": day,
            "cash": round(abs(dice.gauss(52_000_000, 3_000_000)), 2),
            "liquid_assets": round(abs(dice.gauss(95_000_000, 4_000_000)), 2),
        }


def _market(today: date, dice: random.Random) -> Iterator[Row]:
    index, value = 3_900.0, 60_000_000.0
    for _back, day in _days(today):
        if day.weekday() >= _SATURDAY:
            continue
        moved = dice.gauss(0.0002, 0.009)
        index, value = index * (1 + moved), value * (1 + 0.6 * moved)
        yield {
            "day": day,
            "portfolio_return": round(60 * moved, 5),
            "portfolio_value": round(value, 2),
            "index_close": round(index, 2),
            "implied_volatility": round(abs(dice.gauss(17, 2)), 2),
        }


_SATURDAY: Final = 5
_ARREARS: Final = (
    *("overdue_m1", "overdue_m2", "overdue_m3", "overdue_m4"),
    *("overdue_m5", "overdue_m6", "overdue_m6_plus"),
)


def _write(place: Path, rows: list[Row]) -> None:
    new = place.with_suffix(".new")
    with new.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    new.replace(place)
