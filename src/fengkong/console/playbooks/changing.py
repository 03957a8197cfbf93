"""How a playbook changes: a draft is saved, proposed, and approved by another person."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.approvals.four_eyes import Fact, propose
from fengkong.console.approvals.models import Proposal
from fengkong.console.audit.recording import record
from fengkong.console.playbooks.checking import checked_playbook
from fengkong.console.playbooks.differing import differences
from fengkong.console.playbooks.library import in_use
from fengkong.console.playbooks.models import PlaybookVersion
from fengkong.console.shell.spoken import said
from fengkong.core.errors import RiskError
from fengkong.response.playbook import Playbook, read_playbook

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

ACT: Final = "publish_playbook"
TEXT_MAX: Final = 200_000
_EDIT: Final = "playbooks.edit"
_VERSION: Final = re.compile(r"^version:[ \t]*[0-9]+", re.MULTILINE)
_NAME: Final = re.compile(r"^playbook:[ \t]*([a-z][a-z0-9_]{0,59})[ \t]*$", re.MULTILINE)
_STATES: Final = PlaybookVersion.State


class StalePlaybookError(RiskError):
    """The draft was changed or proposed since it was opened, or is another playbook's."""

    code = "console.stale_playbook"
    hint = "Open the draft again, take over what you need, and save it under the same name."


class UnnamedPlaybookError(RiskError):
    """A new playbook has no name, or one that another playbook has."""

    code = "console.unnamed_playbook"
    hint = "Begin with `playbook: a_name_of_its_own`: small letters, digits and underscores."


@transaction.atomic
def begin_draft(operator: Operator, name: str) -> PlaybookVersion:
    """The open draft of a playbook, or a new one with the text that is in use."""
    _allow(operator)
    held = PlaybookVersion.objects.filter(name=name, state=_STATES.DRAFT).first()
    if held is not None:
        return held
    text = in_use()[name].text
    return _new(operator, name, text)


def _new(operator: Operator, name: str, text: str) -> PlaybookVersion:
    used = in_use().get(name)
    highest = PlaybookVersion.objects.filter(name=name).aggregate(Max("number"))["number__max"]
    number = max(highest or 0, 0 if used is None else used.playbook.version) + 1
    text = _VERSION.sub(f"version: {number}", text, count=1)
    draft = PlaybookVersion.objects.create(
        name=name, number=number, text=text, author=operator, hash=hash_of(text)
    )
    _record(operator, "create_playbook_draft", draft)
    return draft


@transaction.atomic
def begin_new(operator: Operator, text: str) -> PlaybookVersion:
    """A draft of a playbook that there is not yet; its text names it."""
    _allow(operator)
    text = _with_plain_lines(text)
    found = _NAME.search(text)
    if found is None or found[1] in in_use():
        raise UnnamedPlaybookError("no `playbook:` with a name that is free")
    return _new(operator, found[1], text)


@transaction.atomic
def save_draft(operator: Operator, draft_id: int, *, edition: int, text: str) -> PlaybookVersion:
    """Save a draft as it was opened at an edition; faults keep it from being proposed only."""
    _allow(operator)
    draft = _draft(draft_id)
    text = _with_plain_lines(text)
    named = _NAME.search(text)
    if draft.edition != edition:
        raise StalePlaybookError(f"{draft} was saved meanwhile, as edition {draft.edition}")
    if named is None or named[1] != draft.name:
        raise StalePlaybookError(f"the text does not begin with `playbook: {draft.name}`")
    draft.text = _VERSION.sub(f"version: {draft.number}", text, count=1)
    draft.hash, draft.author, draft.changed_at = hash_of(draft.text), operator, timezone.now()
    draft.edition += 1
    draft.save()
    _record(operator, "save_playbook_draft", draft)
    return draft


@transaction.atomic
def propose_draft(operator: Operator, draft_id: int, *, reason: str) -> Proposal:
    """Ask a colleague to approve it; raises FaultsError where the text has faults."""
    _allow(operator)
    draft = _draft(draft_id)
    checked_playbook(draft.text)
    draft.state, draft.reason = _STATES.PROPOSED, reason.strip()
    draft.save()
    content = {"version": draft.pk, "hash": draft.hash}
    return propose(operator, ACT, target=str(draft), reason=reason, content=content)


@transaction.atomic
def drop_draft(operator: Operator, draft_id: int) -> PlaybookVersion:
    """Throw a draft away: nobody sees it among the drafts, and its number is not given again."""
    _allow(operator)
    draft = _draft(draft_id)
    draft.state, draft.changed_at = _STATES.DROPPED, timezone.now()
    draft.save()
    _record(operator, "drop_playbook_draft", draft)
    return draft


def perform_publish(proposal: Proposal, approver: Operator) -> None:
    """It is in use from now on; incidents that run keep what was frozen into them."""
    version = PlaybookVersion.objects.select_for_update().get(pk=proposal.content["version"])
    if version.hash != proposal.content["hash"] or version.state != _STATES.PROPOSED:
        raise StalePlaybookError(f"{version} is not what was proposed")
    before = PlaybookVersion.objects.filter(name=version.name, state=_STATES.IN_USE)
    before.update(state=_STATES.RETIRED)
    version.state, version.approved_by = _STATES.IN_USE, approver.username
    version.in_use_since = timezone.now()
    version.save()
    _record(approver, "use_playbook", version)


def take_back(proposal: Proposal) -> None:
    """It was not approved: it may be edited again."""
    waiting = PlaybookVersion.objects.filter(
        pk=proposal.content.get("version"), state=_STATES.PROPOSED
    )
    with transaction.atomic():
        for version in waiting:
            version.state = _STATES.DRAFT
            version.save()
            _record("system", "return_playbook", version)


def described(proposal: Proposal) -> list[Fact]:
    """What the approver decides about: everything that comes, goes and changes."""
    version = PlaybookVersion.objects.get(pk=proposal.content["version"])
    used = in_use().get(version.name)
    new = read_playbook(version.text, str(version))
    found = differences(None if used is None else used.playbook, new)
    signs = {"+": _("Comes"), "-": _("Goes"), "~": _("Is changed")}
    return [(_("Playbook"), said(new.title)), *((signs[one.sign], one.words) for one in found)]


def playbook_or_none(text: str) -> Playbook | None:
    """The playbook of a text, None where it has faults."""
    try:
        return read_playbook(text, "playbook")
    except RiskError:
        return None


def hash_of(text: str) -> str:
    """The hash of a text's content, empty where it has faults."""
    made = playbook_or_none(text)
    return "" if made is None else made.hash


def _with_plain_lines(text: str) -> str:
    """A text as it is kept: browsers send carriage returns, which no pattern and no hash wants."""
    return text.replace("\r\n", "\n")[:TEXT_MAX]


def _allow(operator: Operator) -> None:
    if not operator.may(_EDIT):
        raise PermissionDenied(_EDIT)


def _draft(draft_id: int) -> PlaybookVersion:
    draft = PlaybookVersion.objects.select_for_update().get(pk=draft_id)
    if draft.state != _STATES.DRAFT:
        raise StalePlaybookError(f"{draft} is no draft any more")
    return draft


def _record(operator: Operator | str, action: str, version: PlaybookVersion) -> None:
    detail = {"hash": version.hash, "edition": version.edition}
    record(operator, action, target_kind="playbook", target=str(version), detail=detail)
