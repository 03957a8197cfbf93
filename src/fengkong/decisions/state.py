"""What a policy remembers between events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fengkong.features.state import WindowState
from fengkong.rules.lists import ListState


@dataclass(slots=True)
class State:
    """Everything that earlier events left behind: windows, lists, words of text features."""

    windows: WindowState
    lists: ListState
    words: dict[float, str]

    def save(self) -> dict[str, Any]:
        """Arrays (`windows`) and plain data from which `Engine.restore` makes the same state."""
        return {
            "windows": self.windows.save(),
            "lists": self.lists.save(),
            "words": [[cell, word] for cell, word in self.words.items()],
        }
