"""The commands of models and their options; what they do is imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from fengkong.cli.language import text
from fengkong.cli.service_commands import URL, Address, Models
from fengkong.cli.usage import Command, Group

if TYPE_CHECKING:
    from fengkong.cli.histories import Source
    from fengkong.cli.model_publishing import Service
    from fengkong.evaluation.judgements import Period

model_app: Final = typer.Typer(cls=Group, help=text("model.help"), no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(metavar="DIR", help=text("argument.model"))]
Events = Annotated[
    list[Path] | None, typer.Option("--events", metavar="FILE...", help=text("option.events"))
]
Journal = Annotated[
    Path | None, typer.Option("--journal", metavar="DIR", help=text("option.journal"))
]
Store = Annotated[str | None, typer.Option("--store", help=text("option.store"))]
MappingName = Annotated[
    str | None, typer.Option("--mapping", metavar="MAP", help=text("option.mapping"))
]
SkipBad = Annotated[
    Path | None, typer.Option("--skip-bad", metavar="FILE", help=text("option.skip_bad"))
]
Start = Annotated[str | None, typer.Option("--from", metavar="DAY", help=text("option.from"))]
End = Annotated[str | None, typer.Option("--to", metavar="DAY", help=text("option.to"))]
Truth = Annotated[Path | None, typer.Option("--truth", metavar="FILE", help=text("option.truth"))]
AsJson = Annotated[bool, typer.Option("--json", help=text("option.json"))]
ServiceKey = Annotated[
    str | None,
    typer.Option("--key", metavar="KEY", envvar="FENGKONG_KEY", help=text("option.key")),
]
LabelDelay = Annotated[
    str, typer.Option("--delay", metavar="DAYS", help=text("option.label_delay"))
]
RETRAINED: Final = {"steady": 0, "trained": 3, "waiting": 4}
"""Exit codes of `model retrain` by what came of it; 1 are faults, 2 is wrong use."""


def register_models(app: typer.Typer, policy_app: typer.Typer) -> None:
    """Add the commands of models, and how a shadow policy stands to those of policies."""
    app.add_typer(model_app, name="model")
    standing = policy_app.command("standing", cls=Command, help=text("policy.standing.help"))
    standing(policy_standing)


@model_app.command("train", cls=Command, help=text("model.train.help"))
def model_train(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help=text("argument.training"))],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help=text("option.directory"))],
    events: Events = None,
    mapping: MappingName = None,
    start: Start = None,
    days: Annotated[
        str | None, typer.Option("--days", metavar="DAYS", help=text("option.train_days"))
    ] = None,
    delay: Annotated[
        str | None, typer.Option("--delay", metavar="DAYS", help=text("option.label_delay"))
    ] = None,
    test_days: Annotated[
        str | None, typer.Option("--test-days", metavar="DAYS", help=text("option.test_days"))
    ] = None,
    truth: Truth = None,
    champion: Annotated[
        Path | None, typer.Option("--champion", metavar="DIR", help=text("option.champion"))
    ] = None,
    skip_bad: SkipBad = None,
    journal: Journal = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Train a model."""
    from fengkong.cli.models import Wish, train  # noqa: PLC0415

    wish = Wish(
        start=start,
        days=days,
        delay=delay,
        test_days=test_days,
        truth=truth,
        champion=champion,
    )
    history = _history(events, mapping, skip_bad, journal, store)
    train(config, history, wish=wish, out=out, as_json=as_json)


@model_app.command("score", cls=Command, help=text("model.score.help"))
def model_score(
    folder: Folder,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=text("option.out"))],
    events: Events = None,
    mapping: MappingName = None,
    start: Start = None,
    end: End = None,
    skip_bad: SkipBad = None,
    journal: Journal = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Score events."""
    from fengkong.cli.models import score  # noqa: PLC0415

    history = _history(events, mapping, skip_bad, journal, store)
    score(folder, history, period=_period(folder, start, end), out=out, as_json=as_json)


@model_app.command("report", cls=Command, help=text("model.report.help"))
def model_report(
    folder: Folder,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help=text("option.report"))
    ] = None,
    language: Annotated[
        str | None, typer.Option("--language", metavar="zh|en", help=text("option.language"))
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show or write the report of a model."""
    from fengkong.cli.models import report  # noqa: PLC0415

    report(folder, out=out, language=language, as_json=as_json)


@model_app.command("compare", cls=Command, help=text("model.compare.help"))
def model_compare(
    first: Annotated[Path, typer.Argument(metavar="A", help=text("argument.model"))],
    second: Annotated[Path, typer.Argument(metavar="B", help=text("argument.model"))],
    events: Events = None,
    mapping: MappingName = None,
    start: Start = None,
    end: End = None,
    truth: Truth = None,
    skip_bad: SkipBad = None,
    journal: Journal = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Compare two models."""
    from fengkong.cli.models import compare  # noqa: PLC0415

    given = any((events, mapping, skip_bad, journal, store))
    history = _history(events, mapping, skip_bad, journal, store) if given else None
    period = _period(first, start, end)
    compare(first, second, history, period=period, truth=truth, as_json=as_json)


@model_app.command("publish", cls=Command, help=text("model.publish.help"))
def model_publish(
    folder: Folder,
    policy: Annotated[
        str, typer.Option("--policy", metavar="POLICY", help=text("argument.policy"))
    ],
    models: Models = None,
    url: Address = URL,
    key: ServiceKey = None,
) -> None:
    """Publish a model; with a key, put its policy in force in a running service."""
    from fengkong.cli.model_publishing import publish  # noqa: PLC0415

    publish(folder, policy=policy, models=models, service=_service(url, key))


@model_app.command("watch", cls=Command, help=text("model.watch.help"))
def model_watch(
    folder: Folder,
    start: Annotated[str, typer.Option("--from", metavar="DAY", help=text("option.from"))],
    events: Events = None,
    then_start: Annotated[
        str | None, typer.Option("--then-from", metavar="DAY", help=text("option.then_from"))
    ] = None,
    then_end: Annotated[
        str | None, typer.Option("--then-to", metavar="DAY", help=text("option.then_to"))
    ] = None,
    mapping: MappingName = None,
    end: End = None,
    truth: Truth = None,
    skip_bad: SkipBad = None,
    journal: Journal = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Watch a model."""
    from fengkong.cli.models import watch  # noqa: PLC0415

    good = watch(
        folder,
        _history(events, mapping, skip_bad, journal, store),
        then=_period(folder, then_start, then_end or start),
        now=_period(folder, start, end),
        truth=truth,
        as_json=as_json,
    )
    if not good:
        raise typer.Exit(1)


@model_app.command("retrain", cls=Command, help=text("model.retrain.help"))
def model_retrain(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help=text("argument.training"))],
    policy: Annotated[
        str, typer.Option("--policy", metavar="POLICY", help=text("argument.policy"))
    ],
    events: Events = None,
    value: Annotated[
        str | None, typer.Option("--value", metavar="NAME", help=text("option.value"))
    ] = None,
    days: Annotated[
        str, typer.Option("--days", metavar="DAYS", help=text("option.watched_days"))
    ] = "7",
    force: Annotated[bool, typer.Option("--force", help=text("option.force"))] = False,
    share: Annotated[
        str, typer.Option("--share", metavar="SHARE", help=text("option.share"))
    ] = "0%",
    by: Annotated[str, typer.Option("--by", metavar="FIELD", help=text("option.by"))] = "customer",
    models: Models = None,
    mapping: MappingName = None,
    truth: Truth = None,
    skip_bad: SkipBad = None,
    journal: Journal = None,
    store: Store = None,
    url: Address = URL,
    key: ServiceKey = None,
    as_json: AsJson = False,
) -> None:
    """Watch a model and train a challenger where it drifted."""
    from fengkong.cli.retraining import Retraining, retrain  # noqa: PLC0415
    from fengkong.evaluation.retraining import Terms  # noqa: PLC0415

    state = retrain(
        Retraining(
            config=config, policy=policy, models=models, value=value, truth=truth, days=days,
            forced=force, terms=Terms(share=share, by=by),
        ),
        _history(events, mapping, skip_bad, journal, store),
        service=_service(url, key),
        as_json=as_json,
    )  # fmt: skip
    if code := RETRAINED[state]:
        raise typer.Exit(code)


@model_app.command("standing", cls=Command, help=text("model.standing.help"))
def model_standing(
    journal: Annotated[
        Path, typer.Option("--journal", metavar="DIR", help=text("option.contest_journal"))
    ],
    value: Annotated[
        str | None, typer.Option("--value", metavar="NAME", help=text("option.value"))
    ] = None,
    delay: LabelDelay = "7",
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Say how a challenging model stands, from the decisions of a journal."""
    from fengkong.cli.standings import models_stand  # noqa: PLC0415

    models_stand(journal, store=store, value=value, delay=delay, as_json=as_json)


def policy_standing(
    journal: Annotated[
        Path, typer.Option("--journal", metavar="DIR", help=text("option.contest_journal"))
    ],
    delay: LabelDelay = "7",
    good_cost: Annotated[float, typer.Option("--good-cost", help=text("option.good_cost"))] = 0.1,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Say how the shadow policy stands, from the decisions of a journal."""
    from fengkong.cli.standings import policies_stand  # noqa: PLC0415

    policies_stand(journal, store=store, delay=delay, good_cost=good_cost, as_json=as_json)


def _service(url: str, key: str | None) -> Service | None:
    from fengkong.cli.model_publishing import Service  # noqa: PLC0415

    return None if key is None else Service(url=url, key=key)


def _history(
    events: list[Path] | None,
    mapping: str | None,
    skip_bad: Path | None,
    journal: Path | None,
    store: str | None,
) -> Source:
    from fengkong.cli.histories import history_of  # noqa: PLC0415

    return history_of(events, mapping=mapping, skip_bad=skip_bad, journal=journal, store=store)


def _period(folder: Path, start: str | None, end: str | None) -> Period:
    """The period from a day to a day (exclusive), in the time zone of the model's policy."""
    from fengkong.cli.models import period_of  # noqa: PLC0415

    return period_of(folder, start=start, end=end)
