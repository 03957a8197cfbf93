"""The page of one decision, its proof and its replay."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from fengkong import __version__
from fengkong.client.errors import ClientError
from fengkong.console.audit.recording import record
from fengkong.console.insiders.counting import counted
from fengkong.console.journaled.models import Decision, Label
from fengkong.console.journaled.parts import part_of
from fengkong.console.journaled.reading import ClearEntry, UnknownEntryError, clear_entry
from fengkong.console.journaled.service_access import NoServiceKeyError, service_client
from fengkong.console.live.differences import beside
from fengkong.console.live.judgement import Judgement, ModelSeen
from fengkong.console.live.latency import split_at
from fengkong.console.live.proving import proof_of
from fengkong.console.live.reader import reader_of
from fengkong.console.live.replaying import replay_of, retold
from fengkong.console.live.rows import row_of
from fengkong.console.live.titles import policy_of
from fengkong.console.project.declared import needs
from fengkong.console.shell.charts import Chart, Series
from fengkong.console.shell.spoken import said
from fengkong.console.shell.told_errors import told_error
from fengkong.core.errors import RiskError


@needs("decisions.view")
@transaction.non_atomic_requests
def decision(request: HttpRequest, sequence: int) -> HttpResponse:
    """Everything that was recorded about one decision."""
    shown = _decision(sequence)
    with transaction.atomic():
        counted(reader_of(request), "decision", str(sequence))
    entry, trouble = _entry(sequence)
    context: dict[str, Any] = {
        "decision": shown,
        "row": row_of(shown),
        "entry": entry,
        "trouble": trouble,
        "may_see_entities": reader_of(request).may("entities.view"),
        "label": Label.objects.filter(event_id=shown.event_id).first(),
        "engine": __version__,
        "split": split_at(shown.recorded_at),
        "traces": None,
        "fields": None,
        "waited": (shown.recorded_at - shown.occurred_at).total_seconds(),
    }
    if entry is not None and entry.decision is not None and entry.event is not None:
        context |= _judged(entry, shown)
    return render(request, "live/decision.html", context)


@needs("decisions.view")
@transaction.non_atomic_requests
def proof(request: HttpRequest, sequence: int) -> HttpResponse:
    """The proof that the decision's entry is in the ledger, checked here."""
    context: dict[str, Any] = {"sequence": sequence}
    try:
        entry = clear_entry(sequence)
        with service_client(timeout=5.0) as client:
            context["proof"] = proof_of(
                client, sequence=sequence, leaf=entry.leaf_bytes, console=settings.CONSOLE
            )
        context["leaf"] = entry.leaf
    except UnknownEntryError:
        raise Http404 from None
    except (RiskError, OSError) as error:
        context["error"] = _told(error)
    return render(request, "live/parts/proof.html", context)


@needs("decisions.replay", act="decisions.replay")
@transaction.non_atomic_requests
@require_POST
def replay(request: HttpRequest, sequence: int) -> HttpResponse:
    """Have the decision derived again, and show whether the bytes agree.

    It may take seconds, so no transaction is open meanwhile.
    """
    shown = _decision(sequence)
    with transaction.atomic():
        record(reader_of(request), "replay_decision", target_kind="decision", target=str(sequence))
    context: dict[str, Any] = {"sequence": sequence}
    try:
        entry = clear_entry(sequence)
        if entry.decision is None:
            context["error"] = _("The content of this decision was erased; nobody can derive it.")
        else:
            with service_client(timeout=60.0) as client:
                found = replay_of(client, event_id=shown.event_id, recorded=entry.decision)
            context |= {"replay": found, "told": retold(found.explanation)}
    except (RiskError, OSError) as error:
        context["error"] = _told(error)
    return render(request, "live/parts/replay.html", context)


def _decision(sequence: int) -> Decision:
    found = Decision.objects.filter(sequence=sequence).first()
    if found is None:
        raise Http404
    return found


def _entry(sequence: int) -> tuple[ClearEntry | None, str]:
    """The entry in the clear, or why it cannot be read."""
    try:
        return clear_entry(sequence), ""
    except (RiskError, OSError) as error:
        return None, _told(error)


def _told(error: Exception) -> str:
    """What went wrong, for people; whatever the client met is one thing to them."""
    if isinstance(error, ClientError):
        return _("The decision service did not answer: %(what)s") % {"what": error.message}
    if isinstance(error, NoServiceKeyError):
        return _("The console has no key for the decision service.")
    return told_error(error) if isinstance(error, RiskError) else type(error).__name__


def _judged(entry: ClearEntry, shown: Decision) -> dict[str, Any]:
    assert entry.decision is not None and entry.event is not None, "asked before"  # noqa: PT018
    policy = policy_of(shown.policy_hash)
    judgement = Judgement(entry.decision, event=entry.event, policy=policy)
    models = judgement.models()
    return {
        "policy": policy,
        "policy_title": "" if policy is None else said(policy.title),
        "reasons": judgement.reasons(),
        "traces": judgement.traces(),
        "features": judgement.features(),
        "models": [(model, _contributions(model)) for model in models],
        "fields": judgement.fields(),
        "received_bytes": 0 if entry.received is None else len(entry.received),
        "missing": entry.missing,
        "part": part_of(shown),
        "beside": None if entry.shadow is None else beside(entry.decision, entry.shadow),
    }


def _contributions(model: ModelSeen) -> Chart | None:
    if not model.pushes:
        return None
    return Chart(
        title=_("Contributions to %(model)s") % {"model": model.title},
        kind="bars_across",
        labels=[f"{push.title} = {push.value}" for push in model.pushes],
        label_title=_("Input"),
        series=[Series(_("Log odds"), [round(push.amount, 4) for push in model.pushes], "blue")],
        unit="number",
    )
