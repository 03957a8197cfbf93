"""Stop-loss switches as rules: what each kind does to a policy's text.

A switch is a rule more in the live policy, with its end in its condition: it stops working at its
end whether anybody takes it out or not. The strongest outcome wins, so a switch only ever makes a
policy stricter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext_lazy as _

from fengkong.console.governance.rule_text import with_rule
from fengkong.core.errors import RiskError
from fengkong.decisions.carried import MARK
from fengkong.decisions.policy import Policy

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words

LEAVING: Final = ("withdrawal.requested", "transfer.initiated", "fund.redeemed")
"""Events by which money leaves."""
MOVING: Final = (
    *LEAVING,
    *("payment.initiated", "refund.requested", "loan.drawn", "fund.subscribed"),
    *("insurance.purchased", "insurance.claimed", "trade.placed"),
)
"""Events by which money moves at all."""
PRODUCTS: Final = (
    *("loan.applied", "loan.drawn", "fund.subscribed", "fund.redeemed", "insurance.purchased"),
    *("trade.placed", "payment.initiated", "transfer.initiated", "withdrawal.requested"),
)
OUTCOMES: Final = ("deny", "delay", "review")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)


class UnfitSwitchError(RiskError):
    """The live policy cannot have this switch."""

    code = "console.unfit_switch"
    hint = "Choose events that the live policy decides, and terms that it knows."


@dataclass(frozen=True, slots=True)
class SwitchKind:
    """A kind of switch; `types` are the events it may be about, `outcome` what it answers."""

    title: Words
    hint: Words
    types: tuple[str, ...]
    outcome: str | None = None


KINDS: Final[dict[str, SwitchKind]] = {
    "stop_above": SwitchKind(
        _("Stop money leaving above a limit"),
        _("Withdrawals, transfers and redemptions above it are refused, delayed or reviewed"),
        LEAVING,
    ),
    "freeze_product": SwitchKind(
        _("Freeze a product"),
        _("Events of a product, or of one value of a field, are refused"),
        PRODUCTS,
        "deny",
    ),
    "force_challenge": SwitchKind(
        _("Ask everybody for proof"),
        _("Nothing passes without a challenge; what was stricter stays so"),
        (*MOVING, "login.attempted", "credential.changed", "profile.changed", "loan.applied"),
        "challenge",
    ),
    "read_only": SwitchKind(
        _("Read only: no money moves"),
        _("Every event by which money moves is refused"),
        MOVING,
        "deny",
    ),
}
"""Every kind of switch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchRule:
    """A switch as it becomes a rule; `terms` are checked by `terms_of`."""

    rule: str
    kind: str
    terms: Mapping[str, Any]
    until: datetime


def terms_of(kind: str, given: Mapping[str, Any], *, policy: Policy) -> dict[str, Any]:
    """The terms of a switch, checked against the policy; raises UnfitSwitchError."""
    declared = KINDS.get(kind)
    if declared is None:
        raise UnfitSwitchError(f"no switch {kind[:40]!r}")
    asked = [str(one) for one in given.get("types") or declared.types]
    types = [one for one in declared.types if one in asked and one in policy.events]
    if not types:
        raise UnfitSwitchError(f"{policy.name} decides none of {', '.join(asked)[:200]}")
    outcome = declared.outcome or str(given.get("outcome") or "deny")
    chosen = declared.outcome is None
    if outcome not in policy.outcomes.order or (chosen and outcome not in OUTCOMES):
        raise UnfitSwitchError(f"{policy.name} has no outcome {outcome[:20]!r}")
    terms: dict[str, Any] = {"types": types, "outcome": outcome}
    if kind == "stop_above":
        limit = str(given.get("limit", ""))
        if not re.fullmatch(r"\d{1,12}(\.\d{1,2})?", limit, re.ASCII):
            raise UnfitSwitchError(f"the limit is an amount, not {limit[:20]!r}")
        terms["limit"] = limit
    field, value = str(given.get("field") or ""), str(given.get("value") or "")
    if kind == "freeze_product" and field:
        if not _NAME.fullmatch(field) or not 0 < len(value) <= 128 or not value.isprintable():
            raise UnfitSwitchError(f"a field and its value, not {field[:40]!r}")
        terms |= {"field": field, "value": value}
    return terms


def switched_text(text: str, switches: Iterable[SwitchRule]) -> str:
    """The text of a policy with a rule for each switch, without its examples.

    Examples say what the policy does without switches. Raises `UnreadableRuleError`.
    """
    text = _without_examples(text)
    for one in switches:
        text = with_rule(text, _block(one))
    return text


def _block(one: SwitchRule) -> str:
    until = one.until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    conditions = [f'occurred_at < "{until}"']
    zh, en = "止损开关生效", "A stop-loss switch is on"
    terms = one.terms
    if "limit" in terms:
        conditions.append(f"amount > {terms['limit']}")
        zh, en = f"止损开关：金额超过 {terms['limit']}", f"Stop-loss switch: above {terms['limit']}"
    if "field" in terms:
        conditions.append(f"{terms['field']} == {json.dumps(terms['value'], ensure_ascii=False)}")
    outcome = terms["outcome"]
    lines = [
        f"id: {one.rule}",
        f"when: {json.dumps(' and '.join(conditions), ensure_ascii=False)}",
        f"events: [{', '.join(terms['types'])}]",
        f"outcome: {outcome}",
        f"unknown: {outcome if 'limit' in terms else 'record'}",
        f"reason: {{zh: {json.dumps(zh, ensure_ascii=False)}, en: {json.dumps(en)}}}",
    ]
    return "\n".join(lines)


def _without_examples(text: str) -> str:
    """The text without the part `examples`; models that it carries stay."""
    kept: list[str] = []
    within = False
    for line in text.split("\n"):
        if line.startswith("examples:"):
            within = True
        elif within and (line.startswith(MARK) or re.match(r"[a-z_]+:", line)):
            within = False
        if not within:
            kept.append(line)
    return "\n".join(kept)
