"""The score of peer platforms: places in a month, weights that move only on what is known."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from fengkong.credit.peers import (
    EXPECTED,
    InvalidPeerScoreError,
    PeerScore,
    fitted,
    inputs,
    peers_by_day,
    places,
    shipped_score,
    with_danger,
)

MONTHS = [date(2020, month, 28) for month in range(1, 13)]


def ratings(seed: int = 1, platforms: int = 40) -> pl.DataFrame:
    dice = np.random.default_rng(seed)
    return pl.DataFrame(
        [
            {"platform": f"p{at}", "day": day, "score": 100.0 - at, "rate": float(dice.normal())}
            | {"operations": float(at % 7)}
            for day in MONTHS
            for at in range(platforms)
        ]
    )


def failures(*, on: date, names: range) -> pl.DataFrame:
    return pl.DataFrame({"platform": [f"p{at}" for at in names], "failed_on": [on] * len(names)})


def test_places_are_of_the_month_and_the_unknown_stands_in_the_middle() -> None:
    stood = places(ratings(platforms=4)).filter(pl.col("day") == MONTHS[0]).sort("platform")
    assert stood["place_score"].to_list() == [0.75, 0.25, -0.25, -0.75]
    assert stood["place_term"].to_list() == [0.0] * 4
    assert stood["moved_score"].to_list() == [0.0] * 4


def test_before_anything_is_known_the_weights_are_those_expected() -> None:
    nobody = pl.DataFrame(schema={"platform": pl.String, "failed_on": pl.Date})
    score = fitted(places(ratings()), nobody, known_until=MONTHS[0])
    assert [score.weights[f"place_{part}"] for part in EXPECTED] == list(EXPECTED.values())
    assert (score.ratings, score.failed_ratings) == (0, 0)


def test_what_fails_later_changes_nothing_today() -> None:
    stood, failed = places(ratings()), failures(on=MONTHS[6], names=range(30, 36))
    today = MONTHS[4]
    cut = fitted(stood.filter(pl.col("day") < today), failed.clear(), known_until=today)
    assert fitted(stood, failed, known_until=today) == cut
    assert fitted(stood, failed, known_until=MONTHS[8]) != cut


def test_the_weights_are_the_most_probable_ones() -> None:
    """An independent naive check: no small step away makes the posterior larger."""
    stood, failed = places(ratings()), failures(on=MONTHS[9], names=range(28, 36))
    until = MONTHS[11]
    score = fitted(stood, failed, known_until=until)
    prior = [-3.5, *EXPECTED.values(), *[0.0] * 8]
    rows, outcome, counts = [], [], []
    known = dict(failed.iter_rows())
    for row in stood.filter(pl.col("day") < until).iter_rows(named=True):
        on = known.get(row["platform"])
        hit = on is not None and 0 < (on - row["day"]).days <= 365
        rows.append([1.0, *(row[name] for name in inputs())])
        outcome.append(hit)
        counts.append(1.0 if hit else min((until - row["day"]).days / 365, 1.0))

    def badness(weights: np.ndarray) -> float:
        odds = np.array(rows) @ weights
        loss = np.array(counts) * (np.logaddexp(0, odds) - np.array(outcome) * odds)
        apart = (weights - prior) ** 2 * np.array([0.25, *[1.0] * 13])
        return float(loss.sum() + apart.sum() / 2)

    found = np.array([score.level, *score.weights.values()])
    best = badness(found)
    for at in range(found.size):
        for step in (-0.01, 0.01):
            moved = found.copy()
            moved[at] += step
            assert badness(moved) > best


def test_failures_raise_the_danger_of_those_like_them() -> None:
    stood, failed = places(ratings()), failures(on=MONTHS[9], names=range(28, 36))
    danger = with_danger(stood, fitted(stood, failed, known_until=MONTHS[11]))
    mean = dict(danger.group_by("platform").agg(pl.col("danger").mean()).iter_rows())
    assert mean["p35"] > 3 * mean["p2"]
    assert 0 < min(mean.values()) < max(mean.values()) < 1


def test_a_file_is_read_as_it_was_written_and_others_are_refused() -> None:
    score = shipped_score()
    assert PeerScore.read(score.written()) == score
    assert set(score.provenance) == {"zh", "en"}
    for bad in (b"{}", score.written().replace(b"place_term", b"place_turm"), b"nonsense"):
        with pytest.raises(InvalidPeerScoreError):
            PeerScore.read(bad)
    with pytest.raises(InvalidPeerScoreError):
        places(pl.DataFrame({"platform": ["a"]}))


def test_the_table_of_the_source() -> None:
    table = peers_by_day(ratings(), shipped_score())
    assert table.columns == ["day", "platform", "danger", "rated"]
    assert table["rated"].sum() == len(MONTHS) * 40
