"""The tail: reads the journal by sequence and fills the console's read model, batch by batch.

It needs a started Django. Its only memory is the cursor in the database, which moves in the
transaction that writes what was read: it may be ended anywhere and begins again where it was.
"""

from __future__ import annotations

from typing import Final

from fengkong.console.journaled.intake import position, take_in
from fengkong.console.journaled.models import Activation
from fengkong.journal.history import History
from fengkong.worker.entries import seen_of

BATCH: Final = 2_000
"""Entries of one transaction: a tenth of a second or two, for which others may have to wait."""


class Tail:
    """Follows one journal into the read model."""

    def __init__(self, history: History) -> None:
        """Raises ForeignReadModelError where the read model is of another journal."""
        self._history = history
        self._after = position(history.reading.identity.hex())
        self._names = {
            hashed: (name, version or 0)
            for hashed, name, version in Activation.objects.values_list(
                "policy_hash", "policy", "policy_version"
            )
        }

    @property
    def after(self) -> int:
        """The last entry that was taken in."""
        return self._after

    def step(self) -> int:
        """Take in the next entries; how many there were, 0 at the journal's end.

        Raises MovedCursorError where another tail was faster, and what reading the journal raises.
        """
        entries = self._history.reading.read(after=self._after, limit=BATCH)
        if not entries:
            return 0
        seen = seen_of(entries, after=self._after, history=self._history, names=self._names)
        take_in(seen)
        self._after = seen.upto
        return len(entries)
