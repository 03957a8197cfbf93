"""`fengkong model standing` and `fengkong policy standing`: how a challenger stands by now."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from fengkong.cli.language import text
from fengkong.cli.models import days_of
from fengkong.cli.screen import OUTPUT, progress, show_json, show_table
from fengkong.evaluation.standing import (
    ErrorSide,
    Recorded,
    StandingReport,
    model_standing,
    policy_standing,
)
from fengkong.journal.history import History
from fengkong.service.opening import open_for_reading
from fengkong.service.settings import load_settings
from fengkong.service.states.contests import Progress, recorded_models, recorded_policies

Gather = Callable[[History, int, Progress], Recorded]


def models_stand(
    data: Path, *, store: str | None, value: str | None, delay: str, as_json: bool
) -> None:
    """The newest champion and challenger among the models of a journal."""

    def gather(history: History, upto: int, told: Progress) -> Recorded:
        return recorded_models(history, upto=upto, value=value, progress=told)

    after = days_of(delay)
    report = model_standing(_recorded(data, store, gather), delay=after)
    _show(report, as_json=as_json, rows=[])


def policies_stand(
    data: Path, *, store: str | None, delay: str, good_cost: float, as_json: bool
) -> None:
    """The live policy and its shadow."""

    def gather(history: History, upto: int, told: Progress) -> Recorded:
        return recorded_policies(history, upto=upto, progress=told)

    after = days_of(delay)
    recorded = _recorded(data, store, gather)
    report = policy_standing(recorded, delay=after, good_cost=good_cost)
    sides = report.champion_figures, report.challenger_figures
    rows: list[list[object]] = [
        [text("standing.stopped_frauds"), *(one.stopped_frauds for one in sides)],
        [text("standing.stopped_good"), *(one.stopped_good for one in sides)],
    ]
    _show(report, as_json=as_json, rows=rows)


def _recorded(data: Path, store: str | None, gather: Gather) -> Recorded:
    """What a journal holds of the two up to its head; the service may be serving."""
    settings = load_settings(data, given={"store": store})
    opened = open_for_reading(settings, environment=os.environ)
    try:
        with progress(text("standing.progress")) as told:
            return gather(opened.history, opened.reading.head().sequence, told)
    finally:
        opened.close()


def _show(report: StandingReport, *, as_json: bool, rows: list[list[object]]) -> None:
    if as_json:
        show_json(report.to_data())
        return
    champion, challenger = report.champion, report.challenger
    counts = {"events": report.events, "pairs": report.pairs, "frauds": report.frauds}
    show_table(
        text("standing.title", **{name: f"{many:,}" for name, many in counts.items()}),
        [
            text("column.figure"),
            f"{champion.name} {champion.version} ({champion.hash[:8]})",
            f"{challenger.name} {challenger.version} ({challenger.hash[:8]})",
        ],
        [
            [text("standing.decided"), report.events - report.challenged, report.challenged],
            *rows,
            [
                text("standing.error"),
                _error(report.champion_figures),
                _error(report.challenger_figures),
            ],
        ],
    )
    OUTPUT.print(_said(report), soft_wrap=True, markup=False)


def _error(side: ErrorSide) -> str:
    return "–" if side.error is None else f"{side.error:.6f}"


def _said(report: StandingReport) -> str:
    found = report.sequence
    if found.low is None or found.high is None:
        return text("standing.nothing")
    values = {
        "level": f"{found.level:.0%}",
        "low": f"{found.low:+.6f}",
        "high": f"{found.high:+.6f}",
        "after": f"{found.decided_after or 0:,}",
    }
    match found.standing:
        case "better":
            return text("standing.better", **values)
        case "worse":
            return text("standing.worse", **values)
        case _:
            return text("standing.undecided", **values)
