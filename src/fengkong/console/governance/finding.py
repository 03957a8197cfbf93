"""What the one box finds of policies and of the rules of the live one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from fengkong.console.governance.models import PolicyVersion
from fengkong.console.live.titles import in_force, policy_of, rule_titles
from fengkong.console.shell.search import FEW, LEAST, Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fengkong.console.accounts.models import Operator


def find_policies(operator: Operator, text: str) -> Iterable[Found]:
    """Policies by name or title, the newest version of each, and rules of the live one."""
    if not operator.may("policies.view") or len(text) < LEAST:
        return
    named = Q(name__icontains=text) | Q(title_zh__icontains=text) | Q(title_en__icontains=text)
    seen: set[str] = set()
    for version in PolicyVersion.objects.filter(named).order_by("-changed_at")[: 4 * FEW]:
        if version.name not in seen and len(seen) < FEW:
            seen.add(version.name)
            address = reverse("policy_version", args=[version.pk])
            yield Found(str(version), _("Policies"), address, "versions")
    yield from islice(_rules_with(text.casefold()), FEW)


def _rules_with(folded: str) -> Iterator[Found]:
    live = in_force()
    policy = None if live is None else policy_of(live.policy_hash)
    if policy is None:
        return
    titles = rule_titles(policy)
    for rule in policy.rules:
        title = titles.get(rule.id, "")
        if folded in rule.id.casefold() or folded in title.casefold():
            address = f"{reverse('decisions')}?rule={rule.id}"
            yield Found(f"{rule.id} {title}".strip(), _("Rules"), address, "gavel")
