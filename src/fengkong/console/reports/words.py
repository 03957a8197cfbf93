"""What channels, methods and the parts of the quarterly report are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words

CHANNELS: Final[dict[str, Words]] = {
    "app": _("App"),
    "web": _("Web"),
    "mini_program": _("Mini program"),
    "terminal": _("Terminal"),
    "atm": _("Cash machine"),
    "branch": _("Branch"),
    "phone": _("Telephone"),
    "api": _("Interface"),
    "": _("Not said"),
}
REMOTE: Final = frozenset({"app", "web", "mini_program", "phone", "api"})
"""Channels by which a payment is initiated from afar."""
SERVICES: Final[dict[str, Words]] = {
    "credit_transfer": _("Credit transfers"),
    "direct_debit": _("Direct debits"),
    "card_payment": _("Card payments"),
    "cash_withdrawal": _("Cash withdrawals"),
    "e_money": _("Payments from balance"),
    "other": _("Other payments"),
}
WAYS: Final[dict[str, Words]] = {
    "remote": _("Initiated remotely"),
    "nearby": _("Initiated in person"),
    "": _("Way of initiation not said"),
}
AUTHENTICATIONS: Final[dict[str, Words]] = {
    "strong": _("Strong authentication"),
    "single": _("Without strong authentication"),
    "": _("Authentication not said"),
}
REACHES: Final[dict[str, Words]] = {
    "domestic": _("Domestic"),
    "cross_border": _("Cross-border"),
    "": _("Reach not said"),
}


def channel_title(name: str) -> str:
    """What a channel is called."""
    return str(CHANNELS.get(name, name))
