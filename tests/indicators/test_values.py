"""Values: nothing from the future, as of any day, in columns as in the plain interpreter."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from random_tables import START, random_table

from fengkong.indicators.columns import DAY, column_of
from fengkong.indicators.errors import InvalidIndicatorError
from fengkong.indicators.examples import table_of
from fengkong.indicators.library_file import load_library, shipped_library
from fengkong.indicators.values import IMPACT, SEGMENT, VALUE, values_of
from fengkong.rules.expressions import parse
from fengkong.rules.interpreter import Moment, evaluate
from fengkong.rules.kinds import Kind
from fengkong.rules.scope import Scope

LIBRARY = shipped_library()
SLOW = {"garch_volatility", "value_at_risk", "expected_shortfall", "var_exceedances"}
SLOW |= {"kupiec", "christoffersen"}


def is_slow(indicator) -> bool:
    return any(measure.function in SLOW for measure in indicator.measures)


@pytest.mark.parametrize("source", LIBRARY.sources.values(), ids=lambda one: one.id)
def test_no_value_knows_its_future(source) -> None:
    """A value computed today of any indicator is the one that was computed on its day."""
    days = 160
    table = random_table(source, days=days, seed=1)
    cut = START + timedelta(days=130)
    for indicator in LIBRARY.of_source(source.id):
        whole = values_of(indicator, table).filter(pl.col(DAY) <= cut)
        then = values_of(indicator, table.filter(pl.col(DAY) <= cut), as_of=cut)
        as_of = values_of(indicator, table, as_of=cut)
        assert_frame_equal(as_of, then, check_exact=True)
        both = whole.join(as_of, on=DAY, how="inner")
        assert both.height >= whole.height - 1
        assert_frame_equal(
            both.select(VALUE, IMPACT),
            both.select(
                pl.col(f"{VALUE}_right").alias(VALUE), pl.col(f"{IMPACT}_right").alias(IMPACT)
            ),
            rel_tol=1e-9,
        )


@pytest.mark.parametrize("source", LIBRARY.sources.values(), ids=lambda one: one.id)
def test_the_last_days_alone_give_the_same(source) -> None:
    """Looking only at the rows that a formula reaches back to changes nothing."""
    table = random_table(source, days=140, seed=2)
    since = START + timedelta(days=133)
    for indicator in LIBRARY.of_source(source.id):
        if is_slow(indicator):
            continue
        whole = values_of(indicator, table).filter(pl.col(DAY) >= since)
        assert_frame_equal(whole, values_of(indicator, table, since=since), rel_tol=1e-9)


def test_corrections_count_from_the_day_they_were_recorded() -> None:
    indicator = LIBRARY.indicator("credit.restructured_share")
    table = table_of(
        indicator.source,
        [
            {
                "day": date(2026, 1, 1),
                "recorded_on": "2026-01-01",
                "outstanding": 100,
                "restructured": 1,
            },
            {
                "day": date(2026, 1, 1),
                "recorded_on": "2026-01-05",
                "outstanding": 100,
                "restructured": 9,
            },
        ],
    )
    first, later = date(2026, 1, 2), date(2026, 1, 5)
    assert values_of(indicator, table, as_of=first)[VALUE].to_list() == [0.01, None]
    assert values_of(indicator, table, as_of=later)[VALUE][0] == 0.09


def test_a_day_without_rows_has_no_value() -> None:
    indicator = LIBRARY.indicator("credit.restructured_share")
    rows = [
        {"day": date(2026, 1, 1), "outstanding": 100, "restructured": 1},
        {"day": date(2026, 1, 3), "outstanding": 100, "restructured": 2},
    ]
    found = values_of(indicator, table_of(indicator.source, rows), as_of=date(2026, 1, 4))
    assert found[VALUE].to_list() == [0.01, None, 0.02, None]


def test_segments_have_values_of_their_own() -> None:
    indicator = LIBRARY.indicator("liquidity.net_redemption")
    rows = [
        {"day": date(2026, 1, 1), "channel": "app", "redeemed": 30, "purchased": 10},
        {"day": date(2026, 1, 1), "channel": "web", "redeemed": 10, "purchased": 30},
    ]
    found = values_of(indicator, table_of(indicator.source, rows), by="channel")
    assert dict(found.select(SEGMENT, VALUE).iter_rows()) == {"app": 0.5, "web": -0.5}


def test_spreads_over_a_window_sum_first() -> None:
    texts = """
sources:
  s:
    title: {zh: s, en: s}
    meaning: {zh: s, en: s}
    kind: file
    owner: o
    segments: {who: {zh: 谁, en: who}}
    columns: {x: number}
indicators:
  - id: credit.spread
    group: credit
    title: {zh: s, en: s}
    meaning: {zh: s, en: s}
    unit: ratio
    source: s
    owner: o
    reference: a test
    measures: {spread: hhi(x) by who last 2d}
    formula: spread
    thresholds: {direction: above, rules: {2026-01-01: {fixed: {red: 1}, reference: a test}}}
"""
    indicator = load_library({"a.yaml": texts}).indicator("credit.spread")
    rows = [
        {"day": date(2026, 1, 1), "who": "a", "x": 10},
        {"day": date(2026, 1, 2), "who": "a", "x": 10},
        {"day": date(2026, 1, 2), "who": "b", "x": 20},
        {"day": date(2026, 1, 3), "who": "b", "x": 30},
    ]
    found = values_of(indicator, table_of(indicator.source, rows))[VALUE].to_list()
    assert found == pytest.approx([1.0, 0.5, (10**2 + 50**2) / 60**2])


# -- the expression language in columns ------------------------------------------------------

SCOPE = Scope(
    names={"a": Kind.NUMBER, "b": Kind.NUMBER, "m": Kind.MONEY, "t": Kind.TEXT, "p": Kind.BOOLEAN}
)
NUMBERS = st.sampled_from(["a", "b", "number(m)", "2", "0.5", "abs(a)", "floor(b)", "round(a, 1)"])


def deeper(inner):
    pairs = st.one_of(
        st.tuples(inner, st.sampled_from("+ - * / // %".split()), inner),
        st.tuples(inner, st.just("**"), st.sampled_from(["2", "0.5"])),
    )
    return st.one_of(
        pairs.map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"),
        st.tuples(inner, CONDITIONS, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
        st.tuples(inner, inner).map(lambda p: f"min({p[0]}, {p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"default({p[0]}, {p[1]})"),
        inner.map(lambda one: f"sqrt({one})"),
        inner.map(lambda one: f"log({one})"),
        inner.map(lambda one: f"exp({one})"),
    )


CONDITIONS = st.recursive(
    st.sampled_from(
        [
            *("p", "a < b", "m >= 1", 't == "u"', 't in ("u", "v")', "is_missing(a)", "a == b"),
            *('contains(t, "u")', "not p"),
        ]
    ),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: f"({p[0]} and {p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"({p[0]} or {p[1]})"),
        inner.map(lambda one: f"(not {one})"),
    ),
    max_leaves=4,
)
FORMULAS = st.one_of(st.recursive(NUMBERS, deeper, max_leaves=6), CONDITIONS)
CELL = st.one_of(st.none(), st.sampled_from([0.0, 1.0, -1.0, 2.5, -0.5, 1e300, 7.0]))
ROW = st.fixed_dictionaries(
    {
        "a": CELL,
        "b": CELL,
        "m": st.one_of(st.none(), st.integers(-500, 500)),
        "t": st.sampled_from([None, "u", "v", "uv", ""]),
        "p": st.sampled_from([None, True, False]),
    }
)


@settings(max_examples=150, deadline=None)
@given(FORMULAS, st.lists(ROW, min_size=1, max_size=6))
def test_columns_say_what_the_interpreter_says(text, rows) -> None:
    expression = parse(text, scope=SCOPE)
    schema = {"a": pl.Float64, "b": pl.Float64, "m": pl.Int64, "t": pl.String, "p": pl.Boolean}
    table = pl.DataFrame(rows, schema=schema, orient="row")
    seen = table.select(column_of(expression.node).alias("x"))["x"].to_list()
    if len(seen) < len(rows):  # a formula of literals alone
        seen *= len(rows)
    for row, value in zip(rows, seen, strict=True):
        expected = evaluate(expression, moment=Moment(values=row))
        if expected is None or value is None:
            assert value is expected, (text, row)
        else:
            assert value == pytest.approx(expected, rel=1e-12), (text, row)


def test_what_has_no_meaning_by_day_is_refused() -> None:
    scope = Scope(names={"at": Kind.INSTANT})
    with pytest.raises(InvalidIndicatorError, match="functions of instants"):
        column_of(parse("hour(at) == 3", scope=scope).node)


def test_a_condition_that_nobody_can_answer_gives_no_value() -> None:
    """Unknown for every row of a day is no data; unknown for some leaves these out."""
    indicator = LIBRARY.indicators["credit.multi_platform_borrowers"]
    given = [
        {"borrower": "a", "exposure": 30, "platforms": None},
        {"day": date(2026, 1, 1), "borrower": "b", "exposure": 70, "platforms": None},
        {"day": date(2026, 1, 2), "borrower": "a", "exposure": 30, "platforms": 4},
        {"day": date(2026, 1, 2), "borrower": "b", "exposure": 70, "platforms": None},
        {"day": date(2026, 1, 3), "borrower": "a", "exposure": 30, "platforms": 1},
    ]
    table = table_of(indicator.source, given)
    assert values_of(indicator, table)[VALUE].to_list() == [None, pytest.approx(0.3), 0.0]


def test_what_belongs_to_no_part_is_no_concentration() -> None:
    indicator = LIBRARY.indicators["credit.concentration_region"]
    given = [
        {"borrower": "a", "exposure": 50, "region": "-"},
        {"day": date(2026, 1, 1), "borrower": "b", "exposure": 30, "region": "x"},
        {"day": date(2026, 1, 1), "borrower": "c", "exposure": 30, "region": "y"},
        {"day": date(2026, 1, 2), "borrower": "a", "exposure": 50, "region": "-"},
    ]
    found = values_of(indicator, table_of(indicator.source, given))[VALUE].to_list()
    assert found == [pytest.approx(0.5), None]


def test_where_there_is_more_than_is_needed_no_money_is_at_stake() -> None:
    indicator = LIBRARY.indicators["credit.provision_coverage"]
    bad = {"substandard": 100, "doubtful": 0, "loss": 0}
    given = [bad | {"provision": 120}, bad | {"provision": 155}]
    found = values_of(indicator, table_of(indicator.source, given))[IMPACT].to_list()
    assert found == [30_00.0, 0.0]
