"""The commands of the service and their options; what they do is imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from fengkong.cli.language import text
from fengkong.cli.usage import Command, Group

URL: Final = "http://127.0.0.1:8700"
Data = Annotated[Path, typer.Option("--data", metavar="DIR", help=text("option.data"))]
DATA: Final = Path("fengkong-data")
Address = Annotated[str, typer.Option("--url", metavar="URL", help=text("option.url"))]
Key = Annotated[
    str, typer.Option("--key", metavar="KEY", envvar="FENGKONG_KEY", help=text("option.key"))
]
Models = Annotated[Path | None, typer.Option("--models", metavar="DIR", help=text("option.models"))]
AsJson = Annotated[bool, typer.Option("--json", help=text("option.json"))]
FAULTY: Final = 1

key_app: Final = typer.Typer(cls=Group, help=text("key.help"), no_args_is_help=True)
journal_app: Final = typer.Typer(cls=Group, help=text("journal.help"), no_args_is_help=True)
ledger_app: Final = typer.Typer(cls=Group, help=text("ledger.help"), no_args_is_help=True)


def register(app: typer.Typer, policy_app: typer.Typer) -> None:
    """Add the commands of the service to those of the desk."""
    app.add_typer(key_app, name="key")
    app.add_typer(journal_app, name="journal")
    app.add_typer(ledger_app, name="ledger")
    app.command("serve", cls=Command, help=text("serve.help"))(serve)
    policy_app.command("publish", cls=Command, help=text("policy.publish.help"))(policy_publish)
    policy_app.command("shadow", cls=Command, help=text("policy.shadow.help"))(policy_shadow)
    policy_app.command("canary", cls=Command, help=text("policy.canary.help"))(policy_canary)
    policy_app.command("promote", cls=Command, help=text("policy.promote.help"))(policy_promote)
    policy_app.command("rollback", cls=Command, help=text("policy.rollback.help"))(policy_rollback)
    policy_app.command("status", cls=Command, help=text("policy.status.help"))(policy_status)


def serve(
    data: Data = DATA,
    policy: Annotated[
        str | None, typer.Option("--policy", metavar="POLICY", help=text("option.first_policy"))
    ] = None,
    models: Models = None,
    host: Annotated[str | None, typer.Option("--host", help=text("option.host"))] = None,
    port: Annotated[int | None, typer.Option("--port", help=text("option.port"))] = None,
    store: Annotated[str | None, typer.Option("--store", help=text("option.store"))] = None,
    verify: Annotated[str | None, typer.Option("--verify", help=text("option.verify"))] = None,
) -> None:
    """Decide over HTTP until stopped."""
    from fengkong.cli.services import serve_until_stopped  # noqa: PLC0415

    given = {"host": host, "port": port, "store": store, "verify": verify}
    if not serve_until_stopped(data, policy=policy, models=models, given=given):
        raise typer.Exit(FAULTY)


@key_app.command("create", cls=Command, help=text("key.create.help"))
def key_create(
    name: Annotated[str, typer.Argument(metavar="NAME", help=text("argument.key_name"))],
    scope: Annotated[list[str], typer.Option("--scope", help=text("option.scope"))],
    data: Data = DATA,
    expires: Annotated[str | None, typer.Option("--expires", help=text("option.expires"))] = None,
    rate: Annotated[float, typer.Option("--rate", help=text("option.rate"))] = 1000.0,
    burst: Annotated[int, typer.Option("--burst", help=text("option.burst"))] = 2000,
    require_signature: Annotated[
        bool, typer.Option("--require-signature", help=text("option.require_signature"))
    ] = False,
) -> None:
    """Make an API key."""
    from fengkong.cli.keys import create  # noqa: PLC0415
    from fengkong.protection.api_keys import KeyTerms  # noqa: PLC0415

    terms = KeyTerms(
        name=name,
        scopes=frozenset(scope),
        rate_per_second=rate,
        burst=burst,
        require_signature=require_signature,
    )
    create(data, terms, expires=expires)


@key_app.command("list", cls=Command, help=text("key.list.help"))
def key_list(data: Data = DATA, as_json: AsJson = False) -> None:
    """Show the API keys."""
    from fengkong.cli.keys import show  # noqa: PLC0415

    show(data, as_json=as_json)


@key_app.command("revoke", cls=Command, help=text("key.revoke.help"))
def key_revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help=text("argument.key_id"))],
    data: Data = DATA,
) -> None:
    """End an API key."""
    from fengkong.cli.keys import revoke  # noqa: PLC0415

    revoke(data, key_id)


def policy_publish(
    policy: Annotated[str, typer.Argument(metavar="POLICY", help=text("argument.policy"))],
    key: Key,
    models: Models = None,
    url: Address = URL,
) -> None:
    """Put a policy in force in a running service."""
    from fengkong.cli.services import publish  # noqa: PLC0415

    publish(policy, models=models, url=url, key=key)


def policy_shadow(
    key: Key,
    policy: Annotated[
        str | None, typer.Argument(metavar="POLICY", help=text("argument.shadow"))
    ] = None,
    models: Models = None,
    url: Address = URL,
) -> None:
    """Run a policy beside the live one."""
    from fengkong.cli.services import shadow  # noqa: PLC0415

    shadow(policy, models=models, url=url, key=key)


def policy_canary(
    key: Key,
    policy: Annotated[
        str | None, typer.Argument(metavar="POLICY", help=text("argument.canary"))
    ] = None,
    share: Annotated[
        float | None,
        typer.Option("--share", min=0.000001, max=0.5, help=text("option.canary_share")),
    ] = None,
    by: Annotated[str | None, typer.Option("--by", help=text("option.canary_by"))] = None,
    models: Models = None,
    url: Address = URL,
) -> None:
    """Have a policy answer for a share of the subjects."""
    from fengkong.cli.services import canary, end_canary  # noqa: PLC0415

    if policy is None:
        end_canary(url=url, key=key)
    elif share is None:
        raise typer.BadParameter(text("canary.share_missing"), param_hint="--share")
    else:
        canary(policy, share=share, by=by, models=models, url=url, key=key)


def policy_promote(key: Key, url: Address = URL) -> None:
    """Put the policy that runs beside the live one in force."""
    from fengkong.cli.services import promote  # noqa: PLC0415

    promote(url=url, key=key)


def policy_rollback(key: Key, url: Address = URL) -> None:
    """Go back to the policy before."""
    from fengkong.cli.services import rollback  # noqa: PLC0415

    rollback(url=url, key=key)


def policy_status(key: Key, url: Address = URL) -> None:
    """Show the policies of a running service."""
    from fengkong.cli.services import status  # noqa: PLC0415

    status(url=url, key=key)


@journal_app.command("verify", cls=Command, help=text("journal.verify.help"))
def journal_verify(
    data: Data = DATA,
    store: Annotated[str | None, typer.Option("--store", help=text("option.store"))] = None,
    replay: Annotated[bool, typer.Option("--replay", help=text("option.replay"))] = False,
) -> None:
    """Verify a journal."""
    from fengkong.cli.journals import verify  # noqa: PLC0415

    if not verify(data, store=store, replays=replay):
        raise typer.Exit(FAULTY)


@journal_app.command("erase", cls=Command, help=text("journal.erase.help"))
def journal_erase(
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help=text("argument.subject"))],
    key: Key,
    url: Address = URL,
) -> None:
    """Forget a person."""
    from fengkong.cli.services import erase  # noqa: PLC0415

    erase(subject, url=url, key=key)


@journal_app.command("rotate-keys", cls=Command, help=text("journal.rotate.help"))
def journal_rotate(
    data: Data = DATA,
    store: Annotated[str | None, typer.Option("--store", help=text("option.store"))] = None,
) -> None:
    """Put everything under a new master key."""
    from fengkong.cli.journals import rotate_keys  # noqa: PLC0415

    rotate_keys(data, store=store)


@journal_app.command("retire-keys", cls=Command, help=text("journal.retire.help"))
def journal_retire(
    data: Data = DATA,
    store: Annotated[str | None, typer.Option("--store", help=text("option.store"))] = None,
) -> None:
    """Remove master keys that nothing needs any more."""
    from fengkong.cli.journals import retire_keys  # noqa: PLC0415

    retire_keys(data, store=store)


@journal_app.command("find", cls=Command, help=text("journal.find.help"))
def journal_find(
    value: Annotated[str, typer.Argument(metavar="VALUE", help=text("argument.value"))],
    data: Data = DATA,
    store: Annotated[str | None, typer.Option("--store", help=text("option.store"))] = None,
    as_json: AsJson = False,
) -> None:
    """Find the entries that hold a value."""
    from fengkong.cli.journals import find  # noqa: PLC0415

    find(value, data=data, store=store, as_json=as_json)


@journal_app.command("archive", cls=Command, help=text("journal.archive.help"))
def journal_archive(
    data: Data = DATA,
    before: Annotated[
        str | None, typer.Option("--before", metavar="DAY", help=text("option.before"))
    ] = None,
    keep_days: Annotated[int, typer.Option("--keep-days", help=text("option.keep_days"))] = 90,
    store: Annotated[str | None, typer.Option("--store", help=text("option.store"))] = None,
) -> None:
    """Move history to Parquet, by day."""
    from fengkong.cli.archives import archive  # noqa: PLC0415

    archive(data, before=before, keep_days=keep_days, store=store)


@journal_app.command("restore", cls=Command, help=text("journal.restore.help"))
def journal_restore(
    days: Annotated[
        list[str] | None, typer.Argument(metavar="DAY...", help=text("argument.days"))
    ] = None,
    data: Data = DATA,
    everything: Annotated[bool, typer.Option("--all", help=text("option.all_days"))] = False,
    store: Annotated[str | None, typer.Option("--store", help=text("option.store"))] = None,
) -> None:
    """Bring archived days back."""
    from fengkong.cli.archives import restore  # noqa: PLC0415

    restore(data, days=days or [], everything=everything, store=store)


@ledger_app.command("export", cls=Command, help=text("ledger.export.help"))
def ledger_export(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help=text("argument.export"))],
    data: Data = DATA,
) -> None:
    """Write the ledger for an auditor."""
    from fengkong.cli.journals import export  # noqa: PLC0415

    export(data, directory)


@ledger_app.command("verify", cls=Command, help=text("ledger.verify.help"))
def ledger_verify(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help=text("argument.export"))],
    keys: Annotated[list[str] | None, typer.Option("--key", help=text("option.verifier"))] = None,
) -> None:
    """Verify an exported ledger."""
    from fengkong.ledger.verifier import main  # noqa: PLC0415

    arguments = [str(directory)]
    for key in keys or ():
        arguments += ["--key", key]
    if code := main(arguments):
        raise typer.Exit(code)


@ledger_app.command("witness", cls=Command, help=text("ledger.witness.help"))
def ledger_witness(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help=text("argument.witness"))],
    log: Annotated[list[str], typer.Option("--log", metavar="VKEY", help=text("option.log"))],
    name: Annotated[str | None, typer.Option("--name", help=text("option.witness_name"))] = None,
    host: Annotated[str, typer.Option("--host", help=text("option.host"))] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help=text("option.witness_port"))] = 8701,
) -> None:
    """Cosign checkpoints of other ledgers over HTTP."""
    from fengkong.cli.witnesses import serve_witness  # noqa: PLC0415

    serve_witness(directory, logs=log, name=name, host=host, port=port)


@ledger_app.command("cosign", cls=Command, help=text("ledger.cosign.help"))
def ledger_cosign(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help=text("argument.export"))],
    witness: Annotated[
        Path, typer.Option("--witness", metavar="DIR", help=text("argument.witness"))
    ],
    log: Annotated[list[str], typer.Option("--log", metavar="VKEY", help=text("option.log"))],
    name: Annotated[str | None, typer.Option("--name", help=text("option.witness_name"))] = None,
) -> None:
    """Cosign an exported ledger."""
    from fengkong.cli.witnesses import cosign_export  # noqa: PLC0415

    cosign_export(directory, witness, logs=log, name=name)
