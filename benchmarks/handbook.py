"""The twelve window features of the fraud detection handbook, declared once for all contestants.

Customer: count and mean amount over 1, 7 and 30 days, the current payment included. Terminal:
count and fraud rate over 1, 7 and 30 days that ended seven days ago. A rate of nothing is 0.
"""

from __future__ import annotations

from typing import Final

DAYS: Final = (1, 7, 30)
DELAY_DAYS: Final = 7
DAY: Final = 86_400_000_000
"""Microseconds."""
HALF_SECOND: Final = 500_000
"""Windows are cut half a second off, so that `moment` (see payments) never crosses a border."""

DECLARATIONS: Final = {
    **{f"customer_payment_count_{days}d": f"count() over customer last {days}d" for days in DAYS},
    **{
        f"customer_amount_mean_{days}d": f"mean(amount) over customer last {days}d" for days in DAYS
    },
    **{
        f"terminal_payment_count_{days}d_delayed_{DELAY_DAYS}d": (
            f"count() over terminal last {days}d delayed {DELAY_DAYS}d"
        )
        for days in DAYS
    },
    **{
        f"terminal_fraud_rate_{days}d_delayed_{DELAY_DAYS}d": (
            f"mean(is_fraud) over terminal last {days}d delayed {DELAY_DAYS}d default 0"
        )
        for days in DAYS
    },
}
NAMES: Final = tuple(DECLARATIONS)
TOLERANCE: Final = 1e-9
"""Peers add and subtract floats in a running mean; ours are exact."""


def width(days: int) -> int:
    """Microseconds of `moment` that a window of whole days spans."""
    return days * DAY - HALF_SECOND
