"""The commands of the desk's ledger; what they do is imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from fengkong.cli.backup_commands import DATA, Data
from fengkong.cli.language import text
from fengkong.cli.usage import Command, Group

audit_app: Final = typer.Typer(cls=Group, help=text("audit.help"), no_args_is_help=True)


@audit_app.command("verify", cls=Command, help=text("audit.verify.help"))
def audit_verify(data: Data = DATA) -> None:
    """Verify the desk's ledger."""
    from fengkong.cli.audits import verify  # noqa: PLC0415

    if not verify(data):
        raise typer.Exit(1)


@audit_app.command("export", cls=Command, help=text("audit.export.help"))
def audit_export(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=text("option.out"))],
    data: Data = DATA,
) -> None:
    """Write an archive for the offline verifier."""
    from fengkong.cli.audits import export  # noqa: PLC0415

    export(data, out)


@audit_app.command("trace", cls=Command, help=text("audit.trace.help"))
def audit_trace(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=text("argument.traced"))],
    data: Data = DATA,
) -> None:
    """Say whose export a file was."""
    from fengkong.cli.audits import trace  # noqa: PLC0415

    if not trace(file, data):
        raise typer.Exit(1)


@audit_app.command("check-proof", cls=Command, help=text("audit.proof.help"))
def audit_check_proof(
    file: Annotated[Path, typer.Argument(metavar="PROOF", help=text("argument.proof"))],
    key: Annotated[str, typer.Option("--key", metavar="VKEY", help=text("option.proof_key"))],
) -> None:
    """Check the proof of one entry, without the ledger."""
    from fengkong.cli.audits import check_proof  # noqa: PLC0415

    check_proof(file, key)
