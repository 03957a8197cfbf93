"""Events and declarations made up for tests, and the arrays that a window state takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from hypothesis import strategies as st
from naive import Happening, Naive

from fengkong.core.bilingual import Bilingual
from fengkong.core.hashing import hash_texts, text_cells
from fengkong.events.catalogue import Field, Kind
from fengkong.features.declarations import parse_feature
from fengkong.features.plan import Plan, compile_plan
from fengkong.features.state import WindowState

SECOND = 1_000_000
START = 1_500_000_000 * SECOND
KINDS = {
    "customer": Kind.ENTITY,
    "card": Kind.ENTITY,
    "channel": Kind.CATEGORY,
    "amount": Kind.MONEY,
    "rate": Kind.NUMBER,
    "items": Kind.INTEGER,
    "new": Kind.BOOLEAN,
    "due": Kind.INSTANT,
    "place": Kind.PLACE,
    "is_fraud": Kind.BOOLEAN,
}
FIELDS = {
    name: Field(
        name=name,
        kind=kind,
        title=Bilingual(zh=name, en=name),
        description=Bilingual(zh=name, en=name),
        label=name == "is_fraud",
    )
    for name, kind in KINDS.items()
}
TYPES = ("payment.made", "login.attempted")
CONDITIONS = ("large", "night")
SUMMABLE = ("amount", "rate", "items", "new")
ORDERED = (*SUMMABLE, "due")
COMPARABLE = (*ORDERED, "channel", "card")
ARGUMENTS = {
    "count": ("", *COMPARABLE, "place"),
    "sum": SUMMABLE,
    "mean": SUMMABLE,
    "std": SUMMABLE,
    "min": ORDERED,
    "max": ORDERED,
    "distinct": COMPARABLE,
    "first": COMPARABLE,
    "last": COMPARABLE,
    "since_first": ("",),
    "since_previous": ("",),
    "seen_before": ("", "channel", "new"),
    "share": ("channel", "new"),
    "distance": ("place",),
    "speed": ("place",),
}
OVER = ("customer", "card", "customer, card", "(card, channel)")


def plan_of(texts: Sequence[str]) -> Plan:
    """The plan of declarations, named f0, f1 and so on."""
    features = [parse_feature(text, name=f"f{i}") for i, text in enumerate(texts)]
    return compile_plan(features, fields=FIELDS, default_types=TYPES[:1])


def naive_of(plan: Plan, *, late_after: int) -> Naive:
    """The plain reference of the same features."""
    return Naive(
        features=list(plan.features),
        fields=FIELDS,
        default_types=TYPES[:1],
        late_after=late_after,
    )


@cache
def spread_key(texts: tuple[object, ...]) -> tuple[int, int]:
    """A key as the product makes it."""
    first, second = hash_texts(["|".join(map(str, texts))])[0].tolist()
    return first, second


_crowd: dict[tuple[object, ...], int] = {}


def crowded_key(texts: tuple[object, ...]) -> tuple[int, int]:
    """A key whose place in any table is that of every other key."""
    number = _crowd.setdefault(texts, len(_crowd) + 1)
    return (number & 1) << 60 | 7, number


@cache
def cell_of(value: object) -> float:
    """The cell of a value that is not a place."""
    return float(text_cells(hash_texts([value]))[0]) if isinstance(value, str) else float(value)


def arrays_of(
    plan: Plan,
    events: Sequence[Happening],
    *,
    key_of: Callable[[tuple[object, ...]], tuple[int, int]] = spread_key,
) -> dict[str, np.ndarray]:
    """What `WindowState.advance` takes."""
    count = len(events)
    keys = np.zeros((count, len(plan.keyspaces), 2), dtype=np.uint64)
    members = np.zeros((count, len(plan.streams)), dtype=np.uint8)
    cells = np.full((count, len(plan.cells)), np.nan)
    for i, event in enumerate(events):
        for k, space in enumerate(plan.keyspaces):
            key = tuple(event.values.get(name) for name in space)
            if None not in key:
                keys[i, k] = key_of(key)
        for s, stream in enumerate(plan.streams):
            members[i, s] = (
                event.type in stream.event_types
                and (stream.where is None or stream.where in event.holds)
                and (stream.present is None or stream.present in event.values)
            )
        for c, cell in enumerate(plan.cells):
            name, _, part = cell.partition(".")
            if name in event.values:
                value = event.values[name]
                cells[i, c] = value[part == "lon"] if part else cell_of(value)
    times = np.array([event.time for event in events], dtype=np.int64)
    return {"times": times, "keys": keys, "members": members, "cells": cells}


def cut(arrays: dict[str, np.ndarray], start: int, stop: int) -> dict[str, np.ndarray]:
    """Some of the events."""
    return {name: array[start:stop] for name, array in arrays.items()}


def advance_in(
    state: WindowState, arrays: dict[str, np.ndarray], sizes: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """All events in batches of the sizes given, again and again."""
    values, late, position, turn = [], [], 0, 0
    while position < len(arrays["times"]):
        stop = position + sizes[turn % len(sizes)]
        got = state.advance(**cut(arrays, position, stop))
        values.append(got.values.copy())
        late.append(got.late.copy())
        position, turn = stop, turn + 1
    return np.concatenate(values), np.concatenate(late)


def expect_same_meaning(plan: Plan, got: np.ndarray, expected: list[list[object]]) -> None:
    """Equal to the bit; means, deviations and ways to the last digits that rounding leaves."""
    for j, feature in enumerate(plan.features):
        column = np.array(
            [cell_of(row[j]) if isinstance(row[j], str) else row[j] for row in expected]
        )
        where = f"{feature}\ngot {got[:, j]}\nexpected {column}"
        if feature.aggregate in ("mean", "std", "distance", "speed", "sum"):
            close = np.isclose(got[:, j], column, rtol=1e-13, atol=1e-9, equal_nan=True)
            assert close.all(), where
        else:
            assert np.array_equal(got[:, j], column, equal_nan=True), where


def same_bytes(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two arrays hold the same bits, NaN and signs of zeros too."""
    return one.shape == other.shape and one.tobytes() == other.tobytes()


def durations(top: int) -> st.SearchStrategy[str]:
    """Few different durations, so that they meet the differences between times."""
    return st.sampled_from([f"{seconds}s" for seconds in (1, 2, 3, 5, 10, 30) if seconds <= top])


@st.composite
def declarations(draw: st.DrawFn) -> str:
    """Any declaration that the parser takes over the fields above."""
    aggregate = draw(st.sampled_from(sorted(ARGUMENTS)))
    argument = draw(st.sampled_from(ARGUMENTS[aggregate]))
    over = draw(st.sampled_from(OVER))
    if argument and argument in over and aggregate in ("share", "seen_before"):
        over = "customer"
    text = f"{aggregate}({argument})"
    types = draw(st.sampled_from(["", "", TYPES[1], ", ".join(TYPES)]))
    text += f" of {types}" if types else ""
    text += f" over {over}"
    if aggregate == "distinct" or draw(st.integers(0, 3)):
        text += f" last {draw(durations(30))}"
    if not draw(st.integers(0, 3)):
        text += f" delayed {draw(durations(10))}"
    if not draw(st.integers(0, 3)):
        text += " excluding current"
    if not draw(st.integers(0, 3)):
        text += " default -1"
    condition = draw(st.sampled_from(["", "", *CONDITIONS]))
    return text + (f" where {condition}" if condition else "")


_VALUES = {
    "customer": st.sampled_from(["ann", "bob"]),
    "card": st.sampled_from(["c1", "c2", "c3", "c4"]),
    "channel": st.sampled_from(["app", "web"]),
    "amount": st.sampled_from([0.0, 1.0, 2.0, 99.0, 10_000_000_000_000.0]),
    "rate": st.sampled_from([0.0, -0.0, 0.1, 0.25, -3.7, 0.000_000_5, 1e9]),
    "items": st.sampled_from([0.0, 1.0, 3.0]),
    "new": st.sampled_from([0.0, 1.0]),
    "due": st.sampled_from([float(START), float(START + SECOND)]),
    "place": st.sampled_from([(31.2, 121.5), (39.9, 116.4), (-33.9, 18.4)]),
}
_STEPS = st.sampled_from([0, 0, 1, 1, 1, 2, 5, 12, 60, -1, -3, -12, -60])
_IN_ORDER = st.sampled_from([0, 0, 1, 1, 1, 2, 5, 12, 60])


@st.composite
def happenings(draw: st.DrawFn, *, size: int = 40) -> list[Happening]:
    """Events of few entities, in order of time or not, with ties, gaps and missing values."""
    steps = _IN_ORDER if draw(st.booleans()) else _STEPS
    time = START
    events = []
    for step in draw(st.lists(steps, min_size=1, max_size=size)):
        time += step * SECOND
        missing = draw(st.sampled_from([0, 0, 0, 0b10, 0b1000, 0b111110000, 0b101010101]))
        values = {
            name: draw(values)
            for bit, (name, values) in enumerate(_VALUES.items())
            if not missing >> bit & 1
        }
        holds = draw(st.sampled_from([(), CONDITIONS, CONDITIONS[:1], CONDITIONS[1:]]))
        events.append(
            Happening(
                time=time,
                type=draw(st.sampled_from([TYPES[0], *TYPES])),
                values=values,
                holds=frozenset(holds),
            )
        )
    return events


# -- the same with plain dice, for many rounds in little time ----------------------------------


def random_declaration(dice: np.random.Generator) -> str:
    """Any declaration that the parser takes over the fields above."""
    aggregate = str(dice.choice(sorted(ARGUMENTS)))
    argument = str(dice.choice(ARGUMENTS[aggregate]))
    over = str(dice.choice(OVER))
    if argument and argument in over and aggregate in ("share", "seen_before"):
        over = "customer"
    types = str(dice.choice(["", "", TYPES[1], ", ".join(TYPES)]))
    text = f"{aggregate}({argument})" + (f" of {types}" if types else "") + f" over {over}"
    if aggregate == "distinct" or dice.random() < 0.75:
        text += f" last {dice.choice([1, 2, 3, 5, 10, 30])}s"
    if dice.random() < 0.3:
        text += f" delayed {dice.choice([1, 2, 3, 5, 10])}s"
    text += " excluding current" if dice.random() < 0.25 else ""
    text += " default -1" if dice.random() < 0.25 else ""
    condition = str(dice.choice(["", "", *CONDITIONS]))
    return text + (f" where {condition}" if condition else "")


_CHOICES: dict[str, list[object]] = {
    "customer": ["ann", "bob"],
    "card": [f"c{i}" for i in range(6)],
    "channel": ["app", "web"],
    "amount": [0.0, 1.0, 2.0, 99.0, 10_000_000_000_000.0],
    "rate": [0.0, -0.0, 0.1, 0.25, -3.7, 0.000_000_5, 1e9],
    "items": [0.0, 1.0, 3.0],
    "new": [0.0, 1.0],
    "due": [float(START), float(START + SECOND)],
    "place": [(31.2, 121.5), (39.9, 116.4), (-33.9, 18.4)],
}


def random_happenings(dice: np.random.Generator, *, size: int) -> list[Happening]:
    """Events of few entities, in order of time or not, with ties, gaps and missing values."""
    late = 0.0 if dice.random() < 0.4 else 0.3
    time, events = START, []
    for _ in range(size):
        back = dice.random() < late
        steps = [-1, -3, -12, -60] if back else [0, 0, 0, 1, 1, 1, 2, 5, 12, 60]
        time += int(dice.choice(steps)) * SECOND
        values = {
            name: choices[dice.integers(len(choices))]
            for name, choices in _CHOICES.items()
            if dice.random() < 0.85
        }
        holds = frozenset(condition for condition in CONDITIONS if dice.random() < 0.7)
        kind = TYPES[dice.integers(3) // 2]
        events.append(Happening(time=time, type=kind, values=values, holds=holds))
    return events
