"""How likely peer platforms fail within a year: a scorecard over published monthly ratings.

A logistic regression on where a platform stands among all of its month, with weights that start
from what the literature expects (money that leaves, illiquid claims, short terms, high rates and a
low rating precede failure) and move as failures become known. It is fitted in time order: at the
end of a month only failures until then are known, and a platform that has not failed yet counts as
much as the part of its year that has passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.core.errors import RiskError

Floats = NDArray[np.float64]
YEAR_DAYS: Final = 365
EXPECTED: Final[Mapping[str, float]] = {
    "score": -1.0,
    "inflow": -1.0,
    "liquidity": -1.0,
    "term": -1.0,
    "rate": 1.0,
}
"""The weights before any failure is known: one each, with the sign of the literature."""
OTHERS: Final = ("operations", "solvency", "spread", "lenders", "borrowers")
MOVING: Final = ("score", "inflow", "liquidity")
PARTS: Final = (*EXPECTED, *OTHERS)
HEADERS: Final[Mapping[str, str]] = {
    "平台名称": "platform",
    "得分": "score",
    "综合评分": "score",
    "资金流入率": "inflow",
    "流动性": "liquidity",
    "期限": "term",
    "利率": "rate",
    "运营": "operations",
    "偿兑性": "solvency",
    "地域性": "spread",
    "投资": "lenders",
    "借款": "borrowers",
}
"""What published ratings call the platform and the parts of its rating."""
_LEVEL: Final = -3.5
_LEVEL_PRECISION: Final = 0.25
_STEPS_MAX: Final = 60
_SMALL: Final = 1e-10
_FORMAT: Final = "fengkong-peer-score/1"


class InvalidPeerScoreError(RiskError):
    """A file is no score of peer platforms, or ratings lack what a score needs."""

    code = "credit.invalid_peer_score"
    hint = "Make it with `fengkong indicators fit-peers` from ratings with a platform and a day."


class PeerScore(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A fitted score: log odds of failing within a year, and what it was fitted on."""

    format: str = _FORMAT
    level: float
    weights: dict[str, float]
    fitted_until: date
    ratings: int
    failed_ratings: int
    failed_platforms: int
    provenance: dict[str, str] = {}

    @classmethod
    def read(cls, content: bytes) -> PeerScore:
        """The score of a file."""
        try:
            found = msgspec.json.decode(content, type=cls)
        except msgspec.MsgspecError as error:
            raise InvalidPeerScoreError(str(error)[:200]) from None
        if found.format != _FORMAT or set(found.weights) != set(inputs()):
            raise InvalidPeerScoreError(f"expected {_FORMAT} with the weights {inputs()}")
        return found

    def written(self) -> bytes:
        """Its file."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


@cache
def shipped_score() -> PeerScore:
    """The score that comes with Fengkong (``packs/peers``); its file says what it was fitted on."""
    place = files("fengkong") / "packs" / "peers" / "warning_score.json"
    return PeerScore.read(place.read_bytes())


def inputs() -> list[str]:
    """The names of a score's weights, in their order."""
    return [*(f"place_{part}" for part in PARTS), *(f"moved_{part}" for part in MOVING)]


def places(ratings: pl.DataFrame) -> pl.DataFrame:
    """Where each platform stood among those of its day, -1 to 1, and how that moved.

    `ratings`: platform, day, and parts of the rating (numbers, null where unknown; a column that
    is missing is unknown). What is unknown stands in the middle and has not moved.
    """
    if not {"platform", "day"} <= set(ratings.columns):
        raise InvalidPeerScoreError("ratings have no platform or no day")
    table = ratings.with_columns(
        pl.lit(None, pl.Float64).alias(part) for part in PARTS if part not in ratings.columns
    )
    stood = [
        (2.0 * (pl.col(part).rank() - 0.5) / pl.col(part).count() - 1.0)
        .over("day")
        .fill_null(0.0)
        .alias(f"place_{part}")
        for part in PARTS
    ]
    table = table.with_columns(stood).sort("platform", "day")
    moved = [
        (pl.col(f"place_{part}") - pl.col(f"place_{part}").shift(1).over("platform"))
        .fill_null(0.0)
        .mul(0.5)
        .alias(f"moved_{part}")
        for part in MOVING
    ]
    return table.with_columns(moved).sort("day", "platform")


def fitted(
    stood: pl.DataFrame, failures: pl.DataFrame, *, known_until: date, doubt: float = 1.0
) -> PeerScore:
    """The score that could be made at the end of a day.

    `stood` comes from `places`; `failures`: platform, failed_on. Ratings of the day itself are not
    used. `doubt` is the standard deviation around the expected weights (0: they never move).
    """
    past = _known(stood, failures, known_until=known_until)
    failed = past.filter("failed")
    prior = np.array([_LEVEL, *EXPECTED.values(), *np.zeros(len(OTHERS) + len(MOVING))])
    precision = np.full(prior.size, 1.0 / max(doubt, 1e-6) ** 2)
    precision[0] = _LEVEL_PRECISION
    found = _posterior(
        past.select(inputs()).to_numpy(),
        past["failed"].to_numpy().astype(np.float64),
        past["counts"].to_numpy(),
        prior=prior,
        precision=precision,
    )
    return PeerScore(
        level=round(float(found[0]), 6),
        weights={name: round(float(one), 6) for name, one in zip(inputs(), found[1:], strict=True)},
        fitted_until=known_until,
        ratings=past.height,
        failed_ratings=failed.height,
        failed_platforms=failed["platform"].n_unique(),
    )


def with_danger(stood: pl.DataFrame, score: PeerScore) -> pl.DataFrame:
    """`stood` with `danger`, the probability of failing within a year."""
    weights = np.array([score.weights[name] for name in inputs()])
    odds = score.level + stood.select(inputs()).to_numpy() @ weights
    return stood.with_columns(pl.Series("danger", _chance(odds)))


def peers_by_day(ratings: pl.DataFrame, score: PeerScore) -> pl.DataFrame:
    """The source ``peer_danger``: day, platform, danger, rated (1 each)."""
    table = with_danger(places(ratings), score)
    return table.select("day", "platform", "danger", pl.lit(1.0).alias("rated"))


def _known(stood: pl.DataFrame, failures: pl.DataFrame, *, known_until: date) -> pl.DataFrame:
    """Ratings before a day with what is known of their year: `failed`, and how much they count."""
    first = failures.filter(pl.col("failed_on") <= known_until).group_by("platform")
    known = first.agg(pl.col("failed_on").min())
    table = stood.filter(pl.col("day") < known_until).join(known, on="platform", how="left")
    after = (pl.col("failed_on") - pl.col("day")).dt.total_days()
    seen = (pl.lit(known_until) - pl.col("day")).dt.total_days() / YEAR_DAYS
    return table.with_columns(
        after.is_between(1, YEAR_DAYS).fill_null(value=False).alias("failed")
    ).with_columns(
        pl.when("failed").then(1.0).otherwise(seen.clip(0.0, 1.0)).alias("counts"),
    )


def _posterior(
    rows: Floats, failed: Floats, counts: Floats, *, prior: Floats, precision: Floats
) -> Floats:
    """The most probable weights (the first is the level), by Newton's method with halved steps."""
    design = np.column_stack((np.ones(len(rows)), rows))

    def cost(weights: Floats) -> float:
        odds = design @ weights
        apart = precision @ (weights - prior) ** 2 / 2.0
        return float(counts @ (np.logaddexp(0.0, odds) - failed * odds) + apart)

    found, now = prior.copy(), cost(prior)
    for _ in range(_STEPS_MAX):
        chance = _chance(design @ found)
        slope = design.T @ (counts * (failed - chance)) - precision * (found - prior)
        curve = (design.T * (counts * chance * (1.0 - chance))) @ design + np.diag(precision)
        step = np.linalg.solve(curve, slope)
        while cost(found + step) > now and float(np.abs(step).max()) > _SMALL:
            step = step / 2.0
        found, now = found + step, cost(found + step)
        if float(np.abs(step).max()) <= _SMALL:
            break
    return found


def _chance(odds: Floats) -> Floats:
    """The probability of log odds, without overflow."""
    found: Floats = 0.5 * (1.0 + np.tanh(odds / 2.0))
    return found
