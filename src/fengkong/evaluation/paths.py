"""Linked paths as people read them: who is linked with a fraud, over what, by masked names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from fengkong.core.hashing import hash_series
from fengkong.decisions.policy import Policy
from fengkong.decisions.state import State
from fengkong.evaluation.explained import LinkShown, PathShown
from fengkong.evaluation.masking import Masking, masked_names, masked_value
from fengkong.events.columns import EventColumns
from fengkong.links.declarations import Measure
from fengkong.links.plan import space
from fengkong.links.trails import Linked, trail

NAMES_MAX: Final = 5_000_000
"""Names that are remembered to be shown; later ones are shown by their hash."""


class Names:
    """The names behind the hashes of a policy's links, as far as they were learned."""

    def __init__(self, policy: Policy) -> None:
        fields = policy.catalogue.fields
        hops = [one for one in policy.links if one.measure is Measure.HOPS_TO_FRAUD]
        self.features = tuple(one.name for one in hops)
        names = {name for one in hops for name in (*one.entities, one.mark) if name}
        self._spaces = {name: space(fields[name]) for name in sorted(names)}
        self._known: dict[tuple[int, int], str] = {}

    def learn(self, columns: EventColumns) -> None:
        """Remember the names of these events."""
        for name in self._spaces:
            column = columns.values.get(name)
            if not isinstance(column, pl.Series) or len(self._known) >= NAMES_MAX:
                continue
            texts = column.unique().drop_nulls().cast(pl.String)
            keys = hash_series(texts).tolist()
            self._known.update(
                zip(((low, high) for low, high in keys), texts.to_list(), strict=True)
            )

    def paths(self, policy: Policy, state: State, *, masking: Masking) -> tuple[PathShown, ...]:
        """The way to a fraud of every feature that found one for the event counted last, alone."""
        if state.links is None:
            return ()
        hidden = masked_names(policy, masking=masking)
        masked = {kind for name, kind in self._spaces.items() if name in hidden}
        found = [(name, trail(state.links, name)) for name in self.features]
        return tuple(
            PathShown(name=name, links=tuple(self._shown(way, masked=masked)))
            for name, way in found
            if way
        )

    def _shown(self, way: tuple[Linked, ...], *, masked: set[str]) -> Iterator[LinkShown]:
        for kind, key in way:
            name = self._known.get(key)
            if name is None:
                yield LinkShown(entity=kind, name=f"#{key[0] >> 40:06x}", masked=True)
            elif kind in masked:
                yield LinkShown(entity=kind, name=str(masked_value(name)), masked=True)
            else:
                yield LinkShown(entity=kind, name=name, masked=False)
