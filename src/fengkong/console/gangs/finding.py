"""Finds gangs as decisions come, a bounded step at a time, and keeps those it found up to date.

A step takes the subjects of the next decisions as seeds, looks for the ties around them, and makes
a gang of every component of at least `MEMBERS_LEAST`. A component that holds members of known
gangs is the one of them with the most members in it; the others are merged into it. A gang whose
members no longer hold together has fallen apart. Gangs that no decision touched are looked at
again after a day, since ties grow old.

The time is that of the decisions, not of a clock: the same decisions give the same gangs, however
the steps were cut (the ids aside).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import rustworkx
from django.db import transaction
from django.utils import timezone

from fengkong.console.entities.queries import hour
from fengkong.console.entities.taking import key_of
from fengkong.console.gangs.figures import Figures, History, figures_of, histories_of
from fengkong.console.gangs.models import Gang, Member, Search
from fengkong.console.gangs.ties import GROUP_MAX, Tie, ties_around
from fengkong.console.journaled.models import Decision
from fengkong.console.outbox.models import Job

WINDOW: Final = timedelta(days=30)
GROWN: Final = timedelta(days=7)
MEMBERS_LEAST: Final = 3
MEMBERS_MAX: Final = GROUP_MAX
DECISIONS_A_STEP: Final = 2_000
BUDGET_S: Final = 5.0
ROUNDS_MAX: Final = 4
"""Rounds in which the members of gangs that were reached are looked around too."""
STALE: Final = timedelta(days=1)
STALE_A_STEP: Final = 20
_HOUR_S: Final = 3_600
_KEPT: Final = (
    *("gang", "joined_h", "entity", "decisions", "since", "moved_minor", "stopped_minor"),
    "is_fraud",
)


@dataclass(frozen=True, slots=True)
class Component:
    """Subjects that ties hold together, each with the hour of its first tie."""

    joined: dict[int, int]
    ties: Counter[str]
    cut: bool


def find_gangs(_job: Job) -> None:
    """The job: steps until everything was looked through, or its time is over."""
    end = time.monotonic() + BUDGET_S
    while step() and time.monotonic() < end:
        pass
    look_again()


def step() -> bool:
    """Look through the next decisions; whether there may be more."""
    with transaction.atomic():
        search, _ = Search.objects.get_or_create(
            pk=1, defaults={"sequence": 0, "at": timezone.now()}
        )
        rows = list(
            Decision.objects.filter(sequence__gt=search.sequence)
            .order_by("sequence")
            .values_list("sequence", "subject")[:DECISIONS_A_STEP]
        )
        if rows:
            seeds = {key_of(bytes.fromhex(subject)) for _, subject in rows if subject}
            update(seeds)
            search.sequence, search.at = rows[-1][0], timezone.now()
            search.save()
    return len(rows) == DECISIONS_A_STEP


def look_again() -> None:
    """Look at the gangs that were not looked at for longest."""
    with transaction.atomic():
        stale = Gang.objects.filter(
            state__in=(Gang.State.OPEN, Gang.State.DISPOSED),
            checked_at__lt=timezone.now() - STALE,
        ).order_by("checked_at")[:STALE_A_STEP]
        members = Member.objects.filter(gang__in=[gang.pk for gang in stale])
        seeds = set(members.values_list("key", flat=True))
        if seeds:
            update(seeds)


def update(seeds: Collection[int]) -> None:
    """Find the gangs around some subjects, and what became of those they were in."""
    now = newest_instant()
    if now is None or not seeds:
        return
    since_h = int((now - WINDOW).timestamp()) // _HOUR_S
    around, touched = set(seeds), set(_gangs_of(seeds))
    found: list[Component] = []
    for _ in range(ROUNDS_MAX):
        members = Member.objects.filter(gang__in=touched).values_list("key", flat=True)
        around |= set(members)
        found = components(ties_around(around, since_h=since_h))
        more = {gang for component in found for gang in _gangs_of(component.joined)} - touched
        if not more:
            break
        touched |= more
    _write(found, touched=touched, now=now)


def components(ties: Iterable[Tie]) -> list[Component]:
    """What ties hold together, of at least `MEMBERS_LEAST`; of too many those who came first."""
    listed = sorted(ties)
    keys = sorted({end for tie in listed for end in (tie.one, tie.other)})
    number = {key: at for at, key in enumerate(keys)}
    graph: rustworkx.PyGraph[int, None] = rustworkx.PyGraph(multigraph=False)
    graph.add_nodes_from(keys)
    graph.add_edges_from_no_data([(number[tie.one], number[tie.other]) for tie in listed])
    of: dict[int, int] = {}
    groups = sorted(sorted(keys[at] for at in group) for group in _groups(graph))
    for place, group in enumerate(groups):
        of |= dict.fromkeys(group, place)
    joined: list[dict[int, int]] = [{} for _ in groups]
    held: list[Counter[str]] = [Counter() for _ in groups]
    for tie in listed:
        place = of[tie.one]
        held[place][tie.by] += 1
        for end in (tie.one, tie.other):
            joined[place][end] = min(joined[place].get(end, tie.since_h), tie.since_h)
    return [
        Component(_first(joined[place]), held[place], cut=len(group) > MEMBERS_MAX)
        for place, group in enumerate(groups)
        if len(group) >= MEMBERS_LEAST
    ]


def _groups(graph: rustworkx.PyGraph[int, None]) -> Sequence[set[int]]:
    return rustworkx.connected_components(graph)


def _first(joined: dict[int, int]) -> dict[int, int]:
    order = sorted(joined, key=lambda key: (joined[key], key))
    return {key: joined[key] for key in order[:MEMBERS_MAX]}


def newest_instant() -> datetime | None:
    """When the newest decision's event occurred."""
    newest = Decision.objects.order_by("-occurred_at", "-sequence")
    return newest.values_list("occurred_at", flat=True).first()


def _gangs_of(keys: Iterable[int]) -> Counter[int]:
    return Counter(Member.objects.filter(key__in=list(keys)).values_list("gang_id", flat=True))


def _write(found: Sequence[Component], *, touched: set[int], now: datetime) -> None:
    """Every component becomes a gang: that of most of its members, else a new one."""
    known = {gang.pk: gang for gang in Gang.objects.select_for_update().filter(pk__in=touched)}
    claims: dict[int, tuple[int, int]] = {}
    holders = [_gangs_of(component.joined) for component in found]
    for at, counted in enumerate(holders):
        for number, count in counted.items():
            claims[number] = max(claims.get(number, (0, 0)), (count, -at))
    followed: dict[int, int] = {}
    Member.objects.filter(gang__in=touched).delete()
    for at, (component, counted) in enumerate(zip(found, holders, strict=True)):
        mine = [number for number in counted if claims[number][1] == -at]
        kept = min(mine, key=lambda one: (-counted[one], one), default=None)
        gang = _save(known.get(kept) if kept else None, component, now=now)
        followed |= dict.fromkeys(mine, gang.pk)
    for number, old in known.items():
        if number not in followed:
            _end(old, Gang.State.DISSOLVED)
        elif followed[number] != number:
            old.merged_into_id = followed[number]
            _end(old, Gang.State.MERGED)


def _save(gang: Gang | None, component: Component, *, now: datetime) -> Gang:
    keys = list(component.joined)
    figures = figures_of(keys, now=now, window=WINDOW)
    hours = component.joined.values()
    newest = figures.newest or hour(max(hours))
    recent_h = int((newest - GROWN).timestamp()) // _HOUR_S
    grown = sum(joined > recent_h for joined in hours)
    if gang is None:
        gang = Gang(found_at=timezone.now())
    elif gang.state != Gang.State.DISPOSED:
        gang.state = Gang.State.OPEN
    gang.members, gang.grown, gang.cut = len(keys), grown, component.cut
    _put(gang, figures)
    gang.ties = dict(sorted(component.ties.items()))
    gang.first_at, gang.newest_at = hour(min(hours)), newest
    gang.rank = figures.exposure_minor * (1 + grown / len(keys))
    gang.checked_at = timezone.now()
    gang.save()
    _put_members(gang, component, figures, since=now - WINDOW)
    return gang


def _put_members(gang: Gang, component: Component, figures: Figures, *, since: datetime) -> None:
    histories = histories_of(figures.blinds.values(), currency=gang.currency, since=since)
    members = []
    for key, joined in component.joined.items():
        entity = figures.blinds.get(key, "")
        known = histories.get(entity, History())
        members.append(
            Member(
                key=key,
                gang=gang,
                joined_h=joined,
                entity=entity,
                decisions=known.decisions,
                since=known.since,
                moved_minor=known.moved_minor,
                stopped_minor=known.stopped_minor,
                is_fraud=entity in figures.frauds,
            )
        )
    Member.objects.bulk_create(
        members, update_conflicts=True, unique_fields=("key",), update_fields=_KEPT
    )


def _put(gang: Gang, figures: Figures) -> None:
    gang.exposure_minor, gang.stopped_minor = figures.exposure_minor, figures.stopped_minor
    gang.currency = figures.currency
    gang.frauds, gang.alerts = len(figures.frauds), figures.alerts


def _end(gang: Gang, state: Gang.State) -> None:
    gang.state = state
    gang.members = gang.grown = gang.frauds = gang.alerts = 0
    gang.exposure_minor = gang.stopped_minor = 0
    gang.rank = 0.0
    gang.checked_at = timezone.now()
    gang.save()


def forget_gangs() -> None:
    """Empty what was found, for it to be found again with the read model; judged gangs stay."""
    Member.objects.all().delete()
    Search.objects.all().delete()
