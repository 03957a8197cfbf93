"""The machine, row by row and in columns, is the interpreter to the bit."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fengkong.core.bilingual import Bilingual
from fengkong.core.errors import RiskError
from fengkong.core.instants import INSTANT_MAX, INSTANT_MIN
from fengkong.rules.expressions import parse
from fengkong.rules.interpreter import Moment, evaluate
from fengkong.rules.kinds import Kind
from fengkong.rules.lists import ListAction, ListChange, ListDeclaration, ListState
from fengkong.rules.machine import CHUNK
from fengkong.rules.parameters import parse_parameter
from fengkong.rules.probes import cell
from fengkong.rules.program import compile_program
from fengkong.rules.scope import DEFAULT_TIME_ZONE, Scope

# Test modules do not import each other as packages; the generators stand in their own file.
_spec = importlib.util.spec_from_file_location("generated", Path(__file__).parent / "generated.py")
generated = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generated)

CARDS = {
    "2010-01-01": {"value": 3, "reference": "T-1"},
    "2050-07-01": {"value": 0.25, "reference": "T-2"},
}
SCOPE = Scope(
    names=generated.NAMES,
    parameters={
        name: parse_parameter(name, CARDS, time_zone=DEFAULT_TIME_ZONE)
        for name in ("limits.cards", "limits.rate")
    },
    lists={"blocked": ListDeclaration(name="blocked", of="device", title=Bilingual("x", "x"))},
)
FRAME = tuple(generated.NAMES)


def blocked() -> ListState:
    state = ListState(["blocked"])
    for value, start in (("d1", INSTANT_MIN), ("app", 2_000_000_000_000_000)):
        state.apply(ListChange("blocked", ListAction.ADD, value, "test", "test", start))
    return state


LISTS = blocked()
moments = st.integers(INSTANT_MIN, INSTANT_MAX - 1)


def bits(cells):
    """Cells as bits, every missing value alike."""
    return np.where(np.isnan(cells), np.nan, cells).view(np.int64).tolist()


def agree(sources, rows_of_values, occurred_at):
    named = []
    scope = SCOPE
    for number, source in enumerate(sources):
        named.append((f"e{number}", parse(source, scope=scope)))
    program = compile_program(named, frame=FRAME)
    rows = np.full((len(rows_of_values), program.width), np.nan)
    expected = np.empty((len(rows), len(named)))
    for i, values in enumerate(rows_of_values):
        moment = Moment(values, occurred_at[i], LISTS)
        expected[i] = [cell(evaluate(expression, moment=moment)) for _, expression in named]
        rows[i, : len(FRAME)] = [
            cell(values[name] if kind is Kind.TEXT else _float(values[name]))
            for name, kind in generated.NAMES.items()
        ]
    columns = rows.copy()
    texts = ("t1", "t2")
    for i, values in enumerate(rows_of_values):
        given_texts = {name: values[name] for name in texts}
        program.fill_row(rows[i], texts=given_texts, occurred_at=occurred_at[i], lists=LISTS)
    program.fill_columns(
        columns,
        texts={
            name: pl.Series([values[name] for values in rows_of_values], dtype=pl.String)
            for name in texts
        },
        occurred_at=np.array(occurred_at, dtype=np.int64),
        lists=LISTS,
    )
    assert bits(rows) == bits(columns)
    by_row = np.array([program.run_row(row) for row in rows])
    by_rows, by_columns = np.empty_like(by_row), np.empty_like(by_row)
    program.run_rows(rows, by_rows)
    program.run_columns(columns, by_columns)
    assert bits(by_row) == bits(expected)
    assert bits(by_rows) == bits(expected)
    assert bits(by_columns) == bits(expected)


def _float(value):
    return None if value is None else float(value)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    sources=st.lists(generated.expressions(), min_size=1, max_size=6),
    rows=st.lists(st.tuples(generated.values(), moments), min_size=1, max_size=5),
)
def test_generated_expressions(sources, rows):
    agree(sources, [values for values, _ in rows], [moment for _, moment in rows])


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(sources=st.lists(generated.expressions(), min_size=1, max_size=3), data=st.data())
def test_chunk_edges(sources, data):
    count = data.draw(st.sampled_from([CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 3]))
    few = data.draw(st.lists(st.tuples(generated.values(), moments), min_size=3, max_size=3))
    rows = [few[i % 3] for i in range(count)]
    agree(sources, [values for values, _ in rows], [moment for _, moment in rows])


def test_earlier_expressions_are_names_of_later_ones():
    first = parse("n1 + 1", scope=SCOPE)
    later = parse("doubled * 2 > n2", scope=SCOPE.with_names({"doubled": Kind.NUMBER}))
    again = parse("n1 + 1", scope=SCOPE)
    program = compile_program(
        [
            ("doubled", first),
            ("later", later),
            ("again", again),
            ("n1_itself", parse("n1", scope=SCOPE)),
        ],
        frame=("n1", "n2"),
    )
    assert program.run_row(np.array([1.0, 3.0])).tolist() == [2.0, 1.0, 2.0, 1.0]


def test_fifty_rules_share_what_they_have_in_common():
    rules = [(f"r{i}", parse(f"n1 + n2 > {i} and n1 + n2 < 100", scope=SCOPE)) for i in range(50)]
    program = compile_program(rules, frame=FRAME)
    assert program.instructions == 1 + 1 + 50 * 2


alphabet = st.sampled_from(
    [
        *list("abmnit12 ().,+-*/%<>=!&|~^@[]{}\"'\\#:;\n\t0_9e中（$"),
        " and ",
        " or ",
        " not ",
        " in ",
        " if ",
        " else ",
        "lambda",
        "matches(",
        "n1",
        "m1",
        "**",
        'r"',
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(alphabet, max_size=60).map("".join)))
def test_no_text_raises_anything_but_a_risk_error(source):
    try:
        parse(source, scope=SCOPE)
    except RiskError as error:
        assert error.fault().code
        str(error)


def test_hostile_texts_are_refused():
    hostile = [
        "(" * 4000,
        "[" * 2000 + "]" * 2000,
        "-" * 3999 + "1",
        "not " * 999 + "b1",
        "+".join("1" * 1999),
        "n1 if b1 else " * 200 + "1",
        "9" * 4000,
        "1" + "e9" * 100,
        "n1" + "**2" * 900,
        "a." * 1900 + "a",
        "min(" * 900 + ")" * 900,
        "1<" * 1990 + "1",
        "b1 and " * 520 + "x",
        'matches(t1, "' + "(a{1,1000}){1,1000}" + '")',
        'matches(t1, "' + "(x+x+)+" * 100 + '")',
        "\ud800",
        '"\ud800" == t1',
        "\x00",
        "'" * 4000,
        "x" * 5000,
        "((((n1)))) " * 300,
    ]
    for source in hostile:
        try:
            parse(source, scope=SCOPE)
        except RiskError:
            continue
        raise AssertionError(source[:60])


def test_errors_name_line_and_column():
    from fengkong.rules.origins import Origin

    origin = Origin(source="policy.yaml", path="$.rules[3].when", line=40, column=11)
    for source, line, column in [
        ("amout > 3", 40, 11),
        ("n1 > 3 and amout > 3", 40, 22),
        ("n1 > 3\n  and amout > 3", 41, 7),
        ('t1 == "中国" and amout > 3', 40, 26),
    ]:
        try:
            parse(source, scope=SCOPE, origin=origin)
        except RiskError as error:
            assert (error.source, error.line, error.column) == ("policy.yaml", line, column)
            assert error.path == "$.rules[3].when"
        else:
            raise AssertionError(source)
