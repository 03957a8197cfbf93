"""The commands of backups and their options; what they do is imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from fengkong.cli.language import text
from fengkong.cli.usage import Command, Group

Data = Annotated[Path, typer.Option("--data", metavar="DIR", help=text("option.data"))]
DATA: Final = Path("fengkong-data")
Backup = Annotated[Path, typer.Argument(metavar="BACKUP", help=text("argument.backup"))]
Store = Annotated[str | None, typer.Option("--store", help=text("option.store"))]
backup_app: Final = typer.Typer(cls=Group, help=text("backup.help"), no_args_is_help=True)


@backup_app.command("create", cls=Command, help=text("backup.create.help"))
def backup_create(
    backup: Backup,
    data: Data = DATA,
    store: Store = None,
    keys: Annotated[
        Path | None, typer.Option("--keys", metavar="DIR", help=text("option.keys_apart"))
    ] = None,
    with_keys: Annotated[bool, typer.Option("--with-keys", help=text("option.with_keys"))] = False,
) -> None:
    """Make a backup, also while the service serves."""
    from fengkong.cli.backups import create  # noqa: PLC0415

    create(data, backup, store=store, keys=keys, with_keys=with_keys)


@backup_app.command("check", cls=Command, help=text("backup.check.help"))
def backup_check(
    backup: Backup,
    keys: Annotated[
        Path | None, typer.Option("--keys", metavar="DIR", help=text("option.keys_of_backup"))
    ] = None,
    verifier: Annotated[
        str | None, typer.Option("--verifier", metavar="VKEY", help=text("option.backup_verifier"))
    ] = None,
) -> None:
    """Check a backup: manifest, files, ledger, keys."""
    from fengkong.cli.backups import check  # noqa: PLC0415

    check(backup, keys=keys, verifier=verifier)


@backup_app.command("restore", cls=Command, help=text("backup.restore.help"))
def backup_restore(
    backup: Backup,
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help=text("option.new_data"))],
    keys: Annotated[
        Path | None, typer.Option("--keys", metavar="DIR", help=text("option.keys_of_backup"))
    ] = None,
    store: Store = None,
) -> None:
    """Make a data directory of a backup."""
    from fengkong.cli.backups import restore  # noqa: PLC0415

    restore(backup, data, keys=keys, store=store)


@backup_app.command("rehearse", cls=Command, help=text("backup.rehearse.help"))
def backup_rehearse(
    backup: Backup,
    data: Data = DATA,
    keys: Annotated[
        Path | None, typer.Option("--keys", metavar="DIR", help=text("option.keys_of_backup"))
    ] = None,
    scratch: Annotated[
        Path | None, typer.Option("--scratch", metavar="DIR", help=text("option.scratch"))
    ] = None,
) -> None:
    """Restore a backup as a test, and note that it was."""
    from fengkong.cli.backups import rehearse  # noqa: PLC0415

    rehearse(data, backup, keys=keys, scratch=scratch)


@backup_app.command("accept-loss", cls=Command, help=text("backup.accept.help"))
def backup_accept_loss(data: Data = DATA, store: Store = None) -> None:
    """Go on from an older backup on purpose."""
    from fengkong.cli.backups import accept_loss  # noqa: PLC0415

    accept_loss(data, store=store)
