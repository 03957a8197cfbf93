"""What features and rules of policies that were in force are called, in the reader's language."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from fengkong.console.journaled.models import Activation
from fengkong.console.journaled.reading import policy_text
from fengkong.console.shell.spoken import said
from fengkong.core.errors import RiskError
from fengkong.decisions.feature_titles import feature_title
from fengkong.decisions.policy import Policy
from fengkong.decisions.policy_file import load_policy
from fengkong.events.catalogue import shipped_catalogue
from fengkong.journal.parts import LIVE

_POLICIES_KEPT: Final = 16


def policy_of(policy_hash: str) -> Policy | None:
    """A policy that was in force once, from the journal; None where it cannot be read."""
    activation = Activation.objects.filter(policy_hash=policy_hash).order_by("-sequence").first()
    if activation is None:
        return None
    try:
        return _policy(policy_hash, activation.sequence)
    except (RiskError, OSError):
        return None


@lru_cache(_POLICIES_KEPT)
def _policy(policy_hash: str, sequence: int) -> Policy:
    """A policy by the activation that has its text; text is kept for ever, so this may be too."""
    text = policy_text(sequence)
    assert text is not None, "an activation of a policy has its text"
    return load_policy(text, source=policy_hash[:12], catalogue=shipped_catalogue())


def in_force() -> Activation | None:
    """The activation of the live policy."""
    return Activation.objects.filter(role=LIVE).order_by("-sequence").first()


def feature_titles(policy: Policy) -> dict[str, str]:
    """What the features of a policy are called, and the probabilities that its models give."""
    found = {name: said(feature_title(name, policy)) for name in policy.feature_names}
    return found | {name: said(model.about.title) for name, model in policy.models.items()}


def rule_titles(policy: Policy | None) -> dict[str, str]:
    """The titles of a policy's rules that have one."""
    if policy is None:
        return {}
    return {rule.id: said(rule.title) for rule in policy.rules if rule.title is not None}
