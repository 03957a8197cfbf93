"""The fifty conditions mean the same in every language."""

import numpy as np
import pytest
from benchmarks.forty_fields import FIELDS, conditions, rows
from benchmarks.translation import CEL, ZEN, translate
from benchmarks.workers import rules_fengkong

MISSING = "the peers are installed by `python3 run.py bench`"
ROWS = rows(count=300, seed=7)
TRANSLATIONS = [
    ("a > 5", "(a > 5)", "(a > 5.0)"),
    ("a and not b or c", "((a and (not (b))) or c)", "((a && (! (b))) || c)"),
    ("1 < a <= 3", "((1 < a) and (a <= 3))", "((1.0 < a) && (a <= 3.0))"),
    ('w not in ["x", "y"]', '(not (w in ["x", "y"]))', '(! (w in ["x", "y"]))'),
    ("a > (2 if b else c / 4)", "(a > (b ? 2 : (c / 4)))", "(a > (b ? 2.0 : (c / 4.0)))"),
]


@pytest.fixture(scope="module")
def ours():
    judge = rules_fengkong.from_mapping(conditions())
    return np.array([judge(row) for row in ROWS])


@pytest.mark.parametrize(("condition", "zen", "cel"), TRANSLATIONS)
def test_translation(condition, zen, cel):
    assert translate(condition, dialect=ZEN) == zen
    assert translate(condition, dialect=CEL) == cel


def test_what_has_no_translation_is_refused():
    with pytest.raises(ValueError, match=r"no translation of a\(b\)"):
        translate("a(b)", dialect=ZEN)


def test_fifty_rules_over_forty_fields(ours):
    assert len(conditions()) == len(set(conditions())) == 50
    assert len(FIELDS) == 40
    assert ours.shape == (300, 50)
    assert ours.any(axis=0).sum() > 40, "most of the rules hit something"


def test_from_cells_and_in_columns(ours):
    program = rules_fengkong.program_of(conditions())
    matrix = rules_fengkong.cells_of(program, ROWS)
    out = np.empty_like(ours)
    program.run_columns(matrix, out)
    assert np.array_equal(out, ours)
    assert np.array_equal(np.array([program.run_row(row) for row in matrix]), ours)


@pytest.mark.parametrize(
    ("package", "worker", "function"),
    [
        ("zen", "rules_zen", "list_of"),
        ("zen", "rules_zen", "graph_of"),
        ("cel", "rules_cel", "judge_of"),
        ("rule_engine", "rules_rule_engine", "judge_of"),
    ],
)
def test_peer(ours, package, worker, function):
    pytest.importorskip(package, reason=MISSING)
    module = pytest.importorskip(f"benchmarks.workers.{worker}")
    judge = getattr(module, function)(conditions())
    assert np.array_equal(np.array([judge(row) for row in ROWS], dtype=np.float64), ours)
