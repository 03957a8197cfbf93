"""`fengkong backtest`: one policy, or two, against the truth."""

from __future__ import annotations

from pathlib import Path

from fengkong.cli.histories import History
from fengkong.cli.language import current_language, text
from fengkong.cli.screen import ERRORS, OUTPUT, show_json, show_table
from fengkong.cli.sources import MissingFileError, read_policy
from fengkong.core.instants import parse_duration
from fengkong.evaluation.backtest import BacktestReport, backtest
from fengkong.evaluation.comparison import Comparison
from fengkong.evaluation.figures import PolicyFigures
from fengkong.evaluation.intervals import Estimate, Proportion
from fengkong.evaluation.labels import TruthRequest

_OVERLAPS_SHOWN = 10
_TRANSITIONS_SHOWN = 12


def run(
    name: str,
    history: History,
    *,
    models: Path | None,
    against: str | None,
    truth: Path | None,
    delay: str | None,
    as_json: bool,
) -> None:
    """Back-test and print the report; warnings go to stderr."""
    if truth is not None and not truth.is_file():
        raise MissingFileError(f"there is no file {truth}")
    request = TruthRequest(file=truth, delay=None if delay is None else parse_duration(delay))
    policy = read_policy(name, models=models)
    other = None if against is None else read_policy(against, models=models)
    with history.opened(text("backtest.progress")) as read:
        report = backtest(policy, read(), against=other, truth=request)
    if as_json:
        show_json(report.to_data())
    else:
        _show(report)
    for warning in report.warnings:
        sentence = warning.text.zh if current_language() == "zh" else warning.text.en
        ERRORS.print(f"! {sentence}", style="yellow", markup=False)


def _show(report: BacktestReport) -> None:
    OUTPUT.print(f"{report.first_at} – {report.last_at}")
    _show_policy(report.policy)
    if report.against is not None:
        _show_policy(report.against)
    if report.comparison is not None:
        _show_comparison(report.comparison)


def _show_policy(figures: PolicyFigures) -> None:
    stamp = figures.policy
    show_table(
        text("backtest.title", name=stamp.name, version=stamp.version),
        [text("column.figure"), text("column.value")],
        _overall(figures),
    )
    show_table(
        text("backtest.rules"),
        [
            text("column.rule"),
            text("column.hits"),
            text("column.unknowns"),
            text("column.caught"),
            text("column.precision"),
            text("column.recall"),
            text("column.only_it"),
            text("column.customers_hurt"),
        ],
        [
            [
                rule.rule,
                rule.hits,
                rule.unknowns,
                rule.frauds_caught,
                _percent(rule.precision),
                _percent(rule.recall),
                rule.only_it_caught,
                rule.customers_hurt,
            ]
            for rule in figures.rules
        ],
    )
    if figures.scenarios:
        columns = ("column.scenario", "column.frauds", "column.caught", "column.recall")
        show_table(
            text("backtest.scenarios"),
            [text(column) for column in columns],
            [[g.name, g.frauds, g.caught, _share(g.recall)] for g in figures.scenarios],
        )
    _show_overlaps(figures)


def _overall(figures: PolicyFigures) -> list[list[object]]:
    money = figures.money
    return [
        [text("figure.judged"), figures.judged],
        [text("figure.frauds"), figures.frauds],
        [text("figure.caught"), figures.caught],
        [text("figure.recall"), _share(figures.recall)],
        [text("figure.precision"), _share(figures.precision)],
        [text("figure.false_positive_rate"), _share(figures.false_positive_rate)],
        [text("figure.false_positives_per_fraud"), figures.false_positives_per_fraud],
        [text("figure.fraud_amount", currency=money.currency), money.fraud_amount],
        [text("figure.saved", currency=money.currency), _estimate(money.saved)],
        [text("figure.good_amount_stopped"), money.good_amount_stopped],
        [text("figure.customers_hurt"), _share(figures.good_customers_hurt)],
        [text("figure.reviews_per_day"), figures.reviews_per_day],
        [text("figure.immature"), figures.immature],
    ]


def _show_overlaps(figures: PolicyFigures) -> None:
    overlaps = sorted(figures.overlaps, key=lambda overlap: -overlap.jaccard)[:_OVERLAPS_SHOWN]
    rows = [[o.first, o.second, o.both, f"{o.jaccard:.1%}", o.frauds_both] for o in overlaps]
    if rows:
        columns = ("column.rule", "column.rule", "column.both", "column.overlap", "column.frauds")
        show_table(text("backtest.overlaps"), [text(c) for c in columns], rows, left=2)


def _show_comparison(comparison: Comparison) -> None:
    show_table(
        text(
            "backtest.comparison",
            first=f"{comparison.policy.name} {comparison.policy.version}",
            second=f"{comparison.against.name} {comparison.against.version}",
        ),
        [text("column.figure"), text("column.frauds"), text("column.good")],
        [
            [text("figure.both"), comparison.frauds.both, comparison.good.both],
            [text("figure.only_first"), comparison.frauds.only_policy, comparison.good.only_policy],
            [
                text("figure.only_second"),
                comparison.frauds.only_against,
                comparison.good.only_against,
            ],
            [text("figure.neither"), comparison.frauds.neither, comparison.good.neither],
            [
                text("figure.p_value"),
                _p_value(comparison.frauds.p_value),
                _p_value(comparison.good.p_value),
            ],
        ],
    )
    OUTPUT.print(text("backtest.saved_difference", value=_estimate(comparison.saved_difference)))
    rows = [
        [_outcome(t.before), _outcome(t.after), t.events, t.frauds, t.good]
        for t in sorted(comparison.transitions, key=lambda t: -t.events)
        if t.before != t.after
    ][:_TRANSITIONS_SHOWN]
    if rows:
        columns = ("column.before", "column.after", "column.events", "column.frauds", "column.good")
        show_table(text("backtest.transitions"), [text(c) for c in columns], rows, left=2)


def _outcome(name: str | None) -> str:
    return "–" if name is None else text(f"outcome.{name}")


def _p_value(value: float | None) -> str:
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _percent(share: Proportion) -> str:
    return "–" if share.value is None else f"{share.value:.1%}"


def _share(share: Proportion) -> str:
    if share.value is None or share.low is None or share.high is None:
        return "–"
    return f"{share.value:.2%} ({share.low:.2%}–{share.high:.2%})"


def _estimate(figure: Estimate) -> str:
    if figure.value is None:
        return "–"
    if figure.low is None or figure.high is None:
        return f"{figure.value:,.2f}"
    return f"{figure.value:,.2f} ({figure.low:,.2f} – {figure.high:,.2f})"
