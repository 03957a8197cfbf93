"""What stands in the addresses that have arguments, app by app.

`SAMPLES[app](operator)` gives the values of the arguments' names, from objects that are the
operator's own where an address is about what is one's own. `OWN` names those addresses: they are
not found with the objects of somebody else. An app that adds an address with an argument adds it
here; the test says so.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.utils import timezone
from tests.console.governance.versions import TEXT
from tests.console.operators import browser_of, new_operator
from tests.console.soft_passkey import SoftPasskey

from fengkong.console.accounts import actions
from fengkong.console.accounts.models import Operator, SignedIn
from fengkong.console.actions.models import Action, CoreSystem
from fengkong.console.alerts.models import Alert, Closing, Handover, SavedView
from fengkong.console.api.models import ApiToken
from fengkong.console.approvals.models import Proposal
from fengkong.console.audit.models import Verification
from fengkong.console.audit.verification import begin
from fengkong.console.cases.models import Case, CaseFile
from fengkong.console.customers.deadlines import shipped_deadlines
from fengkong.console.customers.models import Appeal, Confirmation
from fengkong.console.drills.models import DrillRun, DrillSchedule
from fengkong.console.drills.running import plan_drill
from fengkong.console.drills.scheduling import schedule_drill
from fengkong.console.entities.models import Entity
from fengkong.console.entities.taking import key_of
from fengkong.console.feedback.models import SecondLook
from fengkong.console.gangs.models import Gang
from fengkong.console.governance.actions import create_draft
from fengkong.console.governance.models import PolicyVersion
from fengkong.console.incidents.models import Evidence, Incident, IncidentTask
from fengkong.console.incidents.opening import open_incident
from fengkong.console.insiders.models import InsiderAlert
from fengkong.console.notices.models import Channel, Notice, Route, Said, Shift, Silence
from fengkong.console.notices.models import Delivery as NoticeDelivery
from fengkong.console.personal.sealing import seal_text
from fengkong.console.playbooks.changing import begin_draft
from fengkong.console.playbooks.models import PlaybookVersion
from fengkong.console.warnings.models import RaisedWarning, SourcePull
from fengkong.console.webhooks.models import Delivery, Endpoint, EndpointHealth, Message

Values = dict[str, object]
OPTIONS = {"publicKey": {"challenge": "c2FtcGxl"}}
OWN = {"mfa_edit_webauthn", "mfa_remove_webauthn", "end_session", "tokens:revoke"}
SEES_ALL = {"end_session": "sessions.end", "tokens:revoke": "system.edit"}
"""Addresses of one's own things that a permission opens for those of all."""


def accounts(operator: Operator) -> Values:
    """An operator whom nobody signed in as, with an open enrolment link."""
    other = Operator.objects.filter(username="sample").first() or new_operator(
        "analyst", username="sample"
    )
    RecoveryCodes.activate(operator)
    passkey = Authenticator.objects.create(
        user=operator,
        type=Authenticator.Type.WEBAUTHN,
        data={"name": "key", "credential": SoftPasskey().register(OPTIONS)},
    )
    browser_of(operator)
    session = SignedIn.objects.filter(operator=operator).latest("began_at")
    inviter = Operator.objects.filter(username="inviter").first() or new_operator(
        "system_admin", username="inviter"
    )
    return {
        "username": other.username,
        "pk": passkey.pk,
        "handle": session.handle,
        "secret": actions.renew_invitation(inviter, other),
    }


def audit(operator: Operator) -> Values:
    """The first entry, and a verification that an auditor began."""
    del operator
    verification = Verification.objects.first() or begin("auditor")
    return {"sequence": 1, "number": verification.pk}


def governance(operator: Operator) -> Values:
    """Two drafts of a policy, a rule of it, and a parameter of one that is live."""
    del operator
    if PolicyVersion.objects.count() < 2:
        drafter = new_operator("analyst", username="drafter")
        for number in (2, 3):
            create_draft(drafter, text=TEXT.replace("version: 1", f"version: {number}"))
        live = create_draft(drafter, text=TEXT)
        PolicyVersion.objects.filter(pk=live.pk).update(state=PolicyVersion.State.LIVE)
    one, other = PolicyVersion.objects.order_by("pk")[:2]
    return {
        "version_id": one.pk,
        "other_id": other.pk,
        "rule": "amount.large",
        "name": "limits.cards_per_device",
    }


def approvals(operator: Operator) -> Values:
    """A proposal that the operator made."""
    made = Proposal.objects.create(
        kind="change_role", target="sample", reason="sample", proposed_by=operator
    )
    return {"number": made.pk}


def live(operator: Operator) -> Values:
    """Nothing: what is shown lies in a journal, and there is none."""
    del operator
    return {"sequence": 1, "name": "none", "version": "1"}


def insiders(operator: Operator) -> Values:
    """An alert about somebody else, and their hours: nobody sees alerts about themselves."""
    del operator
    watched = Operator.objects.filter(username="watched").first() or new_operator(
        "analyst", username="watched"
    )
    alert, _ = InsiderAlert.objects.get_or_create(
        kind="night", operator=watched, day=timezone.localdate(), observed=2, limit=1
    )
    return {"number": alert.pk, "username": watched.username}


def personal(operator: Operator) -> Values:
    """Nothing: personal data lie in a journal, and there is none."""
    del operator
    return {"sequence": 1, "field": "phone", "number": 1}


def lists(operator: Operator) -> Values:
    """Nothing: lists are those of the policy in force, and there is none."""
    del operator
    return {"name": "none", "import_id": 1, "entry_id": 1}


def entities(operator: Operator) -> Values:
    """An entity that the index knows, though no event names it any more."""
    del operator
    blind = bytes(range(16))
    Entity.objects.get_or_create(key=key_of(blind), defaults={"kind": 0, "blind": blind})
    return {"kind": "customer", "entity": blind.hex()}


def cases(operator: Operator) -> Values:
    """A case about nothing that anybody may look at, with a file."""
    del operator
    made = Case.objects.create(
        typology="other", opened_by="sample", due_at=timezone.now(), state=Case.State.OPEN
    )
    file = CaseFile.objects.create(
        case=made,
        author="sample",
        name_sealed=b"",
        media_type="text/plain",
        size=1,
        sha256="0" * 64,
        stored_as=f"case-file-{made.pk}",
        removed_at=timezone.now(),
    )
    return {"number": made.pk, "file_id": file.pk}


def customers(operator: Operator) -> Values:
    """An appeal and a link of the same number; whoever asks had no part in either."""
    del operator
    count = Appeal.objects.count()
    appeal = Appeal.objects.create(
        reference=f"S-{count}",
        sequence=1,
        event_id="e",
        came_by="api",
        received_by="core",
        due_at=timezone.now(),
        deadline=shipped_deadlines()[0].name,
        grounds_sealed=b"",
    )
    Confirmation.objects.create(
        pk=appeal.pk,
        secret_hash=f"{count}",
        code_hash="",
        sequence=1,
        event_id="e",
        asked_by="sample",
        expires_at=timezone.now(),
    )
    return {"number": appeal.pk, "secret": "none"}


def gangs(operator: Operator) -> Values:
    """A gang that has fallen apart."""
    del operator
    now = timezone.now()
    figures = dict.fromkeys(("members", "grown", "frauds", "alerts", "rank"), 0)
    figures |= dict.fromkeys(("exposure_minor", "stopped_minor"), 0)
    times = dict.fromkeys(("first_at", "newest_at", "found_at", "checked_at"), now)
    made = Gang.objects.create(state="dissolved", currency="CNY", **figures, **times)
    return {"number": made.pk}


def webhooks(operator: Operator) -> Values:
    """An endpoint and a delivery of the same number."""
    made = Endpoint.objects.create(name="sample", url="https://h.example/", created_by="ada")
    EndpointHealth.objects.create(endpoint=made)
    message = Message.objects.create(
        id=f"msg_{operator.pk}", type="webhook.ping", occurred_at=timezone.now(), content={}
    )
    Delivery.objects.create(pk=made.pk, endpoint=made, message=message)
    return {"pk": made.pk}


def notices(operator: Operator) -> Values:
    """One of everything of a notice, all of the same number."""
    channel = Channel.objects.filter(name="sample").first()
    if channel is None:
        address = seal_text("https://h.example/", context="notices:1:address")
        channel = Channel.objects.create(
            pk=1, name="sample", kind="webhook", per_minute=1, sealed_address=address
        )
    now = timezone.now()
    notice, _ = Notice.objects.get_or_create(pk=1, key="sample", group="fraud", level="red")
    Said.objects.get_or_create(notice=notice, title_zh="s", title_en="s")
    more = {"notice": notice, "channel": channel, "level": "red", "due_at": now}
    NoticeDelivery.objects.get_or_create(pk=1, defaults={**more, "state": "failed"})
    Route.objects.get_or_create(pk=1, defaults={"channel": channel, "level": "red"})
    span = {"starts_at": now, "ends_at": now + timedelta(hours=1)}
    Shift.objects.get_or_create(pk=1, defaults={"group": "fraud", "operator": operator, **span})
    Silence.objects.get_or_create(pk=1, defaults={"until": now, "reason": "s", "by": "s"})
    return {"pk": 1}


def alerts(operator: Operator) -> Values:
    """An alert that is closed by the operator, a view of theirs and a shift they were given."""
    now = timezone.now()
    closing = Closing.objects.create(
        disposition="suspicious", reason_code="documents_missing", operator=operator, undo_until=now
    )
    alert = Alert.objects.create(
        id=f"sample{operator.pk}",
        subject=f"{operator.pk:032x}",
        typology="mule_ring",
        outcome="review",
        first_sequence=1,
        newest_sequence=1,
        decisions=1,
        points=0.0,
        exposure_minor=0,
        expected_loss_minor=0,
        currency="CNY",
        team="payments",
        skill="mule_ring",
        closing=closing,
        **dict.fromkeys(("opened_at", "newest_at", "due_at", "rank_at"), now),
    )
    view = SavedView.objects.create(operator=operator, name="sample", query="")
    given = Handover.objects.create(giver=operator, taker=operator, note="sample")
    return {"alert_id": alert.pk, "closing_id": closing.pk, "view_id": view.pk} | {
        "handover_id": given.pk,
        "username": "sample",
    }


def actions_of(operator: Operator) -> Values:
    """An action that the operator asked for, and a core system."""
    made = Action.objects.create(
        id=f"sample{operator.pk}", kind="freeze", sequence=1, why="sample", asked_by=operator
    )
    system, _ = CoreSystem.objects.get_or_create(
        name="sample", defaults={"url": "https://h.example/", "secret": b"", "created_by": "ada"}
    )
    return {"action_id": made.pk, "system_id": system.pk}


def warnings(operator: Operator) -> Values:
    """An indicator, a segment of it, its source, and a warning."""
    del operator
    words = {"sentence_zh": "s", "sentence_en": "s", "owner": "s", "day": timezone.localdate()}
    known = {"indicator": "credit.overdue_rate", "group": "credit", "level": "red"}
    made, _ = RaisedWarning.objects.get_or_create(**known, defaults=words)
    pull = {"address": "https://example.com/loan_book.csv", "by": "s"}
    SourcePull.objects.get_or_create(source="loan_book", defaults=pull)
    return {
        "pk": made.pk,
        "name": "credit.overdue_rate",
        "key": "region",
        "source_name": "loan_book",
    }


def feedback(operator: Operator) -> Values:
    """A second look at an alert that somebody else closed."""
    del operator
    look = SecondLook.objects.first()
    if look is None:
        other = new_operator("analyst", username="closer")
        alert = Alert.objects.get(pk=alerts(other)["alert_id"])
        closing = Closing.objects.create(
            disposition="suspicious",
            reason_code="documents_missing",
            operator=other,
            undo_until=timezone.now(),
        )
        look = SecondLook.objects.create(
            alert=alert, closing=closing, first_by=other, first="suspicious", typology="other"
        )
    return {"number": look.pk, "what": "rules", "form": "csv"}


def reports(operator: Operator) -> Values:
    """A form of file."""
    del operator
    return {"form": "csv"}


def api(operator: Operator) -> Values:
    """A token of the operator's own; the API itself asks for tokens, not for who is signed in."""
    made = ApiToken.objects.create(
        owner=operator,
        name="s",
        hint="fkc_s",
        secret_hash=f"{operator.pk}",
        scopes=[],
        expires_at=timezone.now(),
    )
    return {"token": made.pk, "sequence": 1, "number": 1, "other": 1, "name": "none"} | {
        "used_as": "none",
        "username": "sample",
        "version": "1",
        "alert_id": "none",
        "action_id": 1,
        "item": 1,
    }


def incidents(operator: Operator) -> Values:
    """An incident with a task and a piece of evidence, and an act of its room."""
    del operator
    made = Incident.objects.first()
    if made is None:
        made = open_incident(
            "phishing", 4, "Sample", "hand", new_operator("analyst", username="responder")
        )
        Evidence.objects.create(
            incident=made, name="a", source="b", size=1, sha256="0" * 64, collected_by="ada"
        )
        IncidentTask.objects.create(incident=made, phase="identify", title_zh="做", title_en="do")
    kept = made.evidence.get()
    return {
        "incident_id": made.pk,
        "act": "phase",
        "item": 1,
        "evidence_id": kept.pk,
    }


def playbooks(operator: Operator) -> Values:
    """A shipped playbook, and a draft of it."""
    del operator
    draft = PlaybookVersion.objects.first()
    if draft is None:
        writer = new_operator("senior_analyst", username="playwright")
        draft = begin_draft(writer, "phishing_campaign")
    return {"playbook": "phishing_campaign", "draft_id": draft.pk, "number": draft.number}


def drills(operator: Operator) -> Values:
    """A planned run, and its script."""
    del operator
    run = DrillRun.objects.first()
    if run is None:
        run = plan_drill(
            new_operator("incident_commander", username="trainer"),
            "ddos_tabletop",
            at=timezone.now() + timedelta(days=1),
        )
    schedule = DrillSchedule.objects.first()
    if schedule is None:
        day, who = timezone.localdate() + timedelta(days=30), run.planned_by
        schedule = schedule_drill(who, "ddos_tabletop", months=6, next_on=day, owner=who)
    return {"run_id": run.pk, "drill": "ddos_tabletop", "schedule_id": schedule.pk}


ABSENT = {
    *("list", "list_add", "list_import_new", "list_end", "list_entry"),
    *("list_import", "list_import_confirm", "list_import_revert"),
    *("live_feature", "live_model", "decision", "decision_proof", "decision_replay"),
    "entities:graph",
    "drill_report",
    *("personal:reveal", "personal:masked", "personal:download"),
    *("personal:reveal", "personal:masked", "personal:download", "cases:file"),
}
"""Addresses of things that tests do not have: who may see them learns that they are not there."""
FINER = {"approve_proposal", "reject_proposal", "withdraw_proposal"}
"""Addresses open to all operators, whose acts ask for what the proposal at hand needs."""

SAMPLES: dict[str, Callable[[Operator], dict[str, Any]]] = {
    "accounts": accounts,
    "audit": audit,
    "governance": governance,
    "approvals": approvals,
    "live": live,
    "insiders": insiders,
    "personal": personal,
    "lists": lists,
    "incidents": incidents,
    "playbooks": playbooks,
    "drills": drills,
    "entities": entities,
    "gangs": gangs,
    "webhooks": webhooks,
    "notices": notices,
    "cases": cases,
    "customers": customers,
    "warnings": warnings,
    "api": api,
    "alerts": alerts,
    "actions": actions_of,
    "feedback": feedback,
    "reports": reports,
}
