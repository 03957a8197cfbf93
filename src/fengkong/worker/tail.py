"""The tail: reads the journal by sequence and fills the console's read model, batch by batch.

It needs a started Django. Its only memory is the cursor in the database, which moves in the
transaction that writes what was read: it may be ended anywhere and begins again where it was.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fengkong.console.journaled.intake import position, take_in
from fengkong.console.journaled.models import Activation
from fengkong.console.journaled.parts import running_at
from fengkong.journal.history import History
from fengkong.journal.parts import CANARY
from fengkong.worker.entries import Known, seen_of

BATCH: Final = 2_000
"""Entries of one transaction: a tenth of a second or two, for which others may have to wait."""


class Tail:
    """Follows one journal into the read model."""

    def __init__(self, history: History) -> None:
        """Raises ForeignReadModelError where the read model is of another journal."""
        self._history = history
        self._after = position(history.reading.identity.hex())
        _keep_shares(history)
        self._known = Known(
            {
                hashed: (name, version or 0)
                for hashed, name, version in Activation.objects.values_list(
                    "policy_hash", "policy", "policy_version"
                )
            },
            running_at(self._after),
        )

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
        known = replace(self._known)  # what was not taken in was not learned either
        seen = seen_of(entries, after=self._after, history=self._history, known=known)
        take_in(seen)
        self._after, self._known = seen.upto, known
        return len(entries)


def _keep_shares(history: History) -> None:
    """Take the shares of canaries from the journal that the read model did not keep at first."""
    missing = Activation.objects.filter(role=CANARY, share=None).exclude(policy_hash="")
    for sequence in list(missing.values_list("sequence", flat=True)):
        entry = history.reading.entry(sequence)
        assert entry is not None, "it was read from this journal"
        said = history.activation(entry)
        Activation.objects.filter(sequence=sequence).update(share=said.share, by=said.by or "")
