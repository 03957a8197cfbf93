"""Operations of playbooks: the library, one playbook, its versions, and a new one proposed."""

from typing import Any

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Field, Router, Schema

from fengkong.console.api import answers
from fengkong.console.api import incident_answers as shown
from fengkong.console.api.operations import bearer, demand_match, operation, tagged
from fengkong.console.api.representations import TEXT, columns, findable, paged, proposal_shown
from fengkong.console.playbooks import changing
from fengkong.console.playbooks.checking import faults_of
from fengkong.console.playbooks.library import InUse, in_use
from fengkong.console.playbooks.models import PlaybookVersion

router = Router()


class PlaybookText(Schema):
    """The text of a playbook, in YAML."""

    text: str = Field(min_length=1, max_length=changing.TEXT_MAX, pattern=TEXT)


class WhyUsed(Schema):
    """Why it is to be in use."""

    reason: str = Field(min_length=1, max_length=500, pattern=TEXT)


@router.get("/playbooks")
@operation("incidents.view")
def playbooks(request: HttpRequest) -> dict[str, Any]:
    """Every playbook in use."""
    del request
    return {"items": [_used(name, one) for name, one in in_use().items()]}


@router.post("/playbooks/drafts", response=shown.VersionWithText)
@operation("playbooks.edit")
def begin_playbook(request: HttpRequest, said: PlaybookText) -> dict[str, Any]:
    """Begin a draft of a playbook that there is not yet; its text names it."""
    return _with_text(changing.begin_new(bearer(request), said.text))


@router.get("/playbooks/versions", response=answers.page(shown.VersionShown))
@operation("incidents.view")
def playbook_versions(request: HttpRequest, name: str = "") -> dict[str, Any]:
    """Versions that the firm wrote, the newest first; of one playbook where it is named."""
    found = PlaybookVersion.objects.select_related("author")
    if name:
        found = found.filter(name=name.replace("\x00", ""))
    return paged(request, found, _version, order=("-id",))


@router.get("/playbooks/versions/{number}", response=shown.VersionWithText)
@operation("incidents.view")
def playbook_version(request: HttpRequest, number: int) -> HttpResponse:
    """One version with its text and the faults of it."""
    return tagged(request, _with_text(_found(number)))


@router.put("/playbooks/versions/{number}", response=shown.VersionWithText)
@operation("playbooks.edit")
def save_playbook_draft(request: HttpRequest, number: int, said: PlaybookText) -> HttpResponse:
    """Save a draft; If-Match names the state that is changed."""
    found = _found(number)
    demand_match(request, _with_text(found))
    saved = changing.save_draft(bearer(request), found.pk, edition=found.edition, text=said.text)
    return tagged(request, _with_text(saved))


@router.post("/playbooks/versions/{number}/propose", response=answers.ProposalShown)
@operation("playbooks.edit")
def propose_playbook(request: HttpRequest, number: int, said: WhyUsed) -> dict[str, Any]:
    """Ask a colleague to approve a draft; all its faults come at once."""
    made = changing.propose_draft(bearer(request), findable(number), reason=said.reason)
    return proposal_shown(made)


@router.post("/playbooks/versions/{number}/drop", response=shown.VersionWithText)
@operation("playbooks.edit")
def drop_playbook(request: HttpRequest, number: int) -> dict[str, Any]:
    """Throw a draft away; what is in use stays, and the number is not given again."""
    return _with_text(changing.drop_draft(bearer(request), _found(number).pk))


@router.get("/playbooks/{name}")
@operation("incidents.view")
def playbook(request: HttpRequest, name: str) -> HttpResponse:
    """One playbook in use: triggers, steps, roles, contacts, texts, criteria; and its text."""
    found = in_use().get(name)
    if found is None:
        raise Http404
    return tagged(request, {**_used(name, found), "content": found.content, "text": found.text})


@router.post("/playbooks/{name}/draft", response=shown.VersionWithText)
@operation("playbooks.edit")
def draft_playbook(request: HttpRequest, name: str) -> dict[str, Any]:
    """The open draft of a playbook, begun with the text in use where there is none."""
    if name not in in_use():
        raise Http404
    return _with_text(changing.begin_draft(bearer(request), name))


def _found(number: int) -> PlaybookVersion:
    return PlaybookVersion.objects.select_related("author").get(pk=findable(number))


def _used(name: str, one: InUse) -> dict[str, Any]:
    return {
        "name": name,
        "version": one.playbook.version,
        "kind": one.playbook.kind,
        "title": msgspec.to_builtins(one.playbook.title),
        "hash": one.playbook.hash,
        "version_id": None if one.version is None else one.version.pk,
    }


def _version(one: PlaybookVersion) -> dict[str, Any]:
    return {**columns(one, *shown.PLAYBOOK), "author": one.author.username}


def _with_text(one: PlaybookVersion) -> dict[str, Any]:
    faults = [
        {"line": each.line, "path": each.path, "code": each.code, "detail": each.message}
        for each in faults_of(one.text)
    ]
    return {**_version(one), "text": one.text, "faults": faults}
