"""A model learns from a journal what it learns from the same events as files."""

import contextlib
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer
from desk_of_tests import prepared, serve, settings_of
from test_archives import archived

from fengkong.cli import main
from fengkong.cli.histories import OneHistoryError
from fengkong.cli.sources import locate
from fengkong.core.instants import DAY_US, format_instant
from fengkong.events.encoding import encode
from fengkong.service.clock import wall_clock
from fengkong.service.items import Item
from fengkong.simulation.platform import Simulation

DAYS = 18
SHANGHAI_US = 8 * 3_600_000_000
START = (wall_clock() + SHANGHAI_US) // DAY_US * DAY_US - SHANGHAI_US - (DAYS + 2) * DAY_US
CONFIG = """
training: journal_payments
version: 1
title: {zh: 日志, en: From a journal}
policy: payments
features:
  customer_amount_mean_before: mean(amount) over customer excluding current
  amount_to_mean_before: ratio(amount, customer_amount_mean_before)
  device_customer_distinct_1d: distinct(customer) over device last 1d
inputs: [amount, amount_to_mean_before, device_customer_distinct_1d, device_card_distinct_24h,
  city]
truth: {from: labels, delay: 8d}
window: {days: 8, test_days: 2}
least_frauds: 5
model: {kind: trees, rounds: 8, parameters: {min_child_samples: 5}}
validation: {windows: 0}
judge: {top: 5, segments: [amount]}
"""
World = list[dict[str, Any]]


@pytest.fixture(params=["sqlite", "postgres"])
def given(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The settings of each store."""
    if request.param == "sqlite":
        return {}
    return {"store": request.getfixturevalue("new_address")()}


@pytest.fixture(scope="module")
def world() -> World:
    """Some days of a platform under attack, with the labels that came meanwhile."""
    made = Simulation(
        seed=3,
        days=DAYS,
        customers=80,
        start=START,
    )
    events: World = [json.loads(encode(one.event)) for one in made.events()]
    return events


def record(folder: Path, events: World, *, policy: str | None, **given: Any) -> None:
    """Let a service's own parts take the events in their order, in groups, durably."""
    ready = prepared(folder, policy=policy, **given)
    decider, store = ready.decider, ready.written.store
    refused: list[bytes] = []

    def reply(answer: Any) -> None:
        if answer.status != 200:
            refused.append(answer.body)

    try:
        for at in range(0, len(events), 500):
            items = [
                Item(
                    json.dumps(event).encode(),
                    decided=event["type"] == "payment.initiated",
                    reply=reply,
                )
                for event in events[at : at + 500]
            ]
            now = wall_clock()
            recorded = decider.take(items, now=now)
            keys = decider.vault.drain_new_keys(at=now)
            store.stage(decider.appender.take_batch(keys=keys))
            store.commit()
            for one in recorded:
                one.send()
            decider.settle(recorded)
            decider.vault.settle(keys)
    finally:
        store.close()
    assert not refused, refused[0]


async def nothing(_: Any) -> None:
    """A service that is started and stopped."""


def run(*arguments: object) -> None:
    """A command, in this process."""
    main.app(args=[str(one) for one in arguments], prog_name="fengkong", standalone_mode=False)


def train(out: Path, *source: object) -> dict[str, Any]:
    """The content of the model that a source gives."""
    config = out.with_name("training.yaml")
    config.write_text(CONFIG, encoding="utf-8")
    run("model", "train", config, *source, "--from", format_instant(START), "--out", out)
    found: dict[str, Any] = json.loads((out / "model.json").read_bytes())["model"]
    return found


def apart(model: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A model without what it was trained on, and that."""
    rest = {name: part for name, part in model.items() if name != "trained_on"}
    return rest, model["trained_on"]


def as_file(folder: Path, events: World) -> Path:
    path = folder / "events.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in events), encoding="utf-8")
    return path


def test_a_journal_gives_the_model_that_its_events_give(
    tmp_path: Path, world: World, given: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    policy = locate("payments", kind="policy").read_text(encoding="utf-8")
    half = len(world) // 2
    record(tmp_path, world[:half], policy=policy, **given)
    serve(tmp_path, nothing, policy=None, **given)  # signs a checkpoint over them
    assert archived(tmp_path, **given) == half + 1  # archived days are read like the others
    record(tmp_path, world[half:], policy=None, **given)
    files = ("--events", as_file(tmp_path, world))
    store = ("--store", given["store"]) if given else ()
    journal = ("--journal", settings_of(tmp_path).directory, *store)
    of_files, from_files = apart(train(tmp_path / "a", *files))
    of_journal, from_journal = apart(train(tmp_path / "b", *journal))
    assert of_journal == of_files
    assert (from_files["first"], from_files["last"]) == (None, None)
    assert from_journal == from_files | {"first": 1, "last": len(world) + 1}
    assert from_journal["frauds"] > 20
    assert any(tree["values"][1:] for tree in of_files["trees"])  # it tells something apart
    for name, source in (("a", files), ("b", journal)):
        run("model", "score", tmp_path / "a", *source, "--out", tmp_path / f"{name}.parquet")
    scores = [pl.read_parquet(tmp_path / f"{name}.parquet") for name in "ab"]
    assert scores[0].height > 500
    assert scores[0].equals(scores[1])
    watched = []
    day = format_instant(START + 12 * DAY_US)
    for source in (files, journal):
        capsys.readouterr()
        with contextlib.suppress(typer.Exit):  # a red lamp
            run("model", "watch", tmp_path / "a", *source, "--from", day, "--json")
        watched.append(capsys.readouterr().out)
    assert json.loads(watched[0])["rows_now"] > 100
    assert watched[0] == watched[1]


def test_erased_events_are_left_out_and_counted(
    tmp_path: Path, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = locate("payments", kind="policy").read_text(encoding="utf-8")
    record(tmp_path, world, policy=policy)
    customers = [one["customer"] for one in world if "customer" in one]
    erased = max(set(customers), key=customers.count)

    async def erase(service: Any) -> None:
        assert (await service.desk.erase(f"customer:{erased}")).status == 200

    serve(tmp_path, erase, policy=None)
    others = [one for one in world if one.get("customer") != erased]
    of_files, _ = apart(train(tmp_path / "a", "--events", as_file(tmp_path, others)))
    capsys.readouterr()
    of_journal, _ = apart(train(tmp_path / "b", "--journal", settings_of(tmp_path).directory))
    assert of_journal == of_files
    count = len(world) - len(others)
    assert count > 5
    assert f"{count} events were left out" in capsys.readouterr().err


@pytest.mark.parametrize(
    "source",
    [
        (),
        ("--journal", "data", "--events", "events.jsonl"),
        ("--journal", "data", "--mapping", "card_payments"),
        ("--journal", "data", "--skip-bad", "bad.jsonl"),
        ("--events", "events.jsonl", "--store", "sqlite"),
    ],
)
def test_a_history_is_of_files_or_of_a_journal(tmp_path: Path, source: tuple[str, ...]) -> None:
    with pytest.raises(OneHistoryError):
        train(tmp_path / "model", *source)
    assert not (tmp_path / "model").exists()
