"""A process that does one piece of upkeep beside a running service, over and over, to be killed.

Run as a script: ``upkeep_process.py WORK DATA PLACE``. It says `ready` once everything is imported,
and `done` after each piece. WORK is
backup, restore, archive or rotation.
"""

import os
import sys
import time
from pathlib import Path

from fengkong.journal.archive import ArchiveFolder
from fengkong.journal.archiving import archive, bring_back
from fengkong.protection.masters import FileMasters
from fengkong.protection.rotation import is_finished, retire, rotate
from fengkong.service.backups.checking import keys_of_backup
from fengkong.service.backups.creating import create_backup
from fengkong.service.backups.restoring import restore_backup
from fengkong.service.clock import wall_clock
from fengkong.service.opening import upkeep
from fengkong.service.settings import load_settings


def back_up(data: Path, place: Path) -> None:
    number = 0
    while (place / f"backup-{number}").exists():
        number += 1
    create_backup(
        load_settings(data),
        place / f"backup-{number}",
        keys=None,
        environment=os.environ,
        now=wall_clock(),
        progress=lambda _stage, _part: None,
    )


def put_back(data: Path, place: Path) -> None:
    """Restore the one backup there is, to a new directory each time."""
    number = 0
    while (place / f"restored-{number}").exists():
        number += 1
    restore_backup(
        place / "backup-0",
        place / f"restored-{number}",
        keys=keys_of_backup(place / "backup-0", keys=None, environment=os.environ),
        key_folder=place / "backup-0" / "keys",
        store=None,
        progress=lambda _stage, _part: None,
    )


def move(data: Path, place: Path) -> None:
    """Archive everything that is signed, and every second time bring everything back."""
    settings = load_settings(data)
    folder = ArchiveFolder(settings.archive)
    with upkeep(settings, environment=os.environ) as kept:
        archive(kept.store, folder, before=FOREVER)
        if folder.files() and time.time_ns() & 1024:
            bring_back(kept.store, folder, days=None)


def rotate_masters(data: Path, place: Path) -> None:
    """Put everything under a new master key; one that was cut off goes on."""
    settings = load_settings(data)
    with upkeep(settings, environment=os.environ) as kept:
        masters = FileMasters(settings.keys / "master.json")
        if is_finished(kept.store, masters=masters):
            masters.add(now=wall_clock())
        rotate(kept.store, masters=masters, journal_id=kept.store.identity)
        # An hour has to pass before an old one may go.
        retire(kept.store, masters=masters, now=wall_clock())


FOREVER = 10**17
WORKS = {"backup": back_up, "archive": move, "rotation": rotate_masters, "restore": put_back}


def main() -> None:
    work, data, place = WORKS[sys.argv[1]], Path(sys.argv[2]), Path(sys.argv[3])
    say("ready")
    while True:
        work(data, place)
        say("done")


def say(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
