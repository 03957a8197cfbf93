"""The commands and their options; what they do is imported when they run, so --help is fast."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from fengkong.cli.arguments import spread_files
from fengkong.cli.audit_commands import audit_app
from fengkong.cli.backup_commands import backup_app
from fengkong.cli.console_commands import register_console
from fengkong.cli.indicator_commands import indicators_app
from fengkong.cli.language import text
from fengkong.cli.model_commands import register_models
from fengkong.cli.service_commands import Models, register
from fengkong.cli.usage import Command, Group, WrongUse, show_wrong_use, speak_the_language
from fengkong.core.errors import RiskError

FAULTY, MISUSED = 1, 2
"""Exit codes: the input has faults; the command was used wrongly."""

speak_the_language()
app: Final = typer.Typer(
    name="fengkong",
    cls=Group,
    help=text("help"),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
policy_app: Final = typer.Typer(cls=Group, help=text("policy.help"), no_args_is_help=True)
app.add_typer(policy_app, name="policy")


class Format(StrEnum):
    """How a result is printed."""

    TABLE = "table"
    JSON = "json"


PolicyName = Annotated[str, typer.Argument(metavar="POLICY", help=text("argument.policy"))]
Events = Annotated[
    list[Path], typer.Option("--events", metavar="FILE...", help=text("option.events"))
]
MappingName = Annotated[
    str | None, typer.Option("--mapping", metavar="MAP", help=text("option.mapping"))
]
OutFile = Annotated[Path, typer.Option("--out", metavar="FILE", help=text("option.out"))]
SkipBadFile = Annotated[
    Path | None, typer.Option("--skip-bad", metavar="FILE", help=text("option.skip_bad"))
]
OutputFormat = Annotated[Format, typer.Option("--format", help=text("option.format"))]
ArchiveData = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help=text("option.archive_data"))
]
TruthFile = Annotated[
    Path | None, typer.Option("--truth", metavar="FILE", help=text("option.truth"))
]
Delay = Annotated[
    str | None, typer.Option("--delay", metavar="DURATION", help=text("option.delay"))
]


@policy_app.command("check", cls=Command, help=text("policy.check.help"))
def policy_check(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help=text("argument.policy"))],
    models: Models = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Check policies and run their examples."""
    from fengkong.cli.policies import check  # noqa: PLC0415

    if not check(files, models=models, as_json=output is Format.JSON):
        raise typer.Exit(FAULTY)


@policy_app.command("list", cls=Command, help=text("policy.list.help"))
def policy_list(output: OutputFormat = Format.TABLE) -> None:
    """List the shipped policies and mappings."""
    from fengkong.cli.policies import list_shipped  # noqa: PLC0415

    list_shipped(as_json=output is Format.JSON)


@app.command("features", cls=Command, help=text("features.help"))
def features(
    policy: PolicyName,
    events: Events,
    out: OutFile,
    mapping: MappingName = None,
    skip_bad: SkipBadFile = None,
    data: ArchiveData = None,
    models: Models = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Write the features of every decided event."""
    from fengkong.cli.histories import History  # noqa: PLC0415
    from fengkong.cli.replays import feature_table  # noqa: PLC0415

    history = History(paths=events, mapping=mapping, skip_bad=skip_bad, data=data)
    feature_table(policy, history, models=models, out=out, as_json=output is Format.JSON)


@app.command("replay", cls=Command, help=text("replay.help"))
def replay(
    policy: PolicyName,
    events: Events,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help=text("option.out"))
    ] = None,
    mapping: MappingName = None,
    skip_bad: SkipBadFile = None,
    data: ArchiveData = None,
    models: Models = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Decide a history."""
    from fengkong.cli.histories import History  # noqa: PLC0415
    from fengkong.cli.replays import decide_history  # noqa: PLC0415

    history = History(paths=events, mapping=mapping, skip_bad=skip_bad, data=data)
    decide_history(policy, history, models=models, out=out, as_json=output is Format.JSON)


@app.command("backtest", cls=Command, help=text("backtest.help"))
def backtest(
    policy: PolicyName,
    events: Events,
    against: Annotated[
        str | None, typer.Option("--against", metavar="POLICY", help=text("option.against"))
    ] = None,
    mapping: MappingName = None,
    truth: TruthFile = None,
    delay: Delay = None,
    skip_bad: SkipBadFile = None,
    data: ArchiveData = None,
    models: Models = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Judge a policy, or two, on a history with known truth."""
    from fengkong.cli.backtests import run  # noqa: PLC0415
    from fengkong.cli.histories import History  # noqa: PLC0415

    history = History(paths=events, mapping=mapping, skip_bad=skip_bad, data=data)
    run(
        policy,
        history,
        models=models,
        against=against,
        truth=truth,
        delay=delay,
        as_json=output is Format.JSON,
    )


@app.command("explain", cls=Command, help=text("explain.help"))
def explain(
    event_id: Annotated[str, typer.Argument(metavar="EVENT_ID", help=text("argument.event"))],
    policy: Annotated[
        str, typer.Option("--policy", metavar="POLICY", help=text("argument.policy"))
    ],
    events: Events,
    mapping: MappingName = None,
    skip_bad: SkipBadFile = None,
    data: ArchiveData = None,
    models: Models = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Trace one decision."""
    from fengkong.cli.explanations import run  # noqa: PLC0415
    from fengkong.cli.histories import History  # noqa: PLC0415

    history = History(paths=events, mapping=mapping, skip_bad=skip_bad, data=data)
    run(event_id, policy, history, models=models, as_json=output is Format.JSON)


@app.command("simulate", cls=Command, help=text("simulate.help"))
def simulate(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help=text("option.directory"))],
    scenario: Annotated[
        list[str] | None,
        typer.Option("--scenario", metavar="NAME", help=text("option.scenario")),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help=text("option.seed"))] = 1,
    days: Annotated[int, typer.Option("--days", help=text("option.days"))] = 1,
    customers: Annotated[int, typer.Option("--customers", help=text("option.customers"))] = 5000,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Write a simulated platform's events."""
    from fengkong.cli.simulations import run  # noqa: PLC0415

    run(
        out,
        scenarios=scenario or ["all"],
        seed=seed,
        days=days,
        customers=customers,
        as_json=output is Format.JSON,
    )


@app.command("demo", cls=Command, help=text("demo.help"))
def demo(
    once: Annotated[bool, typer.Option("--once", help=text("option.once"))] = False,
    seed: Annotated[int, typer.Option("--seed", help=text("option.seed"))] = 1,
    customers: Annotated[int, typer.Option("--customers", help=text("option.customers"))] = 3000,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help=text("option.demo_data"))
    ] = None,
) -> None:
    """Show the whole system on simulated traffic, or a simulated day once."""
    if once:
        from fengkong.cli.demonstration import run  # noqa: PLC0415

        run(seed=seed, customers=customers)
        return
    from fengkong.cli.demo_system import run_system  # noqa: PLC0415

    run_system(seed=seed, customers=customers, data=data)


register(app, policy_app)
app.add_typer(backup_app, name="backup")
app.add_typer(audit_app, name="audit")
app.add_typer(indicators_app, name="indicators")
register_models(app, policy_app)
register_console(app)


def main() -> None:
    """Run the command; errors of the input are printed, never as a traceback."""
    arguments = spread_files(sys.argv[1:])
    try:
        sys.exit(app(args=arguments, prog_name="fengkong", standalone_mode=False) or 0)
    except RiskError as error:
        from fengkong.cli.screen import show_error  # noqa: PLC0415

        show_error(error)
        misused = error.code.startswith("cli.") or error.code.startswith("simulation.")
        sys.exit(MISUSED if misused else FAULTY)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAULTY)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except WrongUse as error:
        show_wrong_use(error)
        sys.exit(MISUSED)
