"""What the models said about a decision that is taken apart, with what must be hidden hidden."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import UNSET

from fengkong.decisions.decision import BilingualText, Contribution, Scored
from fengkong.decisions.policy import Policy
from fengkong.evaluation.explained import ContributionShown, ModelShown


def models_shown(
    policy: Policy, scored: Iterable[Scored], *, hidden: frozenset[str]
) -> tuple[ModelShown, ...]:
    """The models of a decision; of a hidden input only the code and the amount are told."""
    return tuple(_shown(policy, one, hidden=hidden) for one in scored)


def _shown(policy: Policy, scored: Scored, *, hidden: frozenset[str]) -> ModelShown:
    model = policy.models[scored.name]
    if scored.hash != model.hash:
        model = policy.challengers[scored.name].model
    about = model.about
    contributions = scored.contributions
    assert contributions is not UNSET, "they were asked for"
    return ModelShown(
        name=scored.name,
        model=scored.model,
        version=scored.version,
        hash=scored.hash,
        title=BilingualText(zh=about.title.zh, en=about.title.en),
        probability=scored.probability,
        contributions=tuple(_contribution(one, hidden=hidden) for one in contributions),
        trained_on=None if about.trained_on is None else about.trained_on.policy_hash,
    )


def _contribution(one: Contribution, *, hidden: frozenset[str]) -> ContributionShown:
    masked = one.input in hidden
    text = BilingualText(zh=f"{one.input}：***", en=f"{one.input}: ***") if masked else one.reason
    return ContributionShown(
        input=one.input, amount=one.amount, code=one.code, masked=masked, text=text
    )
