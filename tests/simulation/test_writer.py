"""A simulation on disk: whole or not at all, never over something else."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from fengkong.core.errors import RiskError
from fengkong.events.encoding import encode
from fengkong.simulation import writer
from fengkong.simulation.cards import card_stream
from fengkong.simulation.platform import Simulation
from fengkong.simulation.writer import write

SMALL = Simulation(scenarios=("card_testing", "redemption_run"), seed=2, days=1, customers=60)


def test_files_hold_the_events_their_truth_and_a_summary(tmp_path: Path):
    told: list[int] = []
    summary = write(simulation=SMALL, directory=tmp_path / "run", progress=told.append)
    items = list(SMALL.events())
    text = (tmp_path / "run" / "events.jsonl").read_bytes()
    assert text.splitlines() == [encode(item.event) for item in items]
    truth = pl.read_parquet(tmp_path / "run" / "truth.parquet")
    assert truth.schema == writer.TRUTH_SCHEMA
    assert truth["event_id"].to_list() == [item.event.id for item in items]
    assert truth["scenario"].to_list() == [item.scenario for item in items]
    assert truth["is_fraud"].to_list() == [item.is_fraud for item in items]
    assert json.loads((tmp_path / "run" / "summary.json").read_text("utf-8")) == summary
    assert summary["events"] == len(items) == sum(told)
    assert summary["scenarios"]["redemption_run"]["frauds"] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


def test_two_runs_write_the_same_bytes(tmp_path: Path):
    for name in ("one", "two"):
        write(simulation=SMALL, directory=tmp_path / name)
    for name in ("events.jsonl", "summary.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    first, second = (pl.read_parquet(tmp_path / run / "truth.parquet") for run in ("one", "two"))
    assert first.equals(second)


def test_an_empty_directory_may_be_filled(tmp_path: Path):
    write(simulation=SMALL, directory=tmp_path)
    assert (tmp_path / "summary.json").exists()


def test_a_directory_with_something_in_it_is_refused(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("keep", "utf-8")
    with pytest.raises(RiskError, match="not empty"):
        write(simulation=SMALL, directory=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(RiskError, match="is a file"):
        write(simulation=SMALL, directory=tmp_path / "mine.txt")


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writer, "_write_rows", full)
    with pytest.raises(RiskError, match="No space left on device"):
        write(simulation=SMALL, directory=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_the_card_stream_is_ordered_skewed_and_repeatable():
    columns = card_stream(rows=50_000, seed=3)
    assert all(len(column) == 50_000 for column in columns.values())
    assert (columns["occurred_at"][1:] >= columns["occurred_at"][:-1]).all()
    assert (columns["occurred_at"][1:] == columns["occurred_at"][:-1]).any()
    assert 0.004 < columns["is_fraud"].mean() < 0.012
    assert columns["amount"].min() >= 1
    again = card_stream(rows=50_000, seed=3)
    assert all((again[name] == column).all() for name, column in columns.items())
    with pytest.raises(RiskError, match="0 rows"):
        card_stream(rows=0, seed=1)
