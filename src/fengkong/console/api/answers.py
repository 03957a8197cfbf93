"""What operations answer with, described: rows by the columns of their tables, and the rest."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from ninja import Schema
from ninja.orm import create_schema

from fengkong.console.accounts.models import Operator
from fengkong.console.approvals.models import Proposal
from fengkong.console.audit.models import AuditEntry, Verification
from fengkong.console.governance.models import PolicyVersion, ServiceChange, VersionStep
from fengkong.console.journaled.models import Decision
from fengkong.console.lists.models import ListEntry, ListImport
from fengkong.console.outbox.models import Job
from fengkong.console.webhooks.models import Delivery, Endpoint

Row = TypeVar("Row")
Extra = tuple[str, Any, Any]
REQUIRED: Final = ...


class Page(Schema, Generic[Row]):
    """Rows, and the cursor at which the list goes on; null at its end."""

    items: list[Row]
    next: str | None


def page(row: type[Schema]) -> Any:
    """The schema of a page of such rows."""
    return Page[row]  # type: ignore[valid-type]  # chosen at run time


class Problem(Schema):
    """What is wrong (RFC 9457): `code` for programs, `title` and `detail` for people."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    errors: list[dict[str, Any]] | None = None


def of_row(model: Any, name: str, *columns: str, more: tuple[Extra, ...] = ()) -> type[Schema]:
    """The schema of some columns of a table and of what stands beside them."""
    made = create_schema(model, name=name, fields=list(columns), custom_fields=list(more))
    made.__doc__ = (model.__doc__ or "").strip().split("\n\n", maxsplit=1)[0]
    return made


DecisionShown = of_row(
    Decision,
    "DecisionShown",
    *(one.name for one in Decision._meta.concrete_fields if one.name != "rules"),  # noqa: SLF001
    more=(("rules", list[str], REQUIRED),),
)
ProposalShown = of_row(
    Proposal,
    "ProposalShown",
    *("id", "kind", "target", "reason", "state", "proposed_at", "decided_at"),
    more=(("proposed_by", str, REQUIRED), ("decided_by", str | None, REQUIRED)),
)
EntryShown = of_row(
    AuditEntry,
    "AuditEntryShown",
    *("sequence", "recorded_at", "actor", "action", "target_kind", "target"),
    more=(("detail", dict[str, Any], REQUIRED), ("leaf_hash", str, REQUIRED)),
)
VerificationShown = of_row(
    Verification, "VerificationShown", "id", "state", "done", "upto", "finding", "entry"
)
JobShown = of_row(
    Job,
    "JobShown",
    *("id", "kind", "state", "attempts", "due_at", "created_at", "finished_at"),
)
_VERSION: Final = (
    *("id", "name", "number", "state", "edition", "hash", "note", "changed_at"),
    *("part", "change"),
)
VersionShown = of_row(PolicyVersion, "PolicyVersionShown", *_VERSION)
VersionWithText = of_row(PolicyVersion, "PolicyVersionWithText", *_VERSION, "text")
VersionWithBacktest = of_row(
    PolicyVersion,
    "PolicyVersionWithBacktest",
    *_VERSION,
    more=(("backtest", dict[str, Any], REQUIRED),),
)
StepShown = of_row(
    VersionStep,
    "PolicyStepShown",
    *("id", "at", "actor", "step", "before", "after", "reason", "share", "by"),
)
RunsShown = of_row(
    PolicyVersion,
    "PolicyRunning",
    *("id", "name", "number", "state", "hash"),
    more=(
        ("since", datetime | None, REQUIRED),
        ("share", float | None, REQUIRED),
        ("by", str, REQUIRED),
    ),
)
ChangeShown = of_row(
    ServiceChange,
    "ServiceChangeShown",
    *("id", "kind", "state", "asked_by", "approved_by", "reason", "asked_at", "done_at"),
    *("message", "share", "by"),
    more=(("version_id", int | None, REQUIRED),),
)
ListEntryShown = of_row(
    ListEntry,
    "ListEntryShown",
    *("id", "list_name", "entity", "masked", "reason", "author", "added_at", "starts_at"),
    *("expires_at", "added_sequence", "ended_at", "ended_by", "ended_reason", "refused"),
    *("hits", "last_hit_at"),
    more=(("imported_id", int | None, REQUIRED),),
)
OperatorShown = of_row(
    Operator,
    "OperatorShown",
    *("username", "name", "is_active", "last_login"),
    more=(
        ("session_count", int, REQUIRED),
        ("state", str, REQUIRED),
        ("second_factor", bool, REQUIRED),
        ("roles", Any, REQUIRED),
    ),
)
_ENDPOINT: Final = ("id", "name", "url", "personal", "state", "disabled_because")
_ENDPOINT_MORE: Final = (("types", list[str], REQUIRED), ("outcomes", list[str], REQUIRED))
EndpointShown = of_row(Endpoint, "WebhookShown", *_ENDPOINT, more=_ENDPOINT_MORE)
EndpointWithSecret = of_row(
    Endpoint, "WebhookWithSecret", *_ENDPOINT, more=(*_ENDPOINT_MORE, ("secret", str, REQUIRED))
)
_DELIVERY: Final = ("id", "state", "attempts", "due_at", "last_status", "is_replay", "created_at")
_DELIVERY_MORE: Final = (("message_id", Any, REQUIRED), ("type", str, REQUIRED))
DeliveryShown = of_row(Delivery, "DeliveryShown", *_DELIVERY, "finished_at", more=_DELIVERY_MORE)


class Fault(Schema):
    """A line of a file that cannot be taken, and why."""

    line: int
    shown: str
    fault: str


_IMPORT: Final = ("id", "list_name", "state", "file_name", "reason", "author", "created_at")
_IMPORT_MORE: Final = (("faults", list[Fault], REQUIRED),)
ImportShown = of_row(
    ListImport, "ListImportShown", *_IMPORT, "rows", "reverted_by", "reverted_at", more=_IMPORT_MORE
)
ImportPreviewed = of_row(
    ListImport,
    "ListImportPreviewed",
    *(*_IMPORT, "rows", "reverted_by", "reverted_at"),
    more=(*_IMPORT_MORE, ("listed_already", int, REQUIRED)),
)


class Try(Schema):
    """One try of a delivery, and what came back."""

    at: datetime
    status: int | None
    failure: str
    excerpt: str
    elapsed_ms: int | None


DeliveryWithTries = of_row(
    Delivery,
    "DeliveryWithTries",
    *(*_DELIVERY, "finished_at"),
    more=(
        *_DELIVERY_MORE,
        ("content", dict[str, Any], REQUIRED),
        ("tries", list[Try], REQUIRED),
    ),
)


class InBoth(Schema):
    """A text in both languages."""

    zh: str
    en: str


class ListShown(Schema):
    """A list of the policies in force, with its counts."""

    name: str
    of: str
    entity: str
    colour: str
    rules: list[str]
    title: InBoth
    entries: int
    ending: int
    never_hit: int
    hits: int
    last_hit_at: datetime | None


class Ended(Schema):
    """How many entries were taken off; off a black list a proposal stands instead."""

    ended: int
    proposal: ProposalShown | None  # type: ignore[valid-type]


class RoleShown(Schema):
    """A role: what it may do, which others one person does not hold with it, for how long."""

    name: str
    permissions: list[str]
    apart_from: list[str]
    days_max: int | None


class Sent(Schema):
    """That something was sent."""

    sent: bool


class Secret(Schema):
    """A secret that is shown once."""

    secret: str


class Replayed(Schema):
    """How many messages are sent again."""

    replayed: int


class ChangeInWords(Schema):
    """One difference of two policies, said."""

    part: str
    name: str
    zh: str
    en: str
    effect: str
    before: Any
    after: Any


class Difference(Schema):
    """What changed between two versions; no changes in words where one of them has faults."""

    before: str
    after: str
    changes: list[ChangeInWords] | None
    lines: list[str]


class FreshnessShown(Schema):
    """What was read up to, and how many entries wait."""

    sequence: int
    at: datetime | None
    behind: int | None
    stale: bool


class FigureShown(Schema):
    """A figure of the overview, now and before; `listed` are the decisions it counts."""

    key: str
    title: str
    unit: str
    value: float | None
    before: float | None
    values: list[float | None]
    count: int | None
    change: float | None
    lamp: str
    listed: str | None


class Overview(Schema):
    """The figures of a period."""

    start: datetime
    end: datetime
    currency: str
    freshness: FreshnessShown
    figures: list[FigureShown]


class ReplayShown(Schema):
    """Whether a decision derived again has the bytes that were recorded, and where it differs."""

    equal: bool
    same_record: bool
    differences: list[str]


class FeatureShown(Schema):
    """A feature of the policy in force: its lineage and how it spreads."""

    name: str
    title: str
    kind: str
    declared: str
    events: list[str]
    entities: list[str]
    fields: list[str]
    window: str
    delayed: str
    default: str
    reads: list[str]
    rules: list[str]
    models: list[str]
    null: float | None
    null_before: float | None
    psi: float | None
    lamp: str


class Checks(Schema):
    """How the replays of the last day went."""

    whole: int
    equal: int
    newest: Any
    lamp: str


class Features(Page[FeatureShown]):
    """The features, when they were measured, and how the replays went."""

    measured_at: datetime | None
    stale: bool
    replayed: Checks


class ModelShown(Schema):
    """A model of a policy in force, champion or challenger."""

    used_as: str
    name: str
    version: str
    hash: str
    title: Any
    role: str
    challenger: Any
    policy: Any
    lamp: str
    psi: float | None


class ModelWithFigures(ModelShown):
    """A model with the figures that it carries."""

    figures: Any


class Health(Schema):
    """The newest sample of the service, the data directory, the worker and its jobs."""

    now: datetime
    service: dict[str, Any] | None
    directory: dict[str, Any] | None
    worker: FreshnessShown
    jobs: dict[str, int]
