"""The index says who was named by which event, whatever the batches, and forgets the erased."""

from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from tests.console.entities.events_of_tests import HOUR, NOON, entries, event, hexed, key

from fengkong.console.entities.kinds import FIELDS, KIND_OF_FIELD, KINDS, LEFT_OUT
from fengkong.console.entities.models import Entity, Flow, Link, Seen
from fengkong.console.entities.queries import kind_of, links_of, sequences_of
from fengkong.console.journaled.intake import forget_all, take_in
from fengkong.events.catalogue import shipped_catalogue

Row = tuple[int, ...]
CAST: dict[str, list[str]] = {
    "customer": ["C1", "C2", "C3"],
    "account": ["A1", "A2"],
    "device": ["D1", "D2"],
    "payee_account": ["A1", "A2", "A3"],
    "referrer": ["C1", "C2"],
}
MADE = st.lists(
    st.tuples(
        st.integers(0, 80),
        st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in CAST.items()}),
    ),
    max_size=12,
)


def test_every_entity_of_the_catalogue_is_indexed_or_left_out_on_purpose() -> None:
    fields = shipped_catalogue().fields.values()
    named = {field.name for field in fields if field.entity is not None}
    assert named == set(FIELDS) | LEFT_OUT.keys()
    assert set(KIND_OF_FIELD.values()) == set(KINDS)


def naive(made: list[tuple[int, dict[str, str]]], erased: set[str]) -> dict[str, Any]:
    """The index as its docstrings say it, from all events at once."""
    seen: set[Row] = set()
    hours: dict[Row, list[int]] = defaultdict(list)
    flows: set[Row] = set()
    for sequence, (minutes, fields) in enumerate(made, 1):
        names = {name: key(KIND_OF_FIELD[name], value) for name, value in fields.items()}
        first = next((name for name in KIND_OF_FIELD if name in fields), None)
        if first == "customer" and fields["customer"] in erased:
            continue
        at = NOON // 1_000_000 + minutes * 60
        gone = {key("customer", one) for one in erased}
        seen |= {(e, at, sequence, FIELDS.index(f)) for f, e in names.items() if e not in gone}
        if first is None:
            continue
        subject = names[first]
        for field, entity in names.items():
            if subject not in gone and entity not in gone and entity != subject:
                hours[subject, entity, FIELDS.index(field)].append(at // 3600)
        payer = names.get("account", names.get("customer", subject))
        payee = names.get("payee_account")
        if payee is not None and payee != payer and not {payer, payee} & gone:
            flows.add((payer, at, sequence, payee, 1_000))
    links = {(*pair, min(found), max(found)) for pair, found in hours.items()}
    return {"seen": seen, "links": links, "flows": flows, "entities": {one[0] for one in seen}}


def index() -> dict[str, Any]:
    return {
        "seen": set(Seen.objects.values_list("entity", "occurred_s", "sequence", "field")),
        "links": set(Link.objects.values_list("subject", "entity", "field", "first_h", "newest_h")),
        "flows": set(
            Flow.objects.values_list("payer", "occurred_s", "sequence", "payee", "amount_minor")
        ),
        "entities": set(Entity.objects.values_list("key", flat=True)),
    }


class Indexing(TestCase):
    @settings(max_examples=60, deadline=None)
    @given(MADE, st.integers(1, 12), st.sets(st.sampled_from(CAST["customer"])))
    def test_it_is_what_a_plain_reading_says(
        self, made: list[tuple[int, dict[str, str]]], size: int, erased: set[str]
    ) -> None:
        events = [
            event(n, at=NOON + minutes * 60_000_000, **fields)
            for n, (minutes, fields) in enumerate(made, 1)
        ]
        after = 0
        for at in range(0, len(events), size):
            some = events[at : at + size]
            take_in(entries(*some, after=after))
            after += len(some)
        assert index() == naive(made, set())
        if erased:
            take_in(
                entries(after=after, erased=tuple(hexed("customer", one) for one in sorted(erased)))
            )
        assert index() == naive(made, erased)
        forget_all()
        assert not any(index().values())


@pytest.mark.django_db
def test_links_say_who_shares_what_and_since_when() -> None:
    take_in(
        entries(
            event(1, customer="C1", device="D1", account="A1"),
            event(2, at=NOON + 5 * HOUR, customer="C2", device="D1", payee_account="A1"),
            event(3, at=NOON + 6 * HOUR, customer="C1", device="D1"),
        )
    )
    users = links_of("device", hexed("device", "D1"))
    assert [(one.kind, one.entity, one.theirs) for one in users] == [
        ("customer", hexed("customer", "C1"), True),
        ("customer", hexed("customer", "C2"), True),
    ]
    assert (users[0].newest - users[0].first).total_seconds() == 6 * 3600
    account = links_of("account", hexed("account", "A1"))
    assert {one.field for one in account} == {"account", "payee_account"}
    assert links_of("card", hexed("device", "D1")) == []
    assert [one.kind for one in links_of("customer", hexed("customer", "C1"), kinds=("device",))]
    assert kind_of(hexed("account", "A1")) == "account"
    assert kind_of(hexed("account", "A9")) is None
    assert sequences_of(hexed("device", "D1"), limit=2) == [3, 2]


@pytest.mark.django_db
def test_events_of_the_erased_that_come_after_the_erasure_leave_no_trace() -> None:
    gone = hexed("customer", "C1")
    take_in(entries(event(1, customer="C1", device="D1")))
    take_in(entries(after=1, erased=(gone,)))
    take_in(entries(event(3, customer="C1", device="D1"), after=2))
    assert not any(index().values())
