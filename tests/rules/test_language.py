"""Every line of the reference, in the interpreter and in both forms of the machine."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fengkong.core.errors import RiskError
from fengkong.rules.expressions import parse
from fengkong.rules.interpreter import Moment, evaluate
from fengkong.rules.kinds import Kind
from fengkong.rules.probes import cell
from fengkong.rules.program import compile_program
from fengkong.rules.reference import ERROR, MISSING, markdown, plain_value, read_reference

TEXT = (Path(__file__).parent / "language.txt").read_text(encoding="utf-8")
REFERENCE = read_reference(TEXT)
SCOPE = REFERENCE.scope()
LISTS = REFERENCE.list_state()
FRAME = tuple(REFERENCE.names)
CASES = [case for section in REFERENCE.sections for case in section.cases]
MOMENT = 1_767_225_600_000_000


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.line}: {case.expression}")
def test_case(case):
    if case.expected.startswith(ERROR):
        with pytest.raises(RiskError) as caught:
            parse(case.expression, scope=SCOPE)
        assert caught.value.code == case.expected.removeprefix(ERROR)
        assert caught.value.line == 1
        return
    expression = parse(case.expression, scope=SCOPE)
    values = REFERENCE.values(case)
    occurred_at = values.get("occurred_at", MOMENT)
    expected = plain_value(case.expected, kind=expression.kind)
    interpreted = evaluate(expression, moment=Moment(values, occurred_at, LISTS))
    assert (
        interpreted == pytest.approx(expected, rel=1e-12)
        if expected is not None
        else (interpreted is None)
    )

    program = compile_program([("result", expression)], frame=FRAME)
    row = program.new_row()
    row[: len(FRAME)] = [cell(values.get(name)) for name in FRAME]
    rows = np.repeat(row[None, :], 3, axis=0)
    texts = {name: values.get(name) for name in FRAME if REFERENCE.names[name] is Kind.TEXT}
    program.fill_row(row, texts=texts, occurred_at=occurred_at, lists=LISTS)
    program.fill_columns(
        rows,
        texts={name: pl.Series([text] * 3, dtype=pl.String) for name, text in texts.items()},
        occurred_at=np.full(3, occurred_at),
        lists=LISTS,
    )
    out = np.empty((3, 1))
    program.run_columns(rows, out)
    results = [program.run_row(row)[0], *out[:, 0]]
    for result in results:
        if case.expected == MISSING:
            assert math.isnan(result)
        else:
            assert result == cell(interpreted)


def test_reference_page_is_made_from_this_file():
    page = Path(__file__).parents[2] / "docs" / "reference" / "language.md"
    assert page.read_text(encoding="utf-8") == markdown(TEXT), (
        "write the page again with fengkong.rules.reference.markdown"
    )
