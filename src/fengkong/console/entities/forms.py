"""What the screens of entities are asked; an address that no form would write asks nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.entities.kinds import KINDS
from fengkong.console.entities.queries import is_entity
from fengkong.console.entities.taking import key_of
from fengkong.console.entities.walking import Limits, Wanted
from fengkong.console.shell.spoken import field_title

GRAPH_KINDS: Final = tuple(kind for kind in KINDS if kind != "customer")
OWN: Final = "own"
OWN_KINDS: Final = frozenset({"account", "card", "device", "phone", "email", "id_number"})
"""What people use as their own: neither shops nor networks, where strangers meet."""
DAYS: Final = (
    ("", _("All time")),
    ("7", _("7 days")),
    ("30", _("30 days")),
    ("90", _("90 days")),
    ("365", _("A year")),
)
MONEY_DAYS: Final = (("30", _("30 days")), ("7", _("7 days")), ("90", _("90 days")))
HOPS: Final = (("2", _("2 hops")), ("1", _("1 hop")), ("3", _("3 hops")), ("4", _("4 hops")))
OPENED_MAX: Final = 20
_HOUR_S: Final = 3_600


class GraphForm(forms.Form):
    """How far, how long back, over what."""

    hops = forms.ChoiceField(label=_("How far"), choices=HOPS, required=False)
    days = forms.ChoiceField(label=_("Links of the last"), choices=DAYS, required=False)
    over = forms.ChoiceField(
        label=_("Only over"),
        required=False,
        choices=lambda: [
            ("", _("Everything")),
            (OWN, _("What people use as their own")),
            *((k, field_title(k)) for k in GRAPH_KINDS),
        ],
    )
    hubs = forms.ChoiceField(
        label=_("Hubs"),
        choices=(("", _("Hide")), ("show", _("Show"))),
        required=False,
    )


class MoneyForm(forms.Form):
    """How long back the flow of money is looked at."""

    days = forms.ChoiceField(label=_("Movements of the last"), choices=MONEY_DAYS, required=False)


class FindForm(forms.Form):
    """What to look for; an identifier stands in no address."""

    q = forms.CharField(label=_("Identifier, number or text"), max_length=200)


@dataclass(frozen=True, slots=True)
class GraphAsked:
    """A graph that is asked for: `opened` are blind indexes, in the order they were opened.

    `rows_page` is the page of the table beside it, from 1.
    """

    hops: int
    days: int | None
    over: str
    shows_hubs: bool
    opened: tuple[str, ...]
    until_h: int | None
    rows_page: int

    def wanted(self, now: datetime) -> Wanted:
        """The walk that answers it."""
        since = 0
        if self.days is not None:
            since = int((now - timedelta(days=self.days)).timestamp()) // _HOUR_S
        return Wanted(
            since_h=since,
            kinds=OWN_KINDS if self.over == OWN else frozenset({self.over} if self.over else KINDS),
            opened=frozenset(key_of(bytes.fromhex(one)) for one in self.opened),
            limits=Limits(hops=self.hops),
        )


def graph_asked(query: QueryDict) -> GraphAsked:
    """What an address asks."""
    hops, days, over = query.get("hops", ""), query.get("days", ""), query.get("over", "")
    opened = dict.fromkeys(one for one in query.get("open", "").split(",") if is_entity(one))
    return GraphAsked(
        hops=int(hops) if hops in dict(HOPS) else 2,
        days=int(days) if days in dict(DAYS) and days else None,
        over=over if over in (OWN, *GRAPH_KINDS) else "",
        shows_hubs=query.get("hubs") == "show",
        opened=tuple(opened)[-OPENED_MAX:],
        until_h=_number(query.get("until", "")),
        rows_page=_number(query.get("rows", "")) or 1,
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def money_window(query: QueryDict) -> tuple[datetime, datetime]:
    """The time of an address's money flow."""
    days = query.get("days", "")
    now = timezone.now().astimezone(UTC)
    return now - timedelta(days=int(days) if days in dict(MONEY_DAYS) else 30), now
