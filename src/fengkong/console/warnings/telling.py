"""Warnings in the reader's words: what moved a value, whose it is, which playbook answers it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from fengkong.console.shell.spoken import said, spoken_later
from fengkong.console.warnings.models import RaisedWarning
from fengkong.console.warnings.raising import SOURCE
from fengkong.core.bilingual import Bilingual
from fengkong.indicators.indicator import Indicator
from fengkong.indicators.warnings import shown
from fengkong.response.playbook import shipped_playbooks

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words

OWNERS: Final = {
    "credit_risk": Bilingual(zh="信用风险", en="Credit risk"),
    "market_risk": Bilingual(zh="市场风险", en="Market risk"),
    "collection": Bilingual(zh="贷后催收", en="Collections"),
    "incident_response": Bilingual(zh="应急响应", en="Incident response"),
    "model_risk": Bilingual(zh="模型风险", en="Model risk"),
    "liquidity": Bilingual(zh="流动性管理", en="Liquidity"),
    "treasury": Bilingual(zh="资金部", en="Treasury"),
    "fraud_operations": Bilingual(zh="反欺诈运营", en="Fraud operations"),
    "platform": Bilingual(zh="平台技术", en="Platform engineering"),
    "security": Bilingual(zh="信息安全", en="Security"),
    "compliance": Bilingual(zh="合规", en="Compliance"),
}
"""Who answers for indicators, in words; others are shown as they are written."""


def owner_word(owner: str) -> Words | str:
    """Who answers, in the reader's language."""
    word = OWNERS.get(owner)
    return owner if word is None else spoken_later(word)


@cache
def _titles() -> dict[str, Bilingual]:
    return {name: one.title.bilingual for name, (one, _text) in shipped_playbooks().items()}


def playbook_title(name: str | None) -> str:
    """The title of a playbook, or its id where it is the house's own."""
    title = _titles().get(name or "")
    return (name or "") if title is None else said(title)


def source_of_warning(warning: RaisedWarning) -> str:
    """The id of the source that a warning is about, empty where it is about an indicator."""
    name = warning.indicator
    return name.removeprefix(SOURCE) if name.startswith(SOURCE) else ""


def told_movers(known: Indicator | None, movers: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Movers with the segment's title and values in the indicator's unit."""
    if known is None:
        return []
    largest = max((abs(one[4]) for one in movers), default=0.0)
    return [
        {
            "segment": segment,
            "title": said(known.source.segments[segment])
            if segment in known.source.segments
            else segment,
            "part": part,
            "before": shown(before, known),
            "now": shown(now, known),
            "moved": ("+" if moved > 0 else "") + shown(moved, known),
            "share": abs(moved) / largest if largest else 0.0,
        }
        for segment, part, before, now, moved in movers
    ]
