"""What a diff says and which way it goes, change by change; and that the way is true."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from versions import TEXT, changed, load

from fengkong.console.governance.changes import Change, changes, loosens
from fengkong.console.governance.strictness import Effect, compare_conditions, direction_of
from fengkong.rules.expressions import parse_condition
from fengkong.rules.interpreter import Moment, evaluate
from fengkong.rules.kinds import Kind
from fengkong.rules.lists import ListState
from fengkong.rules.scope import Scope

CONDITIONS = [
    ("a > 3", "a > 4", "looser"),
    ("a > 4", "a > 3", "stricter"),
    ("a >= 3", "a >= 2.5", "stricter"),
    ("a < 3", "a < 4", "stricter"),
    ("a <= 3", "a <= -4", "looser"),
    ("3 < a", "4 < a", "looser"),
    ("not a > 3", "not a > 4", "stricter"),
    ("not (a > 3 and b)", "not (a > 4 and b)", "stricter"),
    ("a > 3 and b", "a > 4 and b", "looser"),
    ("a > 3 and b < 2", "a > 4 and b < 1", "looser"),
    ("a > 3 and b < 2", "a > 4 and b < 3", "unclear"),
    ("a > 3", "a > 3 and b", "looser"),
    ("a > 3 and b", "a > 3", "stricter"),
    ("a > 3", "a > 3 or b", "stricter"),
    ("a > 3 or b", "b", "looser"),
    ("not (a or b)", "not a", "stricter"),
    ("a and b", "a or b", "unclear"),
    ("a in [1, 2]", "a in [1, 2, 3]", "stricter"),
    ("a in [1, 2]", "a in [2]", "looser"),
    ("a not in [1, 2]", "a not in [2]", "stricter"),
    ("a in [1, 2]", "a in [2, 3]", "unclear"),
    ("a in [1, 2]", "a in [2, 1]", "neutral"),
    ("a == 3", "a == 4", "unclear"),
    ("a > 3", "b > 3", "unclear"),
    ("a > x", "a > y", "unclear"),
    ("a >", "a > 4", "unclear"),
    ("a  >  3", "a>3", "neutral"),
]


@pytest.mark.parametrize(("before", "after", "effect"), CONDITIONS)
def test_the_direction_of_a_condition(before: str, after: str, effect: str) -> None:
    assert compare_conditions(before, after).whole == effect


PARAMETERS = [
    ("a > p", "looser"),
    ("a < p", "stricter"),
    ("p < a", "looser"),
    ("not a > p", "stricter"),
    ("a > p or b < p", "unclear"),
    ("a > p * 2", "unclear"),
    ("a == p", "unclear"),
    ("b", "neutral"),
]


@pytest.mark.parametrize(("condition", "effect"), PARAMETERS)
def test_the_direction_of_a_parameter(condition: str, effect: str) -> None:
    assert direction_of("p", condition) == effect


numbers = st.integers(-3, 3).map(str)
leaves = st.one_of(
    st.builds(
        "{} {} {}".format, st.sampled_from("ab"), st.sampled_from(["<", "<=", ">", ">="]), numbers
    ),
    st.builds("{} in [{}, {}]".format, st.sampled_from("ab"), numbers, numbers),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("(not {})".format, inner),
    ),
    max_leaves=4,
)
SCOPE = Scope(names={"a": Kind.NUMBER, "b": Kind.NUMBER})


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, str]:
    """A condition and the same with other limits, and sometimes something added."""
    before = draw(conditions)
    after = re.sub(r"-?[0-9]+", lambda _: draw(numbers), before) if draw(st.booleans()) else before
    if draw(st.booleans()):
        after = f"{after} {draw(st.sampled_from(['and', 'or']))} {draw(leaves)}"
    return (before, after) if draw(st.booleans()) else (after, before)


@settings(max_examples=300, deadline=None)
@given(edited())
def test_looser_hits_nothing_that_was_not_hit(pair: tuple[str, str]) -> None:
    """Whatever is called looser or stricter is so for every value."""
    before, after = pair
    effect = compare_conditions(before, after).whole
    if effect in (Effect.UNCLEAR, Effect.NEUTRAL):
        return
    first, second = (parse_condition(text, scope=SCOPE) for text in (before, after))
    for a in range(-4, 5):
        for b in range(-4, 5):
            moment = Moment(
                values={"a": float(a), "b": float(b)}, occurred_at=0, lists=ListState([])
            )
            hit = [bool(evaluate(one, moment=moment)) for one in (first, second)]
            assert hit[1] <= hit[0] if effect is Effect.LOOSER else hit[0] <= hit[1]


def told(text: str) -> list[Change]:
    return list(changes(load(), load(text)))


SINGLE = [
    ("amount > 5000", "amount > 6000", "rule", "looser", "limit of amount from 5000 to 6000"),
    (
        '["app", "web"]',
        '["app"]',
        "rule",
        "looser",
        "limit of channel from ['app', 'web'] to ['app']",
    ),
    ("outcome: review", "outcome: deny", "rule", "stricter", "outcome of rule"),
    ("outcome: deny", "outcome: challenge", "rule", "looser", "outcome of rule"),
    ("points: 40", "points: 30", "rule", "looser", "points of rule velocity"),
    (
        "value: 3,",
        "value: 4,",
        "parameter",
        "looser",
        "limits.cards_per_device from 2026-01-01: 3 to 4",
    ),
    ("value: 3,", "value: 2,", "parameter", "stricter", "3 to 2 (reference: FRAUD-12)"),
    ("value: 0.5,", "value: 0.6,", "parameter", "neutral", "limits.share"),
    ("over device last 1d", "over device last 2d", "feature", "unclear", "last 1d to"),
    ("colour: black", "colour: grey", "list", "unclear", "blocked_devices"),
    ("review: 60", "review: 80", "outcome", "looser", "points for review from 60 to 80"),
    (", review: 60", "", "outcome", "looser", "points for review from 60 to —"),
    ("unknown: record", "unknown: review", "policy", "stricter", "unknown rule"),
    ("unknown: record", "unknown: record\nfallback: deny", "policy", "stricter", "fallback"),
    ("unknown: record", "unknown: record\ntime_zone: UTC", "policy", "unclear", "time zone"),
    (", transfer.initiated", "", "event", "looser", "transfer.initiated is no longer decided"),
    ("a small payment is allowed", "another", "example", "neutral", "added"),
    ("id: amount.low", "id: amount.tiny", "rule", "neutral", "amount.low is now amount.tiny"),
    ("amount >= 10", "amount >= 20", "rule", "stricter", "from 10 to 20"),
]


@pytest.mark.parametrize(("old", "new", "part", "effect", "said"), SINGLE)
def test_one_change_in_words(old: str, new: str, part: str, effect: str, said: str) -> None:
    found = [one for one in told(changed(old, new)) if one.part == part]
    (one,) = [one for one in found if said in one.en]
    assert one.effect == effect
    assert one.zh != one.en


def test_a_rule_added_and_a_rule_removed() -> None:
    more = TEXT.replace(
        "outcomes:\n",
        "  - {id: new, when: amount > 1, outcome: deny, reason: {zh: 新, en: new}}\noutcomes:\n",
    )
    (added,) = changes(load(), load(more))
    (removed,) = changes(load(more), load())
    assert (added.effect, removed.effect) == (Effect.STRICTER, Effect.LOOSER)
    assert "新增规则 new" in added.zh
    assert "removed" in removed.en


def test_nothing_changed_says_nothing() -> None:
    assert changes(load(), load()) == ()
    assert changes(load(), load("# a comment\n" + TEXT.replace("version: 1", "version: 2"))) == ()


def test_only_what_lets_more_through_loosens() -> None:
    both = TEXT.replace("amount > 5000", "amount > 6000").replace("points: 40", "points: 50")
    (one,) = loosens(load(), load(both))
    assert (one.name, one.effect) == ("amount.large", Effect.LOOSER)
    assert loosens(load(both), load(both)) == ()
