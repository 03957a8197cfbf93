"""What ties members of a gang: what they share, and money that they pass on to each other.

Two subjects are tied who both used the same account, card, device, phone, mail address or identity
number as their own, unless it is a hub (more than `HUB_LINKS` links). And a subject is tied to the
owner of an account to which they passed money on: within 48 hours before the payment at least half
of its amount had come in, and from when that came until 48 hours after the last of it, about as
much went out of the account as came. Who only pays in (a victim) is not tied by that. An account
into or out of which more than `FLOWS_MAX` movements go is a hub and ties nobody.

Ties are looked for from seeds outwards, over so many rounds and so many subjects and no more;
nobody looks on from a group that is larger than `GROUP_MAX` already.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from django.db import connection

from fengkong.console.entities.kinds import FIELD_NUMBERS, FIELDS
from fengkong.console.entities.walking import HUB_LINKS, Row, links_of_many

SHARED: Final = ("account", "card", "device", "phone", "email", "id_number")
"""Fields that tie those whose own they are."""
PASSED_ON: Final = "passed_on"
"""The name of the tie by money."""
PASSING_S: Final = 48 * 3_600
PASSED_SHARE: Final = 0.5
THROUGH_LEAST: Final = 0.5
THROUGH_MOST: Final = 2.0
"""How much goes out of an account through which money only passes, as a share of what came."""
FLOWS_MAX: Final = 200
OWNERS_MAX: Final = 3
ROUNDS_MAX: Final = 12
SUBJECTS_MAX: Final = 20_000
GROUP_MAX: Final = 10_000
_SOME: Final = 200
_HOUR_S: Final = 3_600
_SHARED_NUMBERS: Final = frozenset(FIELD_NUMBERS[name] for name in SHARED)
_ACCOUNT: Final = FIELD_NUMBERS["account"]
_FLOWS: Final = (
    "SELECT * FROM (SELECT payer, occurred_s, sequence, payee, amount_minor FROM entities_flow"
    " WHERE {side} = %s AND occurred_s >= %s ORDER BY occurred_s DESC, sequence DESC LIMIT %s)"
    " AS newest"
)

Flow = tuple[int, int, int, int, int]
"""Payer, time in seconds, sequence, payee, amount."""


@dataclass(frozen=True, slots=True, order=True)
class Tie:
    """Two subjects (the smaller key first), by what, and since which hour."""

    one: int
    other: int
    by: str
    since_h: int


def ties_around(seeds: Collection[int], *, since_h: int) -> set[Tie]:
    """Every tie that can be reached from some subjects, over links used since an hour."""
    ties: set[Tie] = set()
    groups = _Groups()
    seen = set(seeds)
    frontier = sorted(seen)
    for _ in range(ROUNDS_MAX):
        new = _ties_of(frontier, since_h=since_h) - ties
        ties |= new
        for tie in new:
            groups.join(tie.one, tie.other)
        reached = {end for tie in new for end in (tie.one, tie.other)} - seen
        small = sorted(key for key in reached if groups.size(key) <= GROUP_MAX)
        frontier = small[: max(0, SUBJECTS_MAX - len(seen))]
        seen |= reached
        if not frontier:
            break
    return ties


class _Groups:
    """Who was found to belong together so far, and how many they are."""

    def __init__(self) -> None:
        self._above: dict[int, int] = {}
        self._sizes: dict[int, int] = {}

    def join(self, one: int, other: int) -> None:
        """These two belong together."""
        low, high = sorted((self._top(one), self._top(other)), key=self.size)
        if low != high:
            self._above[low] = high
            self._sizes[high] = self.size(high) + self.size(low)

    def size(self, key: int) -> int:
        """How many belong together with one, itself included."""
        return self._sizes.get(self._top(key), 1)

    def _top(self, key: int) -> int:
        while (above := self._above.get(key, key)) != key:
            self._above[key] = self._above.get(above, above)
            key = above
        return key


def _ties_of(subjects: Collection[int], *, since_h: int) -> set[Tie]:
    own = {key: rows for key, rows in _own_links(subjects, since_h=since_h).items() if rows}
    return {*_by_sharing(own, since_h=since_h), *_by_passing_on(subjects, own, since_h=since_h)}


def _own_links(subjects: Collection[int], *, since_h: int) -> dict[int, list[Row]]:
    """What subjects used as their own."""
    found: dict[int, list[Row]] = {key: [] for key in subjects}
    keys, numbers = list(found), sorted(_SHARED_NUMBERS)
    for at in range(0, len(keys), _SOME):
        some = keys[at : at + _SOME]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT subject, entity, field, first_h, newest_h FROM entities_link"  # noqa: S608
                f" WHERE subject IN ({_marks(some)}) AND field IN ({_marks(numbers)})"
                " AND newest_h >= %s",
                [*some, *numbers, since_h],
            )
            for row in cursor.fetchall():
                found[row[0]].append(row)
    return found


def _by_sharing(own: dict[int, list[Row]], *, since_h: int) -> Iterator[Tie]:
    shared = {row[1] for rows in own.values() for row in rows}
    for rows in links_of_many(sorted(shared), limit=HUB_LINKS + 1).values():
        if len(rows) > HUB_LINKS:
            continue
        users: dict[int, tuple[int, int]] = {}
        for subject, _, field, first_h, newest_h in rows:
            if field in _SHARED_NUMBERS and newest_h >= since_h:
                users[subject] = min(users.get(subject, (first_h, field)), (first_h, field))
        # A chain holds as many together as all pairs do, and says since when each is in it.
        order = sorted(users, key=lambda subject: (users[subject], subject))
        for earlier, later in pairwise(order):
            first_h, field = users[later]
            yield _tie(earlier, later, FIELDS[field], first_h)


def _by_passing_on(
    subjects: Collection[int], own: dict[int, list[Row]], *, since_h: int
) -> Iterator[Tie]:
    """Whom these subjects passed money on to, and who passed money on to them."""
    holders: dict[int, int] = {key: key for key in subjects}
    for subject, rows in own.items():
        holders |= {row[1]: subject for row in rows if row[2] == _ACCOUNT}
    since_s = since_h * _HOUR_S
    ins = _flows("payee", holders, since_s=since_s)
    outs = _flows("payer", holders, since_s=since_s)
    passed = [flow for key in holders for flow in _passed_on(ins[key], outs[key])]
    payers = {flow[0] for key in holders for flow in ins[key]} - holders.keys()
    before = _flows("payee", payers, since_s=since_s)
    by_payer: dict[int, list[Flow]] = defaultdict(list)
    for key in holders:
        for flow in ins[key]:
            if flow[0] in before:
                by_payer[flow[0]].append(flow)
    for payer, flows in by_payer.items():
        passed += _passed_on(before[payer], flows)
    owners = _owners({end for flow in passed for end in (flow[0], flow[3])})
    for payer, at, _, payee, _ in passed:
        for one in owners.get(payer, (payer,)):
            for other in owners.get(payee, ()):
                if one != other:
                    yield _tie(one, other, PASSED_ON, at // _HOUR_S)


def _passed_on(ins: list[Flow], outs: list[Flow]) -> list[Flow]:
    """The payments by which an account passed on what had come in.

    Enough of a payment's money had come in shortly before, and what went out shortly after that
    money came is about as much as came: who lives on an account spends a little of a salary, or
    pays far more than a friend gave.
    """
    if len(ins) >= FLOWS_MAX or len(outs) >= FLOWS_MAX:
        return []
    found = []
    for flow in outs:
        sources = [
            one for one in ins if (flow[1] - PASSING_S, 0) <= (one[1], one[2]) < (flow[1], flow[2])
        ]
        came = sum(one[4] for one in sources)
        if came >= PASSED_SHARE * flow[4] > 0:
            went = _went_after(sources, outs)
            if THROUGH_LEAST * came <= went <= THROUGH_MOST * came:
                found.append(flow)
    return found


def _went_after(sources: list[Flow], outs: list[Flow]) -> int:
    """What went out of an account since money came, until a while after the last of it."""
    times = [one[1] for one in sources]
    first, last = min(times), max(times) + PASSING_S
    return sum(one[4] for one in outs if first <= one[1] <= last)


def _flows(side: str, keys: Iterable[int], *, since_s: int) -> dict[int, list[Flow]]:
    """The newest movements of accounts, at most `FLOWS_MAX` of each."""
    found: dict[int, list[Flow]] = {key: [] for key in keys}
    wanted = list(found)
    place = 0 if side == "payer" else 3
    statement = _FLOWS.format(side=side)
    for at in range(0, len(wanted), _SOME):
        some = wanted[at : at + _SOME]
        with connection.cursor() as cursor:
            cursor.execute(
                " UNION ALL ".join([statement] * len(some)),
                [part for key in some for part in (key, since_s, FLOWS_MAX)],
            )
            for row in cursor.fetchall():
                found[row[place]].append(row)
    return found


def _owners(accounts: Collection[int]) -> dict[int, tuple[int, ...]]:
    """Whose own accounts these are; those with too many owners are nobody's."""
    found = {}
    for account, rows in links_of_many(sorted(accounts), limit=HUB_LINKS + 1).items():
        owners = {row[0] for row in rows if row[1] == account and row[2] == _ACCOUNT}
        if owners and len(rows) <= HUB_LINKS:
            found[account] = tuple(sorted(owners)[:OWNERS_MAX])
    return found


def _tie(one: int, other: int, by: str, since_h: int) -> Tie:
    return Tie(min(one, other), max(one, other), by, since_h)


def _marks(values: Collection[object]) -> str:
    return ", ".join(["%s"] * len(values))
