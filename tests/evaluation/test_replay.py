"""Replay: figures by hand, the same bytes however the history is cut, whole files or none."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from samples import (
    DAY,
    HOUR,
    MINUTE,
    SIMPLE,
    batches,
    blocked,
    label,
    load,
    payment,
    simple,
    simulated,
)

from fengkong.decisions.engine import Engine
from fengkong.evaluation.feature_table import write_features
from fengkong.evaluation.replay import PointsSummary, RuleTally, empty_decisions, replay
from fengkong.evaluation.table_file import CannotWriteTableError, table_file

HISTORY = [
    payment("p1"),
    payment("p2", at=MINUTE, device="d1"),
    payment("p3", at=2 * MINUTE, amount=1000_00),
    blocked("d1", at=3 * MINUTE),
    payment("p4", at=4 * MINUTE, amount=1000_01),
    payment("p5", at=2 * HOUR, device="d1"),
    payment("p6", at=3 * HOUR, channel="web"),
    label("p4", at=DAY),
]


def test_summary_by_hand() -> None:
    summary = replay(simple(), batches(HISTORY))
    assert (summary.events, summary.decided, summary.recorded, summary.late) == (8, 6, 2, 0)
    assert summary.event_types == {
        "payment.initiated": 6,
        "list.changed": 1,
        "label.confirmed": 1,
    }
    # p3 is the third in the hour: 40 points and 1 for the app; p4 is above the limit too.
    assert summary.outcomes == {"deny": 1, "delay": 0, "review": 1, "challenge": 1, "allow": 3}
    assert summary.points == PointsSummary(
        mean=(1 + 1 + 41 + 71 + 1 + 0) / 6,
        minimum=0.0,
        median=1.0,
        quantile_90=71.0,
        quantile_99=71.0,
        maximum=71.0,
    )
    assert summary.rules == (
        RuleTally(rule="amount.large", applied=6, hits=1, unknowns=0),
        RuleTally(rule="velocity", applied=6, hits=2, unknowns=0),
        RuleTally(rule="device.blocked", applied=6, hits=1, unknowns=4),
        RuleTally(rule="channel.app", applied=6, hits=5, unknowns=0),
    )
    assert summary.first_at == "2026-11-02T02:00:00Z"
    assert summary.last_at == "2026-11-03T02:00:00Z"
    assert summary.memory.bytes > 0
    assert summary.memory.keys["customer"] == 1


def test_decisions_are_written_in_order(tmp_path: Path) -> None:
    out = tmp_path / "decisions.parquet"
    replay(simple(), batches(HISTORY), out=out)
    table = pl.read_parquet(out)
    assert table["event_id"].to_list() == ["p1", "p2", "p3", "p4", "p5", "p6"]
    assert table["outcome"].to_list() == [
        "allow", "allow", "challenge", "review", "deny", "allow",
    ]  # fmt: skip
    assert table["hits"].to_list()[3] == ["amount.large", "velocity", "channel.app"]
    assert table["unknowns"].to_list()[5] == ["device.blocked"]
    assert table["reasons_en"].to_list()[4] == "Device d1; By app"
    assert table.schema == empty_decisions(simple()).schema


@pytest.mark.parametrize("rows", [1, 3, 100])
def test_same_bytes_however_the_history_is_cut(tmp_path: Path, rows: int) -> None:
    events, _ = simulated()
    first, second = tmp_path / "a.parquet", tmp_path / "b.parquet"
    part = events[:600]
    one = replay(simple(), batches(part), out=first).to_data()
    two = replay(simple(), batches(part, rows=rows), out=second).to_data()
    assert first.read_bytes() == second.read_bytes()
    # Arrays grow in steps that depend on the batch; everything else does not.
    assert one.pop("memory")
    assert two.pop("memory")
    assert one == two


def test_replay_is_the_engine_one_by_one(tmp_path: Path) -> None:
    events, _ = simulated()
    out = tmp_path / "decisions.parquet"
    replay(simple(), batches(events[:400]), out=out)
    engine = Engine(simple())
    state = engine.new_state()
    decisions = [engine.decide(event, state) for event in events[:400]]
    expected = [(d.event_id, d.outcome, d.points) for d in decisions if d is not None]
    table = pl.read_parquet(out, columns=["event_id", "outcome", "points"])
    assert table.rows() == expected


def test_blocks_are_shown_as_they_come() -> None:
    seen: list[int] = []
    replay(simple(), batches(HISTORY, rows=3), on_block=lambda block: seen.append(len(block)))
    # The list change ends a stretch.
    assert sum(seen) == 6
    assert all(seen)


@pytest.mark.parametrize("history", [[], [label("p1", at=0)]])
def test_nothing_decided_is_an_empty_table(tmp_path: Path, history: list) -> None:
    out = tmp_path / "decisions.parquet"
    summary = replay(simple(), batches(history), out=out)
    assert summary.decided == 0
    assert summary.points is None
    assert summary.recorded == len(history)
    table = pl.read_parquet(out)
    assert table.height == 0
    assert table.schema == empty_decisions(simple()).schema


def test_late_events_are_counted() -> None:
    history = [payment("p1", at=2 * DAY), payment("p2", at=0), payment("p3", at=DAY)]
    assert replay(simple(), batches(history)).late == 1


def test_many_different_points_are_rounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fengkong.evaluation.replay._SUMS_MAX", 1)
    policy = load(SIMPLE.replace("points: 1\n", "points: 1.3\n"))
    points = replay(policy, batches(HISTORY)).points
    assert points is not None
    assert (points.minimum, points.median, points.maximum) == (0.0, 1.0, 71.0)


# -- files ---------------------------------------------------------------------------------------


class BrokenHistoryError(Exception):
    pass


def broken():
    yield from batches(HISTORY)
    raise BrokenHistoryError


def test_nothing_half_done_stays(tmp_path: Path) -> None:
    out = tmp_path / "decisions.parquet"
    with pytest.raises(BrokenHistoryError):
        replay(simple(), broken(), out=out)
    assert list(tmp_path.iterdir()) == []


def test_an_older_file_survives_a_failure(tmp_path: Path) -> None:
    out = tmp_path / "decisions.parquet"
    replay(simple(), batches(HISTORY), out=out)
    before = out.read_bytes()
    with pytest.raises(BrokenHistoryError):
        replay(simple(), broken(), out=out)
    assert out.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["decisions.parquet"]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWriteTableError) as caught:
        replay(simple(), batches(HISTORY), out=tmp_path / "file" / "x.parquet")
    assert caught.value.code == "evaluation.cannot_write"


def test_parts_of_any_size_give_the_same_table(tmp_path: Path) -> None:
    frame = pl.DataFrame({"x": np.arange(100_000), "y": [str(i % 7) for i in range(100_000)]})
    files = []
    for size in (1_000, 33_333, 100_000):
        out = tmp_path / f"{size}.parquet"
        with table_file(out, empty=frame.clear()) as table:
            for start in range(0, frame.height, size):
                table.append(frame[start : start + size])
        files.append(out.read_bytes())
        assert pl.read_parquet(out).equals(frame)
    assert len(set(files)) == 1


# -- features ------------------------------------------------------------------------------------


def test_features_by_hand(tmp_path: Path) -> None:
    out = tmp_path / "features.parquet"
    history = [
        payment("p1", amount=10_00, city="杭州市"),
        label("p1", at=1),
        payment("p2", at=MINUTE, amount=20_00, city="上海市"),
        payment("p3", at=2 * HOUR, amount=60_00, customer="c2"),
    ]
    summary = write_features(simple(), batches(history, rows=2), out=out)
    assert (summary.events, summary.rows) == (4, 3)
    table = pl.read_parquet(out)
    assert table.columns == ["event_id", *simple().feature_names]
    assert table.to_dict(as_series=False) == {
        "event_id": ["p1", "p2", "p3"],
        "customer_payment_count_1h": [1.0, 2.0, 1.0],
        "customer_amount_mean_1d": [10.0, 15.0, 60.0],
        "customer_city_last": ["杭州市", "上海市", None],
        "customer_city_seen": [False, False, None],
        "amount_ratio": [1.0, pytest.approx(4 / 3), 1.0],
    }
