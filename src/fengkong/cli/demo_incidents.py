"""An incident of a demonstration: opened and commanded, with its playbook begun."""

from __future__ import annotations

from typing import Final

from django.db import connection, transaction

from fengkong.cli.language import current_language
from fengkong.console.accounts.models import Operator
from fengkong.console.incidents import acting
from fengkong.console.incidents.models import Incident
from fengkong.console.incidents.opening import open_incident
from fengkong.console.incidents.starting import playbook_content

KIND: Final = "custody_mismatch"
_TITLE: Final = {
    "zh": "存管银行对账单少 1284.50 元，原因不明",
    "en": "The custodian's statement lacks 1,284.50 CNY that nothing explains",
}
_NOTE: Final = {
    "zh": "已请存管银行提供昨日逐笔流水；暂未发现客户资金受影响。",
    "en": "Asked the custodian for yesterday's items; no customer's money is known to be hurt.",
}


def made_demo_incident() -> int:
    """An incident under way; how many. None where there is one, or nobody who commands.

    Needs a started Django, and the roles' demo operators.
    """
    try:
        commander = Operator.objects.filter(username="incident_commander").first()
        if commander is None or Incident.objects.exists():
            return 0
        with transaction.atomic():
            return _made(commander)
    finally:
        connection.close()


def _made(commander: Operator) -> int:
    language = "zh" if current_language() == "zh" else "en"
    title = _TITLE[language]
    incident = open_incident(KIND, 3, title, "hand", commander, summary=title)
    acting.assign(commander, incident.pk, "commander", commander)
    content = playbook_content(KIND)
    if content is not None:
        acting.start_playbook(commander, incident.pk, content=content)
    acting.write_note(commander, incident.pk, text=_NOTE[language])
    return 1
