"""The picture of a neighbourhood with what is known of those in it, and its table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef

from fengkong.console.entities import drawing
from fengkong.console.entities.naming import Named, named
from fengkong.console.entities.panels import alerted
from fengkong.console.entities.queries import hour
from fengkong.console.entities.walking import Neighbourhood
from fengkong.console.journaled.models import Decision, Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An entity of the picture: `degree` are its links there, `marks` what is known of it."""

    key: int
    named: Named
    place: drawing.Place
    hops: int
    degree: int
    is_focus: bool
    is_hub: bool
    is_fraud: bool
    alerts: int
    labelled: bool
    key_is_opened: bool
    first: datetime | None
    newest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Nodes and lines; the hours are those of the oldest and the newest link."""

    nodes: Sequence[Node]
    lines: Sequence[drawing.Line]
    more: bool
    first_h: int
    newest_h: int

    @property
    def is_alone(self) -> bool:
        """Whether nothing is linked."""
        return len(self.nodes) <= 1

    @property
    def is_dense(self) -> bool:
        """Whether there are so many that they are drawn small."""
        return len(self.nodes) > drawing.MANY


def picture_of(found: Neighbourhood, *, focus: int, opened: Collection[str] = ()) -> Picture:
    """A neighbourhood drawn; `opened` are entities from which it was walked on."""
    spots = drawing.positions(found)
    names = named(list(found.hops))
    lines = drawing.lines(found, spots)
    nodes = _nodes(found, spots=spots, names=names, focus=focus, opened=opened)
    return Picture(
        nodes=nodes,
        lines=lines,
        more=found.more,
        first_h=min((line.first_h for line in lines), default=0),
        newest_h=max((line.newest_h for line in lines), default=0),
    )


def _nodes(
    found: Neighbourhood,
    *,
    spots: Mapping[int, tuple[float, float]],
    names: Mapping[int, Named],
    focus: int,
    opened: Collection[str],
) -> list[Node]:
    degrees: Counter[int] = Counter()
    hours: dict[int, tuple[int, int]] = {}
    for edge in found.edges:
        for key in (edge.subject, edge.entity):
            degrees[key] += 1
            first, newest = hours.get(key, (edge.first_h, edge.newest_h))
            hours[key] = (min(first, edge.first_h), max(newest, edge.newest_h))
    subjects = {names[edge.subject].entity for edge in found.edges if edge.subject in names}
    fraud, alerts = fraudulent(subjects), alerted(subjects)
    count = len(found.hops)
    nodes = []
    for key, hops in found.hops.items():
        name = names.get(key)
        if name is None:
            continue
        size = drawing.radius_of(count, is_focus=key == focus)
        spoken = hours.get(key)
        nodes.append(
            Node(
                key=key,
                named=name,
                place=drawing.Place(x=spots[key][0], y=spots[key][1], radius=size),
                hops=hops,
                degree=degrees[key],
                is_focus=key == focus,
                is_hub=key in found.hubs,
                is_fraud=name.entity in fraud,
                alerts=alerts.get(name.entity, 0),
                key_is_opened=name.entity in opened,
                labelled=count <= drawing.LABELLED_MAX or key == focus,
                first=None if spoken is None else hour(spoken[0]),
                newest=None if spoken is None else hour(spoken[1]),
            )
        )
    return nodes


def fraudulent(subjects: set[str]) -> set[str]:
    """Those of some subjects about whose events fraud was confirmed."""
    if not subjects:
        return set()
    # Asked of each decision: a list of all labels would first be made of a million decisions'.
    label = Label.objects.filter(is_fraud=True, event_id=OuterRef("event_id"))
    rows = Decision.objects.filter(Exists(label), subject__in=subjects)
    return set(rows.order_by().values_list("subject", flat=True).distinct())
