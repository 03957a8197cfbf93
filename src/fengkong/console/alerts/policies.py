"""Which typology a decision shows: that of its weightiest rule, as the policy has it.

A rule may name one (``typology: mule_ring``); of others the first part of the id tells. Weightiest
is the strongest outcome, then the most points, then the first that hit.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from django.conf import settings

from fengkong.console.alerts.terms import MODEL, RANDOM_SAMPLE, Terms
from fengkong.console.journaled.models import Activation
from fengkong.console.journaled.reading import policy_text
from fengkong.console.journaled.seen import SeenDecision
from fengkong.core.errors import FaultsError
from fengkong.decisions.policy_file import load_policy
from fengkong.events.catalogue import shipped_catalogue
from fengkong.journal.errors import MissingJournalError

_LOG: Final = logging.getLogger(__name__)
_KEPT: Final = 32


class RuleWeight(NamedTuple):
    """What a rule of a policy weighs: `strength` is 0 where it gives points only."""

    strength: int
    points: float
    typology: str | None


WeightsOf = Callable[[str], Mapping[str, RuleWeight]]
"""What the rules of a policy weigh, by its hash: `weights_of`, or one that remembers it."""

_NONE: Final = RuleWeight(0, 0.0, None)
_KNOWN: Final[dict[tuple[str, str], Mapping[str, RuleWeight]]] = {}


def typology_of(decision: SeenDecision, *, terms: Terms, weights_of: WeightsOf) -> str:
    """The typology of a decision; `model` where no rule hit, `random_sample` of what is sampled."""
    if decision.outcome not in terms.outcomes:
        return RANDOM_SAMPLE
    if not decision.rules:
        return MODEL
    weights = weights_of(decision.policy_hash)
    heaviest = max(decision.rules, key=lambda rule: weights.get(rule, _NONE)[:2])
    return weights.get(heaviest, _NONE).typology or terms.typology_of_rule(heaviest)


def weights_of(policy_hash: str) -> Mapping[str, RuleWeight]:
    """What each rule of a policy weighs; nothing where its text cannot be understood any more.

    Raises what a journal raises that cannot be read now: who asks comes again.
    """
    key = (str(settings.CONSOLE.directory), policy_hash)
    if key in _KNOWN:
        return _KNOWN[key]
    activation = Activation.objects.filter(policy_hash=policy_hash).order_by("sequence").first()
    if activation is None:
        return {}
    try:
        found = _read(activation.sequence)
    except MissingJournalError:
        return {}
    if len(_KNOWN) >= _KEPT:
        _KNOWN.clear()
    _KNOWN[key] = found
    return found


def _read(sequence: int) -> Mapping[str, RuleWeight]:
    text = policy_text(sequence)
    if text is None:
        return {}
    try:
        policy = load_policy(text, source="journal", catalogue=shipped_catalogue())
    except FaultsError as error:
        _LOG.warning("the policy activated at %d is not understood: %s", sequence, error)
        return {}
    order = policy.outcomes.order
    return {
        rule.id: RuleWeight(
            0 if rule.outcome is None else len(order) - order.index(rule.outcome),
            rule.points,
            rule.typology,
        )
        for rule in policy.rules
    }
