"""`fengkong journal` and `fengkong ledger`: verify, rotate, export."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from fengkong.cli.language import text
from fengkong.cli.screen import ERRORS, OUTPUT, progress, show_error, show_json, show_table
from fengkong.core.errors import RiskError
from fengkong.journal.export import export_ledger
from fengkong.journal.second_place import second_place
from fengkong.journal.verification import verify_journal
from fengkong.protection.errors import InvalidMastersError
from fengkong.protection.masters import FileMasters
from fengkong.protection.rotation import is_finished, retire, rotate
from fengkong.service.clock import wall_clock
from fengkong.service.lookups import checked_value, look_up
from fengkong.service.opening import ledger_signer, open_for_reading, upkeep
from fengkong.service.settings import Settings, load_settings
from fengkong.service.states.replaying import replay
from fengkong.service.witnesses.asking import kept_note


def verify(data: Path, *, store: str | None, replays: bool) -> bool:
    """Verify every entry, and with `replays` every decision; False with what is wrong shown."""
    settings = load_settings(data, given={"store": store})
    opened = open_for_reading(settings, environment=os.environ)
    try:
        head = opened.reading.head().sequence
        with progress(text("journal.verify.progress")) as told:
            verified = verify_journal(
                opened.reading,
                verifier=ledger_signer(settings).verifier,
                places=[second_place(place) for place in settings.places],
                each_subject=opened.vault.check_key,
                progress=lambda done: told(done, done / max(head, 1)),
            )
            done = (
                replay(
                    opened.history,
                    upto=head,
                    progress=lambda done: told(done, done / max(head, 1)),
                )
                if replays
                else None
            )
    except RiskError as error:
        show_error(error)
        return False
    finally:
        opened.close()
    OUTPUT.print(
        text(
            "journal.verify.good",
            size=f"{verified.size:,}",
            root=verified.root.hex(),
            signed=f"{verified.signed_size:,}",
        ),
        soft_wrap=True,
    )
    if done is not None:
        OUTPUT.print(
            text("journal.verify.replayed", decisions=f"{done.decisions:,}", erased=done.erased)
        )
    return True


def rotate_keys(data: Path, *, store: str | None) -> None:
    """Put everything that a master key protects under a new one; a service may be serving."""
    settings = _with_master_file(data, store=store)
    now = wall_clock()
    with upkeep(settings, environment=os.environ) as kept:
        masters = FileMasters(settings.keys / "master.json")
        if is_finished(kept.store, masters=masters):  # else an interrupted rotation goes on
            masters.add(now=now)
        with progress(text("journal.rotate.progress")) as told:
            done = rotate(
                kept.store,
                masters=masters,
                journal_id=kept.store.identity,
                progress=lambda count: told(count, 0.0),
            )
        gone = retire(kept.store, masters=masters, now=now)
        old = list(masters.ages())[:-1]
    OUTPUT.print(
        text("journal.rotate.done", id=done.master_id, keys=f"{done.rewrapped:,}"), markup=False
    )
    _show_retired(gone, old=old)


def retire_keys(data: Path, *, store: str | None) -> None:
    """Remove the master keys that nothing needs any more."""
    settings = _with_master_file(data, store=store)
    with upkeep(settings, environment=os.environ) as kept:
        masters = FileMasters(settings.keys / "master.json")
        gone = retire(kept.store, masters=masters, now=wall_clock())
        old = list(masters.ages())[:-1]
    _show_retired(gone, old=old)


def _with_master_file(data: Path, *, store: str | None) -> Settings:
    settings = load_settings(data, given={"store": store})
    if settings.master_keys != "file":
        raise InvalidMastersError(
            "the master keys are in the environment: put the new one in front there and restart"
        )
    return settings


def _show_retired(gone: list[str], *, old: list[str]) -> None:
    OUTPUT.print(text("journal.retire.done", count=len(gone)), markup=False)
    if old:
        ERRORS.print(text("journal.retire.waiting", count=len(old)), markup=False)


def find(written: str, *, data: Path, store: str | None, as_json: bool) -> None:
    """Show the entries that hold a value, once all of the journal is indexed."""
    value = checked_value(written)
    settings = load_settings(data, given={"store": store})
    with upkeep(settings, environment=os.environ) as kept:
        head = max(kept.store.head().sequence, 1)
        with progress(text("journal.find.progress")) as told:
            result = look_up(
                kept, value, index_at_most=head, progress=lambda done: told(done, done / head)
            )
    if as_json:
        show_json(msgspec.to_builtins(result))
        return
    columns = [
        text("column.entry"),
        text("column.id"),
        text("column.kind"),
        text("column.recorded"),
        text("column.outcome"),
    ]
    rows = [[e.sequence, e.event_id, e.kind, e.recorded_at, e.outcome] for e in result.found]
    title = text("journal.find.title", count=f"{len(rows):,}", entries=f"{result.indexed:,}")
    show_table(title, columns, rows, left=5)
    if not result.complete:
        ERRORS.print(text("journal.find.more", count=f"{len(rows):,}"), markup=False)


def export(data: Path, target: Path) -> None:
    """Write the ledger for an auditor."""
    settings = load_settings(data)
    opened = open_for_reading(settings, environment=os.environ)
    try:
        verifier = ledger_signer(settings).verifier
        size = export_ledger(
            opened.reading,
            target,
            verifier=verifier,
            cosigned=kept_note(settings.cosigned, verifier=verifier),
        )
    finally:
        opened.close()
    OUTPUT.print(text("ledger.export.done", size=f"{size:,}", directory=target), markup=False)
