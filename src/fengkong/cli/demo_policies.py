"""Policies of a demonstration: one in shadow, one being written, a limit that waits."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import connection, transaction
from django.utils import timezone, translation

from fengkong.cli.language import current_language
from fengkong.console.accounts.models import Operator
from fengkong.console.approvals.four_eyes import approve
from fengkong.console.governance import actions
from fengkong.console.governance.models import PolicyVersion, ServiceChange
from fengkong.console.governance.part_text import DatedChange
from fengkong.console.governance.parts import dated_change, propose_part
from fengkong.console.governance.rule_templates import template_of, with_template
from fengkong.console.outbox.jobs import put
from fengkong.core.bilingual import Bilingual

PARAMETER: Final = "cards.bound_minutes"
"""The limit that is proposed to change, of the shipped policy for payments."""
_VALUE: Final = "90"
_SHADOW: Final = Bilingual(
    zh="远高于客户 30 天均值的付款要求验证；先在影子中运行，观察会多验证多少人",
    en="A challenge for payments far above the customer's mean; in shadow first, to see how many",
)
_DRAFT: Final = Bilingual(
    zh="草稿：凌晨在新设备上的付款要求验证", en="Draft: a challenge at night on a new device"
)
_APPROVED: Final = Bilingual(zh="影子不影响客户，同意", en="A shadow hurts no customer: approved")
_REFERENCE: Final = Bilingual(
    zh="PAY-03：上周有两起盗卡在绑定后八十分钟使用",
    en="PAY-03: last week two stolen cards were used eighty minutes after they were bound",
)
_REASON: Final = Bilingual(zh="上周两起盗卡漏判", en="Two stolen cards slipped through last week")


def made_demo_policies() -> int:
    """Versions beside the live policy; how many. None where there are some.

    Needs a started Django, the roles' demo operators and a policy that is known to be live.
    """
    try:
        with translation.override("zh-hans" if current_language() == "zh" else "en"):
            live = actions.live_version()
            people = Operator.objects.in_bulk(["analyst", "senior_analyst"], field_name="username")
            if live is None or len(people) < 2 or PolicyVersion.objects.count() > 1:
                return 0
            _shadow(live, writer=people["analyst"], approver=people["senior_analyst"])
            _limit(people["senior_analyst"])
            _draft(live, writer=people["analyst"], template="night", note=_DRAFT)
            return PolicyVersion.objects.count() - 1
    finally:
        connection.close()


def measured_again() -> None:
    """Have features and models measured now that there is a past, not when it is their turn."""
    try:
        with transaction.atomic():
            put("live.measure_features", {}, key="demonstration")
    finally:
        connection.close()


@transaction.atomic
def _shadow(live: PolicyVersion, *, writer: Operator, approver: Operator) -> None:
    """A rule more, checked, proposed by one, approved by another: the service runs it beside."""
    draft = _draft(live, writer=writer, template="amount_to_mean", note=_SHADOW)
    actions.check_version(writer, draft.pk)
    mode = ServiceChange.Kind.SHADOW.value
    proposal = actions.propose_version(writer, draft.pk, mode=mode, reason=_said(_SHADOW))
    approve(approver, proposal.pk, remark=_said(_APPROVED))


def _limit(writer: Operator) -> None:
    """A limit from tomorrow on, which waits for a second person."""
    tomorrow = timezone.localdate() + timedelta(days=1)
    change = DatedChange(
        parameter=PARAMETER, since=tomorrow, value=_VALUE, reference=_said(_REFERENCE)
    )
    propose_part(writer, dated_change(change), reason=_said(_REASON))


def _draft(
    live: PolicyVersion, *, writer: Operator, template: str, note: Bilingual
) -> PolicyVersion:
    chosen = template_of(template)
    assert chosen is not None, "the template is a shipped one"
    text = with_template(live.text, chosen, rule_id=chosen.id)
    return actions.create_draft(writer, text=text, note=_said(note), base=live)


def _said(words: Bilingual) -> str:
    return words.of(current_language())
