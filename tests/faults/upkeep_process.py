"""A process that does one piece of upkeep beside a running service, over and over, to be killed.

Run as a script: ``upkeep_process.py WORK DATA PLACE``. It says `ready` once everything is imported,
and `done` after each piece. WORK is backup.
"""

import os
import sys
from pathlib import Path

from fengkong.service.backups.creating import create_backup
from fengkong.service.clock import wall_clock
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


WORKS = {"backup": back_up}


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
