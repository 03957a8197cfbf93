"""What phases need, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from fengkong.response.phases import Need

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words

NEED_WORDS: Final[dict[Need, Words]] = {
    Need.CLASSIFIED: _("classify it: kind, severity, and what holds"),
    Need.COMMANDER: _("name a commander"),
    Need.IMPACT: _("write down the impact"),
    Need.PLAYBOOK: _("start a playbook, or say why none fits"),
    Need.DECISION: _("record a decision with its reason"),
    Need.TASKS: _("finish or skip the required tasks up to this phase"),
    Need.SWITCHES: _("end every stop-loss switch"),
    Need.EXIT: _("meet every exit criterion"),
    Need.CLOCKS: _("report for every regulatory clock, or say why it is not due"),
    Need.CAUSES: _("write down the causes"),
    Need.ACTIONS: _("add an action with owner and day"),
}
"""What is to be done for each need."""
