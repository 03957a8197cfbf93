"""The real data, read from beside the project (or from FENGKONG_SHARED_DATA); none is kept here."""

from __future__ import annotations

import calendar
import os
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from fengkong.credit.peers import HEADERS

FOLDER: Final = Path(
    os.environ.get("FENGKONG_SHARED_DATA")
    or Path(__file__).resolve().parents[3] / "shared" / "data"
)
_KEY: Final = pl.col("name").str.strip_chars().str.to_lowercase().alias("key")


def available(folder: Path = FOLDER) -> bool:
    """Whether the data is there."""
    return (folder / "p2p_platforms" / "failures.csv").is_file()


def vix(folder: Path = FOLDER) -> pl.DataFrame:
    """day, implied_volatility: the close of the VIX."""
    table = pl.read_csv(folder / "markets" / "vix_daily.csv", try_parse_dates=True)
    return table.select(pl.col("DATE").alias("day"), pl.col("CLOSE").alias("implied_volatility"))


def shibor(folder: Path = FOLDER) -> pl.DataFrame:
    """day, overnight, week_1, month_3 in percent."""
    table = pl.read_csv(folder / "liquidity" / "shibor.csv", try_parse_dates=True)
    names = {"报告日": "day", "隔夜": "overnight", "1周": "week_1", "3月": "month_3"}
    return table.rename(names).select(names.values()).sort("day")


def returns(folder: Path = FOLDER) -> dict[str, pl.DataFrame]:
    """day, portfolio_return (percent) of ten stocks in equal parts, and of the NASDAQ."""
    stocks = pl.read_csv(folder / "markets" / "sp500.csv", try_parse_dates=True)
    names = [name for name in stocks.columns if name not in ("date", "next_day_return")]
    index = pl.read_csv(folder / "markets" / "nasdaq.csv").with_columns(
        pl.col("Date").str.to_date("%m/%d/%Y")
    )
    close = pl.col("Adj Close").log().diff() * 100.0
    return {
        "ten stocks": stocks.select(
            pl.col("date").alias("day"), pl.mean_horizontal(names).alias("portfolio_return")
        ),
        "NASDAQ": index.select(pl.col("Date").alias("day"), close.alias("portfolio_return")),
    }


def bonds(folder: Path = FOLDER) -> pl.DataFrame:
    """day (first of the month), aaa, baa: yields in percent since 1919."""
    table = pl.read_csv(folder / "markets" / "default.csv")
    return table.select(
        pl.col("Date").str.to_date("%m/%d/%Y").alias("day"),
        pl.col("AAA").alias("aaa"),
        pl.col("BAA").alias("baa"),
    )


def fund_flows(folder: Path = FOLDER) -> pl.DataFrame:
    """day, purchased, redeemed in cents."""
    table = pl.read_csv(folder / "liquidity" / "fund_daily_flows.csv", try_parse_dates=True)
    return table.rename({"date": "day", "purchase": "purchased", "redeem": "redeemed"})


def failures(folder: Path = FOLDER) -> pl.DataFrame:
    """failed_on, name, key, region (province or city), cause of each failed platform."""
    table = pl.read_csv(folder / "p2p_platforms" / "failures.csv")
    return table.select(
        pl.col("问题发生时间").str.to_date().alias("failed_on"),
        pl.col("平台名称").alias("name"),
        pl.col("所在地区")
        .str.extract(r"^(.{2,3}?)(?:省|市|自治区|壮族|回族|维吾尔)")
        .alias("region"),
        pl.col("出问题原因").alias("cause"),
    ).with_columns(_KEY)


def ratings(folder: Path = FOLDER) -> pl.DataFrame:
    """month_end, name, key and the parts of the rating of each rated platform and month."""
    tables = []
    for path in sorted((folder / "p2p_platforms" / "ratings").glob("*.csv")):
        year, month = int(path.stem[:4]), int(path.stem[4:])
        end = date(year, month, calendar.monthrange(year, month)[1])
        table = pl.read_csv(path, infer_schema_length=0)
        names = {**HEADERS, "平台名称": "name"}
        known = {old: new for old, new in names.items() if old in table.columns}
        numbers = [new for new in dict.fromkeys(known.values()) if new != "name"]
        tables.append(
            table.rename(known)
            .select("name", *(pl.col(number).cast(pl.Float64, strict=False) for number in numbers))
            .with_columns(pl.lit(end).alias("month_end"), _KEY)
        )
    return pl.concat(tables, how="diagonal")
