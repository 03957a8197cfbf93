"""Where the journal of the console's data directory is: as the service's own settings say."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fengkong.events.documents import load_document
from fengkong.journal.opening import JournalPlace

SERVICE_FILE: Final = "service.yaml"
"""The service checks it; here two of its settings are read."""


def journal_place(directory: Path) -> JournalPlace:
    """The journal beside the console."""
    path = directory / SERVICE_FILE
    if not path.is_file():
        return JournalPlace(directory=directory)
    data = load_document(path.read_text(encoding="utf-8"), source=str(path)).data
    said = data if isinstance(data, dict) else {}
    return JournalPlace(
        directory=directory,
        store=str(said.get("store", "sqlite")),
        master_keys=str(said.get("master_keys", "file")),
    )
