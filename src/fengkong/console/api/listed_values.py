"""Operations of lists: their entries, adding and ending them, and imports."""

from datetime import date, datetime
from typing import Any, Literal

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Field, File, Form, Query, Router, Schema, UploadedFile

from fengkong.console.api import answers
from fengkong.console.api.operations import bearer, operation, tagged
from fengkong.console.api.representations import (
    TEXT,
    Number,
    Reason,
    columns,
    findable,
    instant,
    paged,
    proposal_shown,
)
from fengkong.console.approvals.models import Proposal
from fengkong.console.lists import queries
from fengkong.console.lists.changing import (
    NewEntry,
    UndeclaredListError,
    add_entries,
    declared_list,
)
from fengkong.console.lists.declared import DeclaredList
from fengkong.console.lists.importing import (
    BYTES_MAX,
    confirm_import,
    keep_preview,
    read_import,
    revert_import,
)
from fengkong.console.lists.models import ListEntry, ListImport
from fengkong.console.lists.releasing import release
from fengkong.console.lists.views import PICKED_MAX

router = Router()


class EntriesAsked(Schema):
    """Which entries are looked for."""

    value: str = Field("", max_length=128)
    state: Literal["", "in_force", "sending", "expired", "ended", "refused"] = ""
    author: str = Field("", max_length=64, pattern=TEXT)
    since: date | None = None
    never_hit: bool = False
    ending: bool = False
    imported: Number | None = None


class NewValue(Schema):
    """A value to be listed; a black list asks for its end."""

    value: str = Field(min_length=1, max_length=128)
    reason: str = Field(min_length=1, max_length=500)
    expires_at: datetime | None = None
    starts_at: datetime | None = None

    def entry(self) -> NewEntry:
        """The entry as the screens make it."""
        return NewEntry(
            value=self.value,
            reason=self.reason,
            expires_at=None if self.expires_at is None else instant(self.expires_at),
            starts_at=None if self.starts_at is None else instant(self.starts_at),
        )


class NewValues(Schema):
    """Values to be listed, all of them or none."""

    entries: list[NewValue] = Field(min_length=1, max_length=1_000)


class PickedEntries(Reason):
    """Entries to be taken off, and why."""

    picked: list[Number] = Field(min_length=1, max_length=PICKED_MAX)


class ImportTerms(Reason):
    """What holds for the lines of a file that say nothing of their own."""

    expires_at: datetime | None = None


@router.get("/lists", response=answers.page(answers.ListShown))
@operation("lists.view")
def lists(request: HttpRequest) -> dict[str, Any]:
    """Every list of the policies in force, with its counts."""
    del request
    return {"items": [_summary(one) for one in queries.summaries()], "next": None}


@router.get("/lists/{name}/entries", response=answers.page(answers.ListEntryShown))
@operation("lists.view")
def list_entries(request: HttpRequest, name: str, asked: Query[EntriesAsked]) -> dict[str, Any]:
    """Entries of a list, the newest first; values are masked."""
    found = queries.entries(_declared(name).name, **asked.dict())
    return paged(request, found, _entry, order=("-added_at", "-id"))


@router.get("/lists/entries/{number}", response=answers.ListEntryShown)
@operation("lists.view")
def list_entry(request: HttpRequest, number: int) -> HttpResponse:
    """One entry."""
    return tagged(request, _entry(ListEntry.objects.get(pk=findable(number))))


@router.post("/lists/{name}/entries", response=answers.page(answers.ListEntryShown))
@operation("lists.edit")
def add_list_entries(request: HttpRequest, name: str, said: NewValues) -> dict[str, Any]:
    """List values."""
    new = [one.entry() for one in said.entries]
    made = add_entries(bearer(request), _declared(name).name, new)
    return {"items": [_entry(one) for one in made], "next": None}


@router.post("/lists/{name}/entries/end", response=answers.Ended)
@operation("lists.edit")
def end_list_entries(request: HttpRequest, name: str, said: PickedEntries) -> dict[str, Any]:
    """Take entries off; off a black list that is a proposal."""
    name = _declared(name).name
    return _ended(*release(bearer(request), name, reason=said.reason, picked=said.picked))


@router.get("/lists/{name}/imports", response=answers.page(answers.ImportShown))
@operation("lists.view")
def list_imports(request: HttpRequest, name: str) -> dict[str, Any]:
    """Imports into a list, the newest first."""
    return paged(request, ListImport.objects.filter(list_name=name), _import, order=("-id",))


@router.post("/lists/{name}/imports", response=answers.ImportPreviewed)
@operation("lists.edit")
def preview_list_import(
    request: HttpRequest, name: str, file: File[UploadedFile], said: Form[ImportTerms]
) -> dict[str, Any]:
    """Read a CSV file of values; nothing is listed before it is confirmed."""
    into, content = _declared(name), file.read(BYTES_MAX + 1)
    ends = None if said.expires_at is None else instant(said.expires_at)
    preview = read_import(content, into, reason=said.reason, expires_at=ends)
    kept = keep_preview(
        bearer(request), into.name, preview, file_name=file.name or "", reason=said.reason
    )
    return {**_import(kept), "listed_already": preview.listed_already}


@router.get("/lists/imports/{number}", response=answers.ImportShown)
@operation("lists.view")
def list_import(request: HttpRequest, number: int) -> HttpResponse:
    """One import, with its faults by line."""
    return tagged(request, _import(ListImport.objects.get(pk=findable(number))))


@router.post("/lists/imports/{number}/confirm", response=answers.ImportShown)
@operation("lists.edit")
def confirm_list_import(request: HttpRequest, number: int) -> dict[str, Any]:
    """List what was previewed."""
    return _import(confirm_import(bearer(request), findable(number)))


@router.post("/lists/imports/{number}/revert", response=answers.Ended)
@operation("lists.edit")
def revert_list_import(request: HttpRequest, number: int, said: Reason) -> dict[str, Any]:
    """Take an import back, or drop its preview; off a black list that is a proposal."""
    kept = ListImport.objects.get(pk=findable(number))
    if kept.state == ListImport.State.PREVIEWED:
        return _ended(revert_import(bearer(request), kept.pk, reason=said.reason), None)
    return _ended(*release(bearer(request), kept.list_name, reason=said.reason, imported=kept))


def _declared(name: str) -> DeclaredList:
    try:
        return declared_list(name)
    except UndeclaredListError as error:
        raise Http404(error.message) from None


def _summary(one: queries.ListSummary) -> dict[str, Any]:
    declared = columns(one.declared, "name", "of", "entity", "colour", "rules")
    title = {"zh": one.declared.title.zh, "en": one.declared.title.en}
    counts = columns(one, "entries", "ending", "never_hit", "hits", "last_hit_at")
    return {**declared, "title": title, **counts}


def _entry(one: ListEntry) -> dict[str, Any]:
    names = ("id", "list_name", "entity", "masked", "reason", "author", "added_at", "starts_at")
    more = ("expires_at", "added_sequence", "ended_at", "ended_by", "ended_reason", "refused")
    return columns(one, *names, *more, "imported_id", "hits", "last_hit_at")


def _import(one: ListImport) -> dict[str, Any]:
    names = ("id", "list_name", "state", "file_name", "reason", "author", "created_at", "rows")
    faults = [{"line": line, "shown": shown, "fault": fault} for line, shown, fault in one.faults]
    return {**columns(one, *names, "reverted_by", "reverted_at"), "faults": faults}


def _ended(count: int, proposal: Proposal | None) -> dict[str, Any]:
    return {"ended": count, "proposal": None if proposal is None else proposal_shown(proposal)}
