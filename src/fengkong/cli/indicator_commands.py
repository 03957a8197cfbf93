"""`fengkong indicators`; what its commands do is imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from fengkong.cli.language import text
from fengkong.cli.usage import Command, Group

indicators_app: Final = typer.Typer(cls=Group, help=text("indicators.help"), no_args_is_help=True)
Files = Annotated[
    list[Path] | None,
    typer.Option("--library", metavar="FILE...", help=text("option.library")),
]
Tables = Annotated[
    list[str], typer.Option("--table", metavar="SOURCE=FILE", help=text("option.table"))
]
AsJson = Annotated[bool, typer.Option("--json", help=text("option.as_json"))]
Name = Annotated[str, typer.Argument(metavar="INDICATOR", help=text("argument.indicator"))]


@indicators_app.command("list", cls=Command, help=text("indicators.list.help"))
def indicators_list(
    group: Annotated[
        str | None, typer.Option("--group", metavar="GROUP", help=text("option.group"))
    ] = None,
    library: Files = None,
    as_json: AsJson = False,
) -> None:
    """List the indicators of the library."""
    from fengkong.cli.indicators import list_indicators  # noqa: PLC0415

    list_indicators(library, group=group, as_json=as_json)


@indicators_app.command("check", cls=Command, help=text("indicators.check.help"))
def indicators_check(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE...", help=text("argument.library"))
    ] = None,
) -> None:
    """Check indicator files and run their examples."""
    from fengkong.cli.indicators import check  # noqa: PLC0415

    if not check(files):
        raise typer.Exit(1)


@indicators_app.command("compute", cls=Command, help=text("indicators.compute.help"))
def indicators_compute(
    table: Tables,
    day: Annotated[
        str | None, typer.Option("--as-of", metavar="DAY", help=text("option.as_of"))
    ] = None,
    library: Files = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help=text("option.values_out"))
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compute values, levels and warnings."""
    from fengkong.cli.indicators import compute_tables  # noqa: PLC0415

    compute_tables(library, table, day=day, out=out, as_json=as_json)


@indicators_app.command("backtest", cls=Command, help=text("indicators.backtest.help"))
def indicators_backtest(
    indicator: Name,
    table: Tables,
    episodes: Annotated[
        Path | None, typer.Option("--episodes", metavar="FILE", help=text("option.episodes"))
    ] = None,
    at_least: Annotated[
        str, typer.Option("--level", metavar="LEVEL", help=text("option.level"))
    ] = "orange",
    library: Files = None,
    as_json: AsJson = False,
) -> None:
    """Run an indicator's thresholds over the past."""
    from fengkong.cli.indicators import backtest_table  # noqa: PLC0415

    backtest_table(library, indicator, table, episodes=episodes, at_least=at_least, as_json=as_json)


@indicators_app.command("fit-peers", cls=Command, help=text("indicators.fit_peers.help"))
def indicators_fit_peers(
    ratings: Annotated[Path, typer.Argument(metavar="RATINGS", help=text("argument.ratings"))],
    failures: Annotated[Path, typer.Argument(metavar="FAILURES", help=text("argument.failures"))],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=text("option.peer_score"))],
    until: Annotated[
        str | None, typer.Option("--until", metavar="DAY", help=text("option.known_until"))
    ] = None,
) -> None:
    """Fit the score of peer platforms on what was known at the end of a day."""
    from fengkong.cli.peers import fit_peers  # noqa: PLC0415

    fit_peers(ratings, failures, out=out, until=until)
