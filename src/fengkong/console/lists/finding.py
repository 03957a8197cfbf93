"""What the one box finds of lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from fengkong.console.lists.declared import live_lists
from fengkong.console.shell.search import FEW, LEAST, Found
from fengkong.console.shell.spoken import said
from fengkong.core.errors import RiskError

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator


def find_lists(operator: Operator, text: str) -> Iterable[Found]:
    """Lists of the policies in force by name or title."""
    if not operator.may("lists.view") or len(text) < LEAST:
        return
    try:
        declared = live_lists()
    except (RiskError, OSError):
        return
    folded = text.casefold()
    found = [
        (name, said(one.title))
        for name, one in sorted(declared.items())
        if folded in name.casefold() or folded in said(one.title).casefold()
    ]
    for name, title in found[:FEW]:
        yield Found(title, _("Lists"), reverse("list", args=[name]), "list-check")
