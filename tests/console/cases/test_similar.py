"""Similarity is measured part by part, the same both ways, and never leaves 0 to 1."""

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from fengkong.console.cases.models import Case
from fengkong.console.cases.similar import (
    LEAST,
    WEIGHTS,
    Traits,
    endings_of,
    likeness_of,
    similar_cases,
)

RULES = st.frozensets(st.sampled_from("abcdef"), max_size=6)
TRAITS = st.builds(
    Traits,
    typology=st.sampled_from(["scam", "mule_ring"]),
    rules=RULES,
    exposure_minor=st.integers(min_value=0, max_value=10**12),
    currency=st.sampled_from(["CNY", "USD", ""]),
    channel=st.sampled_from(["app", "web", ""]),
)


@given(TRAITS, TRAITS)
def test_likeness_is_symmetric_and_bounded(one: Traits, other: Traits) -> None:
    there, back = likeness_of(one, other), likeness_of(other, one)
    assert there.similarity == pytest.approx(back.similarity)
    for part in WEIGHTS:
        assert 0.0 <= getattr(there, part) <= 1.0
    assert set(there.shared_rules) == one.rules & other.rules
    assert likeness_of(one, one).exposure == 1.0


@pytest.mark.parametrize(
    ("mine", "theirs", "exposure"),
    [
        (100, 100, 1.0),
        (100, 1_000, 2 / 3),
        (1_000, 1, 0.0),
        (10, 10**9, 0.0),
        (0, 0, 1.0),
        (0, 5, 0.0),
    ],
)
def test_known_exposures(mine: int, theirs: int, exposure: float) -> None:
    one, other = (
        Traits("scam", frozenset("ab"), amount, "CNY", "app") for amount in (mine, theirs)
    )
    assert likeness_of(one, other).exposure == pytest.approx(exposure)


def closed(typology: str, rules: str, amount: int, outcome: str = "false_positive") -> Case:
    now = timezone.now()
    return Case.objects.create(
        typology=typology,
        state="closed",
        rules=sorted(rules),
        exposure_minor=amount,
        currency="CNY",
        channel="app",
        outcome=outcome,
        due_at=now,
        closed_at=now,
        opened_by="x",
    )


@pytest.mark.django_db
def test_the_most_alike_come_first_with_how_they_ended() -> None:
    near = closed("scam", "ab", 1_000)
    far = closed("scam", "xyz", 10**9, outcome="confirmed_fraud")
    other = closed("mule_ring", "ab", 1_000)
    closed("mule_ring", "xyz", 10**9)
    mine = Case.objects.create(
        typology="scam",
        rules=["a", "b"],
        exposure_minor=1_000,
        currency="CNY",
        channel="app",
        due_at=timezone.now(),
        opened_by="x",
    )
    found = similar_cases(mine)
    assert [one.case for one in found] == [near, other, far]
    assert found[0].likeness.similarity == pytest.approx(1.0)
    assert all(one.likeness.similarity >= LEAST for one in found)
    assert endings_of(found)[0][1] == 2
