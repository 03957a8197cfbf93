"""A policy with a model that learned from its own engine, on events of the simulator."""

from __future__ import annotations

from functools import cache

import lightgbm
import numpy as np
import polars as pl
from policies import MONDAY, SECOND

from fengkong.core.bilingual import Bilingual
from fengkong.decisions.engine import Engine
from fengkong.decisions.model_inputs import inputs_of
from fengkong.decisions.policy import Policy
from fengkong.decisions.policy_file import load_policy
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.columns import EventColumns
from fengkong.events.event import Event
from fengkong.scoring.model import About, Model, TrainedOn
from fengkong.scoring.store import HeldModels

LEARNING = """\
policy: learning
version: 1
title: {zh: 学习, en: Learning}
events: [payment.initiated]
unknown: record
features:
  card_payment_count_1h: count() over card last 1h
  card_amount_sum_24h: sum(amount) over card last 24h
  device_card_distinct_7d: distinct(card) over device last 7d
  customer_city_last: last(city) over customer
  card_amount_mean_7d: mean(amount) over card last 7d excluding current
  amount_ratio: ratio(amount, card_amount_mean_7d)
  hour_of_day: hour(occurred_at)
  unusual: amount > limits.large or amount_ratio > 3
parameters:
  limits.large:
    2026-01-01: {value: 800, reference: T-1}
"""
USING = (
    LEARNING
    + """\
  # features of a policy may use its models
models:
  fraud_probability: {model: card-fraud, version: 2026-11-01}
rules:
  - id: model.high
    when: fraud_probability >= 0.5
    outcome: challenge
    reason: {zh: "模型给出 {fraud_probability}", en: "the model says {fraud_probability}"}
  - id: model.very_high
    when: surely or fraud_probability > 0.95
    outcome: deny
    reason: {zh: 几乎确定, en: Nearly sure}
  - id: amount.large
    when: amount >= 900
    outcome: review
    reason: {zh: 大额, en: A large amount}
"""
).replace("  hour_of_day:", "  surely: fraud_probability > 0.9\n  hour_of_day:")
NAMES = (
    *("card_payment_count_1h", "card_amount_sum_24h", "device_card_distinct_7d", "channel"),
    *("amount", "amount_ratio", "hour_of_day", "unusual", "city"),
)
CITIES = ("上海市", "北京市", "杭州市")


def payments(count: int, *, seed: int) -> list[Event]:
    """Payments of a few cards, some fields missing, unheard-of cities among them."""
    dice = np.random.default_rng(seed)
    events = []
    for number in range(count):
        values: dict[str, object] = {
            "amount": int(dice.integers(100, 100_000)),
            "card": f"k{dice.integers(0, 12)}",
            "device": f"d{dice.integers(0, 6)}",
            "customer": f"c{dice.integers(0, 9)}",
            "merchant": f"m{dice.integers(0, 4)}",
            "channel": str(dice.choice(["app", "web"])),
            "city": str(dice.choice([*CITIES, "Łódź"])),
        }
        for name in ("device", "channel", "city", "customer", "card"):
            if dice.random() < 0.1:
                del values[name]
        events.append(
            Event(
                type="payment.initiated",
                id=f"e{number:05}",
                occurred_at=MONDAY + number * 400 * SECOND,
                currency="CNY",
                values=values,
            )
        )
    return events


@cache
def learning() -> Policy:
    return load_policy(LEARNING, source="learning", catalogue=shipped_catalogue())


def table(policy: Policy, events: list[Event]) -> pl.DataFrame:
    """What the engine saw of events, by name, money in major units."""
    engine = Engine(policy)
    columns = EventColumns.from_events(events, catalogue=shipped_catalogue())
    (block,) = engine.decide_columns(columns, engine.new_state())
    fields = {
        "amount": [event.values["amount"] / 100 for event in events],
        "channel": [event.values.get("channel") for event in events],
        "city": [event.values.get("city") for event in events],
    }
    return block.feature_frame().hstack(pl.DataFrame(fields))


def matrix(frame: pl.DataFrame) -> np.ndarray:
    """The inputs as a model sees them, made without the engine's own way."""
    words = {"channel": channels(), "city": CITIES}
    columns = []
    for name in NAMES:
        series = frame[name]
        if name in words:
            known = words[name]
            found = [known.index(w) if w in known else None for w in series.to_list()]
            series = pl.Series(found, dtype=pl.Float64)
        columns.append(series.cast(pl.Float64).to_numpy())
    return np.column_stack(columns)


def channels() -> tuple[str, ...]:
    values = shipped_catalogue().fields["channel"].values
    assert values is not None
    return tuple(sorted(values))


@cache
def booster() -> lightgbm.Booster:
    seen = matrix(table(learning(), payments(1500, seed=1)))
    strange = np.nan_to_num(seen[:, 5]) > 2.5
    truth = (strange | (seen[:, 8] == 1) & (seen[:, 4] > 500)).astype(float)
    told = {"objective": "binary", "num_leaves": 8, "verbose": -1, "num_threads": 1, "seed": 1}
    data = lightgbm.Dataset(seen, truth, categorical_feature=[3, 8])
    return lightgbm.train({**told, "min_data_per_group": 5}, data, 20)


@cache
def model() -> Model:
    inputs = inputs_of(learning(), NAMES, categories={"city": CITIES})
    about = About(
        name="card-fraud",
        version="2026-11-01",
        title=Bilingual(zh="盗刷", en="Card fraud"),
        trained_on=TrainedOn(
            policy="learning",
            policy_version=1,
            policy_hash=learning().hash,
            starts_at=MONDAY,
            ends_at=MONDAY + 1,
            rows=1500,
            frauds=100,
        ),
    )
    return Model.of_lightgbm(booster(), about=about, inputs=inputs)


def using(text: str = USING) -> Policy:
    store = HeldModels([model()])
    return load_policy(text, source="using", catalogue=shipped_catalogue(), store=store)
