"""The whole library at the end of a day: carried on as computed anew; no data is never green."""

from datetime import timedelta

import polars as pl
import pytest
from random_tables import START, random_table

from fengkong.indicators.columns import DAY
from fengkong.indicators.computing import carried_from, compute, warnings_of
from fengkong.indicators.examples import table_of
from fengkong.indicators.level import Level
from fengkong.indicators.library_file import shipped_library
from fengkong.indicators.sources import SourceState

LIBRARY = shipped_library()
NAMES = ("custody", "fund_flows", "sign_ins", "borrowers", "duties")


@pytest.fixture(scope="module")
def tables():
    return {
        name: random_table(LIBRARY.source(name), days=120, seed=4, holes=False) for name in NAMES
    }


def test_carrying_on_gives_what_computing_anew_gives(tables) -> None:
    before, day = START + timedelta(days=110), START + timedelta(days=119)
    whole = compute(LIBRARY, tables, day=day)
    first = compute(LIBRARY, tables, day=before)
    second = compute(LIBRARY, tables, day=day, carried=carried_from(first))
    assert len(whole.computed) > 40
    for name, one in whole.computed.items():
        after = [item for item in one.assessments if item.day > before]
        carried = second.computed[name].assessments
        assert [item.level for item in carried] == [item.level for item in after], name
        assert [item.value for item in carried] == pytest.approx([item.value for item in after])
    assert second.composite.level == whole.composite.level


@pytest.mark.parametrize("late", [1, 2])
def test_a_stale_source_has_no_data(tables, late) -> None:
    source = LIBRARY.source("custody")
    newest = START + timedelta(days=119)
    day = newest + timedelta(days=late)
    standing = compute(LIBRARY, {"custody": tables["custody"]}, day=day)
    stale = late > source.fresh_within_days
    assert standing.sources["custody"].state is (SourceState.STALE if stale else SourceState.GOOD)
    assert {standing.level_of(name) for name in standing.computed} == {Level.NO_DATA}
    assert standing.groups["funds"].level is Level.NO_DATA


def test_a_broken_source_has_no_data_and_says_why(tables) -> None:
    day = START + timedelta(days=119)
    standing = compute(LIBRARY, {"custody": tables["custody"].select(DAY), "duties": None}, day=day)
    assert standing.sources["custody"].state is SourceState.BROKEN
    assert standing.sources["duties"].state is SourceState.BROKEN
    assert {standing.level_of(name) for name in standing.computed} == {Level.NO_DATA}
    wrong = random_table(LIBRARY.source("market"), days=5, seed=1, holes=False).with_columns(
        pl.lit(-1.0).alias("index_close")
    )
    faults = compute(LIBRARY, {"market": wrong}, day=START + timedelta(days=4)).sources["market"]
    assert faults.state is SourceState.BROKEN
    assert "10 rows break index_close > 0" in faults.faults[0].en


def test_without_a_column_only_its_indicators_have_no_data(tables) -> None:
    day = START + timedelta(days=119)
    standing = compute(LIBRARY, {"custody": tables["custody"].drop("reserve")}, day=day)
    assert standing.sources["custody"].state is SourceState.PARTIAL
    assert standing.sources["custody"].faults[0].en == "columns are missing: reserve"
    without = {name for name in standing.computed if standing.level_of(name) is Level.NO_DATA}
    assert without == {"funds.reserve_adequacy", "funds.reserve_use"}


def test_a_day_of_the_future_breaks_nothing_of_the_past(tables) -> None:
    day = START + timedelta(days=60)
    cut = {name: table.filter(pl.col(DAY) <= day) for name, table in tables.items()}
    assert compute(LIBRARY, tables, day=day).computed == compute(LIBRARY, cut, day=day).computed


def test_a_warning_says_what_moved_how_much_and_whose() -> None:
    source = LIBRARY.source("loan_book")
    zeros = dict.fromkeys(source.columns, 0)

    def rows(bad):
        return [
            zeros
            | {"day": None, "region": region, "outstanding": 1000, "overdue_m1": overdue}
            | {"normal": 1000, "stage_1": 1000}
            for region, overdue in (("north", 10), ("south", bad))
        ]

    given = []
    for step in range(10):
        day = str(START + timedelta(days=step))
        given += [row | {"day": day} for row in rows(10 if step < 7 else 150)]
    tables = {"loan_book": table_of(source, given)}
    standing = compute(LIBRARY, tables, day=START + timedelta(days=9))
    found = {one.indicator.id: one for one in warnings_of(standing, tables, before={})}
    warning = found["credit.overdue_rate"]
    assert warning.assessment.level is Level.RED
    assert warning.impact_minor == 16_000
    assert (warning.owner, warning.playbook) == ("credit_risk", "default_cluster")
    mover = warning.movers[0]
    assert (mover.segment, mover.part) == ("region", "south")
    assert (mover.before, mover.now) == pytest.approx((0.01, 0.15))
    assert mover.moved == pytest.approx(0.07)
    assert warning.sentence().en == "Overdue rate is 8.00%, red (bound 8.00%)"
    assert warning.sentence().zh == "逾期率为 8.00%，红（界限 8.00%）"
    same = {name: standing.level_of(name) for name in standing.computed}
    assert warnings_of(standing, tables, before=same) == []
