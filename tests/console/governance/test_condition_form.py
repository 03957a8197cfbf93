"""Forms and texts of conditions: nothing is lost either way, and what cannot be shown says so."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.console.governance.condition_form import (
    WITHOUT_LIMIT,
    Group,
    InvalidRowError,
    Join,
    Operator,
    Row,
    UnshownConditionError,
    form_of,
    normal_text,
    text_of,
    written_limit,
    written_words,
)
from fengkong.core.errors import RiskError

subjects = st.sampled_from(
    ["amount", "device_card_distinct_7d", "table.value", "hour(occurred_at)", "left(device, 2)"]
)
literals = st.one_of(
    st.integers(-(10**9), 10**9).map(str),
    st.floats(0, 1e6, allow_nan=False).map(lambda x: repr(round(x, 3))),
    st.text(max_size=8).map(repr),
)
limits = st.one_of(literals, st.sampled_from(["limits.amount", "other_feature"]))
words = st.one_of(
    st.just("blocked_devices"),
    st.lists(literals, min_size=1, max_size=3).map(lambda one: f"[{', '.join(one)}]"),
)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    operator = draw(st.sampled_from(list(Operator)))
    if operator in WITHOUT_LIMIT:
        return Row(draw(subjects), operator)
    pool = words if operator in (Operator.IN, Operator.NOT_IN) else limits
    return Row(draw(subjects), operator, draw(pool))


def groups(parts: st.SearchStrategy[Row | Group], *, least: int) -> st.SearchStrategy[Group]:
    return st.builds(
        Group, st.sampled_from(list(Join)), st.lists(parts, min_size=least, max_size=3).map(tuple)
    )


forms = groups(st.one_of(rows(), groups(rows(), least=2)), least=2)


@settings(max_examples=300, deadline=None)
@given(forms)
def test_a_form_comes_back_from_its_text(form: Group) -> None:
    text = text_of(form)
    again = form_of(text)
    assert text_of(again) == text
    assert shape(again) == shape(form)


def shape(part: Row | Group) -> object:
    """Rows with limits in regular spacing, for quotes and spaces are the writer's own."""
    if isinstance(part, Group):
        return (part.join, [shape(one) for one in part.parts])
    return (
        normal_text(part.subject),
        part.operator,
        normal_text(part.limit) if part.limit else "",
    )


@settings(max_examples=200, deadline=None)
@given(forms, st.sampled_from(["  {}", "( {} )", "{}  "]))
def test_a_text_comes_back_from_its_form(form: Group, layout: str) -> None:
    text = layout.format(text_of(form))
    assert text_of(form_of(text)) == normal_text(text)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_shown_or_refused(text: str) -> None:
    try:
        form = form_of(text)
    except UnshownConditionError:
        return
    assert text_of(form) == normal_text(text)


UNSHOWN = [
    "amount + fee > 3",
    "1 < amount < 3",
    "not (a and b)",
    "not a > 3",
    "a if b else c",
    "amount > fee * 2",
    "5000 > amount",
    "a in [b]",
    "3",
    "amount >",
    "",
    "a and (b or (c and (d or e)))",
]


@pytest.mark.parametrize("text", UNSHOWN)
def test_what_a_form_cannot_show(text: str) -> None:
    with pytest.raises(UnshownConditionError):
        form_of(text)


TYPED = [
    ("5000", True, "5000"),
    ("app", True, "'app'"),
    ('"app"', True, '"app"'),
    ("limits.amount", True, "limits.amount"),
    ("limits.other", False, "limits.other"),
    ("it's", True, '"it\'s"'),
    ("  7 ", False, "7"),
    ("", True, ""),
]


@pytest.mark.parametrize(("typed", "textual", "written"), TYPED)
def test_a_limit_as_somebody_types_it(typed: str, textual: bool, written: str) -> None:
    assert written_limit(typed, names={"limits.amount"}, textual=textual) == written


def test_words_as_somebody_types_them() -> None:
    assert written_words("app, web", textual=True) == "['app', 'web']"
    assert written_words("app，网页、1", textual=True) == "['app', '网页', '1']"
    assert written_words("1, 2", textual=False) == "[1, 2]"
    assert written_words("['a']", textual=True) == "['a']"


@pytest.mark.parametrize(
    "form",
    [
        Group(Join.ALL, ()),
        Group(Join.ALL, (Row("", Operator.ABOVE, "1"),)),
        Group(Join.ALL, (Row("amount", Operator.ABOVE),)),
        Group(Join.ALL, (Row("amount", Operator.ABOVE, "1 +"),)),
    ],
)
def test_a_form_that_is_not_complete(form: Group) -> None:
    with pytest.raises(InvalidRowError) as caught:
        text_of(form)
    assert isinstance(caught.value, RiskError)
