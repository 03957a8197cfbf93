"""How many live streams one process holds at the same time: each keeps a thread."""

from __future__ import annotations

import threading
from typing import Final

STREAMS_MAX: Final = 16
OF_ONE_OPERATOR_MAX: Final = 3


class Places:
    """Places for streams, so many in all and so many for one operator."""

    def __init__(self, *, in_all: int = STREAMS_MAX, of_one: int = OF_ONE_OPERATOR_MAX) -> None:
        self._in_all, self._of_one = in_all, of_one
        self._taken: dict[int, int] = {}
        self._turn = threading.Lock()

    def take(self, operator: int) -> bool:
        """Take a place, False where none is free."""
        with self._turn:
            own = self._taken.get(operator, 0)
            if own >= self._of_one or sum(self._taken.values()) >= self._in_all:
                return False
            self._taken[operator] = own + 1
            return True

    def give_back(self, operator: int) -> None:
        """Give a place back."""
        with self._turn:
            left = self._taken[operator] - 1
            if left:
                self._taken[operator] = left
            else:
                del self._taken[operator]

    @property
    def taken(self) -> int:
        """How many are taken."""
        with self._turn:
            return sum(self._taken.values())


PLACES: Final = Places()
"""Those of this process."""
