"""What the one box finds of operators."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _

from fengkong.console.accounts.models import Operator
from fengkong.console.shell.search import FEW, LEAST, Found


def find_operators(operator: Operator, text: str) -> Iterable[Found]:
    """Operators by their names."""
    if not operator.may("operators.view") or len(text) < LEAST:
        return
    for one in Operator.objects.filter(username__icontains=text).order_by("username")[:FEW]:
        address = reverse("operator", args=[one.username])
        yield Found(one.username, _("Operators"), address, "user-cog")
