"""How long the preview of a rule takes over a million events that are held.

`python -m benchmarks.preview_speed [events]` builds the history once, asks each question a few
times, and prints the CPU and wall time of the quickest and of the median answer.
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.platform_events import batches, payment_columns
from fengkong.core.instants import DAY_US
from fengkong.decisions.engine import Engine
from fengkong.decisions.policy import Policy
from fengkong.decisions.policy_file import load_policy
from fengkong.evaluation.held_history import JUDGED_DAYS, HeldHistory
from fengkong.evaluation.preview import panel_of, preview_rule
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.columns import EventColumns

EVENTS: Final = 1_000_000
ROUNDS: Final = 5
RULES: Final = 40
_FEATURES: Final = """\
  card_payment_count_1h: count() over card last 1h
  card_amount_sum_24h: sum(amount) over card last 24h
  card_amount_mean_7d: mean(amount) over card last 7d excluding current
  device_card_distinct_7d: distinct(card) over device last 7d
  device_payment_count_1h: count() over device last 1h
  ip_card_distinct_1d: distinct(card) over ip last 1d
  merchant_amount_sum_1d: sum(amount) over merchant last 1d
  customer_payment_count_24h: count() over customer last 24h
  customer_device_distinct_30d: distinct(device) over customer last 30d
  amount_to_mean: ratio(amount, card_amount_mean_7d)
"""
_NAMES: Final = (
    *("card_payment_count_1h", "device_card_distinct_7d", "ip_card_distinct_1d"),
    *("device_payment_count_1h", "customer_payment_count_24h", "customer_device_distinct_30d"),
)
QUESTIONS: Final = {
    "a limit on a held feature": ("device_card_distinct_7d > 4 and amount > 200", ""),
    "a text": ('channel == "web" and card_country != ip_country', ""),
    "characters": ('starts_with(device, "12") and amount > 100', ""),
    "a list": ("device in blocked_devices", ""),
    "a new feature": (
        "card_merchant_distinct_1d > 3",
        "  card_merchant_distinct_1d: distinct(merchant) over card last 1d\n",
    ),
}
"""Conditions of the new rule, and the features that they add."""


def live_text(*, more_rules: str = "", more_features: str = "") -> str:
    """A policy of forty rules over nine windows."""
    rules = "".join(
        f"  - {{id: rule.n{i}, when: '{_NAMES[i % len(_NAMES)]} > {2 + i}', "
        f"{'outcome: review' if i % 2 else 'points: 5'}, reason: {{zh: 命中, en: hit}}}}\n"
        for i in range(RULES)
    )
    return (
        "policy: measured\nversion: 1\ntitle: {zh: 测, en: Measured}\n"
        "events: [payment.initiated]\nunknown: record\n"
        f"features:\n{_FEATURES}{more_features}"
        "lists:\n  blocked_devices: {of: device}\n"
        f"rules:\n{rules}{more_rules}"
        "outcomes:\n  order: [deny, delay, review, challenge, allow]\n  points: {challenge: 20}\n"
    )


def draft_of(question: str) -> Policy:
    """The live policy with the rule that a question asks about."""
    when, features = QUESTIONS[question]
    rule = f"  - {{id: new.rule, when: '{when}', outcome: deny, reason: {{zh: 新, en: new}}}}\n"
    return _load(live_text(more_rules=rule, more_features=features))


def _load(text: str) -> Policy:
    return load_policy(text, source="policy.yaml", catalogue=shipped_catalogue())


def within_days(columns: EventColumns) -> EventColumns:
    """The same payments, closer together: all of them within the days that are judged."""
    first = int(columns.occurred_at.min())
    span = int(columns.occurred_at.max()) - first
    share = (JUDGED_DAYS - 1) * DAY_US / max(span, 1)
    times = first + ((columns.occurred_at - first) * share).astype(np.int64)
    return replace(columns, occurred_at=times)


def with_labels(columns: EventColumns) -> Iterator[EventColumns]:
    """Batches of payments without their truth, with labels of the frauds one day later."""
    frauds = np.flatnonzero(np.asarray(columns.values["is_fraud"]) == 1.0)
    bare = [name for name in columns.values if name != "is_fraud"]
    for part in batches(columns):
        yield replace(part, values={name: part.values[name] for name in bare})
    yield _labels(columns, frauds)


def _labels(columns: EventColumns, frauds: NDArray[np.int64]) -> EventColumns:
    ids = columns.ids.gather(pl.Series(frauds, dtype=pl.UInt32))
    number = columns.catalogue.type_names.index("label.confirmed")
    last = int(columns.occurred_at.max())
    return EventColumns(
        types=np.full(len(frauds), number, dtype=np.int16),
        ids="label-" + ids,
        occurred_at=np.minimum(columns.occurred_at[frauds] + 86_400_000_000, last),
        currencies=None,
        values={"event": ids, "is_fraud": np.ones(len(frauds))},
        rows=np.arange(1, len(frauds) + 1),
        catalogue=columns.catalogue,
    )


def main(arguments: list[str]) -> None:
    """Build, ask, print."""
    events = int(arguments[0]) if arguments else EVENTS
    began = time.process_time()
    held = HeldHistory.begin(Engine(_load(live_text())))
    for columns in with_labels(within_days(payment_columns(events=events))):
        held.add(columns)
    built = time.process_time() - began
    began = time.process_time()
    panel = panel_of(held)
    print(f"{len(held):,} events held, {len(panel.facts):,} judged; built in {built:.1f} s of CPU,")
    print(f"panel {time.process_time() - began:.2f} s; {_memory_mb():,.0f} MB at most so far")
    for question in QUESTIONS:
        draft, cpu, wall = draft_of(question), [], []
        for _ in range(ROUNDS):
            first, start = time.process_time(), time.perf_counter()
            told = preview_rule(held, draft, "new.rule", panel=panel)
            cpu.append(time.process_time() - first)
            wall.append(time.perf_counter() - start)
        print(
            f"{question:28} {told.rule.hits:>8,} hits  CPU {min(cpu):.2f} s (median "
            f"{statistics.median(cpu):.2f})  wall {min(wall):.2f} s ({statistics.median(wall):.2f})"
        )
    print(f"{_memory_mb():,.0f} MB at most")


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(sys.argv[1:])
