"""`fengkong model`: train, score, report, compare and publish models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fengkong.cli.histories import Source
from fengkong.cli.language import current_language, text
from fengkong.cli.screen import ERRORS, OUTPUT, show_json, show_table, stages
from fengkong.cli.sources import MissingFileError, locate
from fengkong.core.bilingual import LANGUAGES
from fengkong.core.errors import RiskError
from fengkong.core.instants import DAY_US, parse_duration
from fengkong.decisions.policy import Policy
from fengkong.evaluation.document import html, markdown, typst
from fengkong.evaluation.judgements import Period
from fengkong.evaluation.labels import TruthRequest, TruthSource
from fengkong.evaluation.learning import Learned, TrainingReport, learn
from fengkong.evaluation.lesson import Lesson
from fengkong.evaluation.model_champion import beside_champion, check_champion
from fengkong.evaluation.model_comparison import compare_models
from fengkong.evaluation.model_folder import (
    ModelFolder,
    check_free,
    read_folder,
    read_report,
    write_folder,
)
from fengkong.evaluation.model_report import figure_rows, report_blocks
from fengkong.evaluation.model_scores import write_scores
from fengkong.evaluation.model_watch import Periods, WatchReport
from fengkong.evaluation.model_watch import watch as watch_model
from fengkong.evaluation.model_words import words
from fengkong.evaluation.paired_figures import ChampionFigures, FigureDifference
from fengkong.evaluation.training_plan import JudgePart, TrainingPlan, read_training
from fengkong.evaluation.training_policy import FeaturePolicy, feature_policy
from fengkong.evaluation.training_table import TableRequest, TrainingTable, training_table
from fengkong.evaluation.training_windows import (
    Schedule,
    day_start,
    schedule,
    validation_windows,
)
from fengkong.events.catalogue import shipped_catalogue
from fengkong.scoring.model import ModelKind
from fengkong.scoring.optimal_binning import check_installed
from fengkong.scoring.stability import Lamp

_FORMS: Final = (".html", ".md", ".json", ".pdf")


class UnknownFormError(RiskError):
    """A report was asked for in a form that there is not."""

    code = "cli.unknown_form"
    hint = "Give a file that ends in .html, .md, .json or .pdf."


class NoWindowError(RiskError):
    """Nothing says which days are trained on."""

    code = "cli.no_window"
    hint = "Give --from with a day such as 2018-07-25, or write `window: {from: ...}`."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the command line says of a training, over what the configuration says."""

    start: str | None = None
    days: str | None = None
    delay: str | None = None
    test_days: str | None = None
    truth: Path | None = None
    champion: Path | None = None


def days_of(text_of: str) -> int:
    """Microseconds of a number of days (``7``) or a duration (``7d``, ``12h``)."""
    return int(text_of) * DAY_US if text_of.isdecimal() else parse_duration(text_of)


def train(config: str, history: Source, *, wish: Wish, out: Path, as_json: bool) -> None:
    """Train a model on a window and write its folder."""
    check_free(out)
    plan, made = planned(config, wish)
    champion = None if wish.champion is None else champion_of(wish.champion, made.policy)
    wanted = _schedule(plan, made, wish)
    course = Course(
        plan=plan, made=made, history=history, request=request_of(plan, wish), champion=champion
    )
    learned = learned_from(course, lambda _: wanted)
    write_folder(learned, policy_text=made.text, folder=out)
    show_learned(learned, out, champion=champion, as_json=as_json)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What is learned from which history, and the champion that it is judged beside."""

    plan: TrainingPlan
    made: FeaturePolicy
    history: Source
    request: TableRequest
    champion: ModelFolder | None


def learned_from(course: Course, wanted: Callable[[TrainingTable], Schedule]) -> Learned:
    """The model of a course and its report; `wanted` says the window once the table is there."""
    plan, history = course.plan, course.history
    with history.opened(text("model.features.progress")) as read:
        table = training_table(course.made.policy, read(), request=course.request)
    asked = wanted(table)
    window = asked.window(first=int(table.occurred_at.min()) if len(table) else asked.since)
    checks = plan.validation
    earlier = list(
        validation_windows(window, count=checks.windows, step=parse_duration(checks.step))
    )
    lesson = Lesson(table=table, plan=plan, positions=history.positions)
    names = _step_names()
    with stages() as told:
        learned = learn(
            lesson,
            window=window,
            validation=earlier,
            on_step=lambda step, fraction: told(names[step], fraction),
        )
    if course.champion is None:
        return learned
    with history.opened(text("model.champion.progress")) as read:
        return beside_champion(learned, course.champion, read(), lesson=lesson, window=window)


def show_learned(
    learned: Learned, out: Path, *, champion: ModelFolder | None, as_json: bool
) -> None:
    """Show what was learned, and where it was written."""
    if champion is not None and learned.report.champion is None:
        ERRORS.print(text("model.champion.none"))
    if as_json:
        show_json(learned.report.to_data())
    else:
        _show(learned.report)
    ERRORS.print(text("model.written", path=out, hash=learned.model.hash[:12]))


def champion_of(folder: Path, policy: Policy) -> ModelFolder:
    """The champion that a new model is judged beside; refused before the work, not after."""
    champion = read_folder(folder, catalogue=shipped_catalogue())
    check_champion(champion, policy)
    return champion


def _step_names() -> dict[str, str]:
    """What a step of a training is called."""
    return {
        "search": text("model.step.search"),
        "validate": text("model.step.validate"),
        "fit": text("model.step.fit"),
        "judge": text("model.step.judge"),
    }


def planned(config: str, wish: Wish) -> tuple[TrainingPlan, FeaturePolicy]:
    """A configuration as the command wants it, and the policy that computes its inputs."""
    path = locate(config, kind="training")
    plan, document = read_training(_content(path), source=str(path))
    if plan.optimal:
        check_installed()
    if wish.delay is not None:
        plan = plan.with_delay(f"{days_of(wish.delay) // 1_000_000}s")
    near = path.parent / plan.policy
    policy = near if near.suffix in (".yaml", ".yml") else locate(plan.policy, kind="policy")
    made = feature_policy(
        _content(policy),
        source=str(policy),
        plan=plan,
        document=document,
        catalogue=shipped_catalogue(),
    )
    return plan, made


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise MissingFileError(f"{path} cannot be read: {error}") from None


def _schedule(plan: TrainingPlan, made: FeaturePolicy, wish: Wish) -> Schedule:
    start = wish.start or plan.window.start
    if start is None:
        raise NoWindowError("no day was given from which to train")
    days = wish.days or str(plan.window.days)
    test = wish.test_days or str(plan.window.test_days)
    return schedule(
        plan,
        start=start,
        length=days_of(days),
        test=days_of(test),
        time_zone=made.policy.scope.time_zone,
    )


def request_of(plan: TrainingPlan, wish: Wish) -> TableRequest:
    """What of a history goes into the table that a plan learns from."""
    return TableRequest(
        inputs=plan.inputs,
        entity=plan.judge.entity,
        amount=plan.judge.amount,
        delay=plan.delay,
        source=plan.truth.source,
        truth=_truth_file(wish.truth, delay=plan.delay),
        truth_needed=plan.model.kind is not ModelKind.ANOMALY,
        segments=plan.judge.segments,
    )


def _truth_file(path: Path | None, *, delay: int) -> TruthRequest | None:
    if path is None:
        return None
    if not path.is_file():
        raise MissingFileError(f"there is no file {path}")
    return TruthRequest(source=TruthSource.FILE, file=path, delay=delay)


def _show(report: TrainingReport) -> None:
    language = current_language()
    shown = report.test or (report.validation[0].figures if report.validation else None)
    title = text("model.title", title=report.title[language], name=report.training)
    if shown is None:
        OUTPUT.print(title)
        return
    columns = [text("column.figure"), text("column.value")]
    rows = [list(row) for row in figure_rows(shown, language=language)]
    seen = {"day": shown.first_day, "rows": f"{shown.rows:,}"}
    on_test = report.test is not None
    where = text("model.on_test", **seen) if on_test else text("model.on_validation", **seen)
    show_table(f"{title} · {where}", columns, rows)
    if report.champion is not None:
        _show_champion(report.champion, report.judged_by)


def _show_champion(champion: ChampionFigures, settings: JudgePart) -> None:
    columns = [
        text("column.figure"),
        text("column.champion"),
        text("column.new_model"),
        text("column.difference"),
    ]
    named = {"name": champion.name, "version": champion.version, "rows": f"{champion.rows:,}"}
    show_table(
        text("model.champion.title", **named),
        columns,
        _difference_rows(champion.figures, settings),
    )
    if champion.learned_from_test:
        OUTPUT.print(words("champion.flattered", current_language()), soft_wrap=True)


def _difference_rows(
    figures: Sequence[FigureDifference], settings: JudgePart
) -> list[Sequence[object]]:
    return [
        [_figure(one.figure, settings), one.first, one.second, one.told_difference]
        for one in figures
    ]


def period_of(folder: Path, *, start: str | None, end: str | None) -> Period:
    """From a day or instant to another (exclusive), in the time zone of the model's policy."""
    if start is None and end is None:
        return Period()
    zone = read_folder(folder, catalogue=shipped_catalogue()).policy.scope.time_zone
    since, until = (None if one is None else day_start(one, time_zone=zone) for one in (start, end))
    return Period(since=since, until=until)


def score(
    folder: Path,
    history: Source,
    *,
    period: Period,
    out: Path,
    as_json: bool,
) -> None:
    """Write event id and probability for the events of a period."""
    found = read_folder(folder, catalogue=shipped_catalogue())
    with history.opened(text("model.score.progress")) as read:
        summary = write_scores(found, read(), period=period, out=out)
    if as_json:
        show_json(summary.to_data())
    else:
        OUTPUT.print(text("model.scored", rows=f"{summary.rows:,}", path=out))


def report(folder: Path, *, out: Path | None, language: str | None, as_json: bool) -> None:
    """Show the report of a model, or write it as a page, Markdown, JSON or PDF."""
    found = read_report(folder)
    spoken = next((one for one in LANGUAGES if one == language), current_language())
    if out is None:
        if as_json:
            show_json(found.to_data())
        else:
            _show(found)
        return
    blocks = report_blocks(found, language=spoken)
    if out.suffix not in _FORMS:
        raise UnknownFormError(f"{out.name} has none of the endings {', '.join(_FORMS)}")
    if out.suffix == ".pdf":
        _write_pdf(typst(blocks, language=spoken), out)
    elif out.suffix == ".json":
        out.write_text(_json(found), encoding="utf-8")
    else:
        page = html(blocks, language=spoken) if out.suffix == ".html" else markdown(blocks)
        out.write_text(page, encoding="utf-8")
    ERRORS.print(text("replay.written", path=out))


def _json(found: TrainingReport) -> str:
    import json  # noqa: PLC0415

    return json.dumps(found.to_data(), ensure_ascii=False, indent=1) + "\n"


def _write_pdf(source: str, out: Path) -> None:
    """A PDF by Typst, whole or not at all; it is compiled from a file beside it."""
    import tempfile  # noqa: PLC0415

    import typst as press  # noqa: PLC0415 - only a PDF needs it

    with tempfile.TemporaryDirectory(dir=out.parent) as made:
        page = Path(made) / "report.typ"
        page.write_text(source, encoding="utf-8")
        whole = Path(made) / "report.pdf"
        whole.write_bytes(press.compile(str(page)))
        whole.replace(out)


def compare(
    first: Path,
    second: Path,
    history: Source | None,
    *,
    period: Period,
    truth: Path | None,
    as_json: bool,
) -> None:
    """Two models on the same events, or, without events, their reports side by side.

    The first one's configuration says where the truth comes from and how it is judged.
    """
    reports = [read_report(folder) for folder in (first, second)]
    if history is None:
        _compare_reports(reports, [first, second], as_json=as_json)
        return
    folders = [read_folder(folder, catalogue=shipped_catalogue()) for folder in (first, second)]
    settings, known = reports[0].judged_by, reports[0].truth
    request = TableRequest(
        inputs=(),
        entity=settings.entity,
        amount=settings.amount,
        delay=parse_duration(known.delay),
        source=known.source,
        truth=_truth_file(truth, delay=parse_duration(known.delay)),
        period=period,
    )
    with history.opened(text("model.score.progress")) as read:
        found = compare_models(folders, settings, read, request=request)
    if as_json:
        show_json(found.to_data())
        return
    show_table(
        text("model.compare.title", rows=f"{found.rows:,}", frauds=f"{found.frauds:,}"),
        [text("column.figure"), str(first), str(second), text("column.difference")],
        _difference_rows(found.figures, settings),
    )
    sequence = found.sequence
    if sequence.low is not None and sequence.high is not None:
        bounds = {"low": f"{sequence.low:+.6f}", "high": f"{sequence.high:+.6f}"}
        level, after = f"{sequence.level:.0%}", f"{sequence.decided_after or 0:,}"
        match sequence.standing:
            case "better":
                said = text("model.compare.better", level=level, after=after, **bounds)
            case "worse":
                said = text("model.compare.worse", level=level, after=after, **bounds)
            case _:
                said = text("model.compare.undecided", level=level, **bounds)
        OUTPUT.print(said, soft_wrap=True, markup=False)


def _figure(name: str, settings: JudgePart) -> str:
    rate = f"{settings.false_positive_rate:.1%}"
    return words(f"figure.{name}", current_language(), top=settings.top, rate=rate)


def _compare_reports(reports: list[TrainingReport], names: list[Path], *, as_json: bool) -> None:
    if as_json:
        show_json([found.to_data() for found in reports])
        return
    language = current_language()
    columns: list[dict[str, str]] = []
    for found in reports:
        shown = found.test or (found.validation[0].figures if found.validation else None)
        columns.append({} if shown is None else dict(figure_rows(shown, language=language)))
    rows = [
        [name, *(column.get(name, "–") for column in columns)]
        for name in dict.fromkeys(name for column in columns for name in column)
    ]
    show_table(
        text("model.compare.reports"), [text("column.figure"), *(str(name) for name in names)], rows
    )


def watch(
    folder: Path,
    history: Source,
    *,
    then: Period,
    now: Period,
    truth: Path | None,
    as_json: bool,
) -> bool:
    """Compare a model's inputs, scores and truth in two periods; False where a lamp is red."""
    found = read_folder(folder, catalogue=shipped_catalogue())
    table = watched_table(found, history, truth=truth)
    report = watch_model(found.model, table, periods=Periods(then=then, now=now))
    if as_json:
        show_json(report.to_data())
    else:
        show_watch(report)
    return report.lamp != Lamp.RED


def watched_table(found: ModelFolder, history: Source, *, truth: Path | None) -> TrainingTable:
    """A history as a model sees it, with the truth that its own training asked for."""
    told = read_report(found.path)
    delay = parse_duration(told.truth.delay)
    request = TableRequest(
        inputs=(),
        entity=told.judged_by.entity,
        amount=told.judged_by.amount,
        delay=delay,
        source=told.truth.source,
        truth=_truth_file(truth, delay=delay),
        truth_needed=False,
    ).of_model(found.model.inputs)
    with history.opened(text("model.score.progress")) as read:
        return training_table(found.policy, read(), request=request)


def show_watch(report: WatchReport) -> None:
    """Show every figure with its lamp and its limits."""
    names = {
        "score": text("model.watch.score"),
        "labels": text("model.watch.labels"),
        "calibration": text("model.watch.calibration"),
        "missing": text("model.watch.missing"),
        "input": text("model.watch.input"),
    }
    lamps = {
        Lamp.GREEN: text("lamp.green"),
        Lamp.AMBER: text("lamp.amber"),
        Lamp.RED: text("lamp.red"),
    }
    show_table(
        text("model.watch.title", then=f"{report.rows_then:,}", now=f"{report.rows_now:,}"),
        [
            text("column.figure"),
            text("column.input"),
            text("column.lamp"),
            text("column.measured"),
            text("column.amber"),
            text("column.red"),
        ],
        [
            [names[o.what], o.of or "–", lamps[Lamp(o.lamp)], o.value, o.amber, o.red]
            for o in report.figures
        ],
        left=3,
    )
