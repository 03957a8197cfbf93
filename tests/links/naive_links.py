"""What link features mean, in the plainest Python: every event kept, every graph made anew.

Nothing here is shared with the kernel but the words: no rings, no nodes that are kept, no
forgetting. For each feature of each event the whole graph is built from all events before it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fengkong.events.catalogue import Field
from fengkong.links.declarations import SHARING, LinkFeature, Measure

Entity = tuple[str, str]
HOPS_MAX = 4


class Happening(NamedTuple):
    """An event as the tests make it: fields without a value are missing."""

    time: int
    type: str
    values: dict[str, Any]
    holds: frozenset[str] = frozenset()


class Link(NamedTuple):
    """Two entities that stood in one event, the number of that event and its effective time."""

    one: Entity
    other: Entity
    time: int
    number: int


class Move(NamedTuple):
    """Money on its way; None is the outside."""

    payer: Entity | None
    payee: Entity | None
    amount: int
    time: int
    number: int


@dataclass(kw_only=True)
class Naive:
    """The link features of events taken one after the other."""

    features: list[LinkFeature]
    fields: dict[str, Field]
    default_types: tuple[str, ...]
    late_after: int
    hub_links: int
    linked_max: int
    newest: int = 0
    number: int = 0
    counted: list[tuple[int, Happening]] = field(default_factory=list)
    clocks: dict[object, int] = field(default_factory=dict)

    def take(self, event: Happening) -> list[float]:
        """Count one event; the features as it sees them."""
        late = event.time < self.newest - self.late_after
        self.newest = max(self.newest, event.time)
        touched = [(g, e) for f in self.features for g, e in self.touched(f, event)]
        known = [one for one in touched if one in self.clocks]
        time = max([event.time, self.newest - self.late_after, *(self.clocks[e] for e in known)])
        if not late:
            self.counted.append((time, event))
            known += [one for f in self.features for one in self.joined(f, event)]
        for one in known:
            self.clocks[one] = time
        return [self.value(feature, event, time - feature.last) for feature in self.features]

    # -- who stands where --------------------------------------------------------------------

    def graph(self, feature: LinkFeature) -> object:
        kinds = feature.event_types or self.default_types
        return (tuple(sorted(kinds)), feature.where, feature.entities, feature.payer is None)

    def entity(self, name: str, event: Happening) -> Entity | None:
        value = event.values.get(name)
        return None if value is None else (self.fields[name].entity or name, value)

    def touched(self, feature: LinkFeature, event: Happening) -> list[tuple[object, Entity]]:
        """Entities of an event that may already be known in a feature's graph."""
        names = [*feature.entities, *([feature.mark] if feature.mark else [])]
        found = [self.entity(name, event) for name in names]
        return [(self.graph(feature), entity) for entity in found if entity is not None]

    def counts(self, feature: LinkFeature, event: Happening) -> bool:
        right = event.type in (feature.event_types or self.default_types)
        return right and (feature.where is None or feature.where in event.holds)

    def joined(self, feature: LinkFeature, event: Happening) -> list[tuple[object, Entity]]:
        """Entities that an event makes known in a feature's graph."""
        found: list[Entity | None] = []
        if self.counts(feature, event):
            ends = [self.entity(name, event) for name in feature.entities]
            if feature.measure in SHARING:
                shared = [one for one in ends[1:] if one is not None]
                found += [ends[0], *shared] if ends[0] is not None and shared else []
            elif ends[0] != ends[1]:
                found += ends
        if feature.mark is not None and self.is_label(event):
            found.append(self.entity(feature.mark, event))
        return [(self.graph(feature), entity) for entity in found if entity is not None]

    @staticmethod
    def is_label(event: Happening) -> bool:
        return event.type == "label.confirmed" and event.values.get("is_fraud") is True

    # -- values ------------------------------------------------------------------------------

    def value(self, feature: LinkFeature, event: Happening, edge: int) -> float:
        subject = self.entity(feature.over, event)
        if subject is None:
            return math.nan
        default = math.nan if feature.default is None else feature.default
        if feature.measure in SHARING:
            return self.shared(feature, subject, edge, default)
        if feature.measure is Measure.CYCLE_HOPS:
            return self.cycle(feature, event, edge, default)
        moves = self.moves(feature)
        if feature.measure in (Measure.FAN_IN, Measure.FAN_OUT):
            inward = feature.measure is Measure.FAN_IN
            ends = [(m.payee, m.payer) if inward else (m.payer, m.payee) for m in moves]
            others = {
                b for (a, b), m in zip(ends, moves, strict=True) if a == subject and m.time > edge
            }
            return float(min(len(others - {None}), self.hub_links))
        if feature.measure is Measure.PASS_THROUGH_SECONDS:
            return self.pass_through(moves, subject, edge, default)
        return self.passed_share(moves, subject, edge, default)

    def shared(self, feature: LinkFeature, subject: Entity, edge: int, default: float) -> float:
        neighbours = self.neighbours(feature, edge)
        marked = self.marked(feature, edge)
        distance = {subject: 0}
        layer, hops, members = [subject], 0 if subject in marked else 99, 1
        direct, depth = 0, 0
        while layer:
            following = []
            for member in layer:
                around = neighbours.get(member, [])
                if member != subject and len(around) > self.hub_links:
                    continue
                for thing in around[: self.hub_links]:
                    if thing in distance:
                        continue
                    distance[thing] = depth + 1
                    for other in (
                        neighbours[thing] if len(neighbours[thing]) <= self.hub_links else []
                    ):
                        if other not in distance and members < self.linked_max:
                            distance[other] = depth + 2
                            members += 1
                            following.append(other)
            if depth == 0:
                direct = len(following)
            layer, depth = following, depth + 2
        hops = min([hops, *(far for entity, far in distance.items() if entity in marked)])
        if feature.measure is Measure.COMPONENT_SIZE:
            return float(members)
        if feature.measure is Measure.DEGREE:
            return float(direct)
        return float(hops) if hops <= HOPS_MAX else default

    def neighbours(self, feature: LinkFeature, edge: int) -> dict[Entity, list[Entity]]:
        """The living neighbours of every entity, the newest first."""
        links: list[Link] = []
        for number, (time, event) in enumerate(self.counted):
            member = self.entity(feature.over, event)
            if member is None or not self.counts(feature, event):
                continue
            for place, name in enumerate(feature.by):
                thing = self.entity(name, event)
                if thing is not None and time > edge:
                    links.append(Link(member, thing, time, 100 * number + place))
        around: dict[Entity, dict[Entity, int]] = {}
        for link in links:
            around.setdefault(link.one, {})[link.other] = link.number
            around.setdefault(link.other, {})[link.one] = link.number
        return {e: sorted(near, key=lambda x: -near[x]) for e, near in around.items()}

    def marked(self, feature: LinkFeature, edge: int) -> set[Entity]:
        if feature.mark is None:
            return set()
        labels = [e for time, e in self.counted if time > edge and self.is_label(e)]
        return {one for e in labels if (one := self.entity(feature.mark, e)) is not None}

    # -- money -------------------------------------------------------------------------------

    def moves(self, feature: LinkFeature) -> list[Move]:
        """All movements of money, oldest first."""
        found = []
        for number, (time, event) in enumerate(self.counted):
            if self.counts(feature, event):
                payer = self.entity(feature.payer, event)
                payee = self.entity(feature.payee, event)
                amount = event.values.get(feature.argument or "amount") or 0
                if payer != payee:
                    found.append(Move(payer, payee, amount, time, number))
        return found

    def newest_of(self, moves: list[Move], account: Entity, edge: int) -> list[Move]:
        """The newest movements of an account that are alive, the newest first."""
        own = [m for m in moves if account in (m.payer, m.payee)]
        return [m for m in own[::-1][: self.hub_links] if m.time > edge]

    def pass_through(self, moves: list[Move], subject: Entity, edge: int, default: float) -> float:
        out = [m for m in moves if m.payer == subject]
        before = [m for m in moves if out and m.payee == subject and m.number < out[-1].number]
        if not before or before[-1].time <= edge:
            return default
        return (out[-1].time - before[-1].time) / 1_000_000

    def passed_share(self, moves: list[Move], subject: Entity, edge: int, default: float) -> float:
        received = held = passed = 0
        for move in reversed(self.newest_of(moves, subject, edge)):
            if move.payee == subject:
                received, held = received + move.amount, held + move.amount
            else:
                passed += min(held, move.amount)
                held -= min(held, move.amount)
        return passed / received if received else default

    def cycle(self, feature: LinkFeature, event: Happening, edge: int, default: float) -> float:
        payer, payee = self.entity(feature.payer, event), self.entity(feature.payee, event)
        if payer is None or payee is None:
            return math.nan
        if not self.counts(feature, event) or payer == payee:
            return default
        moves = self.moves(feature)
        first = [m for m in self.newest_of(moves, payee, edge) if m.payer == payee and m.payee]
        last = [m for m in self.newest_of(moves, payer, edge) if m.payee == payer and m.payer]
        lengths = [2.0] if any(m.payer == payee for m in last) else []
        for one in first:
            for end in last:
                middle = self.middle(moves, one, end, edge, ends=(payer, payee))
                lengths += [middle] if middle else []
        return min(lengths, default=default)

    def middle(
        self, moves: list[Move], one: Move, end: Move, edge: int, *, ends: tuple[Entity, Entity]
    ) -> float:
        """3 or 4 if a chain leads from one movement to another, which come first and last."""
        between = {one.payee, end.payer}
        if between & set(ends) or any(self.is_hub(moves, account, edge) for account in between):
            return 0.0
        if one.payee == end.payer:
            return 3.0 if one.number < end.number else 0.0
        hops = [
            m
            for m in moves
            if (m.payer, m.payee) == (one.payee, end.payer)
            and m.time > edge
            and one.number < m.number < end.number
        ]
        return 4.0 if hops else 0.0

    def is_hub(self, moves: list[Move], account: Entity | None, edge: int) -> bool:
        own = [m for m in moves if account in (m.payer, m.payee) and m.time > edge]
        return len(own) > self.hub_links
