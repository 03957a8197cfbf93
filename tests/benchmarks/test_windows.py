"""All contestants compute the same twelve features, ties and borders of windows included."""

import numpy as np
import polars as pl
import pytest
from benchmarks import payments as payments_module
from benchmarks.agreement import compare
from benchmarks.contestants import Contestant, running
from benchmarks.handbook import DAY, DECLARATIONS, DELAY_DAYS, NAMES, TOLERANCE
from benchmarks.workers import windows_fengkong

from fengkong.decisions.policy_file import load_policy
from fengkong.events.catalogue import shipped_catalogue

MISSING = "the peers are installed by `python3 run.py bench`"
EVENTS = 4_000


@pytest.fixture(scope="module")
def payments(tmp_path_factory):
    """Few keys over sixty days; a third of the payments fall on borders of days, many tie."""
    dice = np.random.default_rng(12)
    borders = dice.integers(0, 60, EVENTS) * DAY
    times = np.where(
        dice.random(EVENTS) < 0.3, borders, dice.integers(0, 60 * 86_400, EVENTS) * 1_000_000
    )
    frame = pl.DataFrame(
        {
            "customer": dice.integers(0, 30, EVENTS),
            "terminal": dice.integers(0, 50, EVENTS),
            "amount": dice.integers(1, 100_000, EVENTS),
            "is_fraud": (dice.random(EVENTS) < 0.1).astype(np.int64),
            "occurred_at": np.sort(times) + 1_700_000_000_000_000,
        }
    )
    path = tmp_path_factory.mktemp("payments") / "payments.parquet"
    payments_module.with_moment(frame).write_parquet(path)
    return path


@pytest.fixture(scope="module")
def ours(payments):
    planned = windows_fengkong.plans(threads=1)
    return windows_fengkong.run(pl.read_parquet(payments), planned=planned, pool=None)[0]


def agrees(ours, theirs):
    found = compare(ours, theirs, contestant="peer", names=NAMES, tolerance=TOLERANCE)
    assert found.agrees, found.example


def test_the_features_are_those_of_the_pack():
    source = "src/fengkong/packs/card_payments/policy.yaml"
    text = (payments_module.ROOT / source).read_text(encoding="utf-8")
    policy = load_policy(text, source=source, catalogue=shipped_catalogue())
    packed = {feature.name: feature for feature in policy.windows}
    assert {f.name: packed.get(f.name) for f in windows_fengkong.declared()} == {
        feature.name: feature for feature in windows_fengkong.declared()
    }
    assert set(DECLARATIONS) <= set(packed)


def test_our_values_are_those_of_a_plain_count(payments, ours):
    rows = pl.read_parquet(payments).to_dicts()
    for number in range(0, EVENTS, 97):
        row, at = rows[number], rows[number]["occurred_at"]
        mine = [r["amount"] for r in rows[: number + 1] if r["customer"] == row["customer"]
                and r["occurred_at"] > at - DAY]  # fmt: skip
        until = at - DELAY_DAYS * DAY
        there = [r["is_fraud"] for r in rows[: number + 1] if r["terminal"] == row["terminal"]
                 and until - 30 * DAY < r["occurred_at"] <= until]  # fmt: skip
        expected = [len(mine), sum(mine) / len(mine), len(there), sum(there) / max(len(there), 1)]
        assert ours[number, [0, 3, 8, 11]].tolist() == pytest.approx(expected, rel=1e-12)


def test_two_threads(payments, ours):
    worker = Contestant(
        name="two", worker="windows_fengkong", needs="fengkong", threads=2,
        facts={"path": str(payments)},
    )  # fmt: skip
    with running([worker]) as (process,):
        assert process.about["ready"] is True
        agrees(ours, process.answer(payments.parent / "answer.npy"))
        assert process.round()["seconds"] > 0


@pytest.mark.parametrize("number", range(4))
def test_polars(payments, ours, number):
    windows_polars = pytest.importorskip("benchmarks.workers.windows_polars", reason=MISSING)
    frame = pl.read_parquet(payments).with_columns(pl.col("moment").cast(pl.Datetime("us")))
    formulation = windows_polars.FORMULATIONS[number]
    agrees(ours, windows_polars.to_cells(formulation(frame)))


def test_duckdb(payments, ours):
    duckdb = pytest.importorskip("duckdb", reason=MISSING)
    from benchmarks.workers import windows_duckdb

    connection = duckdb.connect(config={"threads": 1})
    connection.execute("CREATE TABLE payments AS FROM read_parquet(?)", [str(payments)])
    agrees(ours, windows_duckdb.run(connection, windows_duckdb.query()))


def test_pandas(payments, ours):
    pandas = pytest.importorskip("pandas", reason=MISSING)
    pytest.importorskip("pyarrow", reason=MISSING)
    from benchmarks.workers import windows_pandas

    frame = pandas.read_parquet(payments)
    frame["moment"] = frame["moment"].to_numpy().astype("datetime64[us]")
    agrees(ours, windows_pandas.run(frame))


def test_river(payments, ours):
    pytest.importorskip("river", reason=MISSING)
    from benchmarks.workers import windows_river

    given = windows_river.payments_of(pl.read_parquet(payments))
    agrees(ours, windows_river.to_cells(windows_river.run(given)))
