"""Lines of a table behind a number: those that it took, and together what it is."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.indicators.behind import ingredients, lines_behind
from fengkong.indicators.library_file import shipped_library
from fengkong.indicators.sources import RECORDED_ON, completed
from fengkong.indicators.values import values_of

LIBRARY = shipped_library()
BURN = LIBRARY.indicators["technical.error_budget_burn"]
FIRST = date(2026, 1, 1)
LINES = st.lists(
    st.tuples(st.integers(0, 50), st.sampled_from(["a", "b"]), st.none() | st.integers(0, 9)),
    max_size=60,
)


@given(LINES, st.integers(0, 50))
def test_lines_are_those_that_were_counted(
    lines: list[tuple[int, str, int | None]], back: int
) -> None:
    day = FIRST + timedelta(days=back)
    table = pl.DataFrame(
        {
            "day": [FIRST + timedelta(days=one) for one, _, _ in lines],
            "service": [service for _, service, _ in lines],
            "errors": [None if errors is None else float(errors) for _, _, errors in lines],
        },
        schema={"day": pl.Date, "service": pl.String, "errors": pl.Float64},
    )
    table = completed(BURN.source, table)
    (chosen, *_) = [one for one in ingredients(BURN, day=day) if one.column == "errors"]
    for part in ("", "a"):
        found = lines_behind(
            BURN.source, table, chosen, day=day, segment="service" if part else "", part=part
        )
        wanted = sorted(
            errors
            for at, service, errors in lines
            if back - 30 < at <= back and errors is not None and service in (part or "ab")
        )
        assert found["errors"].to_list() == wanted[::-1]


def test_a_window_of_trading_days_is_of_those_that_were_delivered() -> None:
    indicator = LIBRARY.indicators["market.drawdown"]
    days = [FIRST + timedelta(days=7 * week) for week in range(300)]
    table = completed(indicator.source, pl.DataFrame({"day": days}))
    column = ingredients(indicator, day=days[-1])[0].column
    table = table.with_columns(pl.Series(column, range(300), dtype=pl.Float64))
    chosen = ingredients(indicator, day=days[-1])[0]
    found = lines_behind(indicator.source, table, chosen, day=days[-1])
    window = (chosen.until - chosen.since).days + 1
    assert found.height == min(window, 300)
    assert found[column].to_list() == [float(one) for one in range(299, 299 - found.height, -1)]


def test_lines_are_as_they_were_known_on_the_day() -> None:
    indicator = LIBRARY.indicators["funds.unexplained_difference"]
    table = completed(
        indicator.source,
        pl.DataFrame(
            {
                "day": [FIRST, FIRST],
                RECORDED_ON: [FIRST, FIRST + timedelta(days=3)],
                "unexplained": [500, 0],
            },
        ),
    )
    (chosen,) = ingredients(indicator, day=FIRST)
    first = lines_behind(indicator.source, table, chosen, day=FIRST)
    assert first["unexplained"].to_list() == [500]
    value = values_of(indicator, table, as_of=FIRST)["value"].to_list()
    assert value == [500.0]


@pytest.mark.parametrize("indicator", LIBRARY.indicators.values(), ids=lambda one: one.id)
def test_every_indicator_reads_something_that_can_be_shown(indicator: object) -> None:
    empty = completed(
        indicator.source,  # type: ignore[attr-defined]
        pl.DataFrame({"day": []}, schema={"day": pl.Date}),
    )
    for one in ingredients(indicator, day=FIRST):  # type: ignore[arg-type]
        found = lines_behind(indicator.source, empty, one, day=FIRST)  # type: ignore[attr-defined]
        assert found.columns == ["day", one.column]
