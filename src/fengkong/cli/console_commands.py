"""The commands of the console and their options; what they do is imported when they run."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from fengkong.cli.language import text
from fengkong.cli.service_commands import DATA, AsJson, Data, Models
from fengkong.cli.usage import Command, Group

operator_app: Final = typer.Typer(cls=Group, help=text("operator.help"), no_args_is_help=True)
Username = Annotated[str, typer.Argument(metavar="NAME", help=text("argument.username"))]
Policy = Annotated[
    str | None, typer.Option("--policy", metavar="POLICY", help=text("option.first_policy"))
]


def register_console(app: typer.Typer) -> None:
    """Add the commands of the console to those of the desk."""
    app.command("up", cls=Command, help=text("up.help"))(up)
    app.command("console", cls=Command, help=text("console.help"))(console)
    app.command("worker", cls=Command, help=text("worker.help"))(worker)
    app.add_typer(operator_app, name="operator")


def up(
    data: Data = DATA,
    policy: Policy = None,
    models: Models = None,
    port: Annotated[int | None, typer.Option("--port", help=text("option.up_port"))] = None,
    console_port: Annotated[
        int | None, typer.Option("--console-port", help=text("option.console_port"))
    ] = None,
) -> None:
    """Run decision service, worker and console together."""
    from fengkong.cli.system import Ports, planned, run  # noqa: PLC0415

    system = planned(data, ports=Ports(service=port, console=console_port))
    run(system, policy=policy, models=models)


def console(
    data: Data = DATA,
    host: Annotated[str | None, typer.Option("--host", help=text("option.host"))] = None,
    port: Annotated[int | None, typer.Option("--port", help=text("option.console_port"))] = None,
    service: Annotated[
        str | None, typer.Option("--service", metavar="URL", help=text("option.service_url"))
    ] = None,
    workers: Annotated[int | None, typer.Option("--workers", help=text("option.workers"))] = None,
) -> None:
    """Serve the console until stopped."""
    from fengkong.cli.consoles import serve_console  # noqa: PLC0415

    given = {"host": host, "port": port, "service": service, "workers": workers}
    serve_console(data, given=given)


def worker(
    data: Data = DATA,
    service: Annotated[
        str | None, typer.Option("--service", metavar="URL", help=text("option.service_url"))
    ] = None,
) -> None:
    """Follow the journal and do jobs until stopped."""
    from fengkong.cli.consoles import work  # noqa: PLC0415

    work(data, given={"service": service})


@operator_app.command("create", cls=Command, help=text("operator.create.help"))
def operator_create(
    username: Username,
    role: Annotated[str, typer.Option("--role", metavar="ROLE", help=text("option.role"))],
    name: Annotated[str, typer.Option("--name", help=text("option.person"))] = "",
    data: Data = DATA,
) -> None:
    """Make the first holder of an administrator's duty."""
    from fengkong.cli.operators import create  # noqa: PLC0415

    create(data, username, role=role, name=name)


@operator_app.command("restore", cls=Command, help=text("operator.restore.help"))
def operator_restore(username: Username, data: Data = DATA) -> None:
    """Give an administrator who cannot sign in a new password."""
    from fengkong.cli.operators import restore  # noqa: PLC0415

    restore(data, username)


@operator_app.command("list", cls=Command, help=text("operator.list.help"))
def operator_list(data: Data = DATA, as_json: AsJson = False) -> None:
    """List the operators."""
    from fengkong.cli.operators import show  # noqa: PLC0415

    show(data, as_json=as_json)


@operator_app.command("code", cls=Command, help=text("operator.code.help"))
def operator_code(
    secret: Annotated[str, typer.Argument(metavar="SECRET", help=text("argument.secret"))],
) -> None:
    """Print what an authenticator shows now."""
    from fengkong.cli.authenticator import show_code  # noqa: PLC0415

    show_code(secret)
