"""What a policy remembers between events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fengkong.features.state import WindowState
from fengkong.links.state import LinkState
from fengkong.rules.lists import ListState


@dataclass(slots=True)
class State:
    """Everything that earlier events left behind: windows, lists, words of text features, links.

    `links` is None where a policy has no link features.
    """

    windows: WindowState
    lists: ListState
    words: dict[float, str]
    links: LinkState | None = None

    @property
    def size_bytes(self) -> int:
        """Memory of windows and links."""
        return self.windows.size_bytes + self.windows.beside_bytes

    def save(self) -> dict[str, Any]:
        """Arrays (`windows`) and plain data from which `Engine.restore` makes the same state."""
        links = {} if self.links is None else self.links.save()
        return {
            "windows": self.windows.save() | links,
            "lists": self.lists.save(),
            "words": [[cell, word] for cell, word in self.words.items()],
        }
