"""Gangs are the components that plain Python finds, however the steps are cut."""

from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from tests.console.entities.events_of_tests import HOUR, NOON, entries, event, hexed, key

from fengkong.console.entities.queries import hour
from fengkong.console.gangs import finding
from fengkong.console.gangs.models import Gang, Member
from fengkong.console.journaled.intake import take_in

MINUTE = 60_000_000
Made = list[tuple[int, dict[str, str], int]]
VISITS = st.tuples(
    st.integers(0, 96),
    st.fixed_dictionaries(
        {"customer": st.sampled_from([f"C{n}" for n in range(8)])},
        optional={
            "device": st.sampled_from(["D1", "D2", "D3", "D4"]),
            "ip": st.just("I1"),
            "card": st.sampled_from(["K1", "K2"]),
        },
    ),
    st.just(0),
)
PAID = st.builds(
    lambda at, payer, payee, amount: (
        at,
        {"customer": f"C{payer}", "account": f"A{payer}", "payee_account": f"A{payee}"},
        amount,
    ),
    st.integers(0, 96),
    st.integers(0, 7),
    st.integers(0, 7),
    st.sampled_from([100, 150, 400]),
)
EVENTS = st.lists(st.one_of(VISITS, PAID), max_size=14)


def naive_ties(made: Made) -> set[frozenset[str]]:
    """Who is tied, as the docstring of `ties` says it, from every pair of events."""
    ties: set[frozenset[str]] = set()
    users: dict[tuple[str, str], set[str]] = defaultdict(set)
    owners: dict[str, set[str]] = defaultdict(set)
    moved = []
    for sequence, (at, fields, amount) in enumerate(made, 1):
        who = fields["customer"]
        for name in ("account", "card", "device"):
            if name in fields:
                users[name, fields[name]].add(who)
        if "account" in fields:
            owners[fields["account"]].add(who)
        if "payee_account" in fields and fields["payee_account"] != fields["account"]:
            moved.append((at, sequence, fields["account"], fields["payee_account"], amount))
    for together in users.values():
        ties |= {frozenset({one, other}) for one in together for other in together - {one}}
    for at, sequence, payer, payee, amount in moved:
        sources = [
            other
            for other in moved
            if other[3] == payer and at - 48 <= other[0] and other[:2] < (at, sequence)
        ]
        if not sources:
            continue
        came = sum(source[4] for source in sources)
        until = max(source[0] for source in sources) + 48
        since = min(source[0] for source in sources)
        went = sum(one[4] for one in moved if one[2] == payer and since <= one[0] <= until)
        if came >= amount / 2 and came / 2 <= went <= came * 2:
            ties |= {
                frozenset({one, other})
                for one in owners[payer]
                for other in owners[payee]
                if one != other
            }
    return ties


def naive_gangs(made: Made) -> set[frozenset[str]]:
    groups = [set(tie) for tie in naive_ties(made)]
    merged = True
    while merged:
        merged = False
        for one in groups:
            for other in groups:
                if one is not other and one & other:
                    one |= other
                    groups.remove(other)
                    merged = True
                    break
            if merged:
                break
    return {frozenset(group) for group in groups if len(group) >= finding.MEMBERS_LEAST}


def found_gangs() -> set[frozenset[int]]:
    groups: dict[int, set[int]] = defaultdict(set)
    for member, gang in Member.objects.values_list("key", "gang_id"):
        groups[gang].add(member)
    return {frozenset(group) for group in groups.values()}


def take(made: Made, *, after: int = 0) -> None:
    events = [
        event(n, at=NOON + at * HOUR, amount_minor=amount or None, **fields)
        for n, (at, fields, amount) in enumerate(made, after + 1)
    ]
    if events:
        take_in(entries(*events, after=after))


class Finding(TestCase):
    @settings(max_examples=100, deadline=None)
    @given(EVENTS, st.integers(1, 14), st.integers(1, 14))
    def test_gangs_are_what_plain_python_finds(self, made: Made, cut: int, size: int) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(finding, "DECISIONS_A_STEP", size)
            for after, part in ((0, made[:cut]), (cut, made[cut:])):
                take(part, after=after)
                while finding.step():
                    pass
        expected = {frozenset(key("customer", one) for one in group) for group in naive_gangs(made)}
        assert found_gangs() == expected
        live = Gang.objects.exclude(state__in=("merged", "dissolved"))
        assert sorted(live.values_list("members", flat=True)) == sorted(map(len, expected))


def visit(sequence: int, customer: str, device: str, at: int = 0, **more: Any) -> Any:
    return event(sequence, at=NOON + at * HOUR, customer=customer, device=device, **more)


@pytest.mark.django_db
def test_a_gang_keeps_its_number_while_it_grows_and_is_merged() -> None:
    take_in(entries(visit(1, "C1", "D1"), visit(2, "C2", "D1"), visit(3, "C3", "D1")))
    finding.step()
    first = Gang.objects.get()
    assert (first.members, first.ties, first.exposure_minor) == (3, {"device": 2}, 3_000)
    more = [visit(n, f"C{n}", "D2", at=24 * 20) for n in range(4, 8)]
    take_in(entries(*more, after=3))
    finding.step()
    assert Gang.objects.filter(state="open").count() == 2
    take_in(entries(visit(8, "C1", "D2", at=24 * 20 + 1, outcome="deny"), after=7))
    finding.step()
    merged, kept = Gang.objects.order_by("id")
    assert (merged.state, merged.merged_into_id, kept.state) == ("merged", kept.pk, "open")
    assert (kept.members, kept.stopped_minor, kept.grown) == (7, 1_000, 4)
    assert kept.first_at == hour(NOON // HOUR)


@pytest.mark.django_db
def test_ties_grow_old_and_the_gang_falls_apart() -> None:
    take_in(entries(visit(1, "C1", "D1"), visit(2, "C2", "D1"), visit(3, "C3", "D1")))
    finding.step()
    take_in(entries(visit(4, "C1", "D9", at=24 * 31), after=3))
    finding.step()
    assert Gang.objects.get().state == "dissolved"
    assert not Member.objects.exists()


@pytest.mark.django_db
def test_what_everybody_uses_ties_nobody() -> None:
    take_in(entries(*(visit(n, f"C{n}", "D1") for n in range(1, 60))))
    finding.step()
    assert not Gang.objects.exists()


@pytest.mark.django_db
def test_the_erased_are_in_no_gang() -> None:
    take_in(entries(*(visit(n, f"C{n}", "D1") for n in range(1, 5))))
    finding.step()
    take_in(entries(after=4, erased=(hexed("customer", "C2"),)))
    assert key("customer", "C2") not in set(Member.objects.values_list("key", flat=True))
    finding.update({key("customer", "C1")})
    assert Gang.objects.get().members == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("went", "tied"), [(498, False), (500, True), (2_000, True), (2_002, False)]
)
def test_money_passes_through_when_about_as_much_goes_as_came(went: int, tied: bool) -> None:
    paid = [("Z", "A", 1_000), ("A", "B", 1_000), ("B", "C", went // 2), ("B", "C", went // 2)]
    homes: Made = [(0, {"customer": name, "account": f"A{name}"}, 0) for name in "ZABC"]
    moved: Made = [
        (at, {"customer": one, "account": f"A{one}", "payee_account": f"A{other}"}, amount)
        for at, (one, other, amount) in enumerate(paid, 1)
    ]
    take(homes + moved)
    finding.step()
    together = {frozenset(key("customer", name) for name in "ABC")}
    assert found_gangs() == (together if tied else set())
