"""What an explanation says, as data."""

from __future__ import annotations

from typing import Any

from fengkong.decisions.decision import BilingualText
from fengkong.evaluation.report import PolicyStamp, Report


class FieldShown(Report, frozen=True, kw_only=True):
    """A field of the event; `value` is hidden where `masked` says so, money in major units."""

    name: str
    title: BilingualText
    kind: str
    personal: str | None
    masked: bool
    value: Any
    text: BilingualText


class ValueShown(Report, frozen=True, kw_only=True):
    """Something the policy computed before its rules; money in major units.

    `origin` is window, link, derived, table or scorecard; `declared` is how the policy says it.
    """

    name: str
    origin: str
    declared: str
    kind: str
    value: Any
    text: BilingualText


class LinkShown(Report, frozen=True, kw_only=True):
    """An entity on a path; `name` is masked, or the beginning of a hash where it is not known."""

    entity: str
    name: str
    masked: bool


class PathShown(Report, frozen=True, kw_only=True):
    """Over what the event's entity is linked with a fraud; `name` is the feature that says so."""

    name: str
    links: tuple[LinkShown, ...]


class ObservedShown(Report, frozen=True, kw_only=True):
    """A value that a rule looked at, against its limit.

    `limit_source` is a parameter, a list or another value; `reference` is what justifies a
    parameter's value.
    """

    name: str
    operator: str
    value: Any
    text: BilingualText
    limit: Any
    limit_text: BilingualText | None
    limit_source: str | None
    reference: BilingualText | None


class RuleTrace(Report, frozen=True, kw_only=True):
    """One rule that applied to the event; `verdict` is hit, no or unknown.

    `outcome` is what the rule gave or would have given; of an unknown rule, what being unknown
    gave (None: it was only recorded).
    """

    rule: str
    title: BilingualText | None
    condition: str
    verdict: str
    outcome: str | None
    points: float
    reason: BilingualText | None
    observed: tuple[ObservedShown, ...]
    missing: tuple[str, ...]
    techniques: tuple[str, ...]


class ContributionShown(Report, frozen=True, kw_only=True):
    """What one input of a model did to its result: `amount` in log odds, up or down."""

    input: str
    amount: float
    code: str
    masked: bool
    text: BilingualText


class ModelShown(Report, frozen=True, kw_only=True):
    """What a model said, and its main contributions, the largest first.

    `trained_on` is the hash of the policy whose features it learned from.
    """

    name: str
    model: str
    version: str
    hash: str
    title: BilingualText
    probability: float
    contributions: tuple[ContributionShown, ...]
    trained_on: str | None


class Cause(Report, frozen=True, kw_only=True):
    """What gave the outcome: a `hit`, an `unknown` rule, `points` that were reached, `nothing`."""

    kind: str
    rule: str | None
    threshold: float | None
    text: BilingualText


class Explanation(Report, frozen=True, kw_only=True):
    """Everything about one decision.

    `events_before` were read before this one; `not_applicable` are rules for other types of event;
    times are RFC 3339 and, for people, in the time zone of the policy.
    """

    event_id: str
    event_type: str
    event_title: BilingualText
    occurred_at: str
    local_time: str
    time_zone: str
    currency: str | None
    events_before: int
    late: bool
    policy: PolicyStamp
    policy_title: BilingualText
    outcome: str
    points: float
    causes: tuple[Cause, ...]
    reasons: BilingualText
    fields: tuple[FieldShown, ...]
    values: tuple[ValueShown, ...]
    rules: tuple[RuleTrace, ...]
    not_applicable: tuple[str, ...]
    models: tuple[ModelShown, ...] = ()
    paths: tuple[PathShown, ...] = ()
