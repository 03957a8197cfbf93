"""`fengkong indicators`: list, check, compute, back-test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from fengkong.cli.language import current_language, text
from fengkong.cli.pulls import pulled
from fengkong.cli.screen import OUTPUT, show_error, show_json, show_table
from fengkong.cli.sources import MissingFileError
from fengkong.core.errors import RiskError
from fengkong.indicators.backtest import Backtest, Episode, backtest
from fengkong.indicators.computing import Standing, compute, warnings_of
from fengkong.indicators.errors import UnknownIndicatorError, UnreadableSourceError
from fengkong.indicators.examples import failed_examples
from fengkong.indicators.indicator import Library, RiskGroup
from fengkong.indicators.level import Level
from fengkong.indicators.library_file import load_library, shipped_library
from fengkong.indicators.readers import read_file
from fengkong.indicators.values import series_of
from fengkong.indicators.warnings import shown
from fengkong.service.clock import wall_clock


class InvalidTableNameError(RiskError):
    """A table is not named as SOURCE=FILE, or its source does not exist."""

    code = "cli.invalid_table"
    hint = "Write the source's name, an equals sign and a file or address: fund_flows=flows.csv"


def list_indicators(files: list[Path] | None, *, group: str | None, as_json: bool) -> None:
    """Print the library, or one group of it."""
    library = _library(files)
    if group is not None and group not in list(RiskGroup):
        raise UnknownIndicatorError(f"there is no group {group[:40]!r}; {', '.join(RiskGroup)}")
    language = current_language()
    chosen = [one for one in library.indicators.values() if group in (None, one.group)]
    if as_json:
        show_json(
            [
                {
                    "id": one.id,
                    "group": one.group,
                    "title": asdict(one.title),
                    "unit": one.unit,
                    "source": one.source.id,
                    "owner": one.owner,
                    "formula": one.formula.render(),
                    "measures": {measure.name: measure.text for measure in one.measures},
                    "playbook": one.playbook,
                }
                for one in chosen
            ]
        )
        return
    columns = [text("column.indicator"), text("column.title"), text("column.source")]
    rows = [[one.id, one.title.of(language), one.source.id] for one in chosen]
    show_table(text("indicators.list.title", count=len(rows)), columns, rows, left=3)


def check(files: list[Path] | None) -> bool:
    """Read files and run their examples; False if anything is wrong."""
    try:
        library = _library(files)
    except RiskError as error:
        show_error(error)
        return False
    failed = [fault for one in library.indicators.values() for fault in failed_examples(one)]
    for fault in failed:
        OUTPUT.print(fault, markup=False)
    examples = sum(len(one.tests) for one in library.indicators.values())
    if not failed:
        OUTPUT.print(
            text(
                "indicators.check.good",
                indicators=len(library.indicators),
                sources=len(library.sources),
                examples=examples,
            )
        )
    return not failed


def compute_tables(
    files: list[Path] | None,
    tables: list[str],
    *,
    day: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Print the standing at the end of a day; write all values as Parquet if asked."""
    library = _library(files)
    read = {name: _table(library, name, place) for name, place in map(_named, tables)}
    today = _day(day) if day else datetime.fromtimestamp(wall_clock() / 1e6, tz=UTC).date()
    standing = compute(library, read, day=today)
    if out is not None:
        _write(standing, out)
    if as_json:
        show_json(_standing_data(standing, read))
        return
    _show_standing(standing, read)


def backtest_table(
    files: list[Path] | None,
    name: str,
    tables: list[str],
    *,
    episodes: Path | None,
    at_least: str,
    as_json: bool,
) -> None:
    """Print what an indicator's thresholds would have done."""
    library = _library(files)
    indicator = library.indicator(name)
    read = {source: _table(library, source, place) for source, place in map(_named, tables)}
    table = read.get(indicator.source.id)
    if table is None:
        raise InvalidTableNameError(f"{name} reads {indicator.source.id}, which was not given")
    if at_least not in (Level.YELLOW, Level.ORANGE, Level.RED):
        raise UnknownIndicatorError(f"{at_least[:20]!r} is no level; yellow, orange, red")
    found = backtest(
        series_of(indicator, table),
        thresholds=indicator.thresholds,
        episodes=_episodes(episodes),
        at_least=Level(at_least),
    )
    if as_json:
        show_json(_backtest_data(found))
        return
    OUTPUT.print(
        text(
            "indicators.backtest.summary",
            alarms=len(found.alarms),
            years=f"{found.years:.1f}",
            false=f"{found.false_alarms_a_year or 0.0:.2f}",
        )
    )
    rows = [[str(one.episode.start), one.episode.title, one.lead_days] for one in found.caught]
    if rows:
        columns = [text("column.day"), text("column.title"), text("column.lead_days")]
        show_table(text("indicators.backtest.episodes"), columns, rows, left=2)


def _library(files: Sequence[Path] | None) -> Library:
    if not files:
        return shipped_library()
    texts = {}
    for path in files:
        try:
            texts[str(path)] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise MissingFileError(f"{path} cannot be read: {error}") from None
    return load_library(texts)


def _named(written: str) -> tuple[str, str]:
    name, sign, place = written.partition("=")
    if not sign or not name or not place:
        raise InvalidTableNameError(f"{written[:80]!r} is not SOURCE=FILE")
    return name, place


def _table(library: Library, name: str, place: str) -> pl.DataFrame | None:
    """The table of a source; None, and the reason on the screen, where it cannot be used."""
    source = library.source(name)
    try:
        if place.startswith(("http://", "https://")):
            return pulled(source, place)
        return read_file(source, Path(place))
    except UnreadableSourceError as error:
        show_error(error)
        return None


def _day(written: str) -> date:
    from fengkong.cli.archives import InvalidDayError  # noqa: PLC0415

    try:
        return date.fromisoformat(written)
    except ValueError:
        raise InvalidDayError(f"{written[:40]!r} is no day") from None


def _episodes(path: Path | None) -> list[Episode]:
    if path is None:
        return []
    try:
        table = pl.read_csv(path, infer_schema_length=0)
        rows = table.select("start", "end", "title").rows()
        return [Episode(_day(start), _day(end), title or "") for start, end, title in rows]
    except (pl.exceptions.PolarsError, OSError) as error:
        message = str(error).splitlines()[0][:200]
        raise MissingFileError(f"{path} is no list of start, end, title: {message}") from None


def _show_standing(standing: Standing, tables: dict[str, pl.DataFrame | None]) -> None:
    language = current_language()
    rows: list[list[object]] = []
    for report in standing.sources.values():
        why = "; ".join(fault.of(language) for fault in report.faults)
        rows.append(
            [
                report.source,
                report.state.word.of(language),
                why,
                report.newest and str(report.newest),
            ]
        )
    columns = [text("column.source"), text("column.state"), text("column.why"), text("column.day")]
    show_table(text("indicators.sources"), columns, rows, left=3)
    rows = []
    for name, one in standing.computed.items():
        latest = one.latest
        if latest is not None:
            word = latest.level.word.of(language)
            rows.append(
                [name, word, one.indicator.title.of(language), shown(latest.value, one.indicator)]
            )
    columns = [text("column.indicator"), text("column.level"), text("column.title")]
    title = text("indicators.standing", day=str(standing.day))
    show_table(title, [*columns, text("column.indicator_value")], rows, left=3)
    for group, composite in (*standing.groups.items(), ("", standing.composite)):
        named = RiskGroup(group).word.of(language) if group else text("indicators.firm")
        OUTPUT.print(f"{named}: {composite.points:.0f} {composite.level.word.of(language)}")
    for warning in warnings_of(standing, tables, before={}):
        if warning.assessment.level is not Level.NO_DATA:  # the sources above say why there is none
            OUTPUT.print(f"! {warning.sentence().of(language)}", markup=False)


def _standing_data(standing: Standing, tables: dict[str, pl.DataFrame | None]) -> dict[str, Any]:
    return {
        "day": str(standing.day),
        "firm": {"points": standing.composite.points, "level": standing.composite.level},
        "groups": {
            name: {"points": one.points, "level": one.level}
            for name, one in standing.groups.items()
        },
        "sources": {
            name: {"state": one.state, "newest": one.newest and str(one.newest)}
            for name, one in standing.sources.items()
        },
        "indicators": {
            name: {"value": one.latest.value, "level": one.latest.level}
            for name, one in standing.computed.items()
            if one.latest is not None
        },
        "warnings": [
            {
                "indicator": one.indicator.id,
                "level": one.assessment.level,
                "likelihood": one.likelihood,
                "impact_minor": one.impact_minor,
                "owner": one.owner,
                "playbook": one.playbook,
                "movers": [asdict(mover) for mover in one.movers],
                "sentence": asdict(one.sentence()),
            }
            for one in warnings_of(standing, tables, before={})
        ],
    }


def _backtest_data(found: Backtest) -> dict[str, Any]:
    return {
        "years": found.years,
        "alarms": [
            {"start": str(one.start), "end": str(one.end), "level": one.level}
            for one in found.alarms
        ],
        "false_alarms_a_year": found.false_alarms_a_year,
        "recall": found.recall,
        "lead_days_median": found.lead_days_median,
        "episodes": [
            {
                "start": str(one.episode.start),
                "title": one.episode.title,
                "lead_days": one.lead_days,
            }
            for one in found.caught
        ],
    }


def _write(standing: Standing, out: Path) -> None:
    rows = [
        (name, one.day, one.value, str(one.level), one.statistic)
        for name, computed in standing.computed.items()
        for one in computed.assessments
    ]
    schema = {
        "indicator": pl.String,
        "day": pl.Date,
        "value": pl.Float64,
        "level": pl.String,
        "statistic": pl.Float64,
    }
    try:
        pl.DataFrame(rows, schema=schema, orient="row").write_parquet(out)
    except OSError as error:
        raise MissingFileError(f"{out} cannot be written: {error}") from None
