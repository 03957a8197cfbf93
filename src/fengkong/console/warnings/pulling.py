"""The worker gets sources from their addresses: by schedule, guarded as webhooks are.

What comes is read before it is taken: a document that cannot be read, or has none of the source's
columns, leaves what was there before. After three failures in a row the source counts as stale.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from fengkong.console.audit.recording import record
from fengkong.console.outbox.jobs import put
from fengkong.console.outbox.models import Job
from fengkong.console.warnings.library import library_in_force
from fengkong.console.warnings.models import PullResult, SourcePull
from fengkong.console.warnings.thresholds import EDIT
from fengkong.console.webhooks.destinations import (
    RefusedDestinationError,
    UnresolvedDestinationError,
    destination_of,
)
from fengkong.console.webhooks.posting import fetch
from fengkong.core.bilingual import Bilingual
from fengkong.core.errors import RiskError
from fengkong.indicators.errors import UnreadableSourceError
from fengkong.indicators.readers import FORMS, read_content
from fengkong.indicators.sources import Source, SourceState, examine

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

PULL_NOW: Final = "pull_source"
"""The job that gets one source at once."""
TIMEOUT_S: Final = 20.0
BYTES_MAX: Final = 64 * 1024 * 1024
MINUTES: Final = (1, 1440)
FAILURES_MAX: Final = 3
_OK: Final = 200


class InvalidPullError(RiskError):
    """A source cannot be got like this: its address, its ending, or how often."""

    code = "warnings.invalid_pull"
    hint = "Give an address that ends with .csv, .json or .parquet, and minutes from 1 to 1440."


def set_pull(operator: Operator, source: Source, *, address: str, every_minutes: int) -> None:
    """Have a source pulled; an empty address ends it. Raises InvalidPullError, and what is wrong
    with the destination.
    """
    if not operator.may(EDIT):
        raise PermissionDenied
    with transaction.atomic():
        if not address:
            SourcePull.objects.filter(pk=source.id).delete()
            PullResult.objects.filter(pk=source.id).delete()
            record(operator, "end_pull", target_kind="source", target=source.id)
            return
        if form_of(address) is None or not MINUTES[0] <= every_minutes <= MINUTES[1]:
            raise InvalidPullError("the ending or the minutes are not what they must be")
        destination = destination_of(address, allowed=settings.CONSOLE.webhook_networks)
        given = {"address": address, "every_minutes": every_minutes, "by": operator.username}
        SourcePull.objects.update_or_create(pk=source.id, defaults=given)
        detail = {"host": destination.host, "minutes": every_minutes}
        record(operator, "set_pull", target_kind="source", target=source.id, detail=detail)


@transaction.atomic
def ask_pull(operator: Operator, pull: SourcePull) -> Job:
    """Have a source got at once, by the worker. Raises PermissionDenied."""
    if not operator.may(EDIT):
        raise PermissionDenied
    record(operator, "pull_source", target_kind="source", target=pull.source)
    return put(PULL_NOW, {"source": pull.source}, key=pull.source)


def form_of(address: str) -> str | None:
    """The ending of an address by which its document is read, None for none that is known."""
    path = address.split("?", maxsplit=1)[0].lower()
    return next((ending for ending in FORMS if path.endswith(ending)), None)


def pull_due(_job: Job) -> None:
    """Pull every source whose time has come; a job of the outbox."""
    library, now = library_in_force(), timezone.now()
    known = {one.source: one for one in PullResult.objects.all()}
    for pull in SourcePull.objects.all():
        if pull.source in library.sources and _is_due(pull, known.get(pull.source), now=now):
            pull_now(library.source(pull.source), pull)


def pull_asked(job: Job) -> None:
    """Pull one source because somebody asked for it; a job of the outbox."""
    pull = SourcePull.objects.filter(pk=job.content["source"]).first()
    if pull is not None:
        pull_now(library_in_force().source(pull.source), pull)


def pull_now(source: Source, pull: SourcePull) -> PullResult:
    """Get a source's document and take it if it can be read; what came of it."""
    ending = form_of(pull.address)
    body, elapsed, fault = b"", 0, None
    try:
        destination = destination_of(pull.address, allowed=settings.CONSOLE.webhook_networks)
    except (RefusedDestinationError, UnresolvedDestinationError) as error:
        fault = Bilingual(zh=f"地址不可用：{error.message}", en=f"the address: {error.message}")
    else:
        found = fetch(
            destination,
            headers=_headers(source.id),
            bytes_max=BYTES_MAX,
            deadline_s=TIMEOUT_S,
        )
        body, elapsed = found.body, found.elapsed_ms
        if found.failure:
            fault = Bilingual(zh=f"没有回应：{found.failure}", en=f"no answer: {found.failure}")
        elif found.status != _OK:
            fault = Bilingual(zh=f"对方答复 {found.status}", en=f"answered {found.status}")
        else:
            fault = _taken(source, body, ending=ending or "")
    return _kept_result(source, fault, size=len(body), elapsed=elapsed)


def pull_fault(source: Source) -> Bilingual | None:
    """What is wrong with a source that could not be pulled several times in a row."""
    found = PullResult.objects.filter(pk=source.id, failures__gte=FAILURES_MAX).first()
    if found is None:
        return None
    times = found.failures
    return Bilingual(
        zh=f"连续 {times} 次拉取失败：{found.said_zh}", en=f"{times} pulls failed: {found.said_en}"
    )


def _taken(source: Source, body: bytes, *, ending: str) -> Bilingual | None:
    """Put a document in place; what is wrong with it where it was not taken."""
    try:
        table = read_content(
            source, body, form=FORMS[ending], name=source.id, time_zone=settings.TIME_ZONE
        )
    except UnreadableSourceError as error:
        said = error.message[:200]
        return Bilingual(zh=f"无法读取：{said}", en=f"cannot be read: {said}")
    report = examine(source, table, today=timezone.localdate())
    if report.state is SourceState.BROKEN and report.newest is None:
        return report.faults[0]
    folder: Path = settings.CONSOLE.directory / "sources"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = folder / f"{source.id}{ending}.new"
    new.write_bytes(body)
    new.replace(folder / f"{source.id}{ending}")
    return None


def _headers(name: str) -> dict[str, str]:
    """What is asked with: a token from ``keys/pull.NAME`` where there is one."""
    place: Path = settings.CONSOLE.keys / f"pull.{name}"
    headers = {"Accept": "*/*", "User-Agent": "fengkong"}
    if place.is_file():
        headers["Authorization"] = f"Bearer {place.read_text(encoding='utf-8').strip()}"
    return headers


def _is_due(pull: SourcePull, result: PullResult | None, *, now: datetime) -> bool:
    return result is None or now >= result.at + timedelta(minutes=pull.every_minutes)


def _kept_result(source: Source, fault: Bilingual | None, *, size: int, elapsed: int) -> PullResult:
    now = timezone.now()
    before = PullResult.objects.filter(pk=source.id).first() or PullResult(source=source.id)
    before.at, before.bytes, before.elapsed_ms = now, size, elapsed
    if fault is None:
        before.failures, before.succeeded_at = 0, now
        before.said_zh = before.said_en = ""
    else:
        before.failures += 1
        before.said_zh, before.said_en = fault.zh[:300], fault.en[:300]
    before.save()
    return before
