"""The card payments that contestants work on, as raw columns in one Parquet file.

The shared real-format data set where it stands beside the project, else a simulated stream.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from fengkong.simulation.cards import card_stream

ROOT: Final = Path(__file__).resolve().parents[1]
SHARED: Final = ROOT.parent / "shared" / "data" / "card_payments" / "transactions.parquet"
SIMULATED_EVENTS: Final = 1_300_000
SEED: Final = 20_260_101
_SECOND: Final = 1_000_000
# The stream is that of a busy platform; slowed down, it spans windows of 37 days.
_SLOWED: Final = 90
_TIES_MAX: Final = 500_000


@dataclass(frozen=True, kw_only=True)
class Payments:
    """A file of `events` rows in order of time, and in words where they come from.

    Columns: `seq`; `customer`, `terminal` (whole numbers); `amount` in minor units; `is_fraud` 0
    or 1; `occurred_at` microseconds, whole seconds; `moment`, the same plus one microsecond for
    each earlier row of the same second. By `moment` a peer that knows only ranges of time can
    tell which of two payments of one second came first; it is made before any clock starts.
    """

    path: Path
    events: int
    source: str


def prepare(*, folder: Path, events_max: int | None) -> Payments:
    """Write the raw columns into a folder."""
    if SHARED.exists():
        frame = _shared()
        source = "card payments of the fraud detection handbook (shared data)"
    else:
        frame = _simulated(events_max or SIMULATED_EVENTS)
        source = f"simulated card stream, seed {SEED} (the shared data are absent)"
    frame = with_moment(frame.head(events_max) if events_max else frame)
    path = folder / "payments.parquet"
    frame.write_parquet(path, compression="uncompressed")
    return Payments(path=path, events=frame.height, source=source)


def _shared() -> pl.DataFrame:
    raw = pl.read_parquet(SHARED)
    return raw.select(
        customer=pl.col("CUSTOMER_ID").cast(pl.Int64),
        terminal=pl.col("TERMINAL_ID").cast(pl.Int64),
        amount=(pl.col("TX_AMOUNT") * 100).round().cast(pl.Int64),
        is_fraud=pl.col("TX_FRAUD").cast(pl.Int64),
        occurred_at=pl.col("TX_DATETIME").dt.epoch("us"),
    )


def _simulated(events: int) -> pl.DataFrame:
    stream = pl.DataFrame(card_stream(rows=events, seed=SEED))
    start = stream["occurred_at"][0]
    return stream.select(
        "customer",
        "terminal",
        "amount",
        pl.col("is_fraud").cast(pl.Int64),
        occurred_at=start + (pl.col("occurred_at") - start) * _SLOWED,
    )


def with_moment(frame: pl.DataFrame) -> pl.DataFrame:
    """Payments in order of time with `seq` and `moment`."""
    frame = frame.with_row_index("seq")
    at = pl.col("occurred_at")
    first = pl.when(at != at.shift(1).fill_null(-1)).then("seq").forward_fill()
    earlier = (pl.col("seq") - first).cast(pl.Int64)
    frame = frame.with_columns(moment=at + earlier)
    assert frame["occurred_at"].is_sorted(), "a payment's row is its place in the sequence"
    assert (frame["occurred_at"] % _SECOND == 0).all(), "windows are cut between seconds"
    assert (frame["moment"] - frame["occurred_at"]).max() < _TIES_MAX, "see handbook.HALF_SECOND"  # type: ignore[operator]
    return frame
