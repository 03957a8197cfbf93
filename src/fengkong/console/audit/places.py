"""Where the desk's checkpoints are kept too: beside those of the service, outside of the data.

Each second place of the service has a place `console` under it. Whoever puts an older console.db
back does not hold that place.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fengkong.events.documents import load_document
from fengkong.journal.second_place import SecondPlace, second_place

SERVICE_FILE: Final = "service.yaml"
UNDER: Final = "console"


def audit_places(data: Path) -> list[SecondPlace]:
    """The second places of a data directory, for the desk's own checkpoints."""
    return [second_place(_under(text)) for text in _named(data)]


def _named(data: Path) -> list[str]:
    """What the service's own file names; a sibling of the data directory where it names none."""
    path = data / SERVICE_FILE
    named: object = None
    if path.is_file():
        document = load_document(path.read_text(encoding="utf-8"), source=str(path))
        if isinstance(document.data, dict):
            named = document.data.get("second_places")
    texts = [named] if isinstance(named, str) else named
    if not isinstance(texts, list) or not texts:
        whole = data.resolve()
        return [str(whole.with_name(whole.name + ".checkpoints"))]
    return [str(text) for text in texts]


def _under(text: str) -> str:
    return f"{text.rstrip('/')}/{UNDER}" if "://" in text else str(Path(text) / UNDER)
