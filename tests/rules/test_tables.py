"""Decision tables and scorecards: what they decide, and which of their faults are found."""

from __future__ import annotations

import numpy as np
import pytest

from fengkong.core.errors import RiskError
from fengkong.rules.interpreter import Moment, evaluate
from fengkong.rules.kinds import Kind
from fengkong.rules.probes import cell
from fengkong.rules.program import compile_program
from fengkong.rules.scope import Scope
from fengkong.rules.scorecards import parse_scorecard
from fengkong.rules.tables import parse_table

SCOPE = Scope(
    names={
        "amount": Kind.MONEY,
        "country": Kind.TEXT,
        "is_new": Kind.BOOLEAN,
        "age": Kind.NUMBER,
        "occurred_at": Kind.INSTANT,
    }
)
TABLE = {
    "id": "abroad",
    "hit": "first",
    "inputs": ["amount", "country", "is_new"],
    "rows": [
        {"id": "large", "when": {"amount": "> 5000", "country": 'not "CN"'}, "outcome": "deny"},
        {
            "id": "middle",
            "when": ["1000..5000", '"HK", "MO"', True],
            "points": 20,
            "reason": {"zh": "金额 {amount}", "en": "{amount} abroad"},
        },
        {"id": "no_country", "when": {"country": "missing"}, "outcome": "review"},
        {"id": "rest", "when": {}},
    ],
}


def run(named, values):
    frame = tuple(SCOPE.names)
    program = compile_program(named, frame=frame)
    row = program.new_row()
    row[: len(frame)] = [cell(values.get(name)) for name in frame]
    results = program.run_row(row)
    expected = [cell(evaluate(expression, moment=Moment(values))) for _, expression in named]
    assert np.array_equal(results, expected, equal_nan=True)
    return dict(zip((name for name, _ in named), results.tolist(), strict=True))


@pytest.mark.parametrize(
    ("values", "hit"),
    [
        ({"amount": 500001.0, "country": "US", "is_new": False}, "large"),
        ({"amount": 500000.0, "country": "US", "is_new": False}, "rest"),
        ({"amount": 499999.0, "country": "HK", "is_new": True}, "middle"),
        ({"amount": 500000.0, "country": "HK", "is_new": True}, "rest"),
        ({"amount": 100000.0, "country": "MO", "is_new": True}, "middle"),
        ({"amount": 99999.0, "country": "MO", "is_new": True}, "rest"),
        ({"amount": 100.0, "is_new": False}, "no_country"),
    ],
)
def test_the_first_row_that_fits_hits(values, hit):
    results = run(list(parse_table(TABLE, scope=SCOPE).expressions()), values)
    assert [name for name, value in results.items() if value == 1.0] == [f"abroad.{hit}"]


def test_a_row_after_an_unknown_row_is_unknown():
    results = run(list(parse_table(TABLE, scope=SCOPE).expressions()), {"country": "US"})
    assert np.isnan(results["abroad.large"])
    assert np.isnan(results["abroad.rest"])


def test_values_of_the_first_row_that_fits():
    data = {
        "id": "limits",
        "inputs": {"years": "age / 2"},
        "rows": [
            {"when": ["< 10"], "then": {"limit": {"money": 100.29}, "band": "low"}},
            {"when": ["10..20"], "then": {"limit": {"money": 500}, "band": "middle"}},
        ],
        "otherwise": {"limit": {"money": 1000}, "band": "high"},
    }
    table = parse_table(data, scope=SCOPE)
    limit = table.outputs["limit"]
    assert limit.kind is Kind.MONEY
    found = [evaluate(limit, moment=Moment({"age": age})) for age in (10.0, 20.0, 40.0, None)]
    assert found == [10029.0, 50000.0, 100000.0, None]
    assert evaluate(table.outputs["band"], moment=Moment({"age": 30.0})) == "middle"


def code_and_text(parse, data):
    with pytest.raises(RiskError) as caught:
        parse(data, scope=SCOPE)
    return str(caught.value)


@pytest.mark.parametrize(
    ("hit", "rows", "expected"),
    [
        ("first", [["> 10"], ["> 20"]], "row 2 is never reached"),
        ("first", [["< 10"], [">= 10"], ["5..15"]], "row 3 is never reached"),
        ("first", [["-"], ["missing"]], "row 2 is never reached"),
        ("first", [["20..10"], ["-"]], "row 1 fits no value"),
        ("unique", [["0..10"], ["9..20"]], "rows 1 and 2 have cases in common"),
        ("unique", [["0..10"], ["<= 0"]], "rows 1 and 2 have cases in common"),
        ("first", [["> ten"]], "unknown name ten"),
        ("first", [["> 1", "> 2"]], "expected 1 cells"),
        ("best", [["> 1"]], "hit must be one of first, unique, collect"),
    ],
)
def test_faults_of_rows_are_named(hit, rows, expected):
    data = {"id": "t", "hit": hit, "inputs": ["age"], "rows": [{"when": row} for row in rows]}
    assert expected in code_and_text(parse_table, data)


@pytest.mark.parametrize(
    ("hit", "rows"),
    [
        ("unique", [["0..10"], ["10..20"], ["< 0"], [">= 20"], ["missing"]]),
        ("first", [["> 20"], ["> 10"], ["-"]]),
        ("collect", [["> 10"], ["> 10"]]),
    ],
)
def test_good_rows_pass(hit, rows):
    data = {"id": "t", "hit": hit, "inputs": ["age"], "rows": [{"when": row} for row in rows]}
    assert len(parse_table(data, scope=SCOPE).rows) == len(rows)


def card(*age_bins):
    return {
        "id": "application",
        "base": 600,
        "characteristics": [
            {"id": "age", "bins": [{"range": r, "points": p} for r, p in age_bins]},
            {
                "id": "country",
                "bins": [
                    {"range": '"CN"', "points": 5},
                    {"range": "missing", "points": -50},
                    {"range": "otherwise", "points": -5},
                ],
            },
        ],
    }


BINS = (("< 25", -20), ("25..40", 0), (">= 40", 10), ("missing", -7))


@pytest.mark.parametrize(
    ("age", "country", "total"),
    [(24.9, "CN", 585), (25.0, "CN", 605), (40.0, "US", 605), (None, "US", 588), (30.0, None, 550)],
)
def test_a_scorecard_adds_the_points_of_the_bins(age, country, total):
    parsed = parse_scorecard(card(*BINS), scope=SCOPE)
    results = run(list(parsed.expressions()), {"age": age, "country": country})
    assert results["application"] == total
    assert parsed.characteristics[0].best == 10


@pytest.mark.parametrize(
    ("bins", "expected"),
    [
        (BINS[:3], "age: no bin for missing value"),
        (BINS[1:], "age: no bin for < 25"),
        ((("< 25", 0), ("26..40", 0), *BINS[2:]), "age: no bin for >= 25 and < 26"),
        ((("<= 25", 0), *BINS[1:]), "age: bins <= 25 and 25..40 overlap"),
        ((("< 25", "x"), *BINS[1:]), "expected points, was 'x'"),
        (((">= limits.x", 0),), "unknown name limits.x"),
    ],
)
def test_gaps_and_overlaps_of_bins_are_named(bins, expected):
    assert expected in code_and_text(parse_scorecard, card(*bins))
