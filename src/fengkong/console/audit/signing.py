"""The key that signs the desk's ledger, and the name of that ledger.

The key is the console's own, beside the service's in `keys/`. Its name names the ledger: a random
number made with it, so that no two ledgers are taken for one another.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from fengkong.ledger.notes import Signer
from fengkong.protection.guarded_files import create_guarded, read_guarded

FILE_NAME: Final = "console-ledger.key"
ORIGIN: Final = "fengkong-console/"


def audit_signer(keys: Path) -> Signer:
    """The key of a data directory, made where there is none."""
    place = keys / FILE_NAME
    if not place.exists():
        new = Signer.of_seed(name=ORIGIN + os.urandom(8).hex(), seed=os.urandom(32))
        with suppress(FileExistsError):  # another process was first
            create_guarded(place, new.skey().encode() + b"\n")
    content, _ = read_guarded(place)
    return Signer.parse(content.decode(errors="replace"))
