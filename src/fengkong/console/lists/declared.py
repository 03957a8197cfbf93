"""Which lists there are: those that the policies in force declare, with the rules that ask them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.conf import settings

from fengkong.console.journaled.models import Activation
from fengkong.console.journaled.parts import in_force
from fengkong.console.journaled.reading import policy_text
from fengkong.core.bilingual import Bilingual
from fengkong.core.errors import RiskError
from fengkong.events.catalogue import shipped_catalogue
from fengkong.journal.parts import CANARY, LIVE, SHADOW
from fengkong.rules.nodes import Name, OnList, walk

if TYPE_CHECKING:
    from fengkong.decisions.policy import Policy

_LOG: Final = logging.getLogger(__name__)
_KEPT: Final = 16


@dataclass(frozen=True, slots=True)
class DeclaredList:
    """A list of a policy: `of` is the field whose values it holds, `rules` ask it."""

    name: str
    of: str
    entity: str
    title: Bilingual
    colour: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PolicyLists:
    """The lists of one policy; `by_rule` has list and field for every list a rule asks."""

    lists: dict[str, DeclaredList]
    by_rule: dict[str, tuple[tuple[str, str], ...]]


NOTHING: Final = PolicyLists({}, {})
_PLACES: Final[dict[tuple[str, str], int]] = {}
_AT: Final[dict[tuple[str, int], PolicyLists]] = {}


def live_lists() -> dict[str, DeclaredList]:
    """The lists of the live policy and of the one beside it, by name; empty while there is none."""
    running = in_force()
    found: dict[str, DeclaredList] = {}
    for role in (SHADOW, CANARY, LIVE):
        if role in running:
            found |= lists_at(running[role].sequence).lists
    return found


def lists_of_policy(policy_hash: str, *, activated: Mapping[str, int]) -> PolicyLists:
    """The lists of a policy that was in force; nothing where its text cannot be had.

    `activated` are the places of activations that the read model does not have yet, by hash.
    """
    known = (str(settings.CONSOLE.directory), policy_hash)
    if known not in _PLACES:
        found = Activation.objects.filter(policy_hash=policy_hash).order_by("-sequence").first()
        place = activated.get(policy_hash) if found is None else found.sequence
        if place is None:
            return NOTHING
        if len(_PLACES) >= _KEPT:
            _PLACES.clear()
        _PLACES[known] = place
    return lists_at(_PLACES[known])


def lists_at(sequence: int) -> PolicyLists:
    """The lists of the policy that was activated at a place of the journal.

    What could not be read is asked for again the next time.
    """
    place = (str(settings.CONSOLE.directory), sequence)
    if place not in _AT:
        found = _read(sequence)
        if found is None:
            return NOTHING
        if len(_AT) >= _KEPT:
            _AT.clear()
        _AT[place] = found
    return _AT[place]


def _read(sequence: int) -> PolicyLists | None:
    from fengkong.decisions.policy_file import load_policy  # noqa: PLC0415 - heavy, and rarely

    try:
        text = policy_text(sequence)
        if text is None:
            return NOTHING  # the end of a shadow
        return lists_in(load_policy(text, source="journal", catalogue=shipped_catalogue()))
    except RiskError as error:
        _LOG.warning("the lists of the policy activated at %d are unknown: %s", sequence, error)
        return None


def lists_in(policy: Policy) -> PolicyLists:
    """The lists that a policy declares, and the rules that ask them."""
    by_rule: dict[str, tuple[tuple[str, str], ...]] = {}
    asked: dict[str, list[str]] = {}
    for rule in policy.rules:
        pairs = {
            (node.list, node.subject.name)
            for node in walk(rule.when.node)
            if isinstance(node, OnList) and isinstance(node.subject, Name)
        }
        if pairs:
            by_rule[rule.id] = tuple(sorted(pairs))
            for name, _ in pairs:
                asked.setdefault(name, []).append(rule.id)
    lists = {}
    for name, declaration in policy.scope.lists.items():
        field = policy.catalogue.fields.get(declaration.of)
        entity = declaration.of if field is None or field.entity is None else field.entity
        lists[name] = DeclaredList(
            name=name,
            of=declaration.of,
            entity=entity,
            title=declaration.title,
            colour=declaration.colour,
            rules=tuple(asked.get(name, ())),
        )
    return PolicyLists(lists, by_rule)
