"""Rules that many policies have: an analyst picks one, and changes its limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from fengkong.console.governance.rule_text import scalar_text, with_features, with_rule

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTemplate:
    """A rule with limits to be changed; `features` are declared where they are not yet."""

    key: str
    title: Words
    help: Words
    id: str
    when: str
    outcome: str
    zh: str
    en: str
    features: Mapping[str, str] = field(default_factory=dict)

    def block(self, rule_id: str) -> str:
        """The rule as YAML."""
        return (
            f"id: {rule_id}\nwhen: {scalar_text(self.when)}\noutcome: {self.outcome}\n"
            f"reason:\n  zh: {scalar_text(self.zh)}\n  en: {scalar_text(self.en)}"
        )


TEMPLATES: Final = (
    RuleTemplate(
        key="amount",
        title=_("A large amount"),
        help=_("One event is worth more than a limit."),
        id="amount.large",
        when="amount > 50000",
        outcome="review",
        zh="金额 {amount} 过大",
        en="the amount {amount} is large",
    ),
    RuleTemplate(
        key="amount_to_mean",
        title=_("Far above what the customer usually pays"),
        help=_("The amount against the customer's own mean of 30 days."),
        id="amount.unusual",
        when="amount > 5 * customer_amount_mean_30d and amount > 1000",
        outcome="challenge",
        zh="金额 {amount} 远高于客户 30 天均值 {customer_amount_mean_30d}",
        en="{amount} is far above the customer's mean of 30 days, {customer_amount_mean_30d}",
        features={
            "customer_amount_mean_30d": "mean(amount) over customer last 30d excluding current"
        },
    ),
    RuleTemplate(
        key="velocity",
        title=_("Too many in a short time"),
        help=_("A customer does more in an hour than people do."),
        id="velocity.customer_hour",
        when="customer_event_count_1h > 5",
        outcome="challenge",
        zh="客户一小时内 {customer_event_count_1h} 次",
        en="{customer_event_count_1h} events of the customer within an hour",
        features={"customer_event_count_1h": "count() over customer last 1h"},
    ),
    RuleTemplate(
        key="shared_device",
        title=_("One device, many customers"),
        help=_("A device that several customers used within a week."),
        id="device.shared",
        when="device_customer_distinct_7d > 3",
        outcome="review",
        zh="一台设备一周内有 {device_customer_distinct_7d} 个客户",
        en="{device_customer_distinct_7d} customers used the device within a week",
        features={"device_customer_distinct_7d": "distinct(customer) over device last 7d"},
    ),
    RuleTemplate(
        key="night",
        title=_("At night, on a new device"),
        help=_("Between midnight and six, on a device the customer never used."),
        id="night.new_device",
        when="hour(occurred_at) < 6 and not customer_device_seen",
        outcome="challenge",
        zh="凌晨使用新设备",
        en="at night on a new device",
        features={"customer_device_seen": "seen_before(device) over customer"},
    ),
    RuleTemplate(
        key="sum",
        title=_("A sum over a day"),
        help=_("What a customer moves within 24 hours, whatever its pieces."),
        id="limit.customer_day",
        when="customer_amount_sum_1d > 100000",
        outcome="review",
        zh="客户 24 小时累计 {customer_amount_sum_1d}",
        en="{customer_amount_sum_1d} by the customer within 24 hours",
        features={"customer_amount_sum_1d": "sum(amount) over customer last 1d"},
    ),
)
"""In the order in which they are shown."""


def template_of(key: str) -> RuleTemplate | None:
    """The template of a key."""
    return next((one for one in TEMPLATES if one.key == key), None)


def with_template(text: str, template: RuleTemplate, *, rule_id: str) -> str:
    """A policy's text with a template's rule, and its features where they are missing."""
    return with_rule(with_features(text, template.features), template.block(rule_id))
