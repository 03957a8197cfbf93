"""What the worker does for the ledger again and again: sign what is new, verify all of it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from fengkong.console.audit.recording import SYSTEM
from fengkong.console.audit.tree import MissingEntriesError, sign_checkpoint
from fengkong.console.audit.verification import verify_all

if TYPE_CHECKING:
    from fengkong.console.outbox.models import Job

SIGN_EVERY_S: Final = 300
VERIFY_EVERY_S: Final = 86_400
_LOG: Final = logging.getLogger(__name__)


def sign(_job: Job) -> None:
    """Sign what no checkpoint covers; a ledger with a gap is not signed, and said to be so."""
    try:
        sign_checkpoint()
    except MissingEntriesError as error:
        _LOG.critical("the desk's ledger is not signed: %s", error)


def verify(_job: Job) -> None:
    """Verify the whole ledger; what is wrong is an alert of those who watch over staff."""
    found = verify_all(SYSTEM)
    if found.finding:
        _LOG.critical("the desk's ledger is broken: %s at entry %s", found.finding, found.entry)
