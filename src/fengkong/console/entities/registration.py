"""What entities tell the other parts of the console when Django starts."""

from __future__ import annotations

from fengkong.console.audit.guard import unrecorded
from fengkong.console.entities.taking import forget_index, take_entities
from fengkong.console.journaled.intake import also_forgotten_by, also_taken_by


def register() -> None:
    """Once, when Django starts."""
    also_taken_by(take_entities)
    also_forgotten_by(forget_index)
    unrecorded(
        {
            f"entities_{table}": "the index of entities: made from the journal, and made again"
            for table in ("entity", "seen", "link", "flow")
        }
    )
