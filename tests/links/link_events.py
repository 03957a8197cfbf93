"""Events and declarations made up for tests, and the batches that a link state takes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from hypothesis import strategies as st
from naive_links import Happening, Naive

from fengkong.core.bilingual import Bilingual
from fengkong.core.hashing import hash_texts
from fengkong.events.catalogue import Field, Kind
from fengkong.features.plan import compile_plan
from fengkong.features.state import Limits, WindowState
from fengkong.links.declarations import parse_link_feature
from fengkong.links.plan import LinkPlan, compile_link_plan
from fengkong.links.state import LinkBatch, LinkLimits, LinkState

SECOND = 1_000_000
START = 1_500_000_000 * SECOND
_KINDS = {
    "customer": Kind.ENTITY,
    "device": Kind.ENTITY,
    "card": Kind.ENTITY,
    "account": Kind.ENTITY,
    "payee_account": Kind.ENTITY,
    "channel": Kind.CATEGORY,
    "amount": Kind.MONEY,
    "items": Kind.INTEGER,
    "is_fraud": Kind.BOOLEAN,
}
FIELDS = {
    name: Field(
        name=name,
        kind=kind,
        title=Bilingual(zh=name, en=name),
        description=Bilingual(zh=name, en=name),
        entity=name.removeprefix("payee_") if kind is Kind.ENTITY else None,
        label=name == "is_fraud",
    )
    for name, kind in _KINDS.items()
}
TYPES = ("transfer.made", "login.attempted")
FLOW = "from account to payee_account"


def plan_of(texts: Sequence[str]) -> LinkPlan:
    """The plan of declarations, named f0, f1 and so on."""
    features = [parse_link_feature(text, name=f"f{i}") for i, text in enumerate(texts)]
    return compile_link_plan(features, fields=FIELDS, default_types=TYPES[:1])


def state_of(
    plan: LinkPlan,
    *,
    late_after: int = 86_400 * SECOND,
    links: LinkLimits | None = None,
    memory_bytes: int = 2**30,
) -> LinkState:
    """A fresh state, beside windows that hold nothing."""
    limits = Limits(memory_bytes=memory_bytes, late_after=late_after)
    windows = WindowState(compile_plan([], fields=FIELDS, default_types=TYPES[:1]), limits=limits)
    return LinkState(plan, limits=limits, links=links or LinkLimits(), beside=windows)


def naive_of(state: LinkState) -> Naive:
    """The plain reference of the same features."""
    return Naive(
        features=list(state.plan.features),
        fields=FIELDS,
        default_types=TYPES[:1],
        late_after=state.limits.late_after,
        hub_links=state.links.hub_links,
        linked_max=state.links.linked_max,
    )


@cache
def key_of(text: str) -> tuple[int, int]:
    """A key as the product makes it."""
    first, second = hash_texts([text])[0].tolist()
    return first, second


def batch_of(plan: LinkPlan, events: Sequence[Happening]) -> LinkBatch:
    """What a state takes of events."""
    batch = LinkBatch(plan, capacity=max(len(events), 1))
    for i, event in enumerate(events):
        batch.times[i] = event.time
        for k, name in enumerate(plan.fields):
            if name in event.values:
                batch.keys[i, 2 * k : 2 * k + 2] = key_of(event.values[name])
        for s, stream in enumerate(plan.streams):
            holds = stream.where is None or stream.where in event.holds
            batch.members[i, s] = event.type in stream.event_types and holds
        for c, name in enumerate(plan.cells):
            batch.cells[i, c] = float(event.values.get(name, np.nan))
    return batch


def advance(state: LinkState, events: Sequence[Happening]) -> list[list[float]]:
    """The features of events that come together."""
    batch = batch_of(state.plan, events)
    state.prepare(batch, count=len(events))
    state.count(batch, count=len(events))
    return batch.values[: len(events)].tolist()


def shared(at: float, customer: str | None = None, **values: object) -> Happening:
    """An event in which a customer uses something."""
    given = {"customer": customer, **values}
    values = {name: value for name, value in given.items() if value is not None}
    return Happening(START + round(at * SECOND), TYPES[0], values)


def paid(at: float, payer: str | None, payee: str | None, amount: int = 100) -> Happening:
    """Money that moves."""
    given = {"account": payer, "payee_account": payee, "amount": amount}
    values = {name: value for name, value in given.items() if value is not None}
    return Happening(START + round(at * SECOND), TYPES[0], values)


def told(at: float, *, is_fraud: bool = True, **values: str) -> Happening:
    """A label that is confirmed."""
    return Happening(
        START + round(at * SECOND), "label.confirmed", {**values, "is_fraud": is_fraud}
    )


# -- made by hypothesis ----------------------------------------------------------------------------


def declarations() -> st.SearchStrategy[list[str]]:
    """Some features that share graphs, windows or nothing."""
    tail = st.sampled_from(["", " default 9"])
    last = st.sampled_from(["last 3s", "last 10s", "last 40s"])
    of = st.sampled_from(["", " of transfer.made, login.attempted"])
    where = st.sampled_from(["", "", " where large"])
    sharing = st.builds(
        lambda measure, of, by, last, tail, where: (
            f"{measure}{of} over customer by {by} {last}{tail}{where}"
        ),
        st.sampled_from(
            ["component_size()", "degree()", "hops_to_fraud()", "hops_to_fraud(device)"]
        ),
        of, st.sampled_from(["device", "device, card", "card, device, account, payee_account"]),
        last, tail, where,
    ).filter(lambda text: "(device)" not in text or "device" in text.split(" by ")[1])  # fmt: skip
    flows = st.builds(
        lambda measure, of, over, last, tail, where: (
            f"{measure}{of} over {over} {FLOW} {last}{tail}{where}"
        ),
        st.sampled_from(
            ["fan_in()", "fan_out()", "cycle_hops()", "pass_through_seconds()",
             "passed_share(amount)"]
        ),
        of, st.sampled_from(["account", "payee_account"]), last, tail, where,
    )  # fmt: skip
    return st.lists(st.one_of(sharing, flows), min_size=1, max_size=7)


def happenings(*, entities: int = 5, size: int = 60) -> st.SearchStrategy[list[Happening]]:
    """Events of a small world, mostly in order of time, some late, some at the same instant."""
    some = st.one_of(st.none(), *[st.integers(0, entities)] * 4)

    def event(kind, gap, customer, device, card, account, payee, amount, fraud, large):
        numbers = {
            "customer": customer, "device": device, "card": card, "account": account,
            "payee_account": payee,
        }  # fmt: skip
        letters = {"payee_account": "account"}
        values: dict[str, object] = {
            name: f"{letters.get(name, name)[0]}{n}" for name, n in numbers.items() if n is not None
        }
        values["amount"] = amount
        if kind == "label.confirmed":
            values["is_fraud"] = fraud
        return gap, kind, values, frozenset({"large"} if large else ())

    one = st.builds(
        event,
        st.sampled_from([*TYPES, TYPES[0], TYPES[0], "label.confirmed"]),
        st.sampled_from([0, 0, 1, 1, 1, 2, 3, 10, -1, -4, -30]),
        some, some, some, some, some, st.integers(0, 500), st.booleans(), st.booleans(),
    )  # fmt: skip

    def placed(parts: list[tuple[int, str, dict[str, object], frozenset[str]]]) -> list[Happening]:
        clock, events = START, []
        for gap, kind, values, holds in parts:
            at = clock + gap * SECOND
            clock = max(clock, at)
            events.append(Happening(at, kind, values, holds))
        return events

    return st.lists(one, min_size=1, max_size=size).map(placed)
