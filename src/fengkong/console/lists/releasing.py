"""Takes values off lists: at once where that is harmless, by four eyes where somebody goes free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from django.utils.translation import gettext_lazy as _

from fengkong.console.accounts.models import Operator
from fengkong.console.approvals.four_eyes import Fact, propose
from fengkong.console.approvals.models import Proposal
from fengkong.console.lists.changing import BLACK, declared_list, end_entries
from fengkong.console.lists.importing import revert_import
from fengkong.console.lists.models import ListEntry, ListImport

RELEASE: Final = "release_listed"
_SHOWN: Final = 10


def release(
    operator: Operator,
    list_name: str,
    *,
    reason: str,
    picked: Sequence[int] = (),
    imported: ListImport | None = None,
) -> tuple[int, Proposal | None]:
    """Take picked entries or a whole import off a list: how many ended, or what was proposed.

    Off a black list nobody comes by one person's word. Raises UndeclaredListError.
    """
    number = None if imported is None else imported.pk
    content = {"picked": list(picked), "import": number}
    if declared_list(list_name).colour == BLACK:
        return 0, propose(operator, RELEASE, target=list_name, reason=reason, content=content)
    return _end(operator, list_name, content, reason=reason), None


def perform_release(proposal: Proposal, approver: Operator) -> None:
    """Do what was approved; entries that ended meanwhile are left as they are."""
    _end(approver, proposal.target, proposal.content, reason=proposal.reason)


def describe_release(proposal: Proposal) -> list[Fact]:
    """Which values would come off, masked."""
    facts: list[Fact] = [(_("List"), proposal.target)]
    number = proposal.content.get("import")
    if number is not None:
        facts.append((_("Import number"), number))
        return facts
    picked = proposal.content.get("picked", [])
    shown = ListEntry.objects.filter(pk__in=picked[:_SHOWN]).values_list("masked", flat=True)
    facts.append((_("List entries"), len(picked)))
    facts.append((_("Values"), ", ".join(shown) + (" …" if len(picked) > _SHOWN else "")))
    return facts


def _end(operator: Operator, list_name: str, content: Mapping[str, object], *, reason: str) -> int:
    number, picked = content.get("import"), content.get("picked")
    if isinstance(number, int):
        return revert_import(operator, number, reason=reason)
    assert isinstance(picked, list), "our own content"
    entries = ListEntry.objects.filter(pk__in=picked)
    return end_entries(operator, entries, list_name=list_name, reason=reason)
