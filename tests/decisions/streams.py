"""Random events, small enough that they collide, and the ways to decide them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from hypothesis import strategies as st
from policies import HOUR, MONDAY, SECOND

from fengkong.decisions.engine import Engine
from fengkong.decisions.policy import LIST_CHANGED
from fengkong.decisions.state import State
from fengkong.events.columns import EventColumns
from fengkong.events.event import Event

CITIES = ["杭州市", "上海市", "Łódź", ""]
_texts = {
    "customer": st.sampled_from(["c1", "c2", "客户3"]),
    "device": st.sampled_from(["d1", "D2", "d9", "é"]),
    "card": st.sampled_from(["k1", "k2"]),
    "ip": st.sampled_from(["10.0.0.1", "10.0.0.2"]),
    "merchant": st.sampled_from(["m1", "m2"]),
    "city": st.sampled_from(CITIES[:3]),
    "channel": st.sampled_from(["app", "web"]),
}
_place = st.tuples(st.sampled_from([30.25, 31.2, 52.2]), st.sampled_from([120.2, 121.5, 21.0]))
_fields = {
    "payment.initiated": (
        {"amount"},
        {*_texts, "place", "is_fraud"},
    ),
    "login.attempted": ({"customer", "succeeded"}, {"device", "ip", "city", "channel", "place"}),
    "transfer.initiated": (
        {"customer", "amount"},
        {"device", "ip", "city", "card", "place", "account", "payee_account"},
    ),
    "loan.applied": ({"customer", "loan_amount"}, {"device", "card", "city"}),
    "device.reported": ({"device"}, {"customer", "ip", "place"}),
    "label.confirmed": (
        {"is_fraud"},
        {"device", "merchant", "customer", "payee_account"},
    ),
    "fund.redeemed": ({"customer", "amount"}, {"device"}),
}
_money = st.sampled_from([0, 1, 9_999, 10_000, 30_050, 50_001, 123_456])
_values = {
    **_texts,
    "account": st.sampled_from(["a1", "a2", "a3"]),
    "payee_account": st.sampled_from(["a1", "a2", "a4"]),
    "place": _place,
    "amount": _money,
    "loan_amount": _money,
    "succeeded": st.booleans(),
    "is_fraud": st.booleans(),
}


@st.composite
def list_changes(draw: st.DrawFn) -> dict[str, object]:
    values: dict[str, object] = {
        "list": draw(st.sampled_from(["blocked", "trusted", "unheard_of"])),
        "operation": draw(st.sampled_from(["add", "remove"])),
        "value": draw(st.sampled_from(["d1", "D2", "c1", "c2"])),
        "reason": "r",
        "author": "a",
    }
    return values


@st.composite
def streams(draw: st.DrawFn) -> list[Event]:
    """Events that mostly come in order of time, some late, some very late."""
    events: list[Event] = []
    now = MONDAY
    for number in range(draw(st.integers(1, 40))):
        now += draw(st.sampled_from([0, SECOND, 600 * SECOND, HOUR, 20 * HOUR]))
        late = draw(st.sampled_from([0, 0, 0, 0, SECOND, HOUR, 3 * HOUR]))
        kind = draw(st.sampled_from([*_fields, "payment.initiated", "list.changed"]))
        currency = None
        if kind == "list.changed":
            values = draw(list_changes())
            if values["operation"] == "add" and draw(st.booleans()):
                values["starts_at"] = now - late + HOUR
                values["expires_at"] = now - late + 30 * HOUR
        else:
            required, optional = _fields[kind]
            chosen = draw(st.sets(st.sampled_from(sorted(optional))))
            values = {name: draw(_values[name]) for name in sorted(required | chosen)}
            if "amount" in values or "loan_amount" in values:
                currency = draw(st.sampled_from(["CNY", "CNY", "CNY", "USD", "JPY", "EUR"]))
        events.append(
            Event(
                type=kind,
                id=f"e{number}",
                occurred_at=now - late,
                currency=currency,
                values=values,
            )
        )
    return events


def one_by_one(engine: Engine, events: Sequence[Event], state: State) -> list[bytes]:
    """The bytes of the decisions, one event at a time."""
    decisions = [engine.decide(event, state) for event in events]
    return [decision.to_json() for decision in decisions if decision is not None]


def in_columns(engine: Engine, events: Sequence[Event], state: State) -> list[bytes]:
    """The bytes of the decisions of one batch."""
    if not events:
        return []
    found: list[bytes] = []
    for block in engine.decide_columns(EventColumns.from_events(events), state):
        decisions = [block.decision(i) for i in range(len(block))]
        written = engine.writer.write(block)
        assert written.texts == [decision.to_json() for decision in decisions]
        assert written.outcomes == [decision.outcome for decision in decisions]
        assert written.late == [decision.late for decision in decisions]
        found += written.texts
    return found


def in_handfuls(
    engine: Engine, events: Sequence[Event], state: State, *, sizes: Sequence[int] = (3, 1, 17)
) -> list[bytes]:
    """The bytes of the decisions, decided some at a time; a list change stands alone."""
    found: list[bytes] = []
    size = itertools.cycle(sizes)
    start = 0
    while start < len(events):
        if events[start].type == LIST_CHANGED:
            assert engine.decide(events[start], state) is None
            start += 1
            continue
        stop = min(start + next(size), len(events))
        stop = next((i for i in range(start, stop) if events[i].type == LIST_CHANGED), stop)
        decided = engine.decide_handful(events[start:stop], state)
        assert len(decided) == stop - start
        found += [one[0] for one in decided if one is not None]
        start = stop
    return found
