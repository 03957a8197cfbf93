"""The report of a training and the card of its model, in either language, as a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

import numpy as np

from fengkong.core.bilingual import Language
from fengkong.core.instants import DAY_US, parse_instant
from fengkong.evaluation.document import Block, Grid, Heading, Paragraph
from fengkong.evaluation.intervals import Estimate
from fengkong.evaluation.learning import TrainingReport, WindowFigures
from fengkong.evaluation.model_judgement import HEADLINE, ModelFigures
from fengkong.evaluation.model_words import words
from fengkong.evaluation.paired_figures import ChampionFigures
from fengkong.evaluation.svg_plot import Line, Plot

_IMPORTANT: Final = 15


def report_blocks(report: TrainingReport, *, language: Language) -> list[Block]:
    """The whole report: figures, weeks, candidates, plots, cost, scenarios, segments, inputs."""
    return [
        Heading(1, words("report", language, title=report.title[language])),
        *_identity(report, language),
        *_test(report, language),
        *_against(report, language),
        *_weeks(report, language),
        *_candidates(report, language),
        *_plots(report, language),
        *_cost(report, language),
        *_scenarios(report, language),
        *_segments(report, language),
        *_importance(report, language),
        *_inputs(report, language),
    ]


def card_blocks(report: TrainingReport, *, language: Language) -> list[Block]:
    """The card: what the model is for, what it learned from, how well it does, and for whom."""
    return [
        Heading(1, words("card", language, title=report.title[language])),
        *_identity(report, language),
        *_use(report, language),
        *_test(report, language),
        *_against(report, language),
        *_weeks(report, language),
        *_scenarios(report, language),
        *_segments(report, language),
        *_importance(report, language),
        *_inputs(report, language),
    ]


def _identity(report: TrainingReport, language: Language) -> Iterator[Block]:
    if report.description is not None:
        yield Paragraph(report.description[language])
    yield Paragraph(
        words(
            "identity",
            language,
            name=report.training,
            version=report.version,
            kind=words(f"kind.{report.kind}", language),
            policy=report.policy.name,
            policy_version=report.policy.version,
            policy_hash=report.policy.hash[:12],
            seed=report.seed,
        )
    )
    counts = {"rows": f"{report.training_rows:,}", "frauds": f"{report.training_frauds:,}"}
    yield Paragraph(words("window", language, **report.window, **counts))
    if report.journal is not None:
        first, last = (f"{position:,}" for position in report.journal)
        yield Paragraph(words("journal", language, first=first, last=last))
    yield Paragraph(words(f"calibration.{report.calibration}", language))


def _use(report: TrainingReport, language: Language) -> Iterator[Block]:
    window = report.window
    delay = parse_instant(window["test_from"]) - parse_instant(window["train_until"])
    yield Heading(2, words("use", language))
    yield Paragraph(words("use.text", language, delay=f"{delay / DAY_US:g} d"))


def figure_rows(figures: ModelFigures, *, language: Language) -> Iterator[tuple[str, str]]:
    """Name and value of every figure, with its interval where it has one."""
    rate = f"{figures.false_positive_rate:.1%}"
    named = partial(words, language=language, top=figures.top, rate=rate)
    for name in (*HEADLINE, "ks", "recall"):
        yield named(f"figure.{name}"), interval(getattr(figures, name))
    if figures.perfect_entity_precision is not None:
        yield named("figure.perfect"), f"{figures.perfect_entity_precision:.3f}"
    yield named("figure.calibration_error"), f"{figures.calibration_error:.5f}"
    yield named("figure.brier"), f"{figures.brier:.5f}"
    yield named("figure.log_loss"), f"{figures.log_loss:.5f}"


def interval(one: Estimate) -> str:
    """A figure with its interval, to three digits."""
    if one.value is None:
        return "–"
    if one.low is None or one.high is None:
        return f"{one.value:.3f}"
    return f"{one.value:.3f} ({one.low:.3f} – {one.high:.3f})"


def _test(report: TrainingReport, language: Language) -> Iterator[Block]:
    yield Heading(2, words("test", language))
    test = report.test
    if test is None:
        yield Paragraph(words("test.none", language))
        return
    yield Paragraph(
        words(
            "test.sample",
            language,
            rows=f"{test.rows:,}",
            frauds=f"{test.frauds:,}",
            entities=f"{test.entities:,}",
            days=test.days,
            rounds=test.rounds,
            seed=test.seed,
        )
    )
    columns = (words("column.figure", language), words("column.value", language))
    yield Grid(columns, tuple(figure_rows(test, language=language)))


def _against(report: TrainingReport, language: Language) -> Iterator[Block]:
    if report.test is None or not (report.published or report.champion):
        return
    yield Heading(2, words("against", language))
    if report.champion is not None:
        yield from _champion(report.champion, report.test, language)
    if report.published:
        yield _published(report, report.test, language)


def _champion(champion: ChampionFigures, test: ModelFigures, language: Language) -> Iterator[Block]:
    yield Paragraph(
        words(
            "champion",
            language,
            name=champion.name,
            version=champion.version,
            hash=champion.hash[:12],
            rows=f"{champion.rows:,}",
            frauds=f"{champion.frauds:,}",
            rounds=champion.rounds,
        )
    )
    if champion.left_out:
        yield Paragraph(words("champion.left_out", language, count=f"{champion.left_out:,}"))
    if champion.learned_from_test:
        yield Paragraph(words("champion.flattered", language))
    columns = ("column.figure", "column.champion", "column.new", "column.difference")
    rate = f"{test.false_positive_rate:.1%}"
    yield Grid(
        tuple(words(column, language) for column in columns),
        tuple(
            (
                words(f"figure.{one.figure}", language, top=test.top, rate=rate),
                _three(one.first),
                _three(one.second),
                one.told_difference,
            )
            for one in champion.figures
        ),
    )
    sequence = champion.sequence
    if sequence.low is not None and sequence.high is not None:
        told = {
            "low": f"{sequence.low:+.6f}",
            "high": f"{sequence.high:+.6f}",
            "level": f"{sequence.level:.0%}",
        }
        yield Paragraph(words(f"champion.{sequence.standing}", language, **told))


def _published(report: TrainingReport, test: ModelFigures, language: Language) -> Block:
    top = test.top
    columns = (
        words("column.model", language),
        *(words(f"figure.{name}", language, top=top) for name in HEADLINE),
        words("column.source", language),
    )
    own = (
        words("this_model", language),
        *(_three(getattr(test, name).value) for name in HEADLINE),
        "–",
    )
    others = [
        (
            one["name"][language],
            *(_three(one.get(name)) for name in HEADLINE),
            str(one.get("source") or "–"),
        )
        for one in report.published
    ]
    return Grid(columns, (own, *others))


def _three(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _weeks(report: TrainingReport, language: Language) -> Iterator[Block]:
    if not report.validation:
        return
    yield Heading(2, words("weeks", language))
    yield Paragraph(words("weeks.note", language))
    rows = [
        _week(one.figures, one.window, role="validation", learned=one.training_rows,
              language=language)
        for one in reversed(report.validation)
    ]  # fmt: skip
    weeks: list[ModelFigures] = [one.figures for one in report.validation]
    if report.test is not None:
        rows.append(
            _week(report.test, report.window, role="test", learned=report.training_rows,
                  language=language)
        )  # fmt: skip
        weeks.append(report.test)
    means = [_spread([getattr(week, name).value for week in weeks]) for name in HEADLINE]
    rows.append((words("week.mean", language), "", "", "", *means))
    columns = (
        words("column.week", language),
        words("column.role", language),
        words("column.learned", language),
        words("column.frauds", language),
        *(words(f"figure.{name}", language, top=weeks[0].top) for name in HEADLINE),
    )
    yield Grid(columns, tuple(rows))


def _week(
    figures: ModelFigures,
    window: dict[str, str],
    *,
    role: str,
    learned: int,
    language: Language,
) -> tuple[str, ...]:
    return (
        window["test_from"][:10],
        words(f"week.{role}", language),
        f"{learned:,}",
        f"{figures.frauds:,}",
        *(_three(getattr(figures, name).value) for name in HEADLINE),
    )


def _spread(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "–"
    spread = float(np.std(known, ddof=1)) if len(known) > 1 else 0.0
    return f"{float(np.mean(known)):.3f} ± {spread:.3f}"


def _candidates(report: TrainingReport, language: Language) -> Iterator[Block]:
    if len(report.candidates) < 2:
        return
    yield Heading(2, words("search", language))
    yield Paragraph(words("search.note", language, by=report.compared_by))
    columns = ("column.candidate", "column.mean", "column.chosen")
    rows = tuple(
        (
            ", ".join(f"{name} = {value}" for name, value in one.values.items()),
            "–" if one.mean is None else f"{one.mean:.4f}",
            words("yes", language) if one.chosen else "",
        )
        for one in report.candidates
    )
    yield Grid(tuple(words(column, language) for column in columns), rows)


def _shown(report: TrainingReport) -> ModelFigures | None:
    """The figures that plots, cost and segments are drawn of: the test, or the newest week."""
    newest: Sequence[WindowFigures] = report.validation[:1]
    return report.test or (newest[0].figures if newest else None)


def _plots(report: TrainingReport, language: Language) -> Iterator[Block]:
    figures = _shown(report)
    if figures is None:
        return
    named = partial(words, language=language)
    curves, model = figures.curves, words("line.model", language)
    unit = (0.0, 1.0)
    yield Heading(2, named("curves"))
    yield Plot(
        title=named("plot.roc"),
        x=named("axis.false_positive_rate"),
        y=named("axis.recall"),
        lines=(
            Line(name=model, xs=curves.false_positive_rate, ys=curves.recall),
            Line(name=named("line.chance"), xs=unit, ys=unit),
        ),
        x_range=unit,
        y_range=unit,
    )
    yield Plot(
        title=named("plot.pr"),
        x=named("axis.recall"),
        y=named("axis.precision"),
        lines=(Line(name=model, xs=curves.recall, ys=curves.precision),),
        x_range=unit,
        y_range=unit,
    )
    yield Plot(
        title=named("plot.cost", currency=report.currency),
        x=named("axis.share"),
        y=named("axis.cost"),
        lines=(Line(name=model, xs=curves.share_flagged, ys=curves.cost),),
        x_log=True,
    )
    highest = max([*curves.predicted, *curves.observed, 1e-9])
    yield Plot(
        title=named("plot.calibration"),
        x=named("axis.predicted"),
        y=named("axis.observed"),
        lines=(
            Line(name=model, xs=curves.predicted, ys=curves.observed),
            Line(name=named("line.exact"), xs=(0.0, highest), ys=(0.0, highest)),
        ),
        x_range=(0.0, highest),
        y_range=(0.0, highest),
    )


def _cost(report: TrainingReport, language: Language) -> Iterator[Block]:
    figures = _shown(report)
    if figures is None:
        return
    cost = figures.cost
    yield Heading(2, words("cost", language))
    yield Paragraph(
        words(
            "cost.text",
            language,
            currency=report.currency,
            alert_cost=f"{cost.alert_cost:g}",
            without=f"{cost.without:,.2f}",
            lowest=f"{cost.lowest:,.2f}",
            limit="–" if cost.limit is None else f"{cost.limit:.4f}",
            share=f"{cost.share_flagged:.2%}",
            saved=f"{cost.saved:,.2f}",
        )
    )


def _scenarios(report: TrainingReport, language: Language) -> Iterator[Block]:
    figures = _shown(report)
    if figures is None or not figures.scenarios:
        return
    yield Heading(2, words("scenarios", language))
    columns = ("column.scenario", "column.frauds", "column.found", "axis.recall")
    yield Grid(
        tuple(words(column, language) for column in columns),
        tuple(
            (one.scenario, f"{one.frauds:,}", f"{one.found:,}", f"{one.recall:.1%}")
            for one in figures.scenarios
        ),
    )


def _segments(report: TrainingReport, language: Language) -> Iterator[Block]:
    figures = _shown(report)
    if figures is None or not figures.segments:
        return
    limit = "–" if figures.limit is None else f"{figures.limit:.4f}"
    rate = f"{figures.false_positive_rate:.1%}"
    yield Heading(2, words("segments", language))
    yield Paragraph(words("segments.note", language, limit=limit, rate=rate))
    columns = (
        *("column.segment", "column.group", "column.rows", "column.frauds"),
        *("figure.roc_auc", "figure.average_precision", "column.flagged_good", "axis.recall"),
    )
    yield Grid(
        tuple(words(column, language) for column in columns),
        tuple(
            (
                one.segment,
                one.group,
                f"{one.rows:,}",
                f"{one.frauds:,}",
                _three(one.roc_auc),
                _three(one.average_precision),
                "–" if one.flagged_good is None else f"{one.flagged_good:.2%}",
                "–" if one.recall is None else f"{one.recall:.1%}",
            )
            for one in figures.segments
        ),
    )


def _importance(report: TrainingReport, language: Language) -> Iterator[Block]:
    shown = list(report.importance.items())[:_IMPORTANT]
    if not shown:
        return
    yield Heading(2, words("importance", language))
    yield Paragraph(words("importance.note", language))
    columns = (words("column.input", language), words("column.share", language))
    yield Grid(columns, tuple((name, f"{share:.1%}") for name, share in shown))


def _inputs(report: TrainingReport, language: Language) -> Iterator[Block]:
    yield Heading(2, words("inputs", language))
    columns = ("column.input", "column.kind", "column.declaration")
    yield Grid(
        tuple(words(column, language) for column in columns),
        tuple(
            (
                one["name"],
                one["kind"],
                words("field", language) if one["declaration"] == "field" else one["declaration"],
            )
            for one in report.inputs
        ),
    )
