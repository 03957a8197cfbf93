"""However events arrive, the decisions are the same to the byte."""

import io
import itertools
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from policies import BROAD, broad, engine
from streams import in_columns, in_handfuls, one_by_one, streams

from fengkong.decisions.engine import Engine
from fengkong.decisions.state import State
from fengkong.events.columns import EventColumns
from fengkong.events.encoding import encode
from fengkong.events.event import Event
from fengkong.simulation.platform import Simulation

ENGINE = Engine(broad())
OTHER = Engine(broad())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events=streams(), cuts=st.lists(st.integers(0, 40), max_size=4))
def test_one_at_a_time_is_any_batching_is_a_restored_state(
    events: list[Event], cuts: list[int]
) -> None:
    expected = one_by_one(ENGINE, events, ENGINE.new_state())
    assert in_columns(ENGINE, events, ENGINE.new_state()) == expected
    assert in_handfuls(ENGINE, events, ENGINE.new_state()) == expected
    bounds = [0, *sorted(min(cut, len(events)) for cut in cuts), len(events)]
    state, found = OTHER.new_state(), []
    for number, (start, end) in enumerate(itertools.pairwise(bounds)):
        way = (one_by_one, in_columns, in_handfuls)[number % 3]
        found += way(OTHER, events[start:end], state)
        state = OTHER.restore(state.save())
    assert found == expected


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events=streams())
def test_the_table_says_what_the_decisions_say(events: list[Event]) -> None:
    frames, decisions = [], []
    for block in ENGINE.decide_columns(EventColumns.from_events(events), ENGINE.new_state()):
        frames.append(block.frame())
        decisions += [block.decision(i) for i in range(len(block))]
    rows = [row for frame in frames for row in frame.iter_rows(named=True)]
    assert len(rows) == len(decisions)
    for row, decision in zip(rows, decisions, strict=True):
        assert row["event_id"] == decision.event_id
        assert row["event_type"] == decision.event_type
        assert row["outcome"] == decision.outcome
        assert row["points"] == decision.points
        assert row["late"] == decision.late
        assert row["hits"] == [hit.rule for hit in decision.hits]
        assert row["unknowns"] == [one.rule for one in decision.unknowns]
        assert row["reasons_zh"] == decision.reasons.zh
        assert row["reasons_en"] == decision.reasons.en
        assert {name: row[name] for name in decision.features} == decision.features


@pytest.fixture(scope="module")
def day() -> list[Event]:
    simulated = Simulation(seed=3, days=1, customers=120).events()
    return [one.event for one in simulated][:6000]


def test_a_simulated_day(day: list[Event]) -> None:
    expected = one_by_one(ENGINE, day, ENGINE.new_state())
    assert len(expected) > 100
    assert in_columns(ENGINE, day, ENGINE.new_state()) == expected
    state, found = ENGINE.new_state(), []
    for start in range(0, len(day), 97):
        found += in_columns(ENGINE, day[start : start + 97], state)
    assert found == expected
    again = Engine(broad())
    assert one_by_one(again, day, again.new_state()) == expected


OTHER_PROCESS = """
import io, sys, msgspec, numpy as np
from fengkong.decisions.engine import Engine
from fengkong.decisions.policy_file import load_policy
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.decoding import Decoder
folder = sys.argv[1]
catalogue = shipped_catalogue()
text = open(folder + "/policy.yaml", encoding="utf-8").read()
engine = Engine(load_policy(text, source="policy.yaml", catalogue=catalogue))
plain = msgspec.json.decode(open(folder + "/state.json", "rb").read())
with np.load(folder + "/windows.npz") as windows:
    plain["windows"] = dict(windows)
state = engine.restore(plain)
decoder = Decoder(catalogue)
with open(folder + "/out.jsonl", "wb") as out:
    for line in open(folder + "/events.jsonl", "rb"):
        decision = engine.decide(decoder.decode(line.rstrip()), state)
        if decision is not None:
            out.write(decision.to_json() + b"\\n")
"""


def test_a_state_goes_on_in_another_process(day: list[Event], tmp_path: Path) -> None:
    expected = one_by_one(ENGINE, day, ENGINE.new_state())
    state = ENGINE.new_state()
    half = len(day) // 2
    first = one_by_one(ENGINE, day[:half], state)
    write_state(state, tmp_path)
    (tmp_path / "policy.yaml").write_text(BROAD, encoding="utf-8")
    lines = b"\n".join(encode(event) for event in day[half:])
    (tmp_path / "events.jsonl").write_bytes(lines + b"\n")
    subprocess.run([sys.executable, "-c", OTHER_PROCESS, str(tmp_path)], check=True)
    rest = (tmp_path / "out.jsonl").read_bytes().splitlines()
    assert first + rest == expected


def write_state(state: State, folder: Path) -> None:
    saved = dict(state.save())
    np.savez(folder / "windows.npz", **saved.pop("windows"))
    (folder / "state.json").write_bytes(msgspec.json.encode(saved))


def test_blocks_may_be_read_after_later_ones(day: list[Event]) -> None:
    expected = one_by_one(ENGINE, day, ENGINE.new_state())
    columns = EventColumns.from_events(day)
    blocks = list(ENGINE.decide_columns(columns, ENGINE.new_state()))
    late = [block.decision(i).to_json() for block in blocks for i in range(len(block))]
    assert late == expected


def test_writing_a_table_is_the_same_every_time(day: list[Event]) -> None:
    def table() -> bytes:
        blocks = ENGINE.decide_columns(EventColumns.from_events(day), ENGINE.new_state())
        out = io.BytesIO()
        pl.concat([block.frame() for block in blocks]).write_parquet(out)
        return out.getvalue()

    assert table() == table()


def test_integer_columns_are_their_digits() -> None:
    short = engine(
        """
features:
  n: count() over card last 1d
  pair: count() over (card, customer) last 1d
lists:
  bad: {of: card}
rules:
  - {id: a, when: n >= 2 and pair >= 2, points: 1, reason: {zh: "{card}", en: "{card} {n}"}}
  - {id: b, when: card in bad or card == "13", points: 1, reason: {zh: 坏, en: bad}}
"""
    )
    cards = [12, 12, 13, 12, -5, -5]
    columns = EventColumns(
        types=np.full(6, short.policy.catalogue.type_names.index("payment.initiated"), np.int16),
        ids=pl.Series([str(i) for i in range(6)]),
        occurred_at=np.full(6, 1_700_000_000_000_000),
        currencies=None,
        values={"card": pl.Series(cards), "customer": pl.Series(["a", "a", "b", "b", None, "a"])},
        rows=np.arange(6),
        catalogue=short.policy.catalogue,
    )
    blocks = short.decide_columns(columns, short.new_state())
    found = [block.decision(i).to_json() for block in blocks for i in range(len(block))]
    assert found == one_by_one(short, columns.to_events(), short.new_state())
